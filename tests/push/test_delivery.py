"""From a notification to the phones, through the real actors, clients and sandbox."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import tasks.answers
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.environment import SettingError
from domain.kit.outbox.listing import retry_job
from domain.kit.outbox.rows import Lease, LeaseLost
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings
from domain.push import clients, delivery, fuse
from domain.push.delivery import DISCREET_TITLE, ClaimedPush
from domain.push.preferences import Kind
from domain.push.quiet import CAN_WAIT
from ops.sandbox.apns import device_token
from tasks.actor import bindings
from tests.conftest import Api
from tests.push.conftest import Sandbox
from tests.push.phones import DISCREET, SECRET, android, devices_of, due_in, iphone, pushes, register, tell

SignUp = Callable[..., Awaitable[Api]]
Drain = Callable[..., Awaitable[list[tuple[str, str]]]]

ONE_SENT = [("push.notification", "done"), ("push.send", "done")]


@pytest.fixture(autouse=True)
async def _clients(app: Any, settings: Settings) -> AsyncIterator[None]:
    """This process sends to the sandbox of these tests."""
    clients.use(await clients.open_clients(settings))
    yield
    await clients.close()


@pytest.fixture
async def phone(person: Api) -> Api:
    """The person, with an iPhone."""
    await person.ok("PUT", "/v1/me/devices/phone", json=iphone())
    return person


def sent(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.sent("apns") + sandbox.sent("fcm")


async def due_now() -> None:
    await execute("UPDATE jobs SET run_at = now(), lease_token = NULL, lease_until = NULL WHERE state = 'live'")


class Said(list[tuple[str, str]]):
    """A log that keeps level and event of each line."""

    def __call__(self) -> Said:
        return self

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda event, **fields: self.append((level, event))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """What push logs."""
    log = Said()
    for module in (delivery, fuse, tasks.answers):
        monkeypatch.setattr(module, "log", log)
    return log


async def fan_out() -> None:
    """Run the first job only: the pushes are written and not yet sent."""
    [row] = await fetch("SELECT id FROM jobs WHERE name = 'push.notification'")
    assert await bindings["push.notification"].run(str(row["id"])) == "done"


async def test_one_notification_reaches_every_phone(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await phone.ok("PUT", "/v1/me/devices/other-phone", json=android())
    notification_id = str(await tell(phone))
    assert await drain() == [*ONE_SENT, ("push.send", "done")]

    [apple] = sandbox.sent("apns")
    assert apple["path"].endswith(device_token("phone"))
    assert apple["headers"]["apns-collapse-id"] == notification_id
    assert apple["body"]["aps"]["alert"] == {"title": DISCREET_TITLE, "body": DISCREET}
    assert apple["body"]["aps"]["badge"] == 1
    assert apple["body"]["deep_link"] == "kuitter://anchor/today"

    [google] = sandbox.sent("fcm")
    message = google["body"]["message"]
    assert message["token"] == "android-phone"
    assert message["notification"] == {"title": DISCREET_TITLE, "body": DISCREET}
    assert message["android"]["collapse_key"] == notification_id
    assert message["data"] == {"notification_id": notification_id, "deep_link": "kuitter://anchor/today"}

    rows = await fetch("SELECT state, provider_id FROM pushes")
    assert [row["state"] for row in rows] == ["sent", "sent"]
    assert apple["headers"]["apns-id"] in {row["provider_id"] for row in rows}


async def test_the_text_is_shown_by_choice_only(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await phone.ok("PUT", "/v1/me/devices/other-phone", json=android())
    await tell(phone, "first")
    await drain()
    assert len(sent(sandbox)) == 2
    assert SECRET not in str(sent(sandbox))
    assert "Day eleven" not in str(sent(sandbox))

    sandbox.forget()
    await phone.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
    await tell(phone, "second")
    await drain()
    assert sandbox.sent("apns")[0]["body"]["aps"]["alert"] == {"title": "Day eleven", "body": SECRET}
    assert sandbox.sent("fcm")[0]["body"]["message"]["notification"] == {"title": "Day eleven", "body": SECRET}


async def test_the_badge_is_what_is_unread_now(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await tell(phone, "first")
    await drain()
    await tell(phone, "second")
    await drain()
    await phone.ok("POST", "/v1/notifications/read-all")
    await tell(phone, "third")
    await drain()
    assert [push["body"]["aps"]["badge"] for push in sandbox.sent("apns")] == [1, 2, 1]


async def test_a_repeat_after_a_crash_shows_once(
    phone: Api, drain: Drain, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await phone.ok("PUT", "/v1/me/devices/other-phone", json=android())
    await tell(phone)

    async def die(lease: Lease) -> None:
        raise LeaseLost

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "settle", die)
        assert ("push.send", "lost") in await drain(allow=("lost",))
    assert await pushes() == [("pending", None)] * 2
    await due_now()
    assert await drain() == [("push.send", "done")] * 2

    apple = [(push["headers"]["apns-id"], push["headers"]["apns-collapse-id"]) for push in sandbox.sent("apns")]
    assert len(apple) == 2
    assert len(set(apple)) == 1
    google = [push["body"]["message"]["android"] for push in sandbox.sent("fcm")]
    assert len(google) == 2
    assert google[0]["collapse_key"] == google[1]["collapse_key"] == google[0]["notification"]["tag"]
    assert await pushes() == [("sent", None)] * 2


async def test_fanning_out_again_pushes_nothing_twice(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    notification_id = await tell(phone)
    await drain()
    async with transaction():
        await delivery.fan_out(notification_id)
    assert await drain() == []
    assert len(sent(sandbox)) == 1


async def test_somebody_with_too_many_phones_gets_it_on_the_newest(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    for number in range(22):
        await phone.ok("PUT", f"/v1/me/devices/{number:02}", json=android(f"token-{number:02}"))
    await tell(phone)
    await drain()
    tokens = {push["body"]["message"]["token"] for push in sent(sandbox)}
    assert tokens == {f"token-{number:02}" for number in range(2, 22)}


# -- what must not be sent -----------------------------------------------------------------------------------------


async def test_nothing_is_sent_past_its_time(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await tell(phone, "before the pushes are written", hours=1)
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert await drain(allow=("skipped",)) == [("push.notification", "skipped")]
    await execute("DELETE FROM jobs")
    await tell(phone, "after", hours=1)
    await fan_out()
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert await drain(allow=("skipped",)) == [("push.send", "skipped")]
    assert await pushes() == [("dropped", "too_late")]
    assert sent(sandbox) == []
    assert (await phone.ok("GET", "/v1/notifications"))["unread_count"] == 2


async def test_a_replayed_job_does_not_send_yesterdays_push(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await tell(phone, hours=1)
    await fan_out()
    # A replay forgives the job's own time limit.
    await execute("UPDATE jobs SET not_after = NULL")
    with clock.frozen(clock.now() + timedelta(hours=2)):
        await drain()
    assert await pushes() == [("dropped", "expired")]
    assert sent(sandbox) == []


async def test_a_kind_that_is_off_stays_in_the_inbox(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await phone.ok("PATCH", "/v1/me/preferences", json={"push": {"anchor_daily": False}})
    await tell(phone)
    assert await drain() == [("push.notification", "done")]
    assert sent(sandbox) == []
    assert (await phone.ok("GET", "/v1/notifications"))["unread_count"] == 1


async def test_whoever_is_not_active_gets_nothing(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await execute("UPDATE users SET state = 'suspended'")
    await tell(phone)
    await drain()
    assert await pushes() == []
    assert sent(sandbox) == []


async def _switch_off(person: Api, sign_up: SignUp) -> None:
    await person.ok("PATCH", "/v1/me/preferences", json={"push": {"anchor_daily": False}})


async def _read(person: Api, sign_up: SignUp) -> None:
    await person.ok("POST", "/v1/notifications/read-all")


async def _sign_out(person: Api, sign_up: SignUp) -> None:
    await person.ok("POST", "/v1/auth/logout")


async def _end_session(person: Api, sign_up: SignUp) -> None:
    await execute("UPDATE sessions SET revoked_at = now(), revoked_why = 'reuse'")


async def _delete_account(person: Api, sign_up: SignUp) -> None:
    await execute(
        "UPDATE users SET state = 'deleting', deleting_since = now(), purges_at = now(), state_before = 'active'"
    )


async def _quarantine(person: Api, sign_up: SignUp) -> None:
    await execute("UPDATE devices SET quarantined_at = now()")


async def _lose_the_phone_to_another(person: Api, sign_up: SignUp) -> None:
    other = await sign_up()
    await other.ok("PUT", "/v1/me/devices/phone", json=iphone())


async def _give_the_row_to_another(person: Api, sign_up: SignUp) -> None:
    other = await sign_up()
    await execute("UPDATE devices SET user_id = $1", UUID(other.user["id"]))


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (_switch_off, "not_wanted"),
        (_read, "read_already"),
        (_sign_out, "device_gone"),
        (_end_session, "signed_out"),
        (_delete_account, "person_inactive"),
        (_quarantine, "device_quarantined"),
        (_lose_the_phone_to_another, "device_gone"),
        (_give_the_row_to_another, "device_gone"),
    ],
)
async def test_what_happens_before_the_sending_counts(
    phone: Api, sign_up: SignUp, drain: Drain, sandbox: Sandbox, happens: Any, code: str
) -> None:
    await tell(phone)
    await fan_out()
    await happens(phone, sign_up)
    await drain()
    assert sent(sandbox) == []
    assert await pushes() == [("dropped", code)]


# -- what providers answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (iphone(device_token("Unregistered")), "Unregistered"),
        (iphone(device_token("ExpiredToken")), "ExpiredToken"),
        (android("UNREGISTERED-1"), "UNREGISTERED"),
    ],
)
async def test_a_dead_token_goes_and_the_others_stay(phone: Api, drain: Drain, body: dict[str, Any], code: str) -> None:
    await phone.ok("PUT", "/v1/me/devices/gone", json=body)
    await tell(phone)
    await drain()
    assert await devices_of(phone) == ["phone"]
    assert sorted(await pushes()) == [("dropped", code), ("sent", None)]


@pytest.mark.parametrize(
    "body", [iphone(device_token("UnregisteredLongAgo")), iphone(device_token("BadDeviceToken")), android("!")]
)
async def test_a_doubtful_token_rests_until_it_is_registered_again(
    person: Api, drain: Drain, sandbox: Sandbox, body: dict[str, Any]
) -> None:
    await person.ok("PUT", "/v1/me/devices/phone", json=body)
    await tell(person, "first")
    await drain()
    await tell(person, "second")
    assert await drain() == [("push.notification", "done")]
    assert len(sent(sandbox)) == 1
    await person.ok("PUT", "/v1/me/devices/phone", json=body)
    await tell(person, "third")
    await drain()
    assert len(sent(sandbox)) == 2
    assert await devices_of(person) == ["phone"]


@pytest.mark.parametrize("body", [iphone(device_token("DeviceTokenNotForTopic")), android("SENDER_ID_MISMATCH-1")])
async def test_a_token_of_another_app_rests_and_stays(
    person: Api, drain: Drain, sandbox: Sandbox, said: Said, body: dict[str, Any]
) -> None:
    await person.ok("PUT", "/v1/me/devices/phone", json=body)
    await tell(person)
    assert await drain() == ONE_SENT
    assert len(sent(sandbox)) == 1
    assert await devices_of(person) == ["phone"]
    assert await fetch_value("SELECT quarantined_at IS NOT NULL FROM devices")
    assert said == [("warning", "push.quarantined")]


async def test_a_wrong_topic_removes_nothing_and_blows_the_fuse(
    sign_up: SignUp, drain: Drain, sandbox: Sandbox, make_settings: Callable[..., Settings],
    said: Said,
) -> None:  # fmt: skip
    await clients.close()
    clients.use(await clients.open_clients(make_settings(APNS_TOPIC="app.somebody.else")))
    person = await sign_up()
    for number in range(20):
        await register(person, f"phone-{number}", iphone(device_token("phone", number)))
    await tell(person, "first")
    await drain(allow=("retry",))
    # The nineteen before the fuse blew rest; nobody was removed.
    assert await fetch_value("SELECT count(*) FROM devices WHERE quarantined_at IS NOT NULL") == 19
    assert await fetch_value("SELECT count(*) FROM devices") == 20
    assert [state for state, _ in await pushes()].count("pending") == 1
    assert await fetch_value("SELECT error_code FROM jobs") == "fuse"
    assert await fetch_value("SELECT attempts FROM jobs") == 0
    assert await due_in() > 290

    await due_now()
    await drain(allow=("retry",))
    assert [line for line in said if line[0] == "error"] == [("error", "push.fuse")]
    assert await fetch_value("SELECT count(*) FROM devices WHERE quarantined_at IS NULL") == 1


async def test_many_dead_tokens_at_once_are_not_removed(sign_up: SignUp, drain: Drain, sandbox: Sandbox) -> None:
    person = await sign_up()
    for number in range(18):
        await register(person, f"phone-{number}", android(f"good-{number}"))
    await tell(person, "first")
    await drain()
    for number in range(2):
        await register(person, f"gone-{number}", android(f"UNREGISTERED-{number}"))
    await execute("UPDATE devices SET quarantined_at = now() WHERE token LIKE 'good%'")
    await tell(person, "second")
    await drain(allow=("retry",))
    # With the nineteenth answer it was one of nineteen, which is too few to say; with the twentieth two of twenty.
    assert await fetch_value("SELECT count(*) FROM devices WHERE token LIKE 'UNREGISTERED%'") == 1
    fuse.forget()  # a day later
    await due_now()
    await drain()
    assert await fetch_value("SELECT count(*) FROM devices WHERE token LIKE 'UNREGISTERED%'") == 0


async def test_a_quarantine_lapses_after_a_day(person: Api, drain: Drain, sandbox: Sandbox) -> None:
    await person.ok("PUT", "/v1/me/devices/phone", json=iphone(device_token("BadDeviceToken")))
    await execute("UPDATE devices SET quarantined_at = now() - interval '23 hours'")
    await tell(person, "first")
    assert await drain() == [("push.notification", "done")]
    await execute("UPDATE devices SET quarantined_at = now() - interval '25 hours'")
    await tell(person, "second")
    assert await drain() == ONE_SENT
    assert len(sent(sandbox)) == 1
    assert await pushes() == [("dropped", "BadDeviceToken")]
    assert await fetch_value("SELECT quarantined_at > now() - interval '1 minute' FROM devices")
    # Our setting was wrong and is mended.
    await execute("UPDATE devices SET quarantined_at = now() - interval '25 hours', token = $1", device_token("phone"))
    await tell(person, "third")
    assert await drain() == ONE_SENT
    assert (await pushes())[-1] == ("sent", None)
    assert await fetch_value("SELECT quarantined_at IS NULL FROM devices")


async def test_old_bad_tokens_do_not_blow_the_fuse(sign_up: SignUp, drain: Drain, sandbox: Sandbox) -> None:
    person = await sign_up()
    for number in range(20):
        await register(person, f"phone-{number}", android(f"!{number}"))
    await execute("UPDATE devices SET quarantined_at = now() - interval '25 hours'")
    await tell(person)
    await drain()
    assert await pushes() == [("dropped", "INVALID_ARGUMENT")] * 20


# -- quiet hours ---------------------------------------------------------------------------------------------------

NIGHT = {"from": "22:00", "to": "07:00"}


async def test_a_push_waits_for_the_end_of_the_quiet_hours(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await phone.ok("PATCH", "/v1/me/preferences", json={"quiet_hours": NIGHT})
    with clock.frozen(datetime(2026, 11, 23, 22, 30, tzinfo=UTC)):  # 23:30 in Berlin
        await tell(phone, hours=12)
        assert await drain(allow=("retry",)) == [("push.notification", "done"), ("push.send", "retry")]
    assert sent(sandbox) == []
    assert await pushes() == [("pending", None)]
    assert 7.5 * 3600 - 60 < await due_in() <= 7.5 * 3600
    job = await fetch("SELECT error_code, attempts FROM jobs WHERE state = 'live'")
    assert [(row["error_code"], row["attempts"]) for row in job] == [("quiet_hours", 0)]
    await due_now()
    with clock.frozen(datetime(2026, 11, 24, 6, 0, tzinfo=UTC)):
        await drain()
    assert await pushes() == [("sent", None)]


async def test_a_push_that_is_of_no_use_after_the_quiet_hours_is_dropped(
    phone: Api, drain: Drain, sandbox: Sandbox
) -> None:
    await phone.ok("PATCH", "/v1/me/preferences", json={"quiet_hours": NIGHT})
    with clock.frozen(datetime(2026, 11, 23, 22, 30, tzinfo=UTC)):
        await tell(phone, hours=2)
        await drain(allow=("retry",))
    await due_now()
    with clock.frozen(datetime(2026, 11, 24, 6, 0, tzinfo=UTC)):
        assert await drain(allow=("skipped",)) == [("push.send", "skipped")]
    assert await pushes() == [("dropped", "too_late")]
    assert sent(sandbox) == []


@pytest.mark.nights
@pytest.mark.parametrize("kind", CAN_WAIT)
async def test_what_can_wait_is_in_the_inbox_at_night_and_on_the_phone_in_the_morning(
    phone: Api, drain: Drain, sandbox: Sandbox, kind: Kind
) -> None:
    """Nobody has chosen any hours here."""
    with clock.frozen(datetime(2026, 11, 23, 23, 1, tzinfo=UTC)):  # a minute past midnight in Berlin
        told = await tell(phone, hours=72, kind=kind)
        await tell(phone, hours=72)
        await drain(allow=("retry",))
        shown = (await phone.ok("GET", "/v1/notifications"))["items"]
        assert [item["kind"] for item in shown] == ["anchor_daily", kind]
    assert [item["headers"]["apns-collapse-id"] == str(told) for item in sent(sandbox)] == [False]
    assert 8 * 3600 - 120 < await due_in() <= 8 * 3600 - 60
    await due_now()
    with clock.frozen(datetime(2026, 11, 24, 7, 0, tzinfo=UTC)):
        assert await drain() == [("push.send", "done")]
    assert [item["headers"]["apns-collapse-id"] == str(told) for item in sent(sandbox)] == [False, True]


@pytest.mark.nights
async def test_what_has_waited_for_the_morning_is_not_sent_once_it_was_read(
    phone: Api, drain: Drain, sandbox: Sandbox
) -> None:
    with clock.frozen(datetime(2026, 11, 23, 23, 1, tzinfo=UTC)):
        told = await tell(phone, hours=72, kind="achievement")
        await drain(allow=("retry",))
        await phone.ok("PUT", f"/v1/notifications/{told}/read")
    await due_now()
    with clock.frozen(datetime(2026, 11, 24, 7, 0, tzinfo=UTC)):
        await drain()
    assert await pushes() == [("dropped", "read_already")]


@pytest.mark.nights
async def test_what_has_waited_is_dropped_after_its_time(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    with clock.frozen(datetime(2026, 11, 23, 23, 1, tzinfo=UTC)):
        await tell(phone, hours=72, kind="goal")
        await drain(allow=("retry",))
    await due_now()
    with clock.frozen(datetime(2026, 11, 26, 23, 2, tzinfo=UTC)):
        assert await drain(allow=("skipped",)) == [("push.send", "skipped")]
    assert await pushes() == [("dropped", "too_late")]
    assert sent(sandbox) == []


# -- the keys ------------------------------------------------------------------------------------------------------


async def test_a_refused_google_key_removes_nothing(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    await phone.ok("PUT", "/v1/me/devices/phone", json=android())
    sandbox.fault("fcm", status=403, body={"error": {"code": 403, "status": "PERMISSION_DENIED"}})
    await tell(phone)
    await drain(allow=("retry",))
    assert await devices_of(phone) == ["phone"]
    assert await due_in() > 290


async def test_the_providers_pause_is_kept(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    sandbox.fault("apns", status=503, headers={"retry-after": "77"}, times=1)
    await tell(phone)
    assert await drain(allow=("retry",)) == [("push.notification", "done"), ("push.send", "retry")]
    assert 70 < await due_in() <= 77
    await due_now()
    await drain()
    assert await pushes() == [("sent", None)]
    ids = {push["headers"]["apns-id"] for push in sandbox.sent("apns")}
    assert len(ids) == 1


async def test_our_own_mistake_is_not_repeated(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    sandbox.fault("apns", status=400, body={"reason": "BadCollapseId"})
    await tell(phone)
    await drain()
    assert await pushes() == [("failed", "BadCollapseId")]
    assert len(sent(sandbox)) == 1
    assert await devices_of(phone) == ["phone"]


async def test_a_push_that_was_given_up_can_be_replayed(phone: Api, drain: Drain, sandbox: Sandbox) -> None:
    sandbox.fault("apns", status=503, times=1)
    await tell(phone)
    await fan_out()
    await execute("UPDATE jobs SET attempts = 100")
    await drain(allow=("dead",))
    assert await pushes() == [("failed", "ServiceUnavailable")]
    [job] = await fetch("SELECT id FROM jobs WHERE state = 'dead'")
    assert await retry_job(job["id"])
    await drain()
    assert await pushes() == [("sent", None)]
    assert len(sent(sandbox)) == 2


async def test_an_answer_about_the_old_token_spares_the_new_one(phone: Api) -> None:
    await tell(phone)
    await fan_out()
    [push] = await fetch("SELECT id FROM pushes")
    claimed = await delivery.claim(push["id"])
    assert isinstance(claimed, ClaimedPush)
    await phone.ok("PUT", "/v1/me/devices/phone", json=iphone())
    for outcome in (Outcome.TOKEN_DEAD, Outcome.QUARANTINE):
        async with transaction():
            await delivery.record(claimed, Answer(outcome, "Unregistered"))
    assert await fetch_value("SELECT quarantined_at IS NULL FROM devices")


# -- the clients of a process --------------------------------------------------------------------------------------


async def test_clients_are_opened_once_and_anew_when_closed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(clients, "settings", lambda: settings)
    await clients.close()
    first, *others = await asyncio.gather(*(clients.clients() for _ in range(20)))
    assert all(other is first for other in others)
    assert await clients.clients() is first
    await clients.close()
    await clients.close()
    assert await clients.clients() is not first


async def test_closing_waits_for_an_opening(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(clients, "settings", lambda: settings)
    await clients.close()
    asking = asyncio.create_task(clients.clients())
    await asyncio.sleep(0)
    await clients.close()
    opened = await asking
    assert opened.google.is_closed


async def test_a_key_that_cannot_be_read_is_said_again(
    monkeypatch: pytest.MonkeyPatch, make_settings: Callable[..., Settings], settings: Settings
) -> None:
    await clients.close()
    broken = dataclasses.replace(settings, apns_key="no key")
    with monkeypatch.context() as patched:
        patched.setattr(clients, "settings", lambda: broken)
        for _ in range(2):
            with pytest.raises(SettingError):
                await clients.clients()
    monkeypatch.setattr(clients, "settings", lambda: settings)
    assert (await clients.clients()).apns
