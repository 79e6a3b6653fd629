"""The inbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_value, transaction
from domain.push.notifications import notify
from tests.conftest import Api
from tests.push.phones import DISCREET, SECRET, tell
from tests.recovery.conftest import statements  # noqa: F401
from tests.urges.plans import generic_scans

SignUp = Callable[..., Awaitable[Api]]


async def test_fifty_times_the_same_cause_is_one_notification(person: Api) -> None:
    ids = await asyncio.gather(*(tell(person) for _ in range(50)))
    assert len(set(ids)) == 1
    assert await fetch_value("SELECT count(*) FROM notifications") == 1
    [job] = await fetch("SELECT name, args, queue, not_after FROM jobs WHERE name = 'push.notification'")
    assert str(ids[0]) in job["args"]
    assert job["queue"] == "push"
    assert job["not_after"] == await fetch_value("SELECT expires_at FROM notifications")


async def test_a_notification_goes_with_its_cause(person: Api) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with transaction():
            await _notify(person)
            raise ZeroDivisionError
    assert await fetch_value("SELECT count(*) FROM notifications") == 0
    with pytest.raises(OutsideTransaction):
        await _notify(person)


async def _notify(person: Api) -> None:
    await notify(
        UUID(person.user["id"]), kind="anchor_daily", cause="a", title="t", body="b", discreet_body="d",
        deep_link="kuitter://anchor/today", expires_at=clock.now(),
    )  # fmt: skip


async def test_the_inbox_shows_the_text_newest_first(sign_up: SignUp) -> None:
    person, other = await sign_up(), await sign_up()
    ids = [str(await tell(person, f"day {day}")) for day in range(5)]
    await tell(other)
    first = await person.ok("GET", "/v1/notifications", params={"limit": 3})
    assert [item["id"] for item in first["items"]] == ids[:1:-1]
    assert first["unread_count"] == 5
    assert first["items"][0].pop("created_at").endswith("Z")
    assert first["items"][0] == {
        "id": ids[4], "kind": "anchor_daily", "title": "Day eleven", "body": SECRET,
        "deep_link": "kuitter://anchor/today", "read_at": None,
    }  # fmt: skip
    assert DISCREET not in str(first)

    # What arrives meanwhile moves nothing.
    await tell(person, "later")
    rest = await person.ok("GET", "/v1/notifications", params={"limit": 3, "cursor": first["next_cursor"]})
    assert [item["id"] for item in rest["items"]] == ids[1::-1]
    assert rest["next_cursor"] is None
    assert rest["unread_count"] == 6


async def test_a_bad_cursor_or_limit_is_refused(person: Api) -> None:
    for params in ({"cursor": "nonsense"}, {"cursor": "WyJhIl0"}, {"limit": 0}, {"limit": 101}):
        assert (await person("GET", "/v1/notifications", params=params)).status_code == 400, params


async def test_a_page_of_a_long_inbox_reads_no_more_than_the_page(
    person: Api,
    statements: list[str],  # noqa: F811
) -> None:
    await execute(
        """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                      created_at, expires_at)
           SELECT gen_random_uuid(), $1, 'goal', number::text, 't', 'b', 'd', 'kuitter://goals', number::text, $2, $2
           FROM generate_series(1, 3000) AS number""",
        person.user["id"], clock.now(),
    )  # fmt: skip
    await execute("ANALYZE notifications")
    late = await fetch_value("SELECT id FROM notifications ORDER BY id OFFSET 100 LIMIT 1")
    statements.clear()
    await person.ok("GET", "/v1/notifications")
    [page] = [statement for statement in statements if "LIMIT" in statement]
    read = await generic_scans(page, f"'{person.user['id']}'", f"'{late}'", "21")
    assert [scan.rows for scan in read] == [21]


async def test_reading_counts_once(person: Api) -> None:
    notification_id = await tell(person)
    first = await person.ok("PUT", f"/v1/notifications/{notification_id}/read")
    assert first["read_at"].endswith("Z")
    assert await person.ok("PUT", f"/v1/notifications/{notification_id}/read") == first
    assert (await person.ok("GET", "/v1/notifications"))["unread_count"] == 0


async def test_another_persons_notification_does_not_exist(sign_up: SignUp) -> None:
    person, other = await sign_up(), await sign_up()
    notification_id = await tell(person)
    for unseen in (notification_id, uuid4(), "nonsense"):
        response = await other("PUT", f"/v1/notifications/{unseen}/read")
        assert response.status_code == 404
    assert (await person.ok("GET", "/v1/notifications"))["unread_count"] == 1


async def test_read_all_leaves_other_people_alone(sign_up: SignUp) -> None:
    person, other = await sign_up(), await sign_up()
    for cause in "abc":
        await tell(person, cause)
    await tell(other)
    assert await person.ok("POST", "/v1/notifications/read-all") == {"unread_count": 0}
    assert (await other.ok("GET", "/v1/notifications"))["unread_count"] == 1
