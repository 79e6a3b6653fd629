"""Days at random: somebody flies, chooses other times, is written to by a model that is slow or away, and clocks that
stand still for hours. No day has two messages, and no day that was lived in one place has none."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain.anchor import planning, sending, writing
from domain.anchor.again import TryAgain
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.days import day_begins, instant, local_date

ZONES = (
    "Europe/Berlin", "America/New_York", "Pacific/Honolulu", "Pacific/Auckland", "Pacific/Kiritimati", "Asia/Kolkata",
    "Pacific/Pago_Pago", "America/Havana",
)  # fmt: skip
START = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
DAYS = 8
STEP = timedelta(minutes=20)


class Life:
    """Where the person is and what time they have chosen, from when on."""

    def __init__(self, chance: random.Random) -> None:
        self.places: list[tuple[datetime, str, time]] = [(START, chance.choice(ZONES), time(9))]

    @property
    def now(self) -> tuple[str, time]:
        return self.places[-1][1:]

    def moves(self, at: datetime, zone: str, chosen: time) -> None:
        self.places.append((at, zone, chosen))

    def settled_days(self) -> list[date]:
        """Local days that were lived from beginning to end in one zone and with one time."""
        days = []
        ends = [at for at, _, _ in self.places[1:]] + [START + timedelta(days=DAYS)]
        for (begins, zone, _), end in zip(self.places, ends, strict=True):
            day = local_date(begins, zone)
            while day_begins(day + timedelta(days=1), zone) <= end:
                if day_begins(day, zone) >= begins:
                    days.append(day)
                day += timedelta(days=1)
        return days


async def somebody(life: Life, *, consents: bool) -> UUID:
    zone, _ = life.now
    user_id: UUID = await fetch_value(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           VALUES (gen_random_uuid(), 'traveller@example.org', 'anonymous', '1990-01-01', $1, gen_random_uuid(), $2)
           RETURNING id""",
        zone, START - timedelta(days=2),
    )  # fmt: skip
    await execute("INSERT INTO preferences (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user_id)
    if consents:
        await execute(
            """INSERT INTO consents (id, user_id, kind, version, granted, changed_at)
               VALUES (gen_random_uuid(), $1, 'third_party_ai', '2026-11', true, $2)""",
            user_id, START,
        )  # fmt: skip
    return user_id


async def work() -> None:
    """What the workers do with the jobs that there are; a failed one is not tried again here: the clock has to see."""
    for row in await fetch("SELECT name, args FROM jobs WHERE name LIKE 'anchor.%' ORDER BY random()"):
        ids = [UUID(one) for one in json.loads(row["args"])["ids"]]
        with contextlib.suppress(TryAgain):
            await (writing.write_batch if row["name"] == "anchor.daily" else sending.send_batch)(ids)
    await execute("DELETE FROM jobs")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
async def test_neither_two_nor_none(app, provider, seed: int) -> None:
    chance = random.Random(seed)
    life = Life(chance)
    user_id = await somebody(life, consents=chance.random() < 0.5)
    at, still_until = START, START
    while at < START + timedelta(days=DAYS):
        if chance.random() < 0.015:
            life.moves(at, chance.choice(ZONES), life.now[1])
            await execute("UPDATE users SET timezone = $2 WHERE id = $1", user_id, life.now[0])
        if chance.random() < 0.01:
            life.moves(at, life.now[0], time(chance.randrange(24), chance.choice([0, 17, 30])))
            await execute("UPDATE preferences SET daily_message_time = $2 WHERE user_id = $1", user_id, life.now[1])
        if chance.random() < 0.02:
            still_until = at + timedelta(hours=chance.randrange(1, 4))
        if chance.random() < 0.05:
            await provider.fault(status=chance.choice([429, 500, 503]))
        elif chance.random() < 0.05:
            await provider.heal()
        if at >= still_until:
            with clock.frozen(at):
                for look in (planning.plan_daily, sending.send_due, work, sending.send_due, work):
                    if chance.random() < 0.8:
                        await look()
        at += STEP
    with clock.frozen(at):
        await planning.plan_daily()
        await sending.send_due()
        await work()

    sent = await fetch("SELECT local_date, sent_at, due_at FROM daily_messages WHERE state = 'sent' ORDER BY sent_at")
    days = [row["local_date"] for row in sent]
    assert len(days) == len(set(days))
    assert all(row["sent_at"] >= row["due_at"] for row in sent)
    # A clock that stood still at the end of a day may have missed a late hour of it, and nothing else excuses a gap.
    missing = [day for day in life.settled_days() if day not in days]
    assert all(_was_late(life, day) for day in missing), (missing, life.places)
    assert await fetch_value("SELECT count(*) FROM anchor_messages WHERE kind = 'daily'") == len(sent)
    assert await fetch_value("SELECT count(*) FROM notifications WHERE kind = 'anchor_daily'") == len(sent)
    assert await fetch_value("SELECT count(*) FROM anchor_charges WHERE state = 'reserved'") == 0


def _was_late(life: Life, day: date) -> bool:
    """Whether the time chosen was so late on `day` that four hours without a clock reach beyond its end."""
    _, zone, chosen = max(place for place in life.places if place[0] <= day_begins(day, place[1]))
    return day_begins(day + timedelta(days=1), zone) - instant(day, chosen, zone) <= timedelta(hours=5)
