"""Forgetting: at once, everywhere, and so that nothing comes back."""

import asyncio
import json
from uuid import UUID

import pytest

from domain.anchor.memories import reading
from domain.kit.database import execute, fetch_value
from tests.anchor.conftest import Provider, until
from tests.anchor.remembering import (
    NIGHTS,
    PATH,
    asked_about,
    bodies,
    facts,
    learned,
    memory_charges,
    remember,
    said,
    state,
    talk,
    write_summary,
)

FACT = "Works nights at a bakery."
POND = "Goes to a pond every week."
ENTRY = "Nobody but the heron at the mill pond knows of this, and I go there every week."


async def with_entry(person, provider: Provider, drain) -> str:
    """An entry that Anchor has learned POND from; its id."""
    entry = await person.ok("POST", "/v1/journal", json={"body": ENTRY})
    await said(person, "Hello")
    await provider.says(facts(POND))
    await remember(drain)
    assert await bodies(person) == [POND]
    return str(entry["id"])


async def due_again(person, provider: Provider, drain, *answers: str) -> None:
    """The same is looked through once more, as far as it would be."""
    await provider.says(*answers)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await remember(drain)


async def asking(person, provider: Provider, *answers: str) -> asyncio.Task[None]:
    """Somebody's memory is being worked on, and the model takes its time."""
    before = len(await asked_about(provider))
    await provider.says(*answers)
    await provider.fault(delay_ms=150, times=1)
    task = asyncio.create_task(reading.remember(UUID(person.user["id"])))

    async def asked() -> bool:
        return len(await asked_about(provider)) > before

    await until(asked)
    return task


async def test_a_forgotten_fact_does_not_come_back_from_the_same_messages(talker, provider: Provider, drain) -> None:
    await learned(talker, provider, drain, FACT)
    (memory,) = (await talker.ok("GET", PATH))["items"]
    assert (await talker("DELETE", f"{PATH}/{memory['id']}")).status_code == 204
    before = len(await asked_about(provider))
    await due_again(talker, provider, drain, facts(FACT))
    assert len(await asked_about(provider)) == before
    assert await bodies(talker) == []


async def test_a_forgotten_fact_does_not_come_back_from_what_else_was_said_before(
    talker, provider: Provider, drain
) -> None:
    await learned(talker, provider, drain, FACT)
    await said(talker, f"As I told you: {NIGHTS}")
    (memory,) = (await talker.ok("GET", PATH))["items"]
    await talker("DELETE", f"{PATH}/{memory['id']}")
    before = len(await asked_about(provider))
    await due_again(talker, provider, drain, facts(FACT))
    # Nor in a summary, once the talk is cut.
    await execute("UPDATE anchor_messages SET history_from = seq + 1 WHERE history_from IS NOT NULL")
    await due_again(talker, provider, drain, json.dumps({"summary": FACT}))
    assert len(await asked_about(provider)) == before
    assert await talker.ok("GET", PATH) == {"items": [], "next_cursor": None, "summary": None}
    assert await learned(talker, provider, drain, POND) == [POND]


async def test_forgetting_all_leaves_the_talk_and_learns_only_from_what_comes(
    talker, provider: Provider, drain
) -> None:
    await with_entry(talker, provider, drain)
    await said(talker)
    await talker.ok("POST", "/v1/journal", json={"body": f"{ENTRY} Twice."})
    await write_summary(talker, "They talked.")
    assert (await talker("DELETE", PATH)).status_code == 204
    assert await talker.ok("GET", PATH) == {"items": [], "next_cursor": None, "summary": None}
    before = len(await asked_about(provider))
    await due_again(talker, provider, drain)
    assert len(await asked_about(provider)) == before
    assert await fetch_value("SELECT count(*) FROM anchor_messages WHERE kind = 'chat'") == 4
    assert await learned(talker, provider, drain, FACT) == [FACT]


async def test_what_an_entry_taught_goes_with_it(talker, provider: Provider, drain) -> None:
    entry_id = await with_entry(talker, provider, drain)
    (memory,) = (await talker.ok("GET", PATH))["items"]
    # Putting it right does not keep it beyond its entry.
    await talker.ok("PATCH", f"{PATH}/{memory['id']}", json={"body": "Goes to a pond each Friday."})
    await talker("DELETE", f"/v1/journal/{entry_id}")
    assert await bodies(talker) == []
    await due_again(talker, provider, drain, facts(POND))
    assert await bodies(talker) == []


async def test_an_entry_that_is_no_longer_shared_is_forgotten(talker, provider: Provider, drain) -> None:
    entry_id = await with_entry(talker, provider, drain)
    await talker.ok("PATCH", f"/v1/journal/{entry_id}", json={"share_with_anchor": False})
    assert await bodies(talker) == []
    await due_again(talker, provider, drain, facts(POND))
    assert await bodies(talker) == []
    await talker.ok("PATCH", f"/v1/journal/{entry_id}", json={"share_with_anchor": True})
    await due_again(talker, provider, drain, facts(POND))
    assert await bodies(talker) == [POND]


async def test_the_preference_forgets_all_entries_and_nothing_else(talker, provider: Provider, drain) -> None:
    await with_entry(talker, provider, drain)
    await talker.ok("POST", PATH, json={"body": FACT})
    await talker.ok("PATCH", "/v1/me/preferences", json={"share_journal_with_anchor": False})
    assert await bodies(talker) == [FACT]
    await due_again(talker, provider, drain, facts(POND))
    assert await bodies(talker) == [FACT]
    await talker.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
    await talker.ok("PATCH", "/v1/me/preferences", json={"share_journal_with_anchor": True})
    await due_again(talker, provider, drain, facts(POND))
    assert await bodies(talker) == [POND, FACT]


async def test_an_entry_that_is_written_anew_is_read_anew(talker, provider: Provider, drain) -> None:
    entry_id = await with_entry(talker, provider, drain)
    await talker.ok(
        "PATCH", f"/v1/journal/{entry_id}", json={"body": "The evenings by the sea are what I live for now."}
    )
    assert await bodies(talker) == []
    await due_again(talker, provider, drain, facts("Loves evenings by the sea."))
    assert await bodies(talker) == ["Loves evenings by the sea."]


@pytest.mark.parametrize("change", ["delete", "unshare", "rewrite", "preference", "forget"])
async def test_what_is_taken_back_while_the_model_reads_it_is_not_kept(
    talker, provider: Provider, drain, change: str
) -> None:
    entry = await talker.ok("POST", "/v1/journal", json={"body": ENTRY})
    await said(talker, "Hello")
    task = await asking(talker, provider, facts(POND), facts())
    path = f"/v1/journal/{entry['id']}"
    if change == "delete":
        await talker("DELETE", path)
    elif change == "unshare":
        await talker.ok("PATCH", path, json={"share_with_anchor": False})
    elif change == "rewrite":
        await talker.ok("PATCH", path, json={"body": f"{ENTRY} No more."})
    elif change == "preference":
        await talker.ok("PATCH", "/v1/me/preferences", json={"share_journal_with_anchor": False})
    else:
        await talker("DELETE", PATH)
    await task
    assert await bodies(talker) == []
    assert {charge["state"] for charge in await memory_charges(talker)} == {"settled"}


@pytest.mark.parametrize("change", ["consent", "unshare", "delete"])
async def test_what_is_taken_back_while_an_answer_comes_that_cannot_be_read_is_not_asked_again(
    talker, provider: Provider, drain, change: str
) -> None:
    entry = await talker.ok("POST", "/v1/journal", json={"body": ENTRY})
    await said(talker, "Hello")
    task = await asking(talker, provider, '{"facts": ["Goes to', facts(POND))
    if change == "consent":
        await talker.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
    elif change == "unshare":
        await talker.ok("PATCH", f"/v1/journal/{entry['id']}", json={"share_with_anchor": False})
    else:
        await talker("DELETE", f"/v1/journal/{entry['id']}")
    await task
    assert len(await asked_about(provider)) == 1
    assert await bodies(talker) == []


@pytest.mark.parametrize("path", [PATH, "/v1/anchor/messages"])
async def test_all_that_is_forgotten_while_the_model_reads_the_talk_stays_forgotten(
    talker, provider: Provider, drain, path: str
) -> None:
    await said(talker)
    task = await asking(talker, provider, facts(FACT), facts(FACT))
    assert (await talker("DELETE", path)).status_code == 204
    await task
    assert await bodies(talker) == []
    assert len(await memory_charges(talker)) == 1


async def test_fifty_deletions_at_once_while_workers_write(talker, provider: Provider, drain) -> None:
    await with_entry(talker, provider, drain)
    await said(talker)
    paths = [PATH, "/v1/anchor/messages", f"{PATH}/summary"]
    user_id = UUID(talker.user["id"])
    await execute("DELETE FROM anchor_read_entries")

    async def write() -> None:
        await reading.remember(user_id)

    answers, *_ = await asyncio.gather(
        asyncio.gather(*(talker("DELETE", paths[number % 3]) for number in range(50))),
        *(write() for _ in range(3)),
        execute("UPDATE journal_entries SET title = 'Again'"),
    )
    assert {answer.status_code for answer in answers} == {204}
    await talker("DELETE", PATH)
    await reading.remember(user_id)
    assert await bodies(talker) == []
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == 0


async def test_the_same_thing_is_deleted_once_of_fifty(talker, drain) -> None:
    memory = await talker.ok("POST", PATH, json={"body": FACT})
    answers = await asyncio.gather(*(talker("DELETE", f"{PATH}/{memory['id']}") for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 49


async def test_the_prompt_after_forgetting_holds_none_of_it(talker, provider: Provider, drain) -> None:
    await learned(talker, provider, drain, FACT)
    await write_summary(talker, "They talked of ovens.")
    await talker("DELETE", "/v1/anchor/messages")
    await talk(talker, provider, drain, "Good morning")
    prompt = json.dumps((await provider.requests())[-1]["body"]["messages"])
    assert not any(words in prompt for words in (FACT, "ovens", NIGHTS))
    assert (await state(talker))["talk_up_to"] > 0
