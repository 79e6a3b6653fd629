"""How many daily messages the model writes at once in one process, and that waiting for a turn gives nothing away."""

import asyncio
from datetime import datetime

from domain.anchor import writing
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from tests.anchor.conftest import until
from tests.anchor.days import SEVEN, look, rows, somebody

WORDS = ["bread", "window", "garden", "letter", "shoes", "river", "kettle", "pencil", "blanket"]


async def test_all_batches_share_the_room_for_calls(sign_up, provider, configure) -> None:
    configure(ANCHOR_DAILY_CALLS="3")
    for _ in WORDS:
        await somebody(sign_up, "third_party_ai")
    await provider.says(*[f"Think of a {word} today, nothing else." for word in WORDS])
    await provider.fault(delay_ms=200)
    await look(SEVEN)
    ids = [row["id"] for row in await rows()]
    with clock.frozen(SEVEN):
        await asyncio.gather(*(writing.write_batch(ids[start : start + 3]) for start in range(0, 9, 3)))
    assert {row["state"] for row in await rows()} == {"written"}
    came = sorted(datetime.fromisoformat(request["at"]).timestamp() for request in await provider.requests())
    assert len(came) == 9
    # The fourth had to wait for the first to end, and so on; not for all three of its own batch.
    assert min(later - earlier for earlier, later in zip(came, came[3:], strict=False)) > 0.17


async def test_a_consent_withdrawn_while_waiting_for_a_turn(sign_up, provider, configure) -> None:
    configure(ANCHOR_DAILY_CALLS="1")
    people = [await somebody(sign_up, "third_party_ai") for _ in range(2)]
    await provider.fault(delay_ms=500)
    await look(SEVEN)
    with clock.frozen(SEVEN):
        work = asyncio.create_task(writing.write_batch([row["id"] for row in await rows()]))
        await until(provider.requests)
        for person in people:
            await person.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
        await work
    assert len(await provider.requests()) == 1
    assert await fetch_value("SELECT count(*) FROM anchor_charges") == 1
    assert sorted(row["state"] for row in await rows()) == ["planned", "written"]
