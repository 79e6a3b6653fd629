"""Sessions: families of refresh tokens. PostgreSQL decides whether one lives; Redis may remember a yes for a minute.

Rules: semantics, "Identity and privacy" (access token, refresh token, reuse).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.accounts import audit
from domain.accounts.tables import Session
from domain.accounts.tokens import Access, make_access, make_refresh, read_refresh
from domain.kit.clock import real_now
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.errors import NotFound, TooMany, Unauthenticated
from domain.kit.forgetting import forget as forget_rows
from domain.kit.ids import new_id
from domain.kit.limits import Window, limiter
from domain.kit.log import log
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.redis_scripts import Scripts
from domain.kit.settings import settings
from domain.kit.signals import publish

# A phone that lost the answer may ask again with the token before the present one, for so long in any case.
_GRACE = timedelta(seconds=10)
_YES_SECONDS = 60
_REFRESHES = Window("refresh", 60, 60)


class Tokens(msgspec.Struct, frozen=True):
    """What an app keeps. `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user_id: UUID
    session_id: UUID


class SessionView(msgspec.Struct, frozen=True):
    """A session as its person sees it."""

    id: UUID
    client: str | None
    created_at: Any
    last_used_at: Any
    current: bool


def _tokens(user_id: UUID, session_id: UUID, generation: int) -> Tokens:
    return Tokens(
        access_token=make_access(Access(user_id, session_id, generation)),
        refresh_token=make_refresh(session_id, generation),
        expires_in=settings().access_token_seconds,
        user_id=user_id,
        session_id=session_id,
    )


async def open_session(user_id: UUID, client: str | None, method: str | None = None) -> Tokens:
    """Begin a session, in the caller's transaction. `client` is what the device calls itself.

    `method` is what the person signed in with; see domain/accounts/entrances.py for what else that brings.
    """
    session_id, now = new_id(), real_now()
    await Session(
        id=session_id, user_id=user_id, generation=1, seen_generation=0, rotated_at=now, created_at=now,
        expires_at=now + timedelta(days=settings().session_days), client=(client or "")[:200] or None, method=method,
    ).save()  # fmt: skip
    return _tokens(user_id, session_id, 1)


async def refresh(token: str) -> Tokens:
    """Exchange a refresh token for the next pair.

    The token just before the present one gets the present one again, within 10 s, or later as long as no access token
    of the present generation was ever used. Anything older ends the family.
    Raises Unauthenticated, `refresh_reused` for the latter, and then the end of the family is committed; TooMany after
    sixty of a family in a minute.
    """
    session_id, generation = read_refresh(token)
    verdict = await limiter().hit(_REFRESHES, str(session_id))
    if not verdict.allowed:
        raise TooMany(retry_after=verdict.reset)
    now = real_now()
    async with transaction():
        row = await fetch_row(
            """SELECT sessions.user_id, generation, seen_generation, rotated_at
               FROM sessions JOIN users ON users.id = sessions.user_id
               WHERE sessions.id = $1 AND revoked_at IS NULL AND expires_at > $2 AND users.state = 'active'
               FOR UPDATE OF sessions""",
            session_id, now,
        )  # fmt: skip
        if row is None or generation > row["generation"]:
            raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")
        current = row["generation"]
        lost_answer = generation == current - 1 and (
            now - row["rotated_at"] <= _GRACE or row["seen_generation"] < current
        )
        reused = generation < current and not lost_answer
        if generation == current:
            current += 1
            await execute(
                "UPDATE sessions SET generation = $2, rotated_at = $3, expires_at = $4 WHERE id = $1",
                session_id, current, now, now + timedelta(days=settings().session_days),
            )  # fmt: skip
        elif reused:
            await execute("UPDATE sessions SET revoked_at = $2, revoked_why = 'reuse' WHERE id = $1", session_id, now)
            await execute("DELETE FROM devices WHERE session_id = $1", session_id)
            await audit.record("refresh_reused", row["user_id"], session_id=session_id)
    if reused:
        await forget([session_id])
        log().warning("sessions.refresh_reused", session_id=str(session_id))
        raise Unauthenticated("This refresh token was used before. Sign in again.", code="refresh_reused")
    return _tokens(row["user_id"], session_id, current)


async def lives(access: Access) -> bool:
    """Ask PostgreSQL whether the session and its person may act, and note that this generation is in use."""
    row = await fetch_row(
        """WITH living AS (
               SELECT sessions.id, seen_generation FROM sessions JOIN users ON users.id = sessions.user_id
               WHERE sessions.id = $1 AND user_id = $2 AND revoked_at IS NULL AND users.state = 'active'
                 AND generation >= $3
           ), noted AS (
               UPDATE sessions SET seen_generation = GREATEST(sessions.seen_generation, $3)
               FROM living WHERE sessions.id = living.id AND living.seen_generation < $3
           )
           SELECT true FROM living""",
        access.session_id, access.user_id, access.generation,
    )  # fmt: skip
    return row is not None


async def list_sessions(user_id: UUID, current: UUID, limit: int, cursor: str | None) -> Page[SessionView]:
    """The person's living sessions, newest first."""
    after = decode_cursor(cursor, tuple[UUID])
    rows = await fetch(
        """SELECT id, client, created_at, rotated_at FROM sessions
           WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4""",
        user_id, real_now(), after[0] if after else None, limit + 1,
    )  # fmt: skip
    return page_of(
        rows,
        limit,
        lambda row: SessionView(row["id"], row["client"], row["created_at"], row["rotated_at"], row["id"] == current),
        lambda row: (row["id"],),
    )


async def revoke(user_id: UUID, session_id: UUID, why: str) -> None:
    """End one session of the person, and the pushes to its device. Raises NotFound if it is not theirs or ended."""
    async with transaction():
        ended = await end_sessions(user_id, why, only=session_id)
        if not ended:
            raise NotFound
        await audit.record("session_revoked" if why == "revoked" else "signed_out", user_id, session_id=session_id)
    await forget(ended)


async def revoke_all(user_id: UUID, why: str) -> None:
    """End all sessions of the person."""
    async with transaction():
        ended = await end_sessions(user_id, why)
        await audit.record_each("signed_out", user_id, ended)
    await forget(ended)


async def end_sessions(
    user_id: UUID, why: str, *, only: UUID | None = None, but: UUID | None = None, method: str | None = None
) -> list[UUID]:
    """End living sessions of the person in the caller's transaction: all, or `only` one, all `but` one, or those that
    began with `method`. The caller hands the ids to `forget` once that has committed."""
    rows = await fetch(
        """UPDATE sessions SET revoked_at = $3, revoked_why = $4
           WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) AND id IS DISTINCT FROM $5
             AND ($6::text IS NULL OR method = $6) AND revoked_at IS NULL RETURNING id""",
        user_id, only, real_now(), why, but, method,
    )  # fmt: skip
    ended = [row["id"] for row in rows]
    # The device row goes with its session: whoever signs in next on the phone must not read this one's pushes.
    await execute("DELETE FROM devices WHERE session_id = ANY($1)", ended)
    return ended


async def forget_old() -> int:
    """Remove sessions that expired a month ago; returns how many."""
    return await forget_rows("sessions", "expires_at < $1", real_now() - timedelta(days=30))


# -- what Redis remembers of it ------------------------------------------------------------------------------------

_redis: Redis | None = None
_scripts: Scripts | None = None


def use(redis: Redis) -> None:
    """Remember living sessions in `redis`."""
    global _redis, _scripts
    _redis, _scripts = redis, Scripts(redis)


def cache_key(session_id: UUID) -> str:
    return f"kuitter:session:{session_id}"


def cached_yes(value: bytes | None, access: Access) -> bool | None:
    """What a remembered value means for `access`: True lives, False ended, None ask PostgreSQL."""
    if value is None or access.session_id in _unforgotten:
        return None
    if value == b"no":
        return False
    return True if int(value) >= access.generation else None


# A "no" is never overwritten: a look at PostgreSQL from before the end may come back after it.
_REMEMBER = """
local now = redis.call('GET', KEYS[1])
if now == 'no' or (now and tonumber(now) >= tonumber(ARGV[1])) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


async def remember(access: Access) -> None:
    """Remember for a minute that the session lives."""
    if _scripts is None:
        return
    with contextlib.suppress(RedisError, OSError):
        await _scripts.run(_REMEMBER, [cache_key(access.session_id)], access.generation, _YES_SECONDS)


# What is said there.
ENDED = b"ended"


def ended_topic(session_id: UUID) -> str:
    """Where it is told that the session has ended (signals)."""
    return f"session:{session_id}"


async def forget(session_ids: list[UUID]) -> None:
    """Remember for as long as an access token may live that these sessions have ended."""
    global _forgetting
    for session_id in session_ids:
        # Open streams end at once.
        await publish(ended_topic(session_id), ENDED)
    if _redis is None or not session_ids or await _forget(session_ids):
        return
    # Redis may still hold a yes, and be back before it expires.
    _unforgotten.update(session_ids)
    if _forgetting is None or _forgetting.done():
        _forgetting = asyncio.create_task(_forget_later(), name="sessions.forget")


_unforgotten: set[UUID] = set()
_forgetting: asyncio.Task[None] | None = None
_FORGET_EVERY = 0.5


async def _forget(session_ids: list[UUID]) -> bool:
    assert _redis is not None
    try:
        async with _redis.pipeline(transaction=False) as pipe:
            for session_id in session_ids:
                pipe.set(cache_key(session_id), "no", ex=settings().access_token_seconds + _YES_SECONDS)
            await pipe.execute()
    except (RedisError, OSError) as error:
        log().warning("sessions.not_forgotten", error=error)
        return False
    return True


async def _forget_later() -> None:
    """Try again until Redis is back, or until every yes that it may hold has expired."""
    while _unforgotten:
        owed, end = list(_unforgotten), time.monotonic() + _YES_SECONDS
        while time.monotonic() < end:
            await asyncio.sleep(_FORGET_EVERY)
            if await _forget(owed):
                break
        _unforgotten.difference_update(owed)
