"""Signing up and in by e-mail and password."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID, uuid4

import msgspec

from domain.accounts.consents import SENSITIVE_DATA, TERMS, record_consent
from domain.accounts.emails import normalize_email
from domain.accounts.passwords import check_password, hash_password, verify_password
from domain.accounts.personas import draw_alias, take_username
from domain.accounts.sessions import Tokens, open_session
from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value, transaction
from domain.kit.days import check_zone, local_date
from domain.kit.errors import Conflict, Forbidden, InvalidRequest, RuleBroken, TooMany, Unauthenticated
from domain.kit.ids import new_id
from domain.kit.limits import Window, limiter
from domain.kit.settings import settings

_USERNAME = re.compile(r"[a-z0-9_]{3,20}")
_YOUNGEST, _OLDEST = 13, 120
_REGISTRATIONS = Window("registrations", 120, 3600)
_FAILED_BY_ACCOUNT = Window("sign-in-account", 10, 900)
_FAILED_BY_ADDRESS = Window("sign-in-address", 100, 900)


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new person. `timezone` is an IANA name; `started_on` the first clean day, today if left out."""

    email: str
    password: str
    birth_date: date
    timezone: str
    accepted_terms: bool
    username: str | None = None
    visibility: str | None = None
    started_on: date | None = None


def age_on(day: date, birth_date: date) -> int:
    """Whole years lived on `day`."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


async def admit_registration(address: str) -> None:
    """Raises TooMany after 120 registrations of an address in an hour, where limits by address hold."""
    if settings().address_limits:
        verdict = await limiter().hit(_REGISTRATIONS, address)
        if not verdict.allowed:
            raise TooMany(retry_after=verdict.reset)


async def register(asked: Registration, client: str | None, begin: Callable[[UUID, date], Awaitable[None]]) -> Tokens:
    """Create the person with their consents and first session, all or nothing.

    `begin(user_id, started_on)` is what other features do for a new person, in the same transaction.
    Raises InvalidRequest (shape), RuleBroken (`age_restricted`, a start in the future), Conflict (`email_in_use`,
    `username_taken`).
    """
    email = normalize_email(asked.email)
    check_password(asked.password, email)
    zone = check_zone(asked.timezone)
    if not asked.accepted_terms:
        raise InvalidRequest("must be true", field="accepted_terms")
    username = _checked_username(asked.username)
    visibility = _checked_visibility(asked.visibility, username)
    today = local_date(clock.now(), zone)
    _check_age(asked.birth_date, today)
    started_on = asked.started_on or today
    if started_on > today:
        raise RuleBroken("The start may not lie in the future.", code="start_in_future")
    if age_on(today, started_on) > 50:
        raise InvalidRequest("may lie at most 50 years back", field="started_on")

    hashed = await hash_password(asked.password)
    user_id = new_id()
    async with transaction():
        created = await fetch_value(
            """INSERT INTO users (id, email, password_hash, username, visibility, birth_date, timezone,
                                  store_account_token, created_at)
               VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING RETURNING true""",
            user_id, email, hashed, visibility, asked.birth_date, zone, uuid4(), clock.now(),
        )  # fmt: skip
        if not created:
            raise Conflict("There is an account with this e-mail address.", code="email_in_use")
        persona_id = await take_username(user_id, username) if username else None
        if persona_id is None or visibility == "anonymous":
            persona_id = await draw_alias(user_id)
        await fetch_value(
            "UPDATE users SET username = $2, persona_id = $3 WHERE id = $1 RETURNING true",
            user_id,
            username,
            persona_id,
        )
        for kind in (TERMS, SENSITIVE_DATA):
            await record_consent(user_id, kind, granted=True)
        await begin(user_id, started_on)
        return await open_session(user_id, client)


def _checked_username(username: str | None) -> str | None:
    if username is not None and not _USERNAME.fullmatch(username):
        raise InvalidRequest("must have 3 to 20 of a-z, 0-9 and _", field="username")
    return username


def _checked_visibility(visibility: str | None, username: str | None) -> str:
    if visibility is None:
        return "public" if username else "anonymous"
    if visibility not in ("public", "anonymous"):
        raise InvalidRequest("must be public or anonymous", field="visibility")
    if visibility == "public" and not username:
        raise InvalidRequest("is needed to be public", field="username")
    return visibility


def _check_age(birth_date: date, today: date) -> None:
    age = age_on(today, birth_date)
    if birth_date > today or age > _OLDEST:
        raise InvalidRequest("is not a birth date", field="birth_date")
    if age < _YOUNGEST:
        raise RuleBroken(f"Kuitter is for people of {_YOUNGEST} and older.", code="age_restricted")


async def login(email: str, password: str, client: str | None, address: str) -> Tokens:
    """A session for the right password.

    A wrong password and an unknown address answer alike, after the same work (Unauthenticated `invalid_credentials`).
    Raises TooMany after ten failures of an account, or a hundred of an address, in 15 minutes.
    """
    try:
        email = normalize_email(email)
    except InvalidRequest:
        raise _wrong() from None
    counted = [(_FAILED_BY_ACCOUNT, hashlib.sha256(email.encode()).hexdigest())]
    if settings().address_limits:
        counted.append((_FAILED_BY_ADDRESS, address))
    # Counted before the password is looked at, so that guesses in parallel are counted too; taken back on success.
    for window, who in counted:
        verdict = await limiter().hit(window, who)
        if not verdict.allowed:
            raise TooMany("Too many failed sign-ins. Wait a little.", retry_after=verdict.reset)
    row = await fetch_row("SELECT id, password_hash, state FROM users WHERE email = $1", email)
    if not await verify_password(row["password_hash"] if row else None, password) or row is None:
        raise _wrong()
    for window, who in counted:
        await limiter().take_back(window, who)
    if row["state"] == "suspended":
        raise Forbidden("This account is suspended.", code="account_suspended")
    async with transaction():
        return await open_session(row["id"], client)


def _wrong() -> Unauthenticated:
    return Unauthenticated("E-mail address or password is wrong.", code="invalid_credentials")
