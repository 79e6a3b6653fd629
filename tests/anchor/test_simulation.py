"""A year of daily messages for two hundred varied people (semantics: Anchor, "Daily message")."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from domain.anchor.catalogue import CURATED, DAILY
from domain.anchor.prompts import CURATED_REST_DAYS, REST_DAYS, Prompt, pick_curated, pick_daily
from domain.anchor.situation import MEANINGS, situation_of
from tests.anchor.catalogue_prompts import as_prompts
from tests.anchor.lives import DAYS, Life

PEOPLE = 200
# Who gets prepared texts as well: of these fewer tell as much.
READERS = 40

# By hand, and not by what the catalogue says of itself: these would hurt on the days after a slip.
GLAD_OR_PROUD = {
    "daily-milestone", "daily-look-how-far", "daily-who-helped", "daily-mark-it", "daily-plain-strength",
    "daily-tell-someone", "daily-new-ground", "daily-steady-on", "daily-pass-it-on", "daily-softer-pull",
    "daily-seen-effort", "daily-becoming", "daily-small-thanks", "daily-savour", "daily-after-the-storm",
    "daily-back-on-feet", "daily-begin-here", "daily-what-to-expect", "daily-watch-first", "daily-play-it-forward",
}  # fmt: skip
OF_MILESTONES = {
    "daily-milestone", "daily-look-how-far", "daily-who-helped", "daily-mark-it", "daily-plain-strength",
    "daily-tell-someone",
}  # fmt: skip
OF_SLIPS = {"daily-still-yours", "daily-next-right-thing", "daily-shame-gets-smaller", "daily-what-came-before"}
OF_LOW_MOODS = {"daily-heavy-day", "daily-least-thing", "daily-let-someone-know"}
OF_SILENCE = {"daily-open-door", "daily-wherever-you-are", "daily-one-line"}
OF_GOALS_DUE = {"daily-goal-day", "daily-goal-meaning"}


class Morning(msgspec.Struct, frozen=True):
    """A day of somebody, and what was picked for it."""

    person: int
    today: date
    situation: frozenset[str]
    angle: Prompt
    text: Prompt | None


@pytest.fixture(scope="module")
def year() -> list[Morning]:
    began = time.perf_counter()
    mornings = list(_mornings())
    print(f"\n{len(mornings)} days in {time.perf_counter() - began:.1f} s")
    return mornings


def _mornings() -> Iterator[Morning]:
    angles, texts = as_prompts(DAILY), as_prompts(CURATED)
    for number in range(PEOPLE):
        life = Life(number)
        used: dict[str, date] = {}
        for facts in life.days():
            situation = situation_of(facts)
            angle = pick_daily(angles, situation, used, life.user_id, facts.today)
            used[angle.slug] = facts.today
            text = None
            if number < READERS:
                text = pick_curated(texts, situation, used, life.user_id, facts.today)
                used[text.slug] = facts.today
            yield Morning(number, facts.today, situation, angle, text)


def _by_person(year: list[Morning]) -> list[list[Morning]]:
    people: defaultdict[int, list[Morning]] = defaultdict(list)
    for morning in year:
        people[morning.person].append(morning)
    return list(people.values())


def _shortest_gap(slugs: list[str]) -> int:
    seen: dict[str, int] = {}
    shortest = DAYS
    for day, slug in enumerate(slugs):
        shortest = min(shortest, day - seen.get(slug, -DAYS))
        seen[slug] = day
    return shortest


def test_the_lives_are_varied(year: list[Morning]) -> None:
    held = Counter(name for morning in year for name in morning.situation)
    print(f"\nshare of days: { {name: round(held[name] / len(year), 3) for name in MEANINGS} }")
    assert set(held) == set(MEANINGS)


def test_no_angle_comes_again_within_fourteen_days(year: list[Morning]) -> None:
    gaps = [_shortest_gap([morning.angle.slug for morning in days]) for days in _by_person(year)]
    print(f"\nshortest gap of an angle: {min(gaps)} days")
    assert min(gaps) > REST_DAYS


def test_no_prepared_text_comes_again_within_sixty_days(year: list[Morning]) -> None:
    gaps = [_shortest_gap([each.text.slug for each in days if each.text]) for days in _by_person(year)]
    print(f"\nshortest gap of a prepared text: {min(gaps)} days")
    assert min(gaps) > CURATED_REST_DAYS


def test_every_angle_and_every_text_is_used(year: list[Morning]) -> None:
    angles = Counter(morning.angle.slug for morning in year)
    texts = Counter(morning.text.slug for morning in year if morning.text)
    for name, counts in (("angles", angles), ("texts", texts)):
        (most, many), (least, few) = counts.most_common(1)[0], counts.most_common()[-1]
        print(f"\n{len(counts)} {name}: from {few} days ({least}) to {many} ({most})")
    assert set(angles) == {seed.slug for seed in DAILY}
    assert set(texts) == {seed.slug for seed in CURATED}


def test_nobody_lives_on_a_few_angles(year: list[Morning]) -> None:
    different = [len({morning.angle.slug for morning in days}) for days in _by_person(year)]
    print(f"\ndifferent angles in a person's year: {min(different)} to {max(different)}")
    assert min(different) >= 30
    most = max(max(Counter(morning.angle.slug for morning in days).values()) for days in _by_person(year))
    assert most <= DAYS / (REST_DAYS + 1) + 1


def test_after_a_slip_nothing_is_celebrated(year: list[Morning]) -> None:
    tender = [morning for morning in year if "slip" in morning.situation]
    assert len(tender) > 1000
    assert {morning.angle.slug for morning in tender} & GLAD_OR_PROUD == set()
    assert not any(morning.text and "milestone" in morning.text.needs for morning in tender)


def test_marks_are_celebrated_on_their_day_and_on_no_other(year: list[Morning]) -> None:
    for morning in year:
        assert (morning.angle.slug in OF_MILESTONES) == ("milestone" in morning.situation), morning


@pytest.mark.parametrize(
    ("name", "slugs", "before"),
    [
        ("slip", OF_SLIPS, frozenset()),
        ("low_mood", OF_LOW_MOODS, frozenset({"slip", "milestone"})),
        ("goal_due", OF_GOALS_DUE, frozenset({"slip", "milestone", "low_mood"})),
        ("quiet", OF_SILENCE, frozenset({"slip", "milestone", "low_mood", "goal_due", "strong_urge", "new"})),
    ],
)
def test_what_is_pressing_is_spoken_to(year: list[Morning], name: str, slugs: set[str], before: frozenset[str]) -> None:
    """Unless each of its angles that fits has been used within 14 days, or something more pressing holds."""
    for days in _by_person(year):
        for at, morning in enumerate(days):
            if name not in morning.situation or morning.situation & before or morning.angle.slug in slugs:
                continue
            lately = {other.angle.slug for other in days[max(0, at - REST_DAYS) : at]}
            fitting = {s.slug for s in DAILY if s.slug in slugs and _fits(s.conditions, morning.situation)}
            assert fitting <= lately, morning


def _fits(conditions: tuple[str, ...], situation: frozenset[str]) -> bool:
    return all((name.removeprefix("not ") in situation) != name.startswith("not ") for name in conditions)


def test_angles_of_a_situation_come_in_no_other(year: list[Morning]) -> None:
    for slugs, name in ((OF_SLIPS, "slip"), (OF_LOW_MOODS, "low_mood"), (OF_SILENCE, "quiet")):
        assert all(name in morning.situation for morning in year if morning.angle.slug in slugs)
