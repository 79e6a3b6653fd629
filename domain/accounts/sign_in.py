"""Signing up and in by e-mail and password."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.accounts import audit
from domain.accounts.addresses import NOWHERE, address_hash
from domain.accounts.admission import hold_active
from domain.accounts.emails import normalize_email
from domain.accounts.entrances import Visitor, enter
from domain.accounts.newcomers import Begin, check_newcomer, create_person
from domain.accounts.passwords import check_password, hash_password, verify_password
from domain.accounts.sessions import Tokens
from domain.accounts.throttling import attempt_password
from domain.kit.database import fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, InvalidRequest, TooMany, Unauthenticated
from domain.kit.limits import Window, limiter
from domain.kit.settings import settings

_REGISTRATIONS = Window("registrations", 120, 3600)


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new person. `timezone` is an IANA name; `started_on` the first clean day, today if left out."""

    email: str
    password: Annotated[str, Meta(description="8 to 128 characters")]
    birth_date: date
    timezone: Annotated[str, Meta(description="An IANA name")]
    accepted_terms: bool
    username: Annotated[str, Meta(description="3 to 20 of a-z, 0-9 and _")] | None = None
    visibility: str | None = None
    started_on: date | None = None


async def admit_registration(address: str) -> None:
    """Raises TooMany after 120 registrations of an address in an hour, where limits by address hold."""
    if settings().address_limits:
        verdict = await limiter().hit(_REGISTRATIONS, address)
        if not verdict.allowed:
            raise TooMany(retry_after=verdict.reset)


async def register(asked: Registration, client: str | None, begin: Begin, address: str = NOWHERE) -> Tokens:
    """Create the person with their consents and first session, all or nothing, and mail them a code.

    `begin(user_id, started_on)` is what other features do for a new person, in the same transaction.
    Raises InvalidRequest (shape), RuleBroken (`age_restricted`, a start in the future), Conflict (`email_in_use`,
    `username_taken`).
    """
    email = normalize_email(asked.email)
    check_password(asked.password, email)
    newcomer = check_newcomer(
        birth_date=asked.birth_date, timezone=asked.timezone, accepted_terms=asked.accepted_terms,
        username=asked.username, visibility=asked.visibility, started_on=asked.started_on,
    )  # fmt: skip
    hashed = await hash_password(asked.password)
    async with transaction():
        user_id = await create_person(newcomer, begin, email=email, email_verified=False, password_hash=hashed)
        if user_id is None:
            raise Conflict("There is an account with this e-mail address.", code="email_in_use")
        return await enter(user_id, Visitor(client, address), "password", registering=True)


async def login(email: str, password: str, client: str | None, address: str) -> Tokens:
    """A session for the right password.

    A wrong password and an unknown address answer alike, after the same work (Unauthenticated `invalid_credentials`).
    Raises Forbidden for an account that is suspended or being deleted, TooMany after ten failures of an account, or a
    hundred of an address, in 15 minutes (domain/accounts/throttling.py).
    """
    try:
        email = normalize_email(email)
    except InvalidRequest:
        raise _wrong() from None
    row = await fetch_row("SELECT id, password_hash FROM users WHERE email = $1", email)
    user_id, stored = (row["id"], row["password_hash"]) if row else (None, None)
    attempt = await attempt_password(email, user_id, address)
    if not await verify_password(stored, password) or user_id is None:
        where = address_hash(user_id, address).hex()
        await audit.record("sign_in_failed", user_id, method="password", address=where)
        raise _wrong()
    await attempt.take_back()
    async with transaction():
        await hold_active(user_id)
        # It may have been changed while this one was looked at, and whoever changed it ended all sessions.
        if await fetch_value("SELECT password_hash FROM users WHERE id = $1", user_id) != stored:
            raise _wrong()
        return await enter(user_id, Visitor(client, address), "password")


def _wrong() -> Unauthenticated:
    return Unauthenticated("E-mail address or password is wrong.", code="invalid_credentials")
