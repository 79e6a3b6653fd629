"""A new person: what they must tell, and the rows that they begin with, whatever way they sign up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID, uuid4

import msgspec

from domain.accounts import letters
from domain.accounts.ages import age_on
from domain.accounts.consents import SENSITIVE_DATA, TERMS, record_consent
from domain.accounts.personas import begin_personas, check_username
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.days import check_zone, local_date
from domain.kit.errors import InvalidRequest, RuleBroken
from domain.kit.ids import new_id

_YOUNGEST, _OLDEST = 13, 120
_LONGEST_AGO = 50

# What other features do for a new person, in the transaction that makes them: (user_id, started_on).
Begin = Callable[[UUID, date], Awaitable[None]]


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """What a new person said of themselves, checked. `started_on` is their first clean day."""

    birth_date: date
    timezone: str
    username: str | None
    visibility: str
    started_on: date


def check_newcomer(
    *,
    birth_date: date,
    timezone: str,
    accepted_terms: bool,
    username: str | None,
    visibility: str | None,
    started_on: date | None,
) -> Newcomer:
    """Raises InvalidRequest (shape), RuleBroken (`age_restricted`, `start_in_future`, an unknown zone)."""
    zone = check_zone(timezone)
    if not accepted_terms:
        raise InvalidRequest("must be true", field="accepted_terms")
    name = None if username is None else check_username(username)
    seen = _checked_visibility(visibility, name)
    today = local_date(clock.now(), zone)
    _check_age(birth_date, today)
    start = started_on or today
    if start > today:
        raise RuleBroken("The start may not lie in the future.", code="start_in_future")
    if age_on(today, start) > _LONGEST_AGO:
        raise InvalidRequest(f"may lie at most {_LONGEST_AGO} years back", field="started_on")
    return Newcomer(birth_date=birth_date, timezone=zone, username=name, visibility=seen, started_on=start)


async def create_person(
    newcomer: Newcomer, begin: Begin, *, email: str, email_verified: bool, password_hash: str | None
) -> UUID | None:
    """The person with their personas and consents, in the caller's transaction; None if the address is taken.

    An address that nobody has confirmed yet gets a mail with a code. Raises Conflict `username_taken`.
    """
    user_id, now = new_id(), clock.now()
    created = await fetch_value(
        """INSERT INTO users (id, email, email_verified_at, password_hash, username, visibility, birth_date, timezone,
                              store_account_token, created_at)
           VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING RETURNING true""",
        user_id, email, now if email_verified else None, password_hash, newcomer.visibility, newcomer.birth_date,
        newcomer.timezone, uuid4(), now,
    )  # fmt: skip
    if not created:
        return None
    await begin_personas(user_id, newcomer.username, newcomer.visibility)
    for kind in (TERMS, SENSITIVE_DATA):
        await record_consent(user_id, kind, granted=True)
    await begin(user_id, newcomer.started_on)
    if not email_verified:
        await letters.post("verify", email, user_id)
    return user_id


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
