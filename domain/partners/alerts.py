"""What partners hear of each other by themselves: a call for help, and a slip.

Both only from somebody who shares them (sharing.py), both without a name, and several in a row are told once. Rules:
api, `POST /v1/sos` (tells opted-in partners); semantics, "Anchor" (Consents gate) and "Push".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row
from domain.kit.outbox import Job, enqueue
from domain.partners.sharing import told_of
from domain.partners.talk import other_than
from domain.partners.telling import link_to, of_talk
from domain.push.notifications import Notice, notify_all
from domain.push.preferences import Kind
from domain.recovery.slips import SlipUndone, TellOfSlip

# Of a call that comes later than this nobody hears: by then it is over, one way or the other.
SOS_WORTH_TELLING = timedelta(hours=2)
# Who presses the button again and again needs their partners once.
SOS_TOLD_ONCE_IN = timedelta(minutes=15)
# A slip that is written down later than this is history.
SLIP_WORTH_TELLING = timedelta(days=2)

SOS = "Your partner needs you now"
SOS_BODY = "They asked for help a moment ago. A few words from you may carry them through."
# A lock screen tells nobody who, or what of, and still that it cannot wait.
SOS_DISCREET = "Somebody hopes to hear from you now"
SLIP = "Your partner could use a kind word"
SLIP_DISCREET = "There is something new for you"


class TellOfSos(Job, frozen=True, kw_only=True):
    """Tell the partners of somebody who called for help. Several calls are one job."""

    name: ClassVar[str] = "partners.sos"
    queue: ClassVar[str] = "interactive"

    user_id: UUID
    call_id: UUID

    def dedupe_key(self) -> str:
        return str(self.user_id)


def listeners_to(person: str, now: str) -> str:
    """SQL of how many partners hear a call for help of this person (SQL of a user's id) at the instant `now` (SQL)."""
    return f"(SELECT count(*) FROM {told_of(person, 'sos', now)})"


async def tell_of_call(user_id: UUID, call_id: UUID) -> None:
    """Ask, in the transaction of the call, for the partners to be told."""
    await enqueue(TellOfSos(user_id=user_id, call_id=call_id), not_after=clock.now() + SOS_WORTH_TELLING)


# Of one person's jobs and slips each sees what the one before has done.
_HOLD = "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE"
# Nor does a partnership end while it is told of: whoever ends it takes back what was told (ending.py).
_HELD = "ORDER BY partnerships.id FOR SHARE OF partnerships"
_NOT_TOLD_OF_SOS = f"""
SELECT partnerships.id, other.id AS other_id FROM {told_of("$1::uuid", "sos", "$2::timestamptz")}
  AND NOT EXISTS (SELECT FROM notifications WHERE notifications.user_id = other.id AND kind = 'partner_sos'
                    AND {of_talk("partnerships.id::text")} AND notifications.created_at > $3)
{_HELD}"""


async def tell_of_sos(job: TellOfSos) -> None:
    """Tell each partner who was not told a moment ago; in the job's transaction."""
    await execute(_HOLD, job.user_id)
    now = clock.now()
    rows = await fetch(_NOT_TOLD_OF_SOS, job.user_id, now, now - SOS_TOLD_ONCE_IN)
    await _tell(
        "partner_sos", rows, str(job.call_id), title=SOS, body=SOS_BODY, discreet_body=SOS_DISCREET,
        expires_at=now + SOS_WORTH_TELLING,
    )  # fmt: skip


_SLIP = "SELECT local_date FROM slips WHERE id = $1 AND user_id = $2 AND occurred_at > $3"
_TOLD_OF_SLIPS = f"""
SELECT partnerships.id, other.id AS other_id FROM {told_of("$1::uuid", "slips", "$2::timestamptz")} {_HELD}"""


async def tell_of_slip(job: TellOfSlip) -> None:
    """Tell each partner of a slip that is still there, once for each of its person's days; in the job's transaction."""
    await execute(_HOLD, job.user_id)
    now = clock.now()
    slip: Any = await fetch_row(_SLIP, job.slip_id, job.user_id, now - SLIP_WORTH_TELLING)
    if slip is None:
        return
    rows = await fetch(_TOLD_OF_SLIPS, job.user_id, now)
    await _tell(
        "partner_slip", rows, str(slip["local_date"]), title=SLIP, body=SLIP, discreet_body=SLIP_DISCREET,
        expires_at=now + SLIP_WORTH_TELLING,
    )  # fmt: skip


async def _tell(
    kind: Kind, rows: list[Any], about: str, *, title: str, body: str, discreet_body: str, expires_at: datetime
) -> None:
    """Tell whoever is at the far end of the partnerships `rows`; of what `about` names each is told once."""
    await notify_all(
        kind,
        [
            Notice(
                user_id=row["other_id"], cause=f"{row['id']}:{about}", title=title, body=body,
                discreet_body=discreet_body, deep_link=link_to(row["id"]), expires_at=expires_at,
            )
            for row in rows
        ],
    )  # fmt: skip


# Of present partners: with the end of a partnership it was taken back.
_WITHDRAW = f"""
DELETE FROM notifications USING partnerships
WHERE (partnerships.from_id = $1 OR partnerships.to_id = $1) AND partnerships.state = 'partners'
  AND notifications.user_id = {other_than("$1::uuid")}
  AND notifications.kind = 'partner_slip' AND notifications.read_at IS NULL AND {of_talk("partnerships.id::text")}
  AND NOT EXISTS (SELECT FROM slips WHERE slips.user_id = $1
                    AND slips.local_date::text = split_part(notifications.cause, ':', 2))"""


async def withdraw_undone(job: SlipUndone) -> None:
    """Take back what was told of slips of days that have none any more, as far as it is unread; in the job's
    transaction."""
    await execute(_HOLD, job.user_id)
    await execute(_WITHDRAW, job.user_id)
