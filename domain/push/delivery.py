"""From a notification to the phones: who gets it, whether it may still be sent, and what came of it.

Rules: semantics, "Push" (preference and deletion are checked when sending; discreet is the default; each notification
is claimed per device).
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch, fetch_row
from domain.kit.ids import new_id
from domain.kit.log import log
from domain.kit.outbox import Job, enqueue
from domain.kit.outbox.rows import SKIPPED
from domain.kit.providers import Answer, Outcome
from domain.push import preferences
from domain.push.clients import clients
from domain.push.fuse import through_fuse
from domain.push.message import PushMessage, Target
from domain.push.preferences import preferences_in
from domain.push.quiet import held_until

# What a lock screen shows for a title when the text is to stay off it.
DISCREET_TITLE = "Kuitter"

# How long a quarantine lasts, in real time: a wrong setting of ours that made it must not silence anybody for ever.
_QUARANTINE = timedelta(hours=24)


class SendPush(Job, frozen=True, kw_only=True):
    """Send a notification to one device."""

    name: ClassVar[str] = "push.send"
    queue: ClassVar[str] = "push"

    push_id: UUID


class ClaimedPush(msgspec.Struct, frozen=True):
    """A push that may be sent now."""

    push_id: UUID
    device_id: UUID
    quarantined: bool
    """The device has served a quarantine, and this push is to show whether it deserves the next."""
    target: Target
    message: PushMessage


class Undeliverable(msgspec.Struct, frozen=True):
    """A push that must not be sent any more; `code` says why."""

    push_id: UUID
    code: str


class Held(msgspec.Struct, frozen=True):
    """A push that has to wait for `seconds`: quiet hours, by domain/push/quiet.py."""

    push_id: UUID
    seconds: float


# -- the devices of a notification ---------------------------------------------------------------------------------

# Locked against removal until their pushes are written, in the order of their ids as everywhere; the notification, too,
# which goes when what it tells of is read.
_DEVICES = f"""
SELECT devices.id, notifications.kind, notifications.expires_at,
       {preferences.COLUMNS}
FROM notifications
JOIN users ON users.id = notifications.user_id AND users.state = 'active'
JOIN devices ON devices.user_id = notifications.user_id
    AND (devices.quarantined_at IS NULL OR devices.quarantined_at <= $4)
JOIN sessions ON sessions.id = devices.session_id AND sessions.revoked_at IS NULL AND sessions.expires_at > $3
LEFT JOIN preferences ON preferences.user_id = notifications.user_id
WHERE notifications.id = $1 AND notifications.expires_at > $2
ORDER BY devices.id
FOR KEY SHARE OF devices, notifications
"""


async def fan_out(notification_id: UUID) -> None:
    """Write a push for each device of the person, and ask for them, in the caller's transaction.

    None for a notification that has expired or is of a kind that the person does not want pushed. A device that has
    its push already gets no second one.
    """
    now = real_now()
    rows = await fetch(_DEVICES, notification_id, clock.now(), now, now - _QUARANTINE)
    if not rows or not preferences_in(rows[0]).wants_push(rows[0]["kind"]):
        return
    made = await fetch(
        """INSERT INTO pushes (id, notification_id, device_id, state, created_at)
           SELECT id, $2, device_id, 'pending', $4 FROM unnest($1::uuid[], $3::uuid[]) AS wanted (id, device_id)
           ON CONFLICT (notification_id, device_id) DO NOTHING RETURNING id""",
        [new_id() for _ in rows], notification_id, [row["id"] for row in rows], clock.now(),
    )  # fmt: skip
    for row in made:
        await enqueue(SendPush(push_id=row["id"]), not_after=rows[0]["expires_at"])


# -- one device ----------------------------------------------------------------------------------------------------

# The device counts only while it is the recipient's: its token may have moved to somebody else meanwhile.
_CLAIM = f"""
SELECT pushes.state, notifications.id AS notification_id, notifications.kind, title, body, discreet_body, deep_link,
       collapse_id, notifications.expires_at, read_at, users.state AS person_state, users.timezone,
       devices.id AS device_id, platform, transport, token, token_kind, environment, registered_at,
       quarantined_at IS NOT NULL AS quarantined, quarantined_at > $3 AS resting,
       sessions.revoked_at IS NULL AND sessions.expires_at > $2 AS signed_in,
       {preferences.COLUMNS},
       (SELECT count(*) FROM notifications AS others WHERE others.user_id = users.id AND others.read_at IS NULL)
           AS unread
FROM pushes
JOIN notifications ON notifications.id = pushes.notification_id
JOIN users ON users.id = notifications.user_id
LEFT JOIN devices ON devices.id = pushes.device_id AND devices.user_id = notifications.user_id
LEFT JOIN sessions ON sessions.id = devices.session_id
LEFT JOIN preferences ON preferences.user_id = users.id
WHERE pushes.id = $1
"""


async def claim(push_id: UUID) -> ClaimedPush | Undeliverable | Held | None:
    """What to send, and where, as things stand now. None: it has come to its end already, or is gone.

    A push that was given up may be claimed again: an operator has asked for its job once more.
    """
    now = real_now()
    row = await fetch_row(_CLAIM, push_id, now, now - _QUARANTINE)
    if row is None or row["state"] in ("sent", "dropped"):
        return None
    code = _obstacle(row)
    if code is not None:
        return Undeliverable(push_id, code)
    quiet = _quiet_seconds(row)
    if quiet:
        return Held(push_id, quiet)
    discreet = preferences_in(row).discreet_push
    return ClaimedPush(
        push_id=push_id,
        device_id=row["device_id"],
        quarantined=row["quarantined"],
        target=Target(
            row["platform"], row["transport"], row["token"], row["token_kind"], row["environment"], row["registered_at"]
        ),
        message=PushMessage(
            notification_id=row["notification_id"],
            title=DISCREET_TITLE if discreet else row["title"],
            body=row["discreet_body"] if discreet else row["body"],
            deep_link=row["deep_link"],
            collapse_id=row["collapse_id"],
            badge=row["unread"],
            expires_at=row["expires_at"],
            thread_id=row["kind"],
        ),
    )


def _obstacle(row: Any) -> str | None:
    """Why this push must not be sent, as a code; None if nothing stands against it."""
    obstacles = (
        ("expired", row["expires_at"] <= clock.now()),
        ("person_inactive", row["person_state"] != "active"),
        ("device_gone", row["device_id"] is None),
        ("signed_out", not row["signed_in"]),
        ("device_quarantined", row["resting"]),
        ("not_wanted", not preferences_in(row).wants_push(row["kind"])),
        ("read_already", row["read_at"] is not None),
    )
    return next((code for code, applies in obstacles if applies), None)


def _quiet_seconds(row: Any) -> float:
    """Seconds until the quiet hours end; 0 outside of them."""
    now = clock.now()
    chosen = None if row["quiet_from"] is None else (row["quiet_from"], row["quiet_to"])
    until = held_until(now, row["timezone"], row["kind"], chosen)
    return 0.0 if until is None else math.ceil((until - now).total_seconds())


async def send(claimed: ClaimedPush) -> Answer:
    """Hand the push to its provider. A repeat bears the same ids, so that the phone shows one.

    Too many answers that blame their tokens are none to act by: see domain/push/fuse.py. A bad token that we know of
    already is no news, or those that stay would blow the fuse day after day.
    """
    answer = await _send(claimed)
    if claimed.quarantined and answer.outcome is Outcome.QUARANTINE:
        return answer
    return through_fuse(claimed.target.transport, answer)


async def _send(claimed: ClaimedPush) -> Answer:
    providers = await clients()
    if claimed.target.transport == "apns":
        return await providers.apns.send(claimed.target, claimed.message, claimed.push_id)
    [answer] = await providers.fcm.send([(claimed.target, claimed.message, claimed.push_id)])
    return answer


# -- what came of it: each in the transaction that settles the job -------------------------------------------------


async def record(claimed: ClaimedPush, answer: Answer) -> None:
    """Write a final answer down: OK, TOKEN_DEAD, QUARANTINE or REJECTED. The others are for the job to repeat."""
    if answer.outcome is Outcome.OK:
        if claimed.quarantined:
            await _set_quarantine(claimed, None)
        await _finish(claimed.push_id, "sent", None, answer.provider_id)
    elif answer.outcome is Outcome.TOKEN_DEAD:
        await _forget_device(claimed)
        await _finish(claimed.push_id, "dropped", answer.code)
    elif answer.outcome is Outcome.QUARANTINE:
        if not claimed.quarantined:
            log().warning("push.quarantined", transport=claimed.target.transport, code=answer.code)
        await _set_quarantine(claimed, real_now())
        await _finish(claimed.push_id, "dropped", answer.code)
    else:
        log().error("push.rejected", push_id=str(claimed.push_id), transport=claimed.target.transport, code=answer.code)
        await _finish(claimed.push_id, "failed", answer.code, answer.provider_id)


async def drop(push: Undeliverable) -> None:
    """Note that the push is not going to be sent."""
    await _finish(push.push_id, "dropped", push.code)


async def give_up(push_id: UUID, job_state: str, code: str) -> None:
    """Note that the push's job ended without an outcome: too late (skipped), or after too many tries (dead)."""
    await _finish(push_id, "dropped" if job_state == SKIPPED else "failed", code)


async def _finish(
    push_id: UUID, state: Literal["sent", "dropped", "failed"], code: str | None, provider_id: str | None = None
) -> None:
    await execute(
        """UPDATE pushes SET state = $2, code = $3, provider_id = $4, finished_at = $5
           WHERE id = $1 AND state NOT IN ('sent', 'dropped')""",
        push_id, state, code, provider_id, clock.now(),
    )  # fmt: skip


# The answer is about the token that we sent to: a device that has registered since is not touched.


async def _forget_device(claimed: ClaimedPush) -> None:
    await execute(
        "DELETE FROM devices WHERE id = $1 AND token = $2 AND registered_at = $3",
        claimed.device_id, claimed.target.token, claimed.target.registered_at,
    )  # fmt: skip


async def _set_quarantine(claimed: ClaimedPush, since: datetime | None) -> None:
    """No more pushes to this device for a day, or until it registers again; None ends that."""
    await execute(
        "UPDATE devices SET quarantined_at = $4 WHERE id = $1 AND token = $2 AND registered_at = $3",
        claimed.device_id, claimed.target.token, claimed.target.registered_at, since,
    )  # fmt: skip
