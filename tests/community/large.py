"""A community of 20,000 people with 200,000 posts over a year and a million likes, made by SQL in about a minute.

Among them a heavy person: 60,000 likes, 2,000 blocks, member of every group.
"""

from __future__ import annotations

import os
from uuid import UUID

import asyncpg

from domain.kit.clock import clock

PEOPLE, POSTS, LIKES, COMMENTS = 20_000, 200_000, 1_000_000, 20_000
_TABLES = "users personas groups memberships posts post_counts post_likes comments blocks".split()


def _uuid(kind: str, number: int) -> UUID:
    return UUID(f"00000000-0000-7000-{kind}-{number:012x}")


def post_id(number: int) -> UUID:
    """The id of a post; 1 is the oldest, POSTS the newest. Every seventh is in a group."""
    return _uuid("b000", number)


def comment_id(number: int) -> UUID:
    """The id of a comment, all of them on the newest post, in threads of three."""
    return _uuid("c000", number)


HEAVY, NORMAL = _uuid("8000", 1), _uuid("8000", 777)
GROUP = _uuid("9000", 1)


def _id(kind: str, number: str) -> str:
    """SQL of the id of the numbered row; ids of posts and comments follow one another in time as real ones do."""
    return f"('00000000-0000-7000-{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"


_PERSON, _PERSONA = _id("8000", "n"), _id("a000", "n")
_WRITER = f"1 + n * 7919 % {PEOPLE}"


def _steps(now: str) -> list[str]:
    """The statements; `now` is SQL."""
    return [
        f"""INSERT INTO users (id, email, email_verified_at, visibility, birth_date, timezone, store_account_token,
                               created_at)
            SELECT {_PERSON}, 'large' || n || '@example.org', {now}, 'anonymous', '1990-01-01', 'Europe/Berlin',
                   gen_random_uuid(), {now} - interval '2 years' FROM generate_series(1, {PEOPLE}) AS n""",
        f"""INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
            SELECT {_PERSONA}, {_PERSON}, 'alias', 'Large' || n, 'large' || n, {now}
            FROM generate_series(1, {PEOPLE}) AS n""",
        "UPDATE users SET persona_id = personas.id FROM personas WHERE personas.user_id = users.id",
        f"""INSERT INTO groups (id, slug, name, description, created_at)
            SELECT {_id("9000", "n")}, 'large-' || n, 'Group ' || n, 'Large', {now} FROM generate_series(1, 10) AS n""",
        f"""INSERT INTO memberships (group_id, user_id, joined_at)
            SELECT {_id("9000", "g")}, {_PERSON}, {now}
            FROM generate_series(1, 10) AS g, generate_series(1, {PEOPLE}) AS n
            WHERE n % 5 = g % 5 OR {_PERSON} IN ('{HEAVY}', '{NORMAL}')""",
        f"""INSERT INTO posts (id, user_id, persona_id, group_id, body, created_at)
            SELECT {_id("b000", "n")}, {_id("8000", _WRITER)}, {_id("a000", _WRITER)},
                   CASE WHEN n % 7 = 0 THEN {_id("9000", "1 + n % 10")} END, repeat('A quiet day. ', 20),
                   {now} - interval '365 days' * ({POSTS} - n) / {POSTS} FROM generate_series(1, {POSTS}) AS n""",
        f"""INSERT INTO post_likes (post_id, user_id, liked_at)
            SELECT {_id("b000", f"1 + (n::bigint * 104729 % {POSTS})")}, {_id("8000", f"1 + n / 50 % {PEOPLE}")}, {now}
            FROM generate_series(1, {LIKES}) AS n ON CONFLICT DO NOTHING""",
        f"""INSERT INTO post_likes (post_id, user_id, liked_at)
            SELECT {_id("b000", "n")}, '{HEAVY}', {now} FROM generate_series({POSTS} - 60000, {POSTS}) AS n
            ON CONFLICT DO NOTHING""",
        # A few have very many.
        f"""INSERT INTO post_likes (post_id, user_id, liked_at)
            SELECT {_id("b000", f"{POSTS} - p * 400")}, {_PERSON}, {now}
            FROM generate_series(1, 20) AS p, generate_series(1, 500 * p) AS n ON CONFLICT DO NOTHING""",
        f"""INSERT INTO comments (id, post_id, user_id, persona_id, thread_id, body, created_at)
            SELECT {_id("c000", "n")}, '{post_id(POSTS)}', {_id("8000", f"1 + n % {PEOPLE}")},
                   {_id("a000", f"1 + n % {PEOPLE}")}, {_id("c000", "n - n % 3")}, 'Well done', {now}
            FROM generate_series(1, {COMMENTS}) AS n""",
        """INSERT INTO post_counts (post_id, group_id, week, created_at, likes, comments)
            SELECT id, group_id, date_trunc('week', created_at AT TIME ZONE 'UTC')::date, created_at,
                   coalesce(liked.rows, 0), coalesce(said.rows, 0)
            FROM posts
            LEFT JOIN (SELECT post_id, count(*) AS rows FROM post_likes GROUP BY post_id) AS liked ON liked.post_id = id
            LEFT JOIN (SELECT post_id, count(*) AS rows FROM comments GROUP BY post_id) AS said ON said.post_id = id""",
        f"""INSERT INTO blocks (id, user_id, blocked_id, persona_id, blocked_at)
            SELECT gen_random_uuid(), '{HEAVY}', {_PERSON}, {_PERSONA}, {now}
            FROM generate_series(10001, 12000) AS n""",
        f"""INSERT INTO blocks (id, user_id, blocked_id, persona_id, blocked_at)
            SELECT gen_random_uuid(), {_PERSON}, {_id("8000", "1 + n / 2")}, {_id("a000", "1 + n / 2")}, {now}
            FROM generate_series(3, {PEOPLE}) AS n""",
        *(f"VACUUM ANALYZE {table}" for table in _TABLES),
    ]


async def fill() -> None:
    """Make all of it, on a connection of its own, without a limit of time."""
    await _run(_steps(f"'{clock.now().isoformat()}'::timestamptz"))


async def empty() -> None:
    """Take it all away again: deleting a million rows would take longer than a test may."""
    await _run(["TRUNCATE users, groups CASCADE"])


async def _run(statements: list[str]) -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter"})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
