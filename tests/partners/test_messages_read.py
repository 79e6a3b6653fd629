"""How far each of two partners has read, and what is unread (semantics, "Partners", Chat)."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.ids import new_id
from domain.partners import alerts, messages, partnerships, reading, telling
from tests.community.conftest import at_once
from tests.community.test_plans import nodes
from tests.partners.talking import block, end, id_of, pair, path, read, write
from tests.routes.conftest import fields, problem

NOBODYS = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
async def two(sign_up):
    one, other = await sign_up(), await sign_up()
    return one, other, await pair(one, other)


async def unread(person, talk):
    """As the list of partners counts it."""
    [item] = [item for item in (await person.ok("GET", "/v1/partners"))["items"] if item["id"] == talk]
    return item["unread_count"]


async def test_what_the_other_wrote_is_unread_until_it_is_read(two):
    one, other, talk = two
    for n in range(3):
        await write(one, talk, f"{n}")
    assert (await unread(other, talk), await unread(one, talk)) == (3, 0)
    answer = await read(other, talk, 2)
    assert (answer["id"], answer["unread_count"]) == (talk, 1)
    assert await unread(other, talk) == 1
    assert (await read(other, talk, 3))["unread_count"] == 0


async def test_a_message_is_named_by_its_id_as_well(two):
    one, other, talk = two
    written = [await write(one, talk) for _ in range(3)]
    assert (await read(other, talk, written[1]["id"]))["unread_count"] == 1


async def test_it_only_moves_forward(two):
    one, other, talk = two
    for _ in range(3):
        await write(one, talk)
    await read(other, talk, 3)
    for less in (0, 1, 2):
        assert (await read(other, talk, less))["unread_count"] == 0


async def test_nobody_reads_what_is_not_there_yet(two):
    one, other, talk = two
    await write(one, talk)
    await read(other, talk, 9223372036854775807)
    await write(one, talk)
    assert await unread(other, talk) == 1


async def test_own_messages_are_never_unread(two):
    one, other, talk = two
    await write(one, talk)
    await write(other, talk)
    await write(one, talk)
    # Writing does not read what came before.
    assert (await unread(one, talk), await unread(other, talk)) == (1, 2)
    await read(one, talk, 2)
    for _ in range(3):
        await write(one, talk)
    assert await unread(one, talk) == 0
    assert await fetch_value("SELECT from_read FROM partnerships") == 2


async def test_who_has_read_all_is_up_to_date_with_their_own_words_too(two):
    one, _, talk = two
    for _ in range(3):
        await write(one, talk)
    assert await fetch_value("SELECT from_read FROM partnerships") == 3


async def test_each_has_a_cursor_of_their_own_and_all_phones_of_one_the_same(two, stranger):
    from tests.conftest import PASSWORD

    one, other, talk = two
    await write(one, talk)
    await write(other, talk)
    await read(other, talk, 2)
    assert (await unread(one, talk), await unread(other, talk)) == (1, 0)
    login = await stranger.ok("POST", "/v1/auth/login", json={"email": other.user["email"], "password": PASSWORD})
    stranger.http.headers["Authorization"] = f"Bearer {login['access_token']}"
    assert await unread(stranger, talk) == 0


async def test_what_is_no_place(two):
    one, _, talk = two
    for up_to in (-1, 9223372036854775808, True, 1.5, None, "x", ""):
        answer = await one("PUT", path(talk, "read"), json={"up_to": up_to})
        assert answer.status_code == 400
        assert fields(answer) == ["up_to"]


async def test_a_message_of_another_talk_is_not_there(two, sign_up):
    one, other, talk = two
    elsewhere = await pair(one, await sign_up())
    written = await write(one, elsewhere)
    for unknown in (written["id"], NOBODYS):
        problem(await other("PUT", path(talk, "read"), json={"up_to": unknown}), 404)


async def test_it_works_after_the_end_and_not_under_a_block(two):
    one, other, talk = two
    written = await write(one, talk)
    await end(talk)
    assert (await read(other, talk, 1))["unread_count"] == 0
    await block(one, other)
    for up_to in (1, written["id"]):
        problem(await other("PUT", path(talk, "read"), json={"up_to": up_to}), 404)


async def test_fifty_readings_and_writings_at_once_end_at_the_farthest(two, unlimited):
    one, other, talk = two
    for _ in range(10):
        await write(one, talk)
    await at_once(
        call for n in range(25)
        for call in (other("PUT", path(talk, "read"), json={"up_to": n}),
                     one("POST", path(talk), json={"body": f"{n}"}))
    )  # fmt: skip
    [row] = await fetch("SELECT from_read, to_read, last_seq FROM partnerships")
    assert row["last_seq"] == 35
    assert 24 <= row["to_read"] <= 35
    assert await unread(other, talk) == 35 - row["to_read"]
    answers = await asyncio.gather(*(read(other, talk, 35) for _ in range(10)))
    assert {answer["unread_count"] for answer in answers} == {0}


# -- a talk of years -----------------------------------------------------------------------------------------------

LONG, CROWD = 100_000, 5_000
LARGE = {"partner_messages", "partnerships", "users", "personas"}


@pytest.mark.slow
async def test_a_long_talk_among_many_is_read_and_written_by_index(two):
    one, other, talk = two
    await _fill(talk, one, other)
    viewer, partnership, now = id_of(other), UUID(talk), clock.now()
    history = {way: statement.format(21) for way, statement in reading._HISTORY.items()}
    reads = {
        "newest": (history["older"], viewer, partnership, reading.LARGEST_SEQ),
        "deep": (history["older"], viewer, partnership, 50_000),
        "later": (history["newer"], viewer, partnership, 99_990),
        "unread": (f"SELECT {reading.unread_count('$1::uuid')} FROM partnerships WHERE id = $2", viewer, partnership),
        "last": (f"SELECT partner_messages.id FROM partnerships {reading.LAST_MESSAGE} WHERE partnerships.id = $1",
                 partnership),
        "partners": (partnerships._LISTS["partners"], viewer, now, "partners", None, None, 21),
        "to be told": (telling._UNREAD, partnership, viewer, now),
        "told": (telling._TOLD, viewer, talk),
        "heard": (alerts._NOT_TOLD_OF_SOS, viewer, now, now),
        "heard of slips": (alerts._TOLD_OF_SLIPS, viewer, now),
        "listeners": (f"SELECT {alerts.listeners_to('$1::uuid', '$2::timestamptz')}", viewer, now),
        "taken back": (alerts._WITHDRAW, viewer),
        "marked": (reading._READ, viewer, partnership, LONG),
        "written": (messages._WRITE, partnership, viewer, new_id(), "How are you?", "c1", now),
    }  # fmt: skip
    for mode in ("force_generic_plan", "force_custom_plan"):
        for name, (statement, *arguments) in reads.items():
            plan = await _explained(statement, mode, *arguments)
            whole = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
            assert not LARGE & whole, f"{name}: {whole} from end to end"
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 150, name


async def _fill(talk, one, other):
    """A hundred thousand messages, of which the newest twenty are unread; and many others who are partners."""
    await execute(
        """INSERT INTO users (id, email, email_verified_at, visibility, birth_date, timezone, store_account_token,
                              created_at)
           SELECT gen_random_uuid(), 'crowd' || n || '@example.org', $1, 'anonymous', '1990-01-01', 'Europe/Berlin',
                  gen_random_uuid(), $1 FROM generate_series(1, $2::integer) AS n""",
        clock.now(), CROWD,
    )  # fmt: skip
    await execute(
        """INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
           SELECT gen_random_uuid(), id, 'alias', email, email, $1 FROM users WHERE persona_id IS NULL""",
        clock.now(),
    )
    await execute("UPDATE users SET persona_id = personas.id FROM personas WHERE personas.user_id = users.id "
                  "AND users.persona_id IS NULL")  # fmt: skip
    await execute(
        """INSERT INTO partnerships (id, from_id, to_id, state, requested_at, expires_at, accepted_at)
           SELECT gen_random_uuid(), id, lead(id) OVER (ORDER BY id), 'partners', $1, $1, $1 FROM users
           WHERE email LIKE 'crowd%'
           ORDER BY id LIMIT $2::integer""",
        clock.now(), CROWD - 1,
    )  # fmt: skip
    await execute(
        """INSERT INTO partner_messages (id, partnership_id, seq, sender_id, body, sent_at)
           SELECT gen_random_uuid(), $1, n, CASE WHEN n % 2 = 0 THEN $2::uuid ELSE $3::uuid END, 'How are you?', $4
           FROM generate_series(1, $5::integer) AS n""",
        UUID(talk), id_of(one), id_of(other), clock.now(), LONG,
    )  # fmt: skip
    await execute(
        "UPDATE partnerships SET last_seq = $2::bigint, to_read = $2::bigint - 20 WHERE id = $1", UUID(talk), LONG
    )
    for table in sorted(LARGE):
        await execute(f"ANALYZE {table}")


async def _explained(statement, mode, *arguments):
    async with transaction():
        await execute(f"SET LOCAL plan_cache_mode = {mode}")
        await execute("SAVEPOINT before")
        [answer] = json.loads(await fetch_value(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *arguments))
        await execute("ROLLBACK TO before")
    return answer["Plan"]
