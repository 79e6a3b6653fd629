"""That reading goals goes by indexes, whatever they count."""

import re
from uuid import uuid4

import pytest

from domain.goals import history, reading, settling
from domain.goals.kinds import KINDS
from domain.goals.live import COLUMNS, OPEN_GOALS
from domain.kit.database import execute, fetch, fetch_value, transaction
from tests.recovery.conftest import statements  # noqa: F401
from tests.urges.plans import generic_scans

pytestmark = pytest.mark.usefixtures("years")

# The index that finds a kind's events, and what it is asked by.
EVENTS = {
    "check_ins": "check_ins_pkey",
    "journal_entries": "journal_entries_days",
    "urges_resisted": "urges_days",
    "fewer_urges": "urges_days",
    "fewer_slips": "slips_days",
    "mood_days": "check_ins_pkey",
    "custom": "goal_steps_pkey",
    "clean_days": "attempts_(?:user|running)",
}


@pytest.fixture
async def years(person):
    """Somebody who has written down a great deal: the planner knows that their tables are long."""
    user_id, moments = person.user["id"], "generate_series(now() - interval '6 years', now(), '1 day') AS day"
    await execute(
        f"""INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
            SELECT $1, day::date, 'UTC', 4, 0, '{{}}', day, day FROM {moments}""", user_id)  # fmt: skip
    for table, column, value in (("urges", "intensity, outcome", "5, 'resisted'"), ("slips", "feeling", "'low'")):
        extra = ", updated_at" if table == "urges" else ""
        await execute(
            f"""INSERT INTO {table} (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, {column},
                                     created_at{extra})
                SELECT gen_random_uuid(), $1, day, 'UTC', day::date, 1, '{{}}', {value}, day{", day" * bool(extra)}
                FROM {moments}""", user_id)  # fmt: skip
    await execute(
        f"""INSERT INTO journal_entries (id, user_id, timezone, local_date, body, search, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'UTC', day::date, 'a', 'a', day, day FROM {moments}""", user_id)  # fmt: skip
    await execute(
        f"""INSERT INTO attempts (id, user_id, started_on, ended_on)
            SELECT gen_random_uuid(), $1, day::date - 1, day::date FROM {moments}""", user_id)  # fmt: skip
    await execute(
        f"""INSERT INTO goals (id, user_id, kind, title, target, starts_on, archived_at, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'custom', 'a', 1, day,
                   CASE WHEN day < now() - interval '30 days' THEN day END, day, day
            FROM {moments}""", user_id)  # fmt: skip
    await execute("ANALYZE goals, check_ins, urges, slips, journal_entries, attempts")


async def plan(statement, *arguments):
    """How PostgreSQL would run it if every table were large."""
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        return "\n".join(row[0] for row in await fetch(f"EXPLAIN {statement}", *arguments))


def conditions(found, index):
    """The conditions of each use of the index."""
    return re.findall(rf"Index (?:Only )?Scan.* using {index} .*\n\s+Index Cond: (.*)", found)


@pytest.mark.parametrize("kind", KINDS)
async def test_events_are_found_by_person_and_day(kind):
    for statement in (settling._READ, settling._REACHED_AT):
        found = await plan(statement, [uuid4()])
        assert "Seq Scan" not in found
        if kind == "clean_days" and statement == settling._REACHED_AT:
            continue  # a day reaches those, and no event
        used = conditions(found, EVENTS[kind])
        assert used
        for condition in used:
            assert ("goal_id" if kind == "custom" else "user_id") in condition
            assert "local_date" in condition or kind in ("clean_days", "custom")


@pytest.mark.parametrize(
    ("statement", "arguments", "index"),
    [
        (settling._HOLD, ([uuid4()],), "goals_open"),
        (reading._ONE, (uuid4(), uuid4()), "goals_(?:pkey|list)"),
        (history._READ, (uuid4(), uuid4()), "goals_(?:pkey|list)"),
        (reading._OPEN, (uuid4(),), "goals_open"),
        (f"SELECT {OPEN_GOALS} FROM users WHERE id = $1", (uuid4(),), "goals_open"),
        (f"SELECT {COLUMNS} FROM goals WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT 21", (uuid4(), uuid4()),
         "goals_list"),
    ],
    ids=["hold", "one", "history", "open", "home", "list"],
)  # fmt: skip
async def test_goals_are_found_by_their_indexes(statement, arguments, index):
    found = await plan(statement, *arguments)
    assert "Seq Scan" not in found
    assert conditions(found, index)


async def test_a_page_of_a_long_list_reads_no_more_than_the_page(person, statements):  # noqa: F811
    late = await fetch_value("SELECT id FROM goals ORDER BY id OFFSET 100 LIMIT 1")
    statements.clear()
    await person.ok("GET", "/v1/goals")
    read = await generic_scans(statements[-1], f"'{person.user['id']}'", "'2026-05-01'", f"'{late}'", "21")
    assert [scan.rows for scan in read if scan.table == "goals"] == [21]
