"""Random lives: the insights agree with a slow model of them, whatever the day, the zone and the window."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.kit.days import local_date
from tests.conftest import Api
from tests.insights import model
from tests.insights.diary import CheckIn, Event, Slip, Urge, write

SignUp = Callable[..., Awaitable[Api]]
ZONES = ("Europe/Berlin", "Pacific/Honolulu", "Pacific/Kiritimati", "America/New_York", "Australia/Lord_Howe")
WORDS = (
    "stress", "Stress", "STRESS", "late-night", "Late at night", "LATE AT NIGHT", "late night", "An argument",
    "argument", "Boss", "boss", "BOSS", "Ärger", "ärger", "家", "the long way home",
    *(f"word {number}" for number in range(45)),
)  # fmt: skip


def life(chance: random.Random, around: date, days: int) -> list[Event]:
    """Events from well before both periods to a few days after today, so that an edge in the wrong place shows."""
    events: list[Event] = []
    for back in range(-3, 2 * days + 4):
        day = around - timedelta(back)

        def words() -> list[str]:
            return chance.sample(WORDS, chance.choice((0, 1, 2, 6)))

        if chance.random() < 0.7:
            events.append(CheckIn(day, chance.randint(1, 5), chance.randint(0, 10), words()))
        for _ in range(chance.choice((0, 0, 1, 3))):
            outcome = chance.choice(("resisted", "resisted", "slipped", "ongoing"))
            events.append(Urge(day, chance.randrange(24), chance.randint(1, 10), outcome, words()))
        if chance.random() < 0.15:
            events.append(Slip(day, chance.randrange(24), words()))
    return events


async def names() -> dict[str, tuple[str, str]]:
    rows = await fetch("SELECT slug, label FROM triggers")
    return {word.lower(): (slug, label) for slug, label in rows for word in (slug, label)}


@pytest.mark.parametrize("seed", range(12))
async def test_the_numbers_are_those_of_the_model(sign_up: SignUp, seed: int) -> None:
    chance = random.Random(seed)
    zone = ZONES[seed % len(ZONES)]
    days = (1, 2, 3, 7, 30, 90)[seed % 6]
    person, other = await sign_up(timezone=zone), await sign_up(timezone=zone)
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 60), minutes=chance.randrange(60))
    today = local_date(now, zone)
    events = life(chance, today, days)
    await write(UUID(person.user["id"]), events)
    await write(UUID(other.user["id"]), life(chance, today, days))
    known = await names()
    with clock.frozen(now):
        triggers = await person.ok("GET", "/v1/insights/triggers", params={"days": days})
        mood = await person.ok("GET", "/v1/insights/mood", params={"days": days})
    assert triggers == model.trigger_insights(events, known, today, days)
    assert mood == model.mood_insights(events, today, days)


async def test_every_trigger_of_the_insights_is_one_to_pick_from(sign_up: SignUp) -> None:
    person = await sign_up()
    chance, today = random.Random(1), date(2026, 5, 11)
    # None of them later than today.
    events = [event for event in life(chance, today, 30) if event.day <= today]
    await write(UUID(person.user["id"]), events)
    await execute("UPDATE triggers SET active = false WHERE slug = 'argument'")
    try:
        with clock.frozen(datetime(2026, 5, 11, 12, tzinfo=UTC)):
            found = (await person.ok("GET", "/v1/insights/triggers"))["triggers"]
            offered = {item["slug"]: item["label"] for item in (await person.ok("GET", "/v1/triggers"))["items"]}
    finally:
        await execute("UPDATE triggers SET active = true WHERE slug = 'argument'")
    assert "argument" in {item["trigger"] for item in found}
    assert len(found) > 40
    for item in found:
        assert offered[item["trigger"]] == item["label"]
