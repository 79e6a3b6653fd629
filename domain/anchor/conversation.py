"""Asking Anchor something. The answer is a row from the moment that it is asked for; a worker writes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.anchor import messages, notices
from domain.anchor.consent import lacking_sql
from domain.anchor.context import INPUT_TOKENS, REPLY_TOKENS
from domain.anchor.jobs import WriteReply
from domain.anchor.messages import MessageView
from domain.anchor.prices import worst_case
from domain.anchor.quota import Quota, read_quota, reserve
from domain.anchor.tokens import estimate
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row, fetch_value
from domain.kit.errors import Conflict, ConsentRequired, NotFound
from domain.kit.events import Event, tell
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import check_client_id, new_id
from domain.kit.outbox import enqueue
from domain.kit.settings import settings
from domain.kit.text import clean_text
from domain.safety.support import Support, listening

_LONGEST_BODY = 4000

_REPLY_OF = """
SELECT reply.id FROM anchor_messages AS question JOIN anchor_messages AS reply ON reply.reply_to = question.id
WHERE question.user_id = $1 AND question.client_id = $2
"""

_ASKING = f"""
SELECT timezone, locale, ({_REPLY_OF}) AS asked_before,
    {lacking_sql("users.id")} AS lacking
FROM users WHERE id = $1 AND state = 'active'
"""

# Both conflicts are answers and no errors: the client_id is known, or an answer is under way. Either waits for a
# request that is being served, so the outcome is certain. A notice, if $8 is one, stands between the two.
_ASK = """
WITH question AS (
    INSERT INTO anchor_messages (id, user_id, role, kind, status, body, client_id, created_at, finished_at)
    VALUES ($1, $3, 'person', 'chat', 'done', $4, $5, $6, $6)
    ON CONFLICT DO NOTHING RETURNING id
), notice AS (
    INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at, finished_at)
    SELECT $9, $3, 'anchor', 'notice', 'done', $8, $6, $6 FROM question WHERE $8::text IS NOT NULL RETURNING id
), reply AS (
    INSERT INTO anchor_messages (id, user_id, role, kind, status, body, reply_to, created_at, deadline)
    SELECT $2, $3, 'anchor', 'chat', 'pending', '', question.id, $6, now() + $7::interval
    FROM question LEFT JOIN notice ON true
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT (SELECT id FROM question) AS question_id, (SELECT id FROM reply) AS reply_id
"""

# A message that says that somebody is in danger, and its answer. Both bear the kind `support`: by that the model is
# never shown what such a message says (see context).
_SUPPORT = """
WITH question AS (
    INSERT INTO anchor_messages (id, user_id, role, kind, status, body, client_id, created_at, finished_at)
    SELECT $1, id, 'person', 'support', 'done', $4, $5, $6, $6 FROM users WHERE id = $3 AND state = 'active'
    ON CONFLICT (user_id, client_id) DO NOTHING RETURNING id, user_id
)
INSERT INTO anchor_messages (id, user_id, role, kind, status, body, reply_to, created_at, finished_at)
SELECT $2, user_id, 'anchor', 'support', 'done', $7, id, $6, $6 FROM question RETURNING id
"""


# What a message and its answer are, and what stands between them.
_EXCHANGE = f"""
SELECT {messages.COLUMNS} FROM anchor_messages
WHERE user_id = $1 AND (kind = 'notice' OR id = $2 OR id = (SELECT reply_to FROM anchor_messages WHERE id = $2))
  AND seq <= (SELECT seq FROM anchor_messages WHERE id = $2)
  AND seq >= (SELECT question.seq FROM anchor_messages AS question JOIN anchor_messages AS reply
              ON reply.reply_to = question.id WHERE reply.id = $2)
ORDER BY seq
"""


class Exchange(msgspec.Struct, frozen=True):
    """What the person wrote, Anchor's answer as far as it is, and what is left of the limits. `support` is for somebody
    whose words say that they may be in danger; then the answer is there at once. `notice` says what Anchor is, to be
    shown before the answer: an AI, no person and no therapy. It comes when a talk begins, and every three hours."""

    message: MessageView
    reply: MessageView
    quota: Quota
    notice: MessageView | None = None
    support: Support | None = None


class Asked(msgspec.Struct, frozen=True):
    """The answer that a message led to, perhaps still to be written."""

    reply_id: UUID
    support: Support | None


async def ask(user_id: UUID, body: str, client_id: str | None, key: IdempotencyKey | None) -> Asked:
    """Write the message down and ask for an answer. A retry gets the first answer.

    A message that says that somebody is in danger is answered here and now, by words of people: no model sees it, and
    no limit, consent or answer under way stands before it.
    Raises InvalidRequest for the text or the client_id, ConsentRequired without `third_party_ai`, Conflict
    `anchor_busy` while another answer is under way, TooMany when a limit is used up, and Unavailable when nobody may be
    answered now.
    """
    async with listening(user_id, "chat", body) as support:
        text = clean_text(body, field="body", longest=_LONGEST_BODY)
        check_client_id(client_id)

        async def create() -> UUID:
            if support is not None:
                return await _answer_at_once(user_id, text, client_id, support)
            return await _ask(user_id, text, client_id)

        outcome = await once(key, 202 if support is None else 201, create)
        return Asked(outcome.resource_id, support)


async def _answer_at_once(user_id: UUID, body: str, client_id: str | None, support: Support) -> UUID:
    """The answer's id; of a client_id that is known, the first answer's. Raises NotFound if the person is gone."""
    reply_id: UUID | None = await fetch_value(
        _SUPPORT, new_id(), new_id(), user_id, body, client_id, clock.now(), support.message
    )
    if reply_id is not None:
        tell(user_id, Event("anchor.reply", reply_id))
        return reply_id
    reply_id = await fetch_value(_REPLY_OF, user_id, client_id)
    if reply_id is None:
        raise NotFound
    return reply_id


async def _ask(user_id: UUID, body: str, client_id: str | None) -> UUID:
    now = clock.now()
    person = await fetch_row(_ASKING, user_id, client_id)
    if person is None:
        raise NotFound
    if person["asked_before"] is not None:
        before: UUID = person["asked_before"]
        return before
    if person["lacking"]:
        raise ConsentRequired(person["lacking"])
    notice = await notices.due(user_id, person["locale"], now)
    reply_id = await _write_down(user_id, body, client_id, notice, now)
    if reply_id is None:  # the same message, sent twice at once
        twin: UUID = await fetch_value(_REPLY_OF, user_id, client_id)
        return twin
    worst = worst_case(INPUT_TOKENS + estimate(body), REPLY_TOKENS)
    await reserve(user_id, person["timezone"], purpose="reply", message_id=reply_id, worst=worst, now=now)
    await enqueue(WriteReply(reply_id=reply_id))
    return reply_id


async def _write_down(
    user_id: UUID, body: str, client_id: str | None, notice: str | None, now: datetime
) -> UUID | None:
    """The new answer's id; None if the client_id is known. Raises Conflict."""
    limit = timedelta(seconds=settings().anchor_reply_seconds)
    asked = await fetch_row(_ASK, new_id(), new_id(), user_id, body, client_id, now, limit, notice, new_id())
    assert asked is not None
    if asked["question_id"] is None:
        return None
    if asked["reply_id"] is None:
        raise Conflict("Anchor is still answering your last message.", code="anchor_busy")
    reply_id: UUID = asked["reply_id"]
    return reply_id


async def read_exchange(user_id: UUID, asked: Asked) -> Exchange:
    """The answer with what it answers. Raises NotFound."""
    rows = [messages.view(row) for row in await fetch(_EXCHANGE, user_id, asked.reply_id)]
    if len(rows) < 2:
        raise NotFound
    question, *between, reply = rows
    notice = between[0] if between else None
    return Exchange(question, reply, await read_quota(user_id, clock.now()), notice, asked.support)


async def is_answered(user_id: UUID, reply_id: UUID) -> bool | None:
    """True once the answer is done or has failed, else None."""
    return None if (await messages.get_message(user_id, reply_id)).is_open else True
