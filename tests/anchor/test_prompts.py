"""The catalogue: seeded once, picked by situation and least recent use."""

import re
from collections import Counter
from datetime import date, timedelta
from uuid import uuid4

import pytest

from domain.anchor.catalogue import CHAT, DAILY
from domain.anchor.curated import CURATED
from domain.anchor.prompts import Prompt, active_prompts, pick_chat, pick_curated, pick_daily, seed_prompts
from domain.anchor.situation import MEANINGS
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.ids import new_id
from domain.kit.text import graphemes

TODAY = date(2026, 11, 23)
SOMEBODY = uuid4()


def prompt(slug: str, *conditions: str, weight: int = 1) -> Prompt:
    return Prompt(new_id(), slug, frozenset(conditions), weight, "…")


def test_what_is_delivered() -> None:
    everything = (*CHAT, *DAILY, *CURATED)
    assert len({seed.slug for seed in everything}) == len(everything)
    assert len(CURATED) >= 10
    assert len({seed.technique for seed in DAILY}) == len(DAILY)
    assert any(not seed.conditions for seed in CHAT)
    assert sum(not seed.conditions for seed in DAILY) >= 3
    assert all(set(seed.conditions) <= set(MEANINGS) for seed in everything)


def test_prepared_texts_are_short_and_hold_no_number() -> None:
    for seed in CURATED:
        assert graphemes(seed.body) <= 240
        assert not re.search(r"\d", seed.body)
        assert not re.search(r"porn|addict|relapse|sex", seed.body, re.IGNORECASE)


async def test_seeding_twice_changes_nothing(app) -> None:
    assert await seed_prompts() == 0
    assert len(await active_prompts("curated")) == len(CURATED)


async def test_what_an_administrator_wrote_stays(app) -> None:
    slug = CHAT[0].slug
    try:
        await execute("UPDATE prompts SET active = false WHERE slug = $1", slug)
        await execute(
            """INSERT INTO prompts (id, slug, version, kind, tone, technique, conditions, body)
               VALUES ($1, $2, 2, 'chat', 'warm', 'listening', '{}', 'Their own words')""",
            new_id(), slug,
        )  # fmt: skip
        assert await seed_prompts() == 0
        assert [each.body for each in await active_prompts("chat") if each.slug == slug] == ["Their own words"]
    finally:
        await execute("DELETE FROM prompts WHERE slug = $1 AND version = 2", slug)
        await execute("UPDATE prompts SET active = true WHERE slug = $1", slug)


async def test_a_new_version_takes_over(app, monkeypatch) -> None:
    import msgspec

    from domain.anchor import prompts

    newer = msgspec.structs.replace(CHAT[0], version=2, body="Newer words")
    monkeypatch.setattr(prompts, "CHAT", (newer, *CHAT[1:]))
    try:
        assert await seed_prompts() == 1
        rows = await fetch("SELECT version, active FROM prompts WHERE slug = $1 ORDER BY version", newer.slug)
        assert [tuple(row) for row in rows] == [(1, False), (2, True)]
    finally:
        await execute("DELETE FROM prompts WHERE slug = $1 AND version = 2", newer.slug)
        await execute("UPDATE prompts SET active = true WHERE slug = $1", newer.slug)
    assert await fetch_value("SELECT count(*) FROM prompts WHERE slug = $1", newer.slug) == 1


def test_the_talk_follows_the_situation_and_stays() -> None:
    plain, slip = prompt("plain"), prompt("slip", "slip")
    assert pick_chat([plain, slip], frozenset({"low_mood"})) is plain
    assert pick_chat([slip, plain], frozenset({"slip", "low_mood"})) is slip
    with pytest.raises(LookupError):
        pick_chat([slip], frozenset())


def test_no_angle_comes_again_while_others_have_rested_longer() -> None:
    angles = [prompt(f"angle-{n}") for n in range(20)]
    used: dict[str, date] = {}
    history = []
    for day in range(60):
        today = TODAY + timedelta(days=day)
        chosen = pick_daily(angles, frozenset(), used, SOMEBODY, today)
        used[chosen.slug] = today
        history.append(chosen.slug)
    for n, slug in enumerate(history):
        assert slug not in history[max(0, n - 14) : n]
    assert max(Counter(history).values()) - min(Counter(history).values()) <= 1


def test_few_angles_take_turns() -> None:
    angles = [prompt(f"angle-{n}") for n in range(3)]
    used: dict[str, date] = {}
    history = []
    for day in range(9):
        chosen = pick_daily(angles, frozenset(), used, SOMEBODY, TODAY + timedelta(days=day))
        used[chosen.slug] = TODAY + timedelta(days=day)
        history.append(chosen.slug)
    assert history[:3] * 3 == history
    assert len(set(history)) == 3


def test_the_situation_comes_first_but_not_every_day() -> None:
    angles = [prompt("a"), prompt("b"), prompt("slip", "slip"), prompt("low", "low_mood", weight=2)]
    situation = frozenset({"slip", "low_mood"})
    used: dict[str, date] = {}
    history = []
    for day in range(4):
        chosen = pick_daily(angles, situation, used, SOMEBODY, TODAY + timedelta(days=day))
        used[chosen.slug] = TODAY + timedelta(days=day)
        history.append(chosen.slug)
    assert history[:2] == ["low", "slip"]
    assert set(history[2:]) == {"a", "b"}
    assert pick_daily(angles, frozenset(), {}, SOMEBODY, TODAY).slug in ("a", "b")


def test_people_do_not_all_begin_with_the_same() -> None:
    angles = [prompt(f"angle-{n}") for n in range(10)]
    first = Counter(pick_daily(angles, frozenset(), {}, uuid4(), TODAY).slug for _ in range(300))
    assert len(first) == 10


def test_prepared_texts_come_round() -> None:
    texts = [prompt(f"text-{n}") for n in range(5)]
    used: dict[str, date] = {}
    for day in range(5):
        used[pick_curated(texts, used, SOMEBODY).slug] = TODAY + timedelta(days=day)
    assert len(used) == 5
