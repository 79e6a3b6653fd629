"""What partners hear of by themselves: a call for help, a slip. Only from whoever shares it (alerts.py)."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.ids import new_id
from domain.partners import alerts
from domain.partners.alerts import TellOfSos
from domain.recovery.slips import TellOfSlip
from tests.community.conftest import take_away
from tests.partners.talking import SHARING, block, end, id_of, pair, path, told
from tests.push.phones import iphone, pushes


@pytest.fixture(autouse=True)
def _providers(sandbox) -> None:
    """Whoever drains may send pushes."""


@pytest.fixture
async def two(sign_up):
    """The first shares all there is, the second has a phone."""
    one, other = await sign_up(consents=SHARING, started_on="2026-01-01"), await sign_up()
    await other.ok("PUT", "/v1/me/devices/phone", json=iphone())
    return one, other, await pair(one, other)


async def call(person, key=None):
    return (await person.ok("POST", "/v1/sos", headers={"Idempotency-Key": key} if key else {}))["partners_told"]


async def slip(person, **fields):
    return (await person.ok("POST", "/v1/slips", json=fields))["id"]


async def withdraw_consent(person):
    await person.ok("PUT", "/v1/me/consents/partner_sharing", json={"granted": False})


# -- calls for help ------------------------------------------------------------------------------------------------


async def test_all_partners_hear_of_a_call(two, sign_up, drain):
    one, other, talk = two
    third = await sign_up()
    await pair(third, one)
    assert await call(one) == 2
    await drain()
    for person in (other, third):
        assert await told(person) == [(alerts.SOS, False)]
    [item] = (await other.ok("GET", "/v1/notifications"))["items"]
    assert (item["kind"], item["deep_link"]) == ("partner_sos", f"kuitter://partners/{talk}")
    assert await told(one, "partner_sos") == []


async def test_it_names_nobody(two, drain, sandbox):
    one, other, _ = two
    await call(one)
    await drain()
    sent = (await sandbox.get("/_control/sent")).text + (await other("GET", "/v1/notifications")).text
    name = await fetch_value("SELECT name FROM personas JOIN users ON personas.id = persona_id WHERE users.id = $1",
                             id_of(one))  # fmt: skip
    assert alerts.SOS_DISCREET in sent
    for secret in (one.user["id"], one.user["email"], name):
        assert secret not in sent


@pytest.mark.parametrize("what", ["no consent", "preference", "ended", "blocked", "by the blocked", "suspended",
                                  "another age"])  # fmt: skip
async def test_others_hear_nothing(two, drain, what):
    one, other, talk = two
    if what == "no consent":
        await withdraw_consent(one)
    elif what == "preference":
        await one.ok("PATCH", "/v1/me/preferences", json={"share_sos_with_partners": False})
    elif what == "ended":
        await end(talk)
    elif what == "blocked":
        await block(one, other)
    elif what == "by the blocked":
        await block(other, one)
    elif what == "suspended":
        await take_away(other, "suspended")
    else:
        await execute("UPDATE users SET birth_date = current_date - 5000 WHERE id = $1", id_of(other))
    assert await call(one) == 0
    await slip(one) if what != "preference" else None
    await drain()
    assert await fetch_value("SELECT count(*) FROM notifications WHERE kind IN ('partner_sos', 'partner_slip')") == 0


async def test_a_request_is_no_partner(sign_up, drain):
    one, other = await sign_up(consents=SHARING), await sign_up()
    await pair(one, other, "pending")
    assert await call(one) == 0


async def test_what_is_withdrawn_before_the_job_is_not_told(two, drain):
    one, other, _ = two
    await call(one)
    await withdraw_consent(one)
    await drain()
    assert await told(other) == []


async def test_whoever_calls_again_and_again_is_told_of_once(two, drain):
    one, other, _ = two
    for _ in range(3):
        assert await call(one) == 1
        await drain()
    assert await told(other) == [(alerts.SOS, False)]
    assert [state for state, _ in await pushes()] == ["sent"]
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert await call(one) == 1
        await drain()
    assert len(await told(other)) == 2


async def test_a_replay_is_the_same_call(two, drain):
    one, other, _ = two
    assert [await call(one, "press-1") for _ in range(2)] == [1, 1]
    await drain()
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert await call(one, "press-1") == 1
        assert await drain() == []
    assert len(await told(other)) == 1


async def test_fifty_presses_at_once_are_told_once(two, drain, unlimited):
    one, other, _ = two
    assert await asyncio.gather(*(call(one) for _ in range(50))) == [1] * 50
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'partners.sos'") == 1
    await drain()
    assert await told(other) == [(alerts.SOS, False)]


async def test_two_workers_tell_of_it_once(two):
    one, other, _ = two

    async def work():
        async with transaction():
            await alerts.tell_of_sos(alerts.TellOfSos(user_id=id_of(one), call_id=new_id()))

    await asyncio.gather(*(work() for _ in range(8)))
    assert await told(other) == [(alerts.SOS, False)]


async def test_a_call_is_told_at_night_and_kept_by_quiet_hours_until_it_is_of_no_use(two, drain):
    one, other, _ = two
    at = clock.now().replace(hour=2, minute=0)
    with clock.frozen(at):
        await call(one)
        await drain()
        assert [state for state, _ in await pushes()] == ["sent"]
    await other.ok("PATCH", "/v1/me/preferences", json={"quiet_hours": {"from": "22:00", "to": "08:00"}})
    with clock.frozen(at + timedelta(days=1)):
        await call(one)
        await drain(allow=("retry",))
        assert len(await told(other)) == 2
    await execute("UPDATE jobs SET run_at = now(), next_send_at = now()")
    with clock.frozen(at + timedelta(days=1, hours=3)):
        await drain(allow=("skipped",))
    assert [state for state, _ in await pushes()] == ["sent", "dropped"]


async def test_a_call_that_waited_too_long_is_not_told(two, drain):
    one, other, _ = two
    await call(one)
    with clock.frozen(clock.now() + timedelta(hours=3)):
        await drain(allow=("skipped",))
    assert await told(other) == []


async def test_without_partners_nothing_more_is_asked_of_the_database(sign_up, statements):
    one = await sign_up(consents=SHARING)
    from domain.sos.calls import call_for_help

    statements.clear()
    assert (await call_for_help(id_of(one), None)).partners_told == 0
    assert len(statements) == 4


async def test_a_job_that_fails_keeps_no_help_waiting(two, monkeypatch, drain):
    one, other, _ = two

    async def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(alerts, "notify_all", broken)
    assert await call(one) == 1
    await drain(allow=("retry",))
    assert await told(other) == []


# -- slips ---------------------------------------------------------------------------------------------------------


async def test_partners_are_told_that_there_was_one_and_nothing_of_it(two, drain, sandbox):
    one, other, talk = two
    await slip(one, feeling="the secret words")
    await drain()
    assert await told(other, "partner_slip") == [(alerts.SLIP, False)]
    answer = await other("GET", "/v1/notifications")
    assert answer.json()["items"][0]["deep_link"] == f"kuitter://partners/{talk}"
    assert "secret" not in answer.text + (await sandbox.get("/_control/sent")).text
    assert "slip" not in answer.text.replace("partner_slip", "")


async def test_several_on_a_day_are_told_once(two, drain):
    one, other, _ = two
    for _ in range(3):
        await slip(one)
        await drain()
    await other.ok("POST", "/v1/notifications/read-all")
    await slip(one)
    await drain()
    assert await told(other, "partner_slip") == [(alerts.SLIP, True)]


async def test_an_old_one_is_history(two, drain):
    one, other, _ = two
    await slip(one, occurred_at=(clock.now() - timedelta(days=2, minutes=1)).isoformat())
    await drain()
    assert await told(other, "partner_slip") == []
    await slip(one, occurred_at=(clock.now() - timedelta(days=1, hours=23)).isoformat())
    await drain()
    assert len(await told(other, "partner_slip")) == 1


async def test_one_that_is_undone_before_the_job_is_not_told(two, drain):
    one, other, _ = two
    await one.ok("DELETE", f"/v1/slips/{await slip(one)}")
    await drain()
    assert await told(other, "partner_slip") == []


async def test_one_that_is_undone_later_is_taken_back_while_it_is_unread(two, sign_up, drain):
    one, other, _ = two
    third = await sign_up()
    await pair(third, one)
    first, second = await slip(one), await slip(one)
    await drain()
    await third.ok("POST", "/v1/notifications/read-all")
    await one.ok("DELETE", f"/v1/slips/{first}")
    await drain()
    assert len(await told(other, "partner_slip")) == 1, "there is another on that day"
    await one.ok("DELETE", f"/v1/slips/{second}")
    await drain()
    assert await told(other, "partner_slip") == []
    assert await told(third, "partner_slip") == [(alerts.SLIP, True)]
    await slip(one)
    await drain()
    assert len(await told(other, "partner_slip")) == 1


async def test_undoing_touches_nothing_that_others_told(two, sign_up, drain):
    one, other, _ = two
    third = await sign_up(consents=SHARING)
    await pair(third, other)
    mine = await slip(one)
    await slip(third)
    await drain()
    await one.ok("DELETE", f"/v1/slips/{mine}")
    await drain()
    assert len(await told(other, "partner_slip")) == 1


async def test_undoing_leaves_what_the_partner_told_oneself(two, drain):
    one, other, _ = two
    await other.ok("PUT", "/v1/me/consents/partner_sharing", json={"granted": True})
    await slip(other)
    mine = await slip(one)
    await drain()
    await one.ok("DELETE", f"/v1/slips/{mine}")
    await drain()
    assert len(await told(one, "partner_slip")) == 1
    assert await told(other, "partner_slip") == []


async def test_a_preference_leaves_slips_out(two, drain):
    one, other, _ = two
    await one.ok("PATCH", "/v1/me/preferences", json={"share_slips_with_partners": False})
    await slip(one)
    await drain()
    assert await told(other, "partner_slip") == []
    assert await call(one) == 1


async def test_a_slip_told_twice_by_its_client_id_is_one(two, drain):
    one, other, _ = two
    await asyncio.gather(*(slip(one, client_id="s1") for _ in range(10)))
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.tell_of_slip'") == 1
    await drain()
    assert len(await told(other, "partner_slip")) == 1


async def test_an_end_takes_all_of_it_back_that_is_unread(two, sign_up, drain):
    one, other, talk = two
    third = await sign_up()
    await pair(one, third)
    await call(one)
    await drain()
    await other.ok("POST", "/v1/notifications/read-all")
    await slip(one)
    await one.ok("POST", path(talk), json={"body": "Please"})
    await other.ok("POST", path(talk), json={"body": "I am here"})
    await drain()
    assert (len(await told(other)), len(await told(one, "partner_message"))) == (3, 1)
    await other.ok("DELETE", f"/v1/partners/{talk}")
    # Of others nothing goes, nor what was read.
    assert await told(other) == [(alerts.SOS, True)]
    assert await told(one, "partner_message") == []
    assert len(await told(third)) == 2


@pytest.mark.parametrize("tells", ["sos", "slip"])
@pytest.mark.parametrize("how", ["end", "block"])
async def test_what_is_told_at_the_moment_of_the_parting_is_taken_back(two, tells, how):
    """The job has seen partners, and its notices are not there yet when they part."""
    one, other, talk = two
    slip_id = await slip(one)

    async def parts():
        await (block(other, one) if how == "block" else other.ok("DELETE", f"/v1/partners/{talk}"))

    outside = contextvars.copy_context()
    async with transaction():
        if tells == "sos":
            await alerts.tell_of_sos(TellOfSos(user_id=id_of(one), call_id=new_id()))
        else:
            await alerts.tell_of_slip(TellOfSlip(user_id=id_of(one), slip_id=UUID(slip_id)))
        parting = asyncio.create_task(parts(), context=outside)
        done, _ = await asyncio.wait({parting}, timeout=0.2)
        assert not done
    await parting
    assert await told(other) == []


async def test_a_block_takes_all_of_it_back(two, drain):
    one, other, talk = two
    await call(one)
    await slip(one)
    await one.ok("POST", path(talk), json={"body": "Please"})
    await drain()
    assert len(await told(other)) == 3
    await block(other, one)
    assert await told(other) == []
    assert await fetch("SELECT FROM notifications WHERE kind LIKE 'partner%'") == []
