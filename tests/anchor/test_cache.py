"""How much of a talk's input the provider reads from its cache. It only hits on complete units, so every prompt has to
begin with the one before and its answer, byte for byte."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.kit.ids import new_id
from tests.anchor.conftest import ask

SAID = [
    "Hi. I slept badly and the evening lies before me.",
    "It is mostly when I am alone in my room after ten.",
    "I told my brother last week. That was good.",
    "No, I have not thought of putting the phone in the kitchen.",
    "What would I do with my hands then?",
    "I used to play the guitar, before all of this.",
    "It has five strings left. The sixth broke in spring.",
    "All right. I will buy a string tomorrow.",
    "And tonight I could read a bit, downstairs.",
    "Thank you. I am going now. Good night!",
]


async def live_a_little(person: Any) -> None:
    """Some of everything that goes along in the data."""
    today = clock.now().date()
    await person.ok("PATCH", "/v1/me", json={"why": "To be awake in my own life."})
    note = {"mood": 2, "urge_level": 6, "triggers": ["stress"], "note": "A long day, and nobody at home."}
    await person.ok("PUT", f"/v1/check-ins/{today}", json=note)
    await person.ok("POST", "/v1/goals", json={"kind": "clean_days", "target": 30, "title": "A month"})
    await person.ok("POST", "/v1/journal", json={"title": "Evening", "body": "I went for a walk. " * 20})
    urge = {"intensity": 6, "outcome": "resisted", "triggers": ["stress", "being alone"], "coping": "Went outside"}
    await person.ok("POST", "/v1/urges", json=urge)
    await execute(
        """INSERT INTO anchor_memories (id, user_id, body, origin, created_at, updated_at)
           VALUES ($1, $2, 'Has a brother who knows.', 'person', now(), now())""",
        new_id(), UUID(person.user["id"]),
    )  # fmt: skip


async def test_the_prefix_is_the_same_over_ten_turns_and_the_cache_hits(talker, provider, drain) -> None:
    await live_a_little(talker)
    await drain()
    for said in SAID:
        await execute("UPDATE anchor_windows SET replies = 0")
        await ask(talker, said)
        await drain()
    prompts = [request["body"]["messages"] for request in await provider.requests()]
    assert [len(prompt) for prompt in prompts] == [4 + 2 * turn for turn in range(10)]
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before
    rows = await fetch("SELECT input_hit, input_miss FROM anchor_charges ORDER BY id")
    hits, misses = sum(row["input_hit"] for row in rows), sum(row["input_miss"] for row in rows)
    print(
        f"\nten turns, the first included: {100 * hits / (hits + misses):.1f} % of {hits + misses} tokens were cached"
    )
    assert rows[0]["input_hit"] == 0
    assert hits / (hits + misses) >= 0.8
    # From the second on nothing is new but what was said since.
    assert all(row["input_miss"] < 300 for row in rows[1:])


async def test_a_cut_of_the_talk_costs_the_cache_of_the_talk_alone(talker, provider, drain) -> None:
    await provider.says(*[f"Answer {n}. " + "So it is." for n in range(7)])
    for turn in range(7):
        await execute("UPDATE anchor_windows SET replies = 0, cost = 0")
        await ask(talker, f"Turn {turn}. " + "I see, and I wonder. " * 110)
        await drain()
    prompts = [request["body"]["messages"] for request in await provider.requests()]
    cuts = [turn for turn, (before, after) in enumerate(pairwise(prompts), 1) if after[: len(before)] != before]
    rows = await fetch("SELECT input_hit, input_miss FROM anchor_charges ORDER BY id")
    assert len(cuts) == 1
    (cut,) = cuts
    # The core and how to talk are found to be in common by then; the second time they hit.
    assert all(row["input_miss"] < 900 for turn, row in enumerate(rows) if turn not in (0, cut))
    assert prompts[cut][:3] == prompts[0][:3]
