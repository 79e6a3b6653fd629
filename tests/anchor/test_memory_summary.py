"""The summary that stands for what no longer goes along word by word."""

import json
from uuid import UUID

from domain.anchor.memories.summary import LONGEST, summary_in, without
from domain.kit.database import execute, fetch_row, fetch_value
from tests.anchor.conftest import Provider
from tests.anchor.remembering import NIGHTS, PATH, asked_about, facts, remember, said, state, talk, write_summary

SUMMARY = "They talked about work at night. A walk before bed has helped them."
WALK = "A walk before bed helps me more than anything else that I have tried so far."


async def cut_before(newest: int = 1) -> None:
    """As if the newest answer's prompt had begun with the person's `newest` last message."""
    await execute(
        """UPDATE anchor_messages SET history_from = (SELECT seq FROM anchor_messages WHERE role = 'person'
                                                      ORDER BY seq DESC OFFSET $1 LIMIT 1)
           WHERE seq = (SELECT max(seq) FROM anchor_messages)""",
        newest - 1,
    )


async def long_talk(person, provider: Provider, drain) -> None:
    """A talk of which the first two messages have fallen out of sight, and whose facts are known."""
    await said(person, NIGHTS, WALK, "Good evening")
    await provider.says(facts())
    await remember(drain)
    await cut_before()
    await execute("UPDATE anchor_remembering SET due_at = now()")


async def summary_of(person):
    return (await person.ok("GET", PATH))["summary"]


async def test_a_short_talk_has_none(talker, provider: Provider, drain) -> None:
    await said(talker)
    await remember(drain)
    assert len(await asked_about(provider)) == 1
    assert await summary_of(talker) is None


async def test_it_is_made_of_the_persons_words_that_fell_out_of_sight(talker, provider: Provider, drain) -> None:
    await long_talk(talker, provider, drain)
    await provider.says(json.dumps({"summary": SUMMARY}))
    await remember(drain)
    shown = await summary_of(talker)
    assert shown["body"] == SUMMARY
    asked = json.loads((await asked_about(provider))[-1]["body"]["messages"][1]["content"].split("\n")[1])
    assert [one["text"] for one in asked["messages"]] == [NIGHTS, WALK]
    assert asked["so_far"] is None
    await talk(talker, provider, drain, "And another evening")
    prompt = json.dumps((await provider.requests())[-1]["body"]["messages"])
    assert SUMMARY in prompt
    assert NIGHTS not in prompt


async def test_the_next_one_builds_on_it(talker, provider: Provider, drain) -> None:
    await long_talk(talker, provider, drain)
    await provider.says(json.dumps({"summary": SUMMARY}))
    await remember(drain)
    await said(talker, "One more word about how the week went, and it went rather well.")
    await provider.says(facts())
    await remember(drain)
    await cut_before()
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await provider.says(json.dumps({"summary": "They talked about work at night, and a good week."}))
    await remember(drain)
    asked = json.loads((await asked_about(provider))[-1]["body"]["messages"][1]["content"].split("\n")[1])
    assert asked["so_far"] == SUMMARY
    assert [one["text"] for one in asked["messages"]] == ["Good evening"]
    assert (await summary_of(talker))["body"] == "They talked about work at night, and a good week."


async def test_a_cut_is_summed_up_without_waiting_for_the_talk_to_rest(talker, provider: Provider, drain) -> None:
    long = "A long day, and I would like to tell all of it from the beginning. " * 55
    for _ in range(3):
        await talk(talker, provider, drain, long)
    await talk(talker, provider, drain, "And now?")
    cut = await fetch_value("SELECT history_from FROM anchor_messages ORDER BY seq DESC LIMIT 1")
    assert cut > await fetch_value("SELECT min(seq) FROM anchor_messages")
    assert await fetch_value("SELECT due_at <= now() FROM anchor_remembering")
    await remember(drain)
    assert (await summary_of(talker))["body"]
    reached = await fetch_row("SELECT up_to_seq FROM anchor_summaries")
    assert reached["up_to_seq"] == await fetch_value(
        "SELECT max(seq) FROM anchor_messages WHERE role = 'person' AND seq < $1", cut
    )
    await talk(talker, provider, drain, "Good night")
    assert not await fetch_value("SELECT due_at <= now() FROM anchor_remembering")


async def test_one_that_cannot_be_read_twice_leaves_the_one_before(talker, provider: Provider, drain) -> None:
    await long_talk(talker, provider, drain)
    await write_summary(talker, "They work at night.")
    for _ in range(2):
        await provider.says("What?", "No.")
        await execute("UPDATE anchor_remembering SET due_at = now()")
        await remember(drain)
    assert (await summary_of(talker))["body"] == "They work at night."
    before = len(await asked_about(provider))
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await remember(drain)
    assert len(await asked_about(provider)) == before


async def test_forgetting_it_begins_a_new_one(talker, provider: Provider, drain) -> None:
    await long_talk(talker, provider, drain)
    await remember(drain)
    assert (await talker("DELETE", f"{PATH}/summary")).status_code == 204
    assert await summary_of(talker) is None
    before = len(await asked_about(provider))
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await remember(drain)
    assert len(await asked_about(provider)) == before
    assert (await state(talker))["forgotten_up_to"] > 0


async def test_a_fact_that_is_forgotten_leaves_the_summary(talker, provider: Provider, drain) -> None:
    memory = await talker.ok("POST", PATH, json={"body": "A walk before bed helps."})
    await write_summary(talker, SUMMARY, 7)
    await talker("DELETE", f"{PATH}/{memory['id']}")
    assert (await summary_of(talker))["body"] == "They talked about work at night."
    other = await talker.ok("POST", PATH, json={"body": "Talked about night work."})
    await talker.ok("PATCH", f"{PATH}/{other['id']}", json={"body": "Works days."})
    assert await summary_of(talker) is None
    # What it was made of does not make another one.
    assert (
        await fetch_value("SELECT forgotten_up_to FROM anchor_remembering WHERE user_id = $1", UUID(talker.user["id"]))
        == 7
    )


def test_counts_of_clean_days_and_words_of_danger_are_left_out() -> None:
    long = "They work at night. They are clean for three weeks now. They want to kill themselves. A walk helps."
    assert summary_in(json.dumps({"summary": long})) == "They work at night. A walk helps."


def test_it_has_its_limit_and_ends_with_a_sentence() -> None:
    long = " ".join(f"This is sentence number x{n}, about something." for n in range(100))
    summary = summary_in(json.dumps({"summary": long}))
    assert LONGEST - 60 < len(summary) <= LONGEST
    assert summary.endswith(".")


def test_only_the_sentences_that_say_it_go() -> None:
    assert without(SUMMARY, "Has three cats.") == SUMMARY
    assert without(SUMMARY, "ok") == SUMMARY
    assert without("Lives in Lyon with a dog. Sings.", "They live in Lyon.") == "Sings."
    assert without("他们住在里昂。他们喜欢唱歌。", "住在里昂") == "他们喜欢唱歌。"
