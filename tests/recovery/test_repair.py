"""Drift: found by kind, counted without saying whose, mended without touching what is right."""

from __future__ import annotations

import asyncio
import random
from argparse import Namespace
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.ids import new_id
from domain.recovery import checking, expiry
from domain.recovery.drift import look_at_all
from domain.recovery.repair import repair_person
from domain.recovery.slips import tell_slip
from ops.cli import _parser
from tests.recovery.conftest import Traveller, attempts_of, folded, moment, run_of, written

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, NEW_YORK, KIRITIMATI = "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"


@pytest.fixture
async def berliner(live_in: LiveIn) -> Traveller:
    """Somebody with nine check-ins in a row and a slip on the fifth day."""
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 9):
        await person.checks_in(when)
    with clock.frozen(moment("2026-05-09 13:00", BERLIN)):
        await tell_slip(person.user_id, occurred_at=moment("2026-05-05 22:00", BERLIN))
    return person


async def kinds() -> Counter[str]:
    found = Counter[str]()
    async for look in look_at_all():
        found += look.counts()
    return found


async def rows(person: Traveller) -> list[Any]:
    """All that the repair could touch, versions included."""
    return [
        await fetch("SELECT xmin::text, * FROM check_in_streaks WHERE user_id = $1", person.user_id),
        await fetch("SELECT xmin::text, * FROM attempts WHERE user_id = $1 ORDER BY id", person.user_id),
    ]


BREAKS = {
    "days": ("check_in_streak", "UPDATE check_in_streaks SET days = 3"),
    "best": ("check_in_streak", "UPDATE check_in_streaks SET best = 90"),
    "freezes": ("check_in_streak", "UPDATE check_in_streaks SET freezes = 0"),
    "toward a freeze": ("check_in_streak", "UPDATE check_in_streaks SET toward_freeze = 6"),
    "the last day": ("check_in_streak", "UPDATE check_in_streaks SET last_check_in_on = '2026-05-08'"),
    "the last instant": ("last_check_in", "UPDATE check_in_streaks SET last_check_in = now()"),
    "the end": ("expiry", "UPDATE check_in_streaks SET expires_at = expires_at + interval '1 hour'"),
    "the note of an end": ("expiry", "UPDATE check_in_streaks SET ended_at = expires_at - interval '1 day'"),
    "an attempt gone": ("attempts", "DELETE FROM attempts WHERE ended_on IS NOT NULL"),
    "an attempt too many": (
        "attempts",
        """INSERT INTO attempts (id, user_id, started_on, ended_on)
           SELECT gen_random_uuid(), user_id, '2026-05-02', '2026-05-03' FROM check_in_streaks""",
    ),
    "an attempt twice": (
        "attempts",
        """INSERT INTO attempts (id, user_id, started_on, ended_on)
           SELECT gen_random_uuid(), user_id, started_on, ended_on FROM attempts WHERE ended_on IS NOT NULL""",
    ),
    "a running attempt that begins too late": (
        "attempts", "UPDATE attempts SET started_on = '2026-05-07' WHERE ended_on IS NULL",
    ),
    "no attempt at all": ("attempts", "DELETE FROM attempts"),
}  # fmt: skip


async def test_what_people_did_has_no_drift(berliner: Traveller) -> None:
    assert await kinds() == {}
    before = await rows(berliner)
    assert await repair_person(berliner.user_id) == []
    assert [[row["user_id"] for row in table] for table in before] == [[berliner.user_id], [berliner.user_id] * 2]
    assert [row[1:] for row in (await rows(berliner))[0]] == [row[1:] for row in before[0]]
    assert (await rows(berliner))[1] == before[1]


@pytest.mark.parametrize("case", BREAKS)
async def test_each_drift_is_found_and_mended(berliner: Traveller, case: str) -> None:
    kind, sql = BREAKS[case]
    streak = await written(berliner.user_id)
    ends = await fetch_row("SELECT last_check_in, expires_at FROM check_in_streaks")
    attempts = await attempts_of(berliner.user_id)
    await execute(sql)
    assert kind in await kinds()
    with clock.frozen(moment("2026-05-09 14:00", BERLIN)):
        assert kind in await repair_person(berliner.user_id)
    assert await kinds() == {}
    assert await written(berliner.user_id) == streak == await folded(berliner.user_id)
    assert await fetch_row("SELECT last_check_in, expires_at FROM check_in_streaks") == ends
    if case not in ("no attempt at all", "an attempt gone"):
        assert await attempts_of(berliner.user_id) == attempts
    else:
        # The first start is told by nothing else; what is known of the person begins with the slip.
        assert await attempts_of(berliner.user_id) == [
            (date(2026, 5, 5), date(2026, 5, 5)), (date(2026, 5, 5), None),
        ]  # fmt: skip


async def test_a_missing_row_is_made(berliner: Traveller) -> None:
    await execute("DELETE FROM check_in_streaks")
    assert set(await kinds()) == {"check_in_streak", "last_check_in"}
    await repair_person(berliner.user_id)
    assert await written(berliner.user_id) == await folded(berliner.user_id)
    assert await kinds() == {}


async def test_a_row_that_nothing_stands_behind_is_emptied(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await execute(
        """INSERT INTO check_in_streaks (user_id, days, best, last_check_in, last_check_in_on, expires_at)
           VALUES ($1, 4, 4, '2026-05-01 12:00Z', '2026-05-01', '2026-05-03')""",
        person.user_id,
    )
    await repair_person(person.user_id)
    row = await fetch_row("SELECT days, last_check_in, last_check_in_on, expires_at, ended_at FROM check_in_streaks")
    assert row is not None
    assert tuple(row) == (0, None, None, None, None)
    assert await kinds() == {}


async def test_journeys_are_no_drift(live_in: LiveIn) -> None:
    """Days, freezes and attempts of people who fly about, back-fill and slip, as the app itself writes them."""
    chance = random.Random(7)
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 25):
        day = date.fromisoformat(when[:10])
        if chance.random() < 0.15:
            await person.moves(f"{day} 00:30", chance.choice([BERLIN, NEW_YORK, KIRITIMATI]))
        if chance.random() < 0.7:
            await person.puts(f"{day} 12:00", str(day - timedelta(days=chance.choice([0, 0, 0, 1, 3]))))
        if chance.random() < 0.1:
            with clock.frozen(moment(f"{day} 13:00", person.zone)):
                await tell_slip(person.user_id)
    with clock.frozen(moment("2026-05-26 13:00", BERLIN)):
        await expiry.place()
        await expiry.note_ended()
    assert await kinds() == {}


async def test_an_end_that_is_still_to_be_placed_is_no_drift(berliner: Traveller) -> None:
    await execute("UPDATE check_in_streaks SET expires_at = NULL")
    assert await kinds() == {}


async def test_somebody_who_is_leaving_is_left_alone(berliner: Traveller) -> None:
    await execute("DELETE FROM check_ins")
    assert "check_in_streak" in await kinds()
    await execute(
        """UPDATE users SET state = 'deleting', state_before = 'active', deleting_since = $1::timestamptz,
                  purges_at = $1::timestamptz + interval '30 days'""",
        moment("2026-05-10 12:00", BERLIN),
    )
    assert await kinds() == {}


async def test_nobody_to_mend(app: object) -> None:
    assert await repair_person(new_id()) == []
    assert await kinds() == {}


async def test_repairs_and_check_ins_at_once(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await person.checks_in("2026-05-01 10:00")
    await execute("UPDATE check_in_streaks SET days = 1, best = 77")
    when = "2026-05-08 12:00"
    days = [f"2026-05-0{day}" for day in range(1, 9)]
    with clock.frozen(moment(when, BERLIN)):
        await asyncio.gather(
            *(person.puts(when, day) for day in days), *(repair_person(person.user_id) for _ in range(8))
        )
        await repair_person(person.user_id)
    assert await written(person.user_id) == await folded(person.user_id)
    assert (await written(person.user_id)).days == 8


async def test_mending_has_goals_and_achievements_worked_out(berliner: Traveller) -> None:
    jobs = "SELECT count(*) FROM jobs WHERE name = 'recovery.progress'"
    await execute("DELETE FROM jobs")
    await repair_person(berliner.user_id)
    assert await fetch_value(jobs) == 0
    await execute("UPDATE check_in_streaks SET best = 50")
    await repair_person(berliner.user_id)
    assert await fetch_value(jobs) == 1


# -- the command ---------------------------------------------------------------------------------------------------


async def streaks(action: str) -> int:
    arguments: Namespace = _parser().parse_args(["streaks", action])
    status: int = await arguments.run(arguments)
    return status


async def test_the_command_reports_and_mends(berliner: Traveller, capsys: pytest.CaptureFixture[str]) -> None:
    assert await streaks("check") == 0
    assert "nothing has drifted" in capsys.readouterr().out
    await execute("UPDATE check_in_streaks SET best = 50, last_check_in = now()")
    assert await streaks("check") == 1
    told = capsys.readouterr()
    assert [line.split() for line in told.out.splitlines()] == [
        ["kind", "people"], ["check_in_streak", "1"], ["last_check_in", "1"],
    ]  # fmt: skip
    assert "1 of 1 people" in told.err
    assert str(berliner.user_id) not in told.out + told.err
    assert await streaks("repair") == 0
    assert "check_in_streak" in capsys.readouterr().out
    assert await streaks("check") == 0
    assert await streaks("repair") == 0
    assert "nothing was to be mended" in capsys.readouterr().out


# -- once a day ----------------------------------------------------------------------------------------------------

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


async def people(how_many: int) -> list[UUID]:
    made = await fetch(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin',
                  gen_random_uuid(), '2026-01-01' FROM generate_series(1, $1) RETURNING id""",
        how_many,
    )
    return sorted(row["id"] for row in made)


def metric(kind: str) -> float:
    return REGISTRY.get_sample_value("kuitter_streak_drift_total", {"kind": kind}) or 0.0


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The lines that the daily look logs."""
    told: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def info(self, event: str, **fields: Any) -> None:
            told.append((event, fields))

        error = info

    monkeypatch.setattr(checking, "log", Log)
    return told


async def test_everybody_is_looked_at_once_a_day(app: object, lines: list[tuple[str, dict[str, Any]]]) -> None:
    ids = await people(350)
    await execute("INSERT INTO check_in_streaks (user_id, best, days) SELECT unnest($1::uuid[]), 5, 5", ids[::100])
    before = metric("check_in_streak")
    with clock.frozen(NOON):
        assert await checking.check_some(60) == 350
        assert await checking.check_some(60) == 0
    assert lines == [("streaks.drift", {"people": 350, "check_in_streak": 4})]
    assert metric("check_in_streak") - before == 4
    with clock.frozen(NOON + timedelta(days=1)):
        assert await checking.check_some(60) == 350
    assert len(lines) == 2


async def test_a_look_goes_on_where_the_last_one_stopped(app: object, lines: list[tuple[str, dict[str, Any]]]) -> None:
    await people(350)
    with clock.frozen(NOON):
        looked = [await checking._check_batch() for _ in range(5)]
    assert looked == [100, 100, 100, 50, None]
    assert lines == [("streaks.drift", {"people": 350})]


async def test_a_look_that_lasts_into_the_next_day_begins_anew(
    app: object, lines: list[tuple[str, dict[str, Any]]]
) -> None:
    await people(250)
    with clock.frozen(NOON):
        assert await checking._check_batch() == 100
    with clock.frozen(NOON + timedelta(days=1)):
        assert await checking.check_some(60) == 250


async def test_clocks_take_turns(app: object, lines: list[tuple[str, dict[str, Any]]]) -> None:
    await people(450)
    with clock.frozen(NOON):
        looked = await asyncio.gather(*(checking.check_some(60) for _ in range(3)))
        # Who found the row taken has left it to the other.
        looked.append(await checking.check_some(60))
    assert sum(looked) == 450
    assert lines == [("streaks.drift", {"people": 450})]
