"""What never reaches the provider. Every column of every table that holds text gets a word of its own, for two people;
what arrives in the sandbox is searched for them."""

from __future__ import annotations

import re
from uuid import UUID

import asyncpg
import pytest

from domain.anchor.context import for_daily
from domain.anchor.memories.due import plan_due
from domain.anchor.prompts import active_prompts
from domain.anchor.snapshot import facts_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.leaving.belongings import belongings, foreign_keys
from tests.anchor.conftest import ask, run_job
from tests.leaving.filling import Filler

# All that goes along of what somebody wrote. Whatever joins this list leaves the system.
TOLD = {
    "users.why", "check_ins.note", "check_ins.triggers", "urges.coping", "urges.triggers", "slips.triggers",
    "slips.feeling", "slips.reflection", "slips.plan", "journal_entries.title", "journal_entries.body", "goals.title",
    "anchor_memories.body", "anchor_summaries.body", "anchor_messages.body",
}  # fmt: skip
# Without these nobody could talk at all.
_NEEDED = re.compile(r"zone|locale|country|client_id|version")
# So that it is worth remembering.
_MORE = "and more of what somebody may write of an evening"
_TEXTS = """
SELECT relname AS table, attname AS name, format_type(atttypid, NULL) AS type
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
  AND atttypid IN ('text'::regtype, 'text[]'::regtype)
ORDER BY relname, attname
"""


async def mark(user_id: UUID, who: str) -> dict[str, str]:
    """A word for each text of the person's rows, where the table takes any; the words, by column."""
    owned = belongings(await foreign_keys())
    # Of personas, which belong to nobody by a foreign key, the person's present one.
    owned["personas"] = "id = (SELECT persona_id FROM users WHERE id = $1)"
    words = {}
    for number, column in enumerate(await fetch(_TEXTS)):
        if column["table"] not in owned or _NEEDED.search(column["name"]):
            continue
        word = f"{who}{number}q"
        text = f"{word} {_MORE}" if column["name"] == "body" else word
        value = f"ARRAY['{text}']" if column["type"] == "text[]" else f"'{text}'"
        try:
            rows = await fetch(
                f"UPDATE {column['table']} SET {column['name']} = {value} WHERE {owned[column['table']]} RETURNING 1",
                user_id,
            )  # fmt: skip
        except asyncpg.IntegrityConstraintViolationError:
            continue  # not a text of people's: one of a few words, or the name of something else
        if rows:
            words[f"{column['table']}.{column['name']}"] = word
    return words


async def test_only_what_is_to_be_told_reaches_the_provider(sign_up, provider, drain, configure) -> None:
    configure(ANCHOR_MEMORY_DELAY_SECONDS="0")
    names = {"email": "felix.quillfeather@example.org", "username": "felix_the_cat", "visibility": "public"}
    person = await sign_up(consents=("third_party_ai",), **names)
    other = await sign_up(username="gertrude", visibility="public", consents=("third_party_ai",))
    user_id, other_id = UUID(person.user["id"]), UUID(other.user["id"])
    filled = set(await Filler(user_id, other_id).fill_all()) & set(await Filler(other_id, user_id).fill_all())
    assert {"anchor_memories", "journal_entries", "partner_messages", "posts", "comments", "devices"} <= filled
    await execute("UPDATE anchor_memories SET origin = 'talk', entry_id = NULL")
    mine, theirs = await mark(user_id, "mine"), await mark(other_id, "theirs")
    assert {"users.email", "posts.body", "comments.body", "personas.name", "partner_messages.body"} <= mine.keys()
    assert mine.keys() >= TOLD
    assert mine.keys() == theirs.keys()
    await execute("UPDATE users SET state = 'active'")
    await execute("UPDATE anchor_messages SET status = 'done', role = 'person', kind = 'chat', history_from = NULL")
    await execute("UPDATE urges SET outcome = 'resisted', local_date = $1", clock.now().date())
    await execute("UPDATE journal_entries SET share_with_anchor = true")
    await execute("UPDATE preferences SET share_journal_with_anchor = true")
    await execute("UPDATE goals SET completed_at = NULL, archived_at = NULL, due_on = NULL")
    await execute("DELETE FROM consents WHERE NOT granted")
    await execute("DELETE FROM anchor_read_entries")
    await execute("UPDATE anchor_remembering SET talk_up_to = 0, forgotten_up_to = 0, journal_from = NULL")
    await ask(person, "What now?")
    await drain()
    assert await plan_due() == 1
    await drain()
    facts = (await facts_of([user_id], clock.now()))[user_id]
    daily = for_daily((await active_prompts("daily"))[0], facts)
    requests = await provider.requests()
    assert len(requests) >= 3  # the answer, and what is to be remembered of the talk and of the entry
    sent = str(requests) + str(daily)
    assert {column for column, word in mine.items() if word in sent} == TOLD
    assert [column for column, word in theirs.items() if word in sent] == []
    for secret in (
        str(user_id),
        str(other_id),
        person.user["store_account_token"],
        "quillfeather",
        "felix",
        "gertrude",
    ):
        assert secret not in sent.lower()


async def test_without_the_consent_not_one_byte_goes_out(talker, provider, drain) -> None:
    await talker.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
    await talker.ok("POST", "/v1/journal", json={"body": "It rained."})
    refused = await talker("POST", "/v1/anchor/messages", json={"body": "What now?"})
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
    await drain()
    assert await provider.requests() == []


@pytest.mark.parametrize("withdrawn", ["third_party_ai", "sensitive_data", "terms"])
async def test_a_consent_that_is_withdrawn_stops_what_was_asked_for_before(
    talker, provider, drain, configure, withdrawn: str
) -> None:
    """An answer that no worker has begun, and what was to be remembered of an answer. The daily message has tests of
    its own."""
    configure(ANCHOR_MEMORY_DELAY_SECONDS="0")
    await talker.ok("POST", "/v1/journal", json={"body": "It rained."})
    await ask(talker, "My brother knows about it since last summer, and he asks me how I am.")
    assert await run_job("anchor.reply") == "done"
    await ask(talker, "What now?")
    assert len(await provider.requests()) == 1
    await talker.ok("PUT", f"/v1/me/consents/{withdrawn}", json={"granted": False})
    assert await plan_due() == 1
    await drain()
    assert len(await provider.requests()) == 1
