"""People with rows of every kind, written straight into the tables, and what they have earned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from random import Random
from uuid import UUID

import msgspec

from domain.achievements.awards import award
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.ids import new_id
from tests.recovery.conftest import moment

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Honolulu", "America/Havana")
AT = datetime(2026, 1, 1, tzinfo=UTC)


class Life(msgspec.Struct, kw_only=True):
    """What somebody did. `started_on` is the first day of the count, `broken` the days with a slip, each from then on;
    `reflected` are the slips that were written about. `quizzes` are those completed, one name for each time."""

    zone: str = "Europe/Berlin"
    started_on: date | None = None
    broken: list[date] = []
    reflected: int = 0
    best_streak: int | None = None
    check_ins: list[date] = []
    outcomes: list[str] = []
    entries: int = 0
    goals: int = 0
    open_goals: int = 0
    quizzes: list[str] = []
    open_quizzes: list[str] = []


def random_life(random: Random, today: date, quizzes: Sequence[str]) -> Life:
    """Anything that can have happened up to `today`."""
    back = random.choice((0, 3, 40, 400, 1200))
    started_on = date.fromordinal(today.toordinal() - random.randint(0, back)) if random.random() < 0.95 else None
    broken = []
    if started_on is not None:
        span = (today - started_on).days
        days = [random.choice((0, span, random.randint(0, span))) for _ in range(random.choice((0, 0, 1, 4, 30)))]
        broken = [date.fromordinal(started_on.toordinal() + day) for day in days]
    return Life(
        zone=random.choice(ZONES),
        started_on=started_on,
        broken=broken,
        reflected=random.randint(0, len(broken)),
        best_streak=random.choice((None, 0, random.randint(1, 400))),
        check_ins=[date.fromordinal(today.toordinal() - n) for n in range(100) if random.random() < 0.3],
        outcomes=random.choices(("resisted", "slipped", "ongoing"), k=random.choice((0, 1, 15, 120))),
        entries=random.choice((0, 1, 8, 31)),
        goals=random.choice((0, 1, 6)),
        open_goals=random.randint(0, 2),
        quizzes=random.choices(quizzes, k=random.randint(0, 3)),
        open_quizzes=random.sample(quizzes, k=random.randint(0, len(quizzes))),
    )


def runs(started_on: date | None, broken: Iterable[date]) -> list[tuple[date, date | None]]:
    """The attempts that follow from the first day and the days with a slip."""
    if started_on is None:
        return []
    turns = [started_on, *sorted(set(broken))]
    return list(zip(turns, [*turns[1:], None], strict=True))


async def people(lives: Sequence[Life]) -> list[UUID]:
    """A person for each life, by its rows."""
    ids = [new_id() for _ in lives]
    pairs = list(zip(ids, lives, strict=True))
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT id, id || '@example.org', 'anonymous', '1990-01-01', zone, gen_random_uuid(), $3
           FROM unnest($1::uuid[], $2::text[]) AS person (id, zone)""",
        ids, [life.zone for life in lives], AT,
    )  # fmt: skip
    attempts = [(id_, *run) for id_, life in pairs for run in runs(life.started_on, life.broken)]
    await execute(
        """INSERT INTO attempts (id, user_id, started_on, ended_on)
           SELECT gen_random_uuid(), * FROM unnest($1::uuid[], $2::date[], $3::date[])""",
        *_columns(attempts, 3),
    )
    await execute(
        """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, reflection,
                              created_at)
           SELECT gen_random_uuid(), user_id, $4, 'UTC', day, 0, '{}', reflection, $4
           FROM unnest($1::uuid[], $2::date[], $3::text[]) AS slip (user_id, day, reflection)""",
        *_columns(
            [
                (id_, day, "I was tired." if number < life.reflected else None)
                for id_, life in pairs
                for number, day in enumerate(life.broken)
            ],
            3,
        ),
        AT,
    )
    await execute(
        """INSERT INTO check_in_streaks (user_id, days, best) SELECT user_id, 0, best
           FROM unnest($1::uuid[], $2::integer[]) AS streak (user_id, best)""",
        *_columns([(id_, life.best_streak) for id_, life in pairs if life.best_streak is not None], 2),
    )
    await execute(
        """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
           SELECT user_id, day, 'UTC', 3, 0, '{}', $3, $3 FROM unnest($1::uuid[], $2::date[]) AS day (user_id, day)""",
        *_columns([(id_, day) for id_, life in pairs for day in life.check_ins], 2),
        AT,
    )
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              created_at, updated_at)
           SELECT gen_random_uuid(), user_id, $3, 'UTC', '2026-01-01', 0, 5, '{}', outcome, $3, $3
           FROM unnest($1::uuid[], $2::text[]) AS urge (user_id, outcome)""",
        *_columns([(id_, outcome) for id_, life in pairs for outcome in life.outcomes], 2),
        AT,
    )
    await execute(
        """INSERT INTO journal_entries (id, user_id, timezone, local_date, body, search, created_at, updated_at)
           SELECT gen_random_uuid(), user_id, 'UTC', '2026-01-01', 'A page.', ' a page ', $2, $2
           FROM unnest($1::uuid[]) AS entry (user_id)""",
        [id_ for id_, life in pairs for _ in range(life.entries)], AT,
    )  # fmt: skip
    await execute(
        """INSERT INTO goals (id, user_id, kind, title, target, starts_on, completed_at, created_at, updated_at)
           SELECT gen_random_uuid(), user_id, 'custom', 'Swim', 5, '2026-01-01',
                  CASE WHEN reached THEN $3::timestamptz END, $3, $3
           FROM unnest($1::uuid[], $2::boolean[]) AS goal (user_id, reached)""",
        *_columns(
            [(id_, True) for id_, life in pairs for _ in range(life.goals)]
            + [(id_, False) for id_, life in pairs for _ in range(life.open_goals)],
            2,
        ),
        AT,
    )
    await execute(
        """INSERT INTO quiz_runs (id, user_id, quiz, version, started_at, updated_at, completed_at)
           SELECT gen_random_uuid(), user_id, quiz, (SELECT max(version) FROM quizzes WHERE slug = quiz), $4, $4,
                  CASE WHEN complete THEN $4::timestamptz END
           FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS run (user_id, quiz, complete)""",
        *_columns(
            [(id_, quiz, True) for id_, life in pairs for quiz in life.quizzes]
            + [(id_, quiz, False) for id_, life in pairs for quiz in life.open_quizzes],
            3,
        ),
        AT,
    )
    return ids


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]


async def awarded(user_ids: Sequence[UUID], when: str | None = None, zone: str = "Europe/Berlin") -> None:
    """Award, at `when` by the clocks of `zone` or else now, in a transaction of its own."""
    with clock.frozen(moment(when, zone) if when else clock.now()):
        async with transaction():
            await award(user_ids)


async def earned(user_id: UUID) -> dict[str, datetime]:
    """When the person earned what."""
    rows = await fetch("SELECT achievement, earned_at FROM earned_achievements WHERE user_id = $1", user_id)
    return {row["achievement"]: row["earned_at"] for row in rows}


async def told(user_id: UUID) -> list[tuple[str, str]]:
    """Titles and bodies of the notifications about achievements, in their order."""
    rows = await fetch(
        "SELECT title, body FROM notifications WHERE user_id = $1 AND kind = 'achievement' ORDER BY id", user_id
    )
    return [tuple(row) for row in rows]
