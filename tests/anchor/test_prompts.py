"""The catalogue: what is delivered, and picking from it by situation and least recent use."""

import re
from collections import Counter
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.anchor import prompts
from domain.anchor.catalogue import CHAT, CURATED, DAILY
from domain.anchor.catalogue.seed import NOT
from domain.anchor.prompts import (
    CURATED_REST_DAYS,
    REST_DAYS,
    Prompt,
    active_prompts,
    last_uses,
    pick_chat,
    pick_curated,
    pick_daily,
    recent_texts,
)
from domain.anchor.similarity import alike
from domain.anchor.situation import MEANINGS, PRESSING
from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.ids import new_id
from domain.kit.text import graphemes
from tests.anchor.catalogue_prompts import DELIVERED, as_prompts, delivery_note

EVERYTHING = (*CHAT, *DAILY, *CURATED)
TODAY = date(2026, 11, 23)
SOMEBODY = uuid4()
NEVER: dict[str, date] = {}
# Whoever looks over a shoulder must not learn from it what the app is about.
TELLING = re.compile(r"porn|addict|relapse|\bsex|masturb|\bslip|\burges?\b|sober|abstin|clean (day|streak)", re.I)


def prompt(slug: str, *conditions: str, unless: tuple[str, ...] = (), weight: int = 1) -> Prompt:
    return Prompt(new_id(), slug, frozenset(conditions), frozenset(unless), weight, "…")


def days_of(angles: list[Prompt], days: int, situation: frozenset[str] = frozenset()) -> list[str]:
    """The slugs of so many days in a row."""
    used: dict[str, date] = {}
    history = []
    for day in range(days):
        today = TODAY + timedelta(days=day)
        chosen = pick_daily(angles, situation, used, SOMEBODY, today)
        used[chosen.slug] = today
        history.append(chosen.slug)
    return history


def test_what_is_delivered() -> None:
    assert len({seed.slug for seed in EVERYTHING}) == len(EVERYTHING)
    assert len(DAILY) >= 28
    assert len(CURATED) >= 72
    assert len({seed.technique for seed in DAILY}) == len(DAILY)
    assert all(seed.tone and seed.technique for seed in EVERYTHING)
    assert any(not seed.conditions for seed in CHAT)
    assert not any(re.search(r"\d", seed.body) for seed in (*DAILY, *CURATED))
    assert {name.removeprefix(NOT) for seed in EVERYTHING for name in seed.conditions} <= set(MEANINGS)
    assert set(PRESSING) <= set(MEANINGS)
    told = f"{len(DAILY)} angles, {len(CURATED)} prepared texts, {len(CHAT)} ways to talk"
    assert told in Path("docs/anchor.md").read_text("utf-8")


def test_what_has_changed_bears_a_higher_version() -> None:
    """Messages point to the versions that were delivered. After a change, with a higher version where the text is
    another: `python -c 'from tests.anchor.test_prompts import *; DELIVERED.write_text(delivery_note(EVERYTHING))'`."""
    now = delivery_note(EVERYTHING).splitlines()
    before = {line.rsplit(" ", 1)[0]: line for line in DELIVERED.read_text().splitlines()}
    assert [line for line in now if before.get(line.rsplit(" ", 1)[0], line) != line] == []
    assert DELIVERED.read_text().splitlines() == now


def test_enough_fits_in_any_situation_for_nothing_to_come_again_too_soon() -> None:
    """With each pair of situations held for good, and with all of them."""
    situations = [frozenset(pair) for pair in combinations(MEANINGS, 2)] + [frozenset(), frozenset(MEANINGS)]
    for seeds, wanted in ((DAILY, REST_DAYS + 1), (CURATED, CURATED_REST_DAYS + 1)):
        delivered = as_prompts(seeds)
        least = min(sum(each.fits(situation) for each in delivered) for situation in situations)
        print(f"\nfits at least: {least}")
        assert least >= wanted


def test_prepared_texts_are_short_discreet_and_hold_no_number() -> None:
    for seed in CURATED:
        assert graphemes(seed.body) <= 220, seed.slug
        assert not re.search(r"\d", seed.body), seed.slug
        assert not TELLING.search(seed.body), seed.slug


def test_no_two_prepared_texts_read_alike() -> None:
    assert alike(seed.body for seed in CURATED) == []


def test_no_two_angles_read_alike() -> None:
    """But for their first sentence, which may say the same of the day: that it is a mark, that a goal is due."""
    assert alike(seed.body.partition("\n")[2].partition(".")[2] for seed in DAILY) == []
    assert alike(seed.body.partition("\n")[2].partition(".")[2] for seed in CHAT) == []


async def test_every_angle_is_told_with_the_form_of_a_daily_message(app) -> None:
    angles = await active_prompts("daily")
    assert len(angles) == len(DAILY)
    for angle in angles:
        assert angle.body.startswith("The angle of today: ")
        assert angle.body.count("at most 220 characters") == 1
    texts = await active_prompts("curated")
    assert {text.body for text in texts} == {seed.body for seed in CURATED}


def test_the_talk_follows_the_situation_and_stays() -> None:
    plain, slip, low = prompt("plain"), prompt("slip", "slip"), prompt("low", "low_mood", weight=5)
    assert pick_chat([plain, slip, low], frozenset({"why"})) is plain
    assert pick_chat([low, slip, plain], frozenset({"slip", "low_mood"})) is slip
    with pytest.raises(LookupError):
        pick_chat([slip], frozenset())


@pytest.mark.parametrize(
    ("situation", "slug"),
    [
        (set(), "chat-companion"), ({"steady", "weekend", "why"}, "chat-companion"),
        ({"slip", "low_mood"}, "chat-after-slip"),
        ({"low_mood", "new"}, "chat-low-mood"), ({"strong_urge"}, "chat-strong-urge"),
        ({"new", "monday"}, "chat-first-days"),
        ({"milestone", "steady"}, "chat-milestone"), ({"quiet"}, "chat-after-silence"),
    ],
)  # fmt: skip
def test_how_to_talk_to_whom(situation: set[str], slug: str) -> None:
    assert pick_chat(as_prompts(CHAT), frozenset(situation)).slug == slug


def test_no_angle_comes_again_before_it_has_rested() -> None:
    angles = [prompt(f"angle-{n}") for n in range(20)]
    history = days_of(angles, 200)
    for n, slug in enumerate(history):
        assert slug not in history[max(0, n - REST_DAYS) : n]
    assert max(Counter(history).values()) - min(Counter(history).values()) <= 3
    # Not always in the same order.
    assert len({tuple(history[n : n + 3]) for n in range(len(history) - 2)}) > 100


def test_fifteen_that_fit_are_just_enough() -> None:
    history = days_of([prompt(f"angle-{n}") for n in range(15)], 60)
    assert history[:15] * 4 == history
    assert len(set(history)) == 15


def test_a_catalogue_that_is_too_small_takes_turns_and_says_so_once(monkeypatch) -> None:
    said = []

    class Log:
        def warning(self, event: str) -> None:
            said.append(event)

    monkeypatch.setattr(prompts, "log", Log)
    monkeypatch.setattr(prompts, "_warned", False)
    history = days_of([prompt(f"angle-{n}") for n in range(3)], 9)
    assert history[:3] * 3 == history
    assert len(set(history)) == 3
    assert said == ["anchor.catalogue_too_small"]


def test_the_heavier_comes_more_often_and_nobody_starves() -> None:
    angles = [*(prompt(f"angle-{n}") for n in range(40)), prompt("heavy", weight=2)]
    counts = Counter(days_of(angles, 400))
    assert len(counts) == 41
    assert counts["heavy"] >= 1.4 * sum(counts.values()) / 41
    assert min(counts.values()) >= 6


def test_the_most_pressing_comes_first_but_not_every_day() -> None:
    angles = [
        *(prompt(f"angle-{n}") for n in range(16)),
        prompt("slip", "slip"), prompt("low", "low_mood", weight=9), prompt("why", "why", weight=9),
    ]  # fmt: skip
    history = days_of(angles, 17, frozenset({"slip", "low_mood", "why"}))
    assert history[:2] == ["slip", "low"]
    assert history[15:] == ["slip", "low"]
    assert set(history[2:15]) <= {"why", *(f"angle-{n}" for n in range(16))}


def test_what_is_out_of_place_does_not_come() -> None:
    glad, plain = prompt("glad", unless=("slip",), weight=9), prompt("plain")
    assert pick_daily([glad, plain], frozenset(), NEVER, SOMEBODY, TODAY) is glad
    assert pick_daily([glad, plain], frozenset({"slip"}), NEVER, SOMEBODY, TODAY) is plain
    with pytest.raises(LookupError):
        pick_daily([glad], frozenset({"slip"}), NEVER, SOMEBODY, TODAY)


def test_a_second_try_on_the_same_day_picks_the_same() -> None:
    angles = as_prompts(DAILY)
    used = {angle.slug: TODAY - timedelta(days=3 * n) for n, angle in enumerate(angles, 1)}
    first = pick_daily(angles, frozenset({"why"}), used, SOMEBODY, TODAY)
    assert pick_daily(reversed(angles), frozenset({"why"}), used, SOMEBODY, TODAY) is first
    assert pick_daily(angles, frozenset({"why"}), used | {first.slug: TODAY}, SOMEBODY, TODAY) is first


def test_people_do_not_all_begin_with_the_same() -> None:
    angles = [prompt(f"angle-{n}") for n in range(10)]
    first = Counter(pick_daily(angles, frozenset(), NEVER, uuid4(), TODAY).slug for _ in range(300))
    assert len(first) == 10
    assert max(first.values()) < 70


def test_prepared_texts_follow_the_situation() -> None:
    texts = as_prompts(CURATED)
    for name in ("slip", "milestone", "low_mood", "quiet", "new"):
        assert name in pick_curated(texts, frozenset({name}), NEVER, SOMEBODY, TODAY).needs


async def message_of(user_id: UUID, day: date, *, slug: str, body: str, state: str = "sent") -> None:
    message_id = new_id()
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at)
           VALUES ($1, $2, 'anchor', 'daily', 'done', $3, now())""",
        message_id, user_id, body,
    )  # fmt: skip
    await execute(
        """INSERT INTO daily_messages (id, user_id, local_date, state, prompt_id, message_id, planned_at)
           SELECT $1, $2, $3, $4, id, CASE WHEN $4 = 'sent' THEN $5::uuid END, now() FROM prompts
           WHERE slug = $6 AND active""",
        new_id(), user_id, day, state, message_id, slug,
    )  # fmt: skip


async def test_what_people_got_before_is_read_for_all_at_once(sign_up) -> None:
    one, two = [UUID((await sign_up()).user["id"]) for _ in range(2)]
    today = clock.now().date()
    for n in range(9):
        await message_of(one, today - timedelta(days=n + 1), slug=DAILY[n].slug, body=f"Text {n}")
    await message_of(two, today - timedelta(days=40), slug=DAILY[0].slug, body="Theirs")
    await message_of(two, today - timedelta(days=30), slug=CURATED[0].slug, body="Skipped", state="skipped")
    await message_of(two, today - timedelta(days=900), slug=DAILY[1].slug, body="Long ago")
    texts, uses = await recent_texts([one, two]), await last_uses([one, two])
    assert texts == {one: [f"Text {n}" for n in range(7)], two: ["Theirs", "Long ago"]}
    assert uses[one] == {DAILY[n].slug: today - timedelta(days=n + 1) for n in range(9)}
    assert uses[two] == {DAILY[0].slug: today - timedelta(days=40)}
    stranger = uuid4()
    assert await recent_texts([stranger]) == {stranger: []}
    assert await last_uses([stranger]) == {stranger: {}}


async def test_a_person_with_prepared_texts_alone_gets_sixty_different(app) -> None:
    texts = await active_prompts("curated")
    used: dict[str, date] = {}
    bodies = []
    for day in range(CURATED_REST_DAYS + 1):
        today = TODAY + timedelta(days=day)
        chosen = pick_curated(texts, frozenset({"slip", "low_mood"}), used, SOMEBODY, today)
        used[chosen.slug] = today
        bodies.append(chosen.body)
    assert len(set(bodies)) == len(bodies)
