"""Telling people that their partner wrote, when they are not looking: gathered, by job, without names and texts.

Whoever has the talk open hears of it live (domain/kit/events.py) and has read it before the job runs. Else there is one
notification a talk while it is unread: more messages bring it up to date, and make another push only after a pause. No
notification holds what was written. Rules: semantics, "Partners" (Chat) and "Push".
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from domain.accounts.admission import active
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from domain.kit.outbox import Job, enqueue
from domain.kit.settings import settings
from domain.partners.talk import open_between, other_than, read_by
from domain.push.notifications import notify
from domain.push.preferences import Kind

# What can be told of a partner, all of it by the id of the partnership: see `of_talk`.
KINDS: tuple[Kind, ...] = ("partner_message", "partner_slip", "partner_sos")

_ONE, _MANY = "Your partner wrote to you", "{} new messages from your partner"
DISCREET_BODY = "There is something new for you"

# So long an app that is open has to say that its person has read it.
_A_MOMENT = timedelta(seconds=2)
# After a pause of this length a message is news again, though the last push is unread.
_PAUSE = timedelta(minutes=10)
_WORTH_TELLING = timedelta(days=3)


class TellOfMessages(Job, frozen=True, kw_only=True):
    """Tell one of two partners what is unread; asked for again, it is the same job."""

    name: ClassVar[str] = "partners.messages"

    partnership_id: UUID
    reader_id: UUID

    def dedupe_key(self) -> str:
        return f"{self.partnership_id}:{self.reader_id}"


async def tell_of_messages(partnership_id: UUID, reader_id: UUID) -> None:
    """Ask, in the present transaction, for the reader to be told of what is unread then."""
    delay = min(_A_MOMENT, timedelta(seconds=settings().gather_seconds))
    await enqueue(TellOfMessages(partnership_id=partnership_id, reader_id=reader_id), delay=delay)


def link_to(partnership_id: UUID) -> str:
    """Where the app opens the talk."""
    return f"kuitter://partners/{partnership_id}"


def of_talk(partnership: str) -> str:
    """SQL for a row of notifications of one of KINDS: whether it is about this partnership (SQL of its id as text).

    Causes are the id, a colon and what else tells them apart; a semicolon follows the colon. (LIKE with a parameter
    would walk over all notifications of the person.)
    """
    return f"notifications.cause > {partnership} || ':' AND notifications.cause < {partnership} || ';'"


# Held, so that nobody reads or writes meanwhile: what is told is unread then.
_HOLD = "SELECT FROM partnerships WHERE id = $1 FOR NO KEY UPDATE"
# Not "of the other": by the index on senders PostgreSQL would walk over all that they ever wrote.
_UNREAD = f"""
SELECT count(*) AS messages, max(seq) AS newest
FROM partnerships
JOIN users AS reader ON reader.id = $2 AND {active("reader")}
JOIN users AS other ON other.id = {other_than("$2::uuid")}
JOIN partner_messages ON partner_messages.partnership_id = partnerships.id
    AND partner_messages.seq > {read_by("$2::uuid")} AND partner_messages.sender_id IS DISTINCT FROM $2::uuid
WHERE partnerships.id = $1 AND $2 IN (partnerships.from_id, partnerships.to_id)
  AND {open_between("reader", "other", "$3::timestamptz")}"""
# What the cause says beside the partnership is the place of the newest message that it tells of. Held, so that it is
# not read while it is brought up to date: what is new in it would pass for read, too.
_TOLD = f"""
SELECT id, read_at IS NULL AS unread, split_part(cause, ':', 2)::bigint AS newest, created_at, collapse_id
FROM notifications WHERE user_id = $1 AND kind = 'partner_message' AND {of_talk("$2::text")}
ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE"""


async def tell_reader(job: TellOfMessages) -> None:
    """Write, or bring up to date, what the reader is told; in the job's transaction."""
    reader, partnership = job.reader_id, str(job.partnership_id)
    await execute(_HOLD, job.partnership_id)
    unread: Any = await fetch_row(_UNREAD, job.partnership_id, reader, clock.now())
    told: Any = await fetch_row(_TOLD, reader, partnership)
    waits = told is not None and told["unread"]
    if not unread["messages"]:
        if waits:
            await execute("DELETE FROM notifications WHERE id = $1", told["id"])
        return
    title = _ONE if unread["messages"] == 1 else _MANY.format(unread["messages"])
    is_news = told is None or unread["newest"] > told["newest"]
    if waits and not (is_news and clock.now() - told["created_at"] >= _PAUSE):
        await execute(
            "UPDATE notifications SET title = $2, body = $2, cause = $3 WHERE id = $1",
            told["id"], title, f"{partnership}:{unread['newest']}",
        )  # fmt: skip
    elif is_news:
        if waits:
            await execute("DELETE FROM notifications WHERE id = $1", told["id"])
        notification_id = await notify(
            reader, kind="partner_message", cause=f"{partnership}:{unread['newest']}", title=title, body=title,
            discreet_body=DISCREET_BODY, deep_link=link_to(job.partnership_id),
            expires_at=clock.now() + _WORTH_TELLING,
        )  # fmt: skip
        if waits:
            # The phone shows it in place of the one before.
            await execute(
                "UPDATE notifications SET collapse_id = $2 WHERE id = $1", notification_id, told["collapse_id"]
            )


async def withdraw_read(reader: UUID, partnership_id: UUID, read_up_to: int) -> None:
    """Take back what tells of messages that the reader has read by now; a push of it that still waits goes with it."""
    # The CASE keeps the cast away from the causes of other kinds.
    await execute(
        f"""DELETE FROM notifications WHERE user_id = $1 AND kind = 'partner_message' AND read_at IS NULL
            AND {of_talk("$2::text")}
            AND CASE kind WHEN 'partner_message' THEN split_part(cause, ':', 2)::bigint <= $3 END""",
        reader, str(partnership_id), read_up_to,
    )  # fmt: skip


async def withdraw_all(one: UUID, other: UUID, partnership_id: UUID) -> None:
    """Take back what these two were told of each other and have not read, in the transaction of their parting."""
    await execute(
        f"""DELETE FROM notifications WHERE user_id = ANY ($1) AND kind = ANY ($2) AND read_at IS NULL
            AND {of_talk("$3::text")}""",
        [one, other], list(KINDS), str(partnership_id),
    )  # fmt: skip
