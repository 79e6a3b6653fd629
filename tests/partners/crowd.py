"""A million people with names as they really are, made by SQL in about two minutes.

Two of three are anonymous. Among them a heavy person, who has blocked 2,000 others, most of them called alike, and is
blocked by 2,000 more, and who has asked twenty.
"""

from __future__ import annotations

import os
from uuid import UUID

import asyncpg

from domain.accounts.personas import _FIRST, _SECOND
from domain.kit.clock import clock

PEOPLE = 1_000_000


def _uuid(kind: str, number: int) -> UUID:
    return UUID(f"00000000-0000-7000-{kind}-{number:012x}")


HEAVY, NORMAL, CHILD = _uuid("8000", 1), _uuid("8000", 777_777), _uuid("8000", 100)
# Words of the heavy person's blocked ones.
CALLED = _FIRST[10]


def _id(kind: str, number: str) -> str:
    return f"('00000000-0000-7000-{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"


_PERSON, _PERSONA, _MASK = _id("8000", "n"), _id("a000", "n"), _id("c000", "n")
_IS_PUBLIC = "n % 3 = 0"


def _word(words: list[str], number: str) -> str:
    return f"(ARRAY[{', '.join(repr(word) for word in words)}])[1 + ({number}) % {len(words)}]"


# Aliases as personas.py draws them, and usernames with and without a number.
_ALIAS = f"""initcap({_word(_FIRST, "n / 3 + n / 7")}) || initcap({_word(_SECOND, "n / 5 + n / 11")})
             || (10000 + n * 7919::bigint % 90000) || CASE WHEN n > 900000 THEN 'x' || n ELSE '' END"""
_USERNAME = f"""left({_word(_SECOND, "n / 13")} || '_' || {_word(_FIRST, "n / 3")}, 12) || to_hex(n)"""


def _steps(now: str) -> list[str]:
    """The statements; `now` is SQL."""
    return [
        # Every hundredth is under age.
        f"""BEGIN;
            INSERT INTO users (id, email, email_verified_at, visibility, birth_date, timezone, store_account_token,
                               created_at, persona_id)
            SELECT {_PERSON}, 'crowd' || n || '@example.org', {now},
                   CASE WHEN {_IS_PUBLIC} THEN 'public' ELSE 'anonymous' END,
                   CASE WHEN n % 100 = 0 THEN date '2012-01-01' ELSE date '1990-01-01' END, 'Europe/Berlin',
                   gen_random_uuid(), {now} - interval '2 years', {_PERSONA}
            FROM generate_series(1, {PEOPLE}) AS n;
            INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
            SELECT {_PERSONA}, {_PERSON}, CASE WHEN {_IS_PUBLIC} THEN 'username' ELSE 'alias' END, name, lower(name),
                   {now}
            FROM generate_series(1, {PEOPLE}) AS n,
                 LATERAL (SELECT CASE WHEN {_IS_PUBLIC} THEN {_USERNAME} ELSE {_ALIAS} END AS name) AS named
            ON CONFLICT (name_key) DO NOTHING;
            DELETE FROM users WHERE NOT EXISTS (SELECT FROM personas WHERE personas.user_id = users.id);
            COMMIT""",
        # Names that are not worn: masks of people who have been public.
        f"""INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
            SELECT {_MASK}, users.id, 'mask', 'Mask' || name, 'mask' || name_key, {now}
            FROM generate_series(1, {PEOPLE}, 10) AS n JOIN users ON users.id = {_PERSON}
            JOIN personas ON personas.user_id = users.id""",
        f"""INSERT INTO preferences (user_id, searchable)
            SELECT users.id, n % 50 > 0 FROM generate_series(1, {PEOPLE}, 10) AS n
            JOIN users ON users.id = {_PERSON}""",
        f"""INSERT INTO blocks (id, user_id, blocked_id, persona_id, blocked_at)
            SELECT gen_random_uuid(), '{HEAVY}', user_id, id, {now} FROM personas
            WHERE name_key ~>=~ '{CALLED}' AND name_key ~<~ '{CALLED}z' AND user_id <> '{HEAVY}'
            ORDER BY name_key USING ~<~ LIMIT 2000""",
        f"""INSERT INTO blocks (id, user_id, blocked_id, persona_id, blocked_at)
            SELECT gen_random_uuid(), personas.user_id, '{HEAVY}', {_id("a000", "1")}, {now}
            FROM generate_series(2, {PEOPLE}, 500) AS n JOIN personas ON personas.id = {_PERSONA}""",
        f"""INSERT INTO blocks (id, user_id, blocked_id, persona_id, blocked_at)
            SELECT gen_random_uuid(), mine.user_id, theirs.user_id, theirs.id, {now}
            FROM generate_series(3, {PEOPLE}, 20) AS n JOIN personas AS mine ON mine.id = {_PERSONA}
            JOIN personas AS theirs ON theirs.id = {_id("a000", "n / 2")}""",
        f"""INSERT INTO partnerships (id, from_id, to_id, from_persona_id, to_persona_id, state, requested_at,
                                     expires_at)
            SELECT gen_random_uuid(), mine.user_id, theirs.user_id, mine.id, theirs.id, 'pending', {now},
                   {now} + interval '30 days'
            FROM generate_series(1, {PEOPLE}, 5) AS n JOIN personas AS mine ON mine.id = {_PERSONA}
            JOIN personas AS theirs ON theirs.id = {_id("a000", "n / 2 + 300001")} AND theirs.id <> mine.id""",
        f"""INSERT INTO partnerships (id, from_id, to_id, from_persona_id, to_persona_id, state, requested_at,
                                     expires_at)
            SELECT gen_random_uuid(), '{HEAVY}', personas.user_id, {_id("a000", "1")}, personas.id, 'pending', {now},
                   {now} + interval '30 days'
            FROM generate_series(500001, 500020) AS n JOIN personas ON personas.id = {_PERSONA}""",
        *(f"VACUUM ANALYZE {table}" for table in "users personas preferences blocks partnerships".split()),
    ]


async def fill() -> None:
    """Make all of it, on a connection of its own, without a limit of time."""
    await _run(_steps(f"'{clock.now().isoformat()}'::timestamptz"))


async def empty() -> None:
    """Take it all away again: deleting a million rows would take longer than a test may."""
    await _run(["TRUNCATE users CASCADE"])


async def sample(how_many: int) -> list[str]:
    """Names that are worn, as they are searched for."""
    connection = await _connect()
    try:
        rows = await connection.fetch(
            """SELECT name_key FROM personas JOIN users ON users.persona_id = personas.id
               WHERE personas.id >= $1 ORDER BY personas.id LIMIT $2""",
            _uuid("a000", 300_000), how_many,
        )  # fmt: skip
        return [row["name_key"] for row in rows]
    finally:
        await connection.close()


async def _run(statements: list[str]) -> None:
    connection = await _connect()
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _connect() -> asyncpg.Connection:
    return await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter"})
