"""What is to be gone through with somebody, read afresh before each call to the model: whether any of it may leave the
system, and the next messages or the next journal entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.consent import lacking_sql
from domain.anchor.memories.extraction import Written
from domain.anchor.memories.keeping import Held, Journalled
from domain.anchor.snapshot_words import without_addresses
from domain.anchor.tokens import count, cut, estimate
from domain.kit.database import fetch, fetch_row
from domain.kit.days import local_date
from domain.safety.detector import in_crisis

_MESSAGES = 100
_TALK_TOKENS = 2500
_ENTRY_TOKENS = 1500
# Of the newest this many entries; older ones are not caught up with.
_NEWEST_ENTRIES = 30
# A greeting teaches nothing, and need not be paid for.
_FEW_BYTES = 40


class State(msgspec.Struct, frozen=True):
    """Somebody whose data may leave the system, and how far they have been gone through. `summed_up_to` is the seq that
    the summary reaches to, `history_from` the one that the newest answer's talk began with."""

    user_id: UUID
    timezone: str
    held: Held
    shares_journal: bool
    summary: str | None
    summed_up_to: int
    history_from: int


_STATE = f"""
SELECT users.id, users.timezone, held.epoch, held.talk_up_to, held.forgotten_up_to, held.misread,
    COALESCE(preferences.share_journal_with_anchor, true) AS shares_journal, summary.body AS summary,
    GREATEST(summary.up_to_seq, held.forgotten_up_to) AS summed_up_to,
    COALESCE((SELECT history_from FROM anchor_messages WHERE user_id = users.id AND history_from IS NOT NULL
              ORDER BY seq DESC LIMIT 1), 0) AS history_from
FROM users JOIN anchor_remembering AS held ON held.user_id = users.id
LEFT JOIN preferences ON preferences.user_id = users.id
LEFT JOIN anchor_summaries AS summary ON summary.user_id = users.id
WHERE users.id = $1 AND users.state = 'active'
  AND {lacking_sql("users.id")} IS NULL
"""

# What says that somebody is in danger has the kind `support`, and is left out.
SAID = f"""
SELECT seq, body, created_at FROM anchor_messages
WHERE user_id = $1 AND role = 'person' AND kind = 'chat' AND seq > $2 AND seq < $3 ORDER BY seq LIMIT {_MESSAGES}
"""
_NO_END = 2**63 - 1

ENTRY = f"""
SELECT id, title, body, local_date
FROM (SELECT * FROM journal_entries WHERE user_id = $1
      ORDER BY created_at DESC, id DESC LIMIT {_NEWEST_ENTRIES}) AS entry
WHERE share_with_anchor
  AND updated_at > COALESCE((SELECT journal_from FROM anchor_remembering WHERE user_id = $1), '-infinity')
  AND NOT EXISTS (SELECT FROM anchor_read_entries WHERE entry_id = entry.id)
ORDER BY created_at, id LIMIT 1
"""


class Messages(msgspec.Struct, frozen=True):
    """The next messages, the last of which has the seq `up_to`: what may be shown of them."""

    up_to: int
    written: list[Written]

    @property
    def are_few_words(self) -> bool:
        """Whether there is too little to learn anything from."""
        return sum(estimate(one.text) for one in self.written) < _FEW_BYTES


class Unread(msgspec.Struct, frozen=True):
    """The next journal entry; `title` and `text` are what may be shown of it, None if nothing may."""

    entry: Journalled
    on: date
    title: str | None
    text: str | None


async def state_of(user_id: UUID) -> State | None:
    """None if nothing of the person may leave the system: no consent, or no such person."""
    row = await fetch_row(_STATE, user_id)
    if row is None:
        return None
    held = Held(row["epoch"], row["talk_up_to"], row["forgotten_up_to"], row["misread"])
    return State(
        user_id=user_id,
        timezone=row["timezone"],
        held=held,
        shares_journal=row["shares_journal"],
        summary=row["summary"],
        summed_up_to=row["summed_up_to"],
        history_from=row["history_from"],
    )


async def new_in_talk(state: State) -> Messages | None:
    """The next messages that no facts were looked for in."""
    since = max(state.held.talk_up_to, state.held.forgotten_up_to)
    return _messages(await fetch(SAID, state.user_id, since, _NO_END), state.timezone)


async def out_of_sight(state: State) -> Messages | None:
    """The next messages that neither go along with an answer any more nor stand in the summary."""
    return _messages(await fetch(SAID, state.user_id, state.summed_up_to, state.history_from), state.timezone)


async def new_in_journal(state: State) -> Unread | None:
    """The next journal entry that is shared and was not gone through as it stands."""
    row = await fetch_row(ENTRY, state.user_id) if state.shares_journal else None
    if row is None:
        return None
    entry = Journalled(row["id"], row["title"], row["body"])
    if estimate(entry.body) < _FEW_BYTES or in_crisis(f"{entry.title or ''}\n{entry.body}"):
        return Unread(entry, row["local_date"], None, None)
    title = _seen(entry.title, _ENTRY_TOKENS) if entry.title else None
    return Unread(entry, row["local_date"], title, _seen(entry.body, _ENTRY_TOKENS))


def _messages(rows: Sequence[Any], timezone: str) -> Messages | None:
    left, up_to, written = _TALK_TOKENS, None, []
    for row in rows:
        text = row["body"]
        left -= count(text)
        if left < 0 and up_to is not None:
            break
        up_to = row["seq"]
        if not in_crisis(text):
            written.append(Written(local_date(row["created_at"], timezone), _seen(text, _TALK_TOKENS)))
    return None if up_to is None else Messages(up_to, written)


def _seen(text: str, most: int) -> str:
    """What the model sees of a text: its beginning, at most `most` tokens, without e-mail addresses."""
    return cut(without_addresses(text), most)
