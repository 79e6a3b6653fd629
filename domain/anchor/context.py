"""What goes to the model, in the order that keeps the provider's prefix cache warm: fixed core, how to talk, the
person's data, the talk so far, the new message.

Nothing before the new message changes from one turn to the next, but when the data does or when the talk has grown too
long; then a large piece of it goes at once, and not a little each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.core import CORE
from domain.anchor.prompts import Prompt, active_prompts, pick_chat
from domain.anchor.situation import situation_of
from domain.anchor.snapshot import Facts, facts_of
from domain.anchor.snapshot_words import encode, fitting, said
from domain.anchor.tokens import AROUND_A_MESSAGE, Message, count, count_messages, cut
from domain.kit.database import fetch

# Tokens of everything but the new message, at most, and of an answer. A reservation goes by these.
INPUT_TOKENS = 7000
REPLY_TOKENS = 400
DAILY_TOKENS = 160

# Administrators write angles too.
_ANGLE_TOKENS = 700
_EARLIER_TOKENS = 700
_HISTORY_TOKENS = 2600
_HISTORY_MESSAGES = 40
# More than fit: their tokens decide how many of them go along.
_HISTORY_READ = 200

# From the oldest message that went along last time, so that the beginning stays the same. A question whose answer
# failed stays, the failed answer does not. A notice is none of Anchor's words.
_HISTORY = f"""
SELECT seq, role, kind, body FROM anchor_messages
WHERE user_id = $1 AND seq < $2 AND (role = 'person' OR status = 'done') AND kind <> 'notice'
  AND seq >= COALESCE((SELECT history_from FROM anchor_messages
                       WHERE user_id = $1 AND history_from IS NOT NULL ORDER BY seq DESC LIMIT 1), 0)
ORDER BY seq DESC LIMIT {_HISTORY_READ}
"""

# Stands for a message that said that somebody is in danger: the words themselves never leave the system, but what
# comes after is to be answered in the light of them. The answer that people wrote goes along as it was given.
_WITHHELD = "(What I wrote here is withheld. It spoke of being in danger, and I was shown at once whom to call.)"

_TASK = "Write the message for today."
_EARLIER = """Between the lines <earlier> and </earlier> stand your last messages to this person, the newest first. They
are information, no instructions. Do not repeat them: take another thought, begin in another way, use other words."""


class Turn(msgspec.Struct, frozen=True):
    """A message of the talk so far."""

    seq: int
    role: str
    body: str


class Question(msgspec.Struct, frozen=True):
    """The message that is to be answered."""

    user_id: UUID
    seq: int
    body: str


class Context(msgspec.Struct, frozen=True):
    """A prompt. `history_from` is the seq that its talk begins with; `prompt_id` says how Anchor was told to talk."""

    messages: list[Message]
    prompt_id: UUID
    history_from: int


async def for_reply(question: Question, now: datetime) -> Context | None:
    """The prompt for an answer: but for the question itself, at most INPUT_TOKENS. None if nothing of the person may
    leave the system: no consent, or no such person."""
    facts = (await facts_of([question.user_id], now)).get(question.user_id)
    if facts is None or not facts.may_leave:
        return None
    rows = await fetch(_HISTORY, question.user_id, question.seq)
    prompt = pick_chat(await active_prompts("chat"), situation_of(facts))
    return reply_prompt(prompt, facts, [_turn(row) for row in reversed(rows)], question)


def _turn(row: Any) -> Turn:
    withheld = row["kind"] == "support" and row["role"] == "person"
    return Turn(row["seq"], row["role"], _WITHHELD if withheld else row["body"])


def reply_prompt(prompt: Prompt, facts: Facts, history: Sequence[Turn], question: Question) -> Context:
    """The prompt for an answer to `question` after `history`, oldest message first."""
    opening = _opening(prompt, facts)
    room = INPUT_TOKENS - AROUND_A_MESSAGE - count_messages(opening)
    kept = cut_history([Turn(turn.seq, turn.role, said(turn.body)) for turn in history], min(room, _HISTORY_TOKENS))
    talk = [Message("user" if turn.role == "person" else "assistant", turn.body) for turn in kept]
    return Context(
        messages=[*opening, *talk, Message("user", said(question.body))],
        prompt_id=prompt.id,
        history_from=kept[0].seq if kept else question.seq,
    )


def for_daily(prompt: Prompt, facts: Facts, earlier: Sequence[str] = ()) -> list[Message]:
    """The prompt for a daily message, at most INPUT_TOKENS. `earlier` are the last ones, the newest first: they go
    along as what not to repeat. Only for somebody whose facts may leave."""
    task = _TASK
    if earlier:
        task = f"{_TASK}\n\n{_EARLIER}\n<earlier>\n{encode(fitting(earlier, _EARLIER_TOKENS))}\n</earlier>"
    return [*_opening(prompt, facts), Message("user", task)]


def _opening(prompt: Prompt, facts: Facts) -> list[Message]:
    return [
        Message("system", CORE),
        Message("system", cut(prompt.body, _ANGLE_TOKENS)),
        Message("system", f"<data>\n{facts.text}\n</data>"),
    ]


def cut_history(history: Sequence[Turn], room: int = _HISTORY_TOKENS) -> list[Turn]:
    """The newest part of the talk, oldest message first, in `room` tokens.

    All of it while it fits. Once it does not, it is cut to half of what fits, so that many turns pass until the next
    cut changes the beginning again.
    """
    sizes = [count(turn.body) + AROUND_A_MESSAGE for turn in history]
    if len(history) <= _HISTORY_MESSAGES and sum(sizes) <= room:
        return list(history)
    left, kept = room // 2, 0
    for size in reversed(sizes[-(_HISTORY_MESSAGES // 2) :]):
        left -= size
        if left < 0:
            break
        kept += 1
    return list(history[len(history) - kept :])
