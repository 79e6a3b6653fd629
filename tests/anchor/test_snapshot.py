"""What Anchor knows of a person: every part of it, read as of now, and what the person keeps to themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.anchor.snapshot import Snapshot, facts_of
from domain.anchor.snapshot_parts import Answer, Earned, Entry, Goal, Reached, Slip, TriggerCount, Urges
from domain.anchor.snapshot_words import WITHHELD
from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.ids import new_id

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DANGER = "I want to kill myself"


def id_of(person: Any) -> UUID:
    return UUID(person.user["id"])


async def known(person: Any, now: datetime | None = None) -> Snapshot:
    return (await facts_of([id_of(person)], now or clock.now()))[id_of(person)].snapshot


async def remember(person: Any, body: str, entry_id: str | None = None, origin: str = "talk") -> None:
    await execute(
        """INSERT INTO anchor_memories (id, user_id, body, origin, entry_id, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, now(), now())""",
        new_id(), id_of(person), body, "journal" if entry_id else origin, entry_id and UUID(entry_id),
    )  # fmt: skip


async def test_goals_with_their_progress_as_of_now(talker) -> None:
    with clock.frozen(NOON):
        await talker.ok("POST", "/v1/goals", json={"kind": "custom", "target": 4, "title": "Call <mum>"})
        soon = {"kind": "check_ins", "target": 4, "title": "Look in on me", "due_on": "2026-11-25"}
        await talker.ok("POST", "/v1/goals", json=soon)
        await talker.ok("PUT", "/v1/check-ins/2026-11-23", json={"mood": 4, "urge_level": 1, "triggers": []})
        fewer = {"kind": "fewer_urges", "target": 50, "title": "Calmer", "starts_on": "2026-11-20"}
        await talker.ok("POST", "/v1/goals", json=fewer | {"due_on": "2026-11-29"})
        archived = await talker.ok("POST", "/v1/goals", json={"kind": "custom", "target": 4, "title": "Not any more"})
        await talker.ok("PATCH", f"/v1/goals/{archived['id']}", json={"status": "archived"})
        snapshot = await known(talker)
    assert snapshot.goals == [
        Goal("check_ins", "Look in on me", 25, 1, "check_ins", 4, None, date(2026, 11, 25)),
        Goal("fewer_urges", "Calmer", 30, 0, "urges", None, 0, date(2026, 11, 29)),
        Goal("custom", "Call <mum>", 0, 0, "steps", 4),
    ]


async def test_a_goal_that_was_reached_is_news_for_a_month_and_one_that_was_missed_is_none(talker, drain) -> None:
    with clock.frozen(NOON):
        reach = await talker.ok("POST", "/v1/goals", json={"kind": "custom", "target": 1, "title": "Tell a friend"})
        await talker.ok("PATCH", f"/v1/goals/{reach['id']}", json={"steps_done": 1})
        due = {"kind": "custom", "target": 9, "title": "Too much", "due_on": "2026-11-23"}
        await talker.ok("POST", "/v1/goals", json=due)
        await drain()
        snapshot = await known(talker)
        assert snapshot.reached == [Reached("Tell a friend", TODAY)]
        assert [goal.title for goal in snapshot.goals] == ["Too much"]
    assert (await known(talker, NOON + timedelta(days=1))).goals == []
    assert (await known(talker, NOON + timedelta(days=29))).reached != []
    assert (await known(talker, NOON + timedelta(days=30))).reached == []


async def test_urges_of_thirty_days_and_what_brought_them_on(talker) -> None:
    async def urge(days_ago: float, outcome: str, triggers: list[str], coping: str | None = None) -> None:
        at = (NOON - timedelta(days=days_ago)).isoformat()
        body = {"intensity": 5, "outcome": outcome, "triggers": triggers, "coping": coping, "occurred_at": at}
        await talker.ok("POST", "/v1/urges", json=body)

    with clock.frozen(NOON):
        await urge(1, "resisted", ["stress", "Stress", "Boss"], "Went for a walk")
        await urge(2, "resisted", ["stress"], "Cold water")
        await urge(3, "slipped", ["boss"], "Nothing helped")
        await urge(4, "ongoing", [])
        await urge(5, "resisted", ["stress"], "Cold water")
        await talker.ok("PUT", "/v1/check-ins/2026-11-22", json={"mood": 3, "urge_level": 1, "triggers": ["Stress"]})
        snapshot = await known(talker)
        await execute("UPDATE urges SET local_date = '2026-10-25' WHERE outcome = 'slipped'")
        kept = await known(talker)
        await execute("UPDATE urges SET local_date = '2026-10-24' WHERE outcome = 'slipped'")
        left = await known(talker)
    named = [TriggerCount("Stress", 3, 0, 1), TriggerCount("Boss", 2)]
    assert snapshot.urges == Urges(30, 5, 3, 75, named)
    assert snapshot.helped == ["Went for a walk", "Cold water"]
    assert kept.urges is not None
    assert kept.urges.count == 5
    assert left.urges == Urges(30, 4, 3, 100, [TriggerCount("Stress", 3, 0, 1), TriggerCount("Boss", 1)])


async def test_slips_with_what_was_written_about_them(talker) -> None:
    with clock.frozen(NOON):
        await talker.ok("PATCH", "/v1/streak", json={"started_on": "2026-11-01"})
        for day in range(2, 9):
            fields = {"triggers": ["stress"], "feeling": "flat", "reflection": f"It was day {day}.", "plan": "Sleep"}
            await talker.ok("POST", "/v1/slips", json=fields | {"occurred_at": f"2026-11-0{day}T12:00:00Z"})
        snapshot = await known(talker)
    assert snapshot.clean.last_slip_on == date(2026, 11, 8)
    assert [slip.on.day for slip in snapshot.slips] == [8, 7, 6, 5, 4]
    assert snapshot.slips[0] == Slip(date(2026, 11, 8), ["stress"], "flat", "It was day 8.", "Sleep")


async def test_answers_of_quizzes_in_words(talker) -> None:
    answers = [{"question_id": "reason", "value": "To be awake in my own life."}]
    quiz = await talker.ok("GET", "/v1/quizzes/onboarding")
    choice = next(question for question in quiz["questions"] if question["kind"] == "choice")
    text = next(question for question in quiz["questions"] if question["kind"] == "text")
    answers = [
        {"question_id": choice["id"], "value": choice["options"][1]["value"]},
        {"question_id": text["id"], "value": "To be awake in my own life."},
    ]
    await talker.ok("PUT", "/v1/quizzes/onboarding/answers", json={"answers": answers})
    assert sorted((await known(talker)).quiz, key=lambda each: each.question) == sorted(
        [
            Answer(choice["prompt"], [choice["options"][1]["label"]]),
            Answer(text["prompt"], ["To be awake in my own life."]),
        ],
        key=lambda each: each.question,
    )


async def test_achievements_by_name_the_newest_first(sign_up, drain) -> None:
    with clock.frozen(NOON):
        talker = await sign_up(consents=("third_party_ai",))
        await talker.ok("PUT", "/v1/check-ins/2026-11-23", json={"mood": 4, "urge_level": 1, "triggers": []})
        await drain()
        assert (await known(talker)).earned == [Earned("First check-in", TODAY)]
    with clock.frozen(NOON + timedelta(days=1)):
        await talker.ok("POST", "/v1/journal", json={"body": "Hello"})
        await drain()
        titles = [each.title for each in (await known(talker)).earned]
    assert titles == ["First page", "One whole day", "First check-in"]


async def test_the_journal_is_shared_by_both_switches_or_not_at_all(talker) -> None:
    with clock.frozen(NOON):
        one = await talker.ok("POST", "/v1/journal", json={"title": "Tuesday", "body": "It rained."})
        await talker.ok("POST", "/v1/journal", json={"body": "Mine alone.", "share_with_anchor": False})
        two = await talker.ok("POST", "/v1/journal", json={"body": "It was dry."})
        await remember(talker, "Likes rain", one["id"])
        await remember(talker, "Has a dog")
        snapshot = await known(talker)
        assert snapshot.journal == [Entry(TODAY, None, "It was dry."), Entry(TODAY, "Tuesday", "It rained.")]
        assert snapshot.memories == ["Has a dog", "Likes rain"]
        await talker.ok("PATCH", f"/v1/journal/{one['id']}", json={"share_with_anchor": False})
        snapshot = await known(talker)
        assert snapshot.journal == [Entry(TODAY, None, "It was dry.")]
        assert snapshot.memories == ["Has a dog"]
        await talker.ok("PATCH", f"/v1/journal/{one['id']}", json={"share_with_anchor": True})
        await talker.ok("PATCH", "/v1/me/preferences", json={"share_journal_with_anchor": False})
        await remember(talker, "Likes sun", two["id"])
        facts = (await facts_of([id_of(talker)], NOON))[id_of(talker)]
    assert facts.snapshot.journal == []
    assert facts.snapshot.memories == ["Has a dog"]
    assert not any(word in facts.text for word in ("rain", "dry", "sun", "Tuesday", "alone"))


async def test_memories_and_summary(talker) -> None:
    for n, origin in enumerate(("talk", "person", "talk", "person")):
        await remember(talker, f"Fact {n}", origin=origin)
    await execute(
        """INSERT INTO anchor_summaries (user_id, body, up_to_seq, updated_at)
           VALUES ($1, 'They spoke of work.', 9, now())""",
        id_of(talker),
    )  # fmt: skip
    snapshot = await known(talker)
    # Their own words first: those are the last to be left out.
    assert snapshot.memories == ["Fact 3", "Fact 1", "Fact 2", "Fact 0"]
    assert snapshot.summary == "They spoke of work."


async def test_what_only_the_model_is_told_is_not_read_without_the_consent(talker) -> None:
    await talker.ok("POST", "/v1/journal", json={"body": "It rained."})
    body = {"intensity": 5, "outcome": "resisted", "triggers": ["stress"], "coping": "Walk"}
    await talker.ok("POST", "/v1/urges", json=body)
    await remember(talker, "Has a dog")
    full = await known(talker)
    assert (full.journal, full.helped, full.urges, full.memories) != ([], [], None, [])
    await talker.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
    snapshot = await known(talker)
    assert (snapshot.journal, snapshot.helped, snapshot.urges, snapshot.memories) == ([], [], None, [])


async def test_texts_that_speak_of_danger_are_withheld_wherever_they_stand(talker) -> None:
    with clock.frozen(NOON):
        await talker.ok("PATCH", "/v1/streak", json={"started_on": "2026-11-01"})
        await talker.ok("POST", "/v1/slips", json={"triggers": [], "reflection": DANGER, "plan": "Sleep"})
        await talker.ok("POST", "/v1/journal", json={"title": "I want to", "body": "kill myself tonight"})
        await talker.ok("POST", "/v1/journal", json={"body": f"{'It was a long day. ' * 500}{DANGER}."})
        await talker.ok("POST", "/v1/goals", json={"kind": "custom", "target": 1, "title": DANGER})
        body = {"intensity": 5, "outcome": "resisted", "triggers": [DANGER], "coping": DANGER}
        await talker.ok("POST", "/v1/urges", json=body)
        await talker.ok("PATCH", "/v1/me", json={"why": DANGER})
        note = {"mood": 1, "urge_level": 1, "triggers": [DANGER], "note": f"{'long ' * 100}. {DANGER}"}
        await talker.ok("PUT", "/v1/check-ins/2026-11-23", json=note)
        await remember(talker, DANGER)
        facts = (await facts_of([id_of(talker)], NOON))[id_of(talker)]
    assert "kill" not in facts.text
    snapshot = facts.snapshot
    assert snapshot.journal == [Entry(TODAY, None, WITHHELD)] * 2
    assert snapshot.slips == [Slip(TODAY, [], None, WITHHELD, "Sleep")]
    assert (snapshot.why, snapshot.memories, snapshot.helped) == (WITHHELD, [WITHHELD], [WITHHELD])
    assert facts.text.count("withheld") == 10


@pytest.mark.parametrize(
    "text",
    ["Write to jan.doe+x@mail.example.co.uk!", "jan @ mail.example", "<jan@mail.example>", "mailto:jan@mail.example,"],
)
async def test_an_address_that_somebody_wrote_down_stays_here(talker, provider, drain, text: str) -> None:
    await talker.ok("PATCH", "/v1/me", json={"why": text})
    await talker.ok("POST", "/v1/anchor/messages", json={"body": text})
    await drain()
    (request,) = await provider.requests()
    assert "jan" not in str(request["body"])
    assert str(request["body"]).count("(e-mail)") == 2


async def test_the_message_is_out_of_date_when_what_it_was_made_from_has_changed(talker) -> None:
    async def fingerprint() -> bytes:
        return (await facts_of([id_of(talker)], NOON))[id_of(talker)].fingerprint

    seen = [await fingerprint()]
    assert await fingerprint() == seen[0]
    with clock.frozen(NOON):
        await talker.ok("PATCH", "/v1/streak", json={"started_on": "2026-11-01"})
        seen.append(await fingerprint())
        await talker.ok("PUT", "/v1/check-ins/2026-11-23", json={"mood": 4, "urge_level": 1, "triggers": []})
        seen.append(await fingerprint())
        goal = await talker.ok("POST", "/v1/goals", json={"kind": "custom", "target": 4})
        seen.append(await fingerprint())
        await talker.ok("PATCH", f"/v1/goals/{goal['id']}", json={"steps_done": 1})
        seen.append(await fingerprint())
        entry = await talker.ok("POST", "/v1/journal", json={"body": "It rained."})
        seen.append(await fingerprint())
        await remember(talker, "Likes rain", entry["id"])
        seen.append(await fingerprint())
        await talker("DELETE", f"/v1/journal/{entry['id']}")
        assert await fingerprint() == seen[4]
        await talker.ok("POST", "/v1/slips", json={"triggers": []})
        seen.append(await fingerprint())
    assert len(set(seen)) == len(seen)
