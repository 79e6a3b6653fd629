"""Saying what Anchor is: "an AI, not a person, not therapy", when a talk begins and every three hours of it.

Sources: semantics, "Anchor", Safety; New York GBL art. 47 (at the beginning of an interaction, and every three hours of
a continuing one) and California SB 243 (for minors with a word about a break, which here everybody gets).

A talk goes on for as long as less than an hour passes between one of its messages and the person's next: after that
pause another one begins, with a notice and with hours of its own. Words of danger and their answer are no part of it,
nor are daily messages: nothing stands between somebody and help, and a daily message is no conversation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.anchor.notice_words import AGAIN, BEGIN, in_language
from domain.kit.database import execute, fetch_row

_PAUSE = timedelta(hours=1)
_AT_LEAST_EVERY = timedelta(hours=3)

# The newest notice of a person, and the newest sign of a talk, by the business clock.
STATE = """
SELECT (SELECT created_at FROM anchor_messages WHERE user_id = users.id AND kind = 'notice' ORDER BY seq DESC LIMIT 1)
           AS noticed_at,
       (SELECT GREATEST(created_at, finished_at) FROM anchor_messages
        WHERE user_id = users.id AND kind = 'chat' AND role = 'anchor' ORDER BY seq DESC LIMIT 1) AS talked_at
"""


async def due(user_id: UUID, locale: str, now: datetime) -> str | None:
    """The words that are due before the next answer; None if none are. In the transaction that writes them down.

    Whoever else asks for the same person at this moment waits until that transaction has ended, so a notice is given
    once however many messages come together.
    """
    if _words(await _state(user_id), locale, now) is None:
        return None
    await execute("SELECT pg_advisory_xact_lock(hashtextextended('anchor.notice:' || $1, 0))", str(user_id))
    return _words(await _state(user_id), locale, now)


async def _state(user_id: UUID) -> Any:
    return await fetch_row(f"{STATE} FROM users WHERE id = $1", user_id)


def _words(state: Any, locale: str, now: datetime) -> str | None:
    noticed_at, talked_at = state["noticed_at"], state["talked_at"]
    goes_on = talked_at is not None and now - talked_at < _PAUSE
    if noticed_at is None or not goes_on:
        return in_language(BEGIN, locale)
    return in_language(AGAIN, locale) if now - noticed_at >= _AT_LEAST_EVERY else None
