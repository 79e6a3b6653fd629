"""Coming in through Google or Apple: into the account that this identity belongs to, one that it joins, or a new one.

Rules: semantics, "Identity and privacy", first line. An identity is the provider's `sub`; an e-mail address only ever
decides whether an identity that nobody has yet joins an account that is there.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts import audit, letters
from domain.accounts.addresses import forget_addresses
from domain.accounts.admission import VOID_RESTORE_TOKENS, hold_active, refuse_if_not_active
from domain.accounts.apple import verify_apple
from domain.accounts.apple_access import keep_code, revoke_later
from domain.accounts.codes import void_codes
from domain.accounts.emails import normalize_email
from domain.accounts.entrances import Visitor, enter
from domain.accounts.google import verify_google
from domain.accounts.newcomers import Begin, Newcomer, check_newcomer, create_person
from domain.accounts.one_time import use_once
from domain.accounts.provider_tokens import Proven, Provider, used_before
from domain.accounts.sessions import Tokens, end_sessions, forget
from domain.accounts.sign_in import admit_registration
from domain.accounts.throttling import attempt_by_address
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, RuleBroken, Unavailable
from domain.kit.ids import new_id

# Each turn is lost only to somebody who got through, so there is one to find in the next.
_TURNS = 5


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a new person says of themselves; a known one need not say it again. `email` is for Apple without one."""

    birth_date: date | None = None
    timezone: str | None = None
    accepted_terms: bool | None = None
    username: str | None = None
    visibility: str | None = None
    started_on: date | None = None
    email: str | None = None


class Came(msgspec.Struct, frozen=True):
    tokens: Tokens
    is_new: bool


class _Again(Exception):
    """Somebody else made the account or the link at this moment: look once more."""


async def come_in_with(
    provider: Provider,
    token: str,
    nonce: str | None,
    about: About,
    visitor: Visitor,
    begin: Begin,
    *,
    authorization_code: str | None = None,
) -> Came:
    """A session for whoever an identity token names. `nonce` is the raw one, `authorization_code` Apple's.

    Raises Unauthenticated for a token that cannot be accepted, TooMany after a hundred of them from one address in 15
    minutes, Unavailable while the provider's keys cannot be had, and as come_in.
    """
    attempt = await attempt_by_address(visitor.address)
    try:
        proven = await (verify_apple if provider == "apple" else verify_google)(token, nonce)
    except Unavailable:
        await attempt.take_back()
        raise
    await attempt.take_back()
    return await come_in(proven, about, visitor, begin, authorization_code=authorization_code)


async def come_in(
    proven: Proven, about: About, visitor: Visitor, begin: Begin, *, authorization_code: str | None = None
) -> Came:
    """A session for whoever the provider says it is, all or nothing.

    Raises Unauthenticated for a token that is used up, RuleBroken `signup_fields_required` (with `fields`) for a new
    person who has not said enough, Conflict `email_in_use` for an address of somebody else's that the provider has not
    verified, `identity_conflict` for an account that another identity of this provider opens, Forbidden as every
    sign-in, and whatever registering raises. A token that led to an error may be shown again.
    """
    for _ in range(_TURNS):
        try:
            ended: list[UUID] = []
            async with transaction():
                if proven.mark and not await use_once(proven.mark, proven.expires_at):
                    raise used_before()
                came = await _come_in(proven, about, visitor, begin, ended)
                if authorization_code and isinstance(came, Came):
                    await keep_code(came.tokens.user_id, authorization_code)
            await forget(ended)
            if isinstance(came, Came):
                return came
            refuse_if_not_active(came.row)
        except _Again:
            continue
    raise RuntimeError("an account kept changing while somebody signed in to it")


class _Closed(msgspec.Struct, frozen=True):
    """The account is the person's now, but not open: what was done stays, and the answer is a refusal."""

    row: Any


async def _state_of(user_id: UUID) -> Any:
    return await fetch_row("SELECT id, state, deleting_since, purges_at FROM users WHERE id = $1", user_id)


async def _come_in(proven: Proven, about: About, visitor: Visitor, begin: Begin, ended: list[UUID]) -> Came | _Closed:
    known = await _known(proven)
    if known is not None:
        await hold_active(known)
        # It may have been unlinked before the account was held.
        if await _known(proven) != known:
            raise _Again
        return Came(await enter(known, visitor, proven.provider), is_new=False)
    owner = await _owner_of(proven.email)
    if owner is not None:
        await _join(proven, owner, ended)
        if owner["state"] != "active":
            return _Closed(await _state_of(owner["id"]))
        return Came(await enter(owner["id"], visitor, proven.provider), is_new=False)
    newcomer, email = _newcomer(proven, about)
    # Not taken back: what is refused further on would else tell, as often as one likes, who is a member.
    await admit_registration(visitor.address)
    user_id = await create_person(
        newcomer, begin, email=email, email_verified=proven.email_verified and email == proven.email, password_hash=None
    )
    if user_id is None:
        if email != proven.email:
            raise _taken()
        raise _Again
    await _link(proven, user_id)
    return Came(await enter(user_id, visitor, proven.provider, registering=True), is_new=True)


async def _known(proven: Proven) -> UUID | None:
    user_id: UUID | None = await fetch_value(
        "SELECT user_id FROM identities WHERE provider = $1 AND subject = $2", proven.provider, proven.subject
    )
    return user_id


async def _owner_of(email: str | None) -> Any | None:
    """The account with this address, held until the transaction ends."""
    return await fetch_row(
        """SELECT id, state, deleting_since, purges_at, email, email_verified_at FROM users WHERE email = $1
           FOR NO KEY UPDATE""",
        email,
    )  # fmt: skip


async def _join(proven: Proven, owner: Any, ended: list[UUID]) -> None:
    """Link the identity to the account with the same address, if both sides have proved that it is theirs.

    On the provider's word alone, the account was perhaps opened by somebody who waits for its true owner to come: then
    everything that could let that somebody in is void first.
    """
    if not proven.email_verified:
        raise _taken()
    if owner["email_verified_at"] is None:
        # In its grace or suspended, too: whoever opened it must not get it back together with its true owner.
        await _take_over(proven, owner, ended)
    else:
        refuse_if_not_active(owner)
    await _link(proven, owner["id"])
    await audit.record("identity_linked", owner["id"], provider=proven.provider)


async def _take_over(proven: Proven, owner: Any, ended: list[UUID]) -> None:
    user_id = owner["id"]
    await execute(
        f"UPDATE users SET password_hash = NULL, email_verified_at = $2, {VOID_RESTORE_TOKENS} WHERE id = $1",
        user_id, clock.now(),
    )  # fmt: skip
    ended += await end_sessions(user_id, "taken_over")
    await revoke_later(user_id)
    await execute("DELETE FROM identities WHERE user_id = $1", user_id)
    await void_codes(user_id)
    await forget_addresses(user_id)
    await audit.record("account_taken_over", user_id, provider=proven.provider)
    await letters.post("account_taken_over", owner["email"], user_id, provider=proven.provider)


async def _link(proven: Proven, user_id: UUID) -> None:
    linked = await fetch_value(
        """INSERT INTO identities (id, user_id, provider, subject, email, client_id, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true""",
        new_id(), user_id, proven.provider, proven.subject, proven.email, proven.client_id, clock.now(),
    )  # fmt: skip
    if linked:
        return
    if await _known(proven) is not None:
        raise _Again
    # An address may get a new holder at its provider, who must not get into the account of the one before.
    raise Conflict("Another account of this provider opens this account already.", code="identity_conflict")


def _newcomer(proven: Proven, about: About) -> tuple[Newcomer, str]:
    email = proven.email or (normalize_email(about.email) if about.email else None)
    if about.birth_date is None or about.timezone is None or not about.accepted_terms or email is None:
        raise _required(proven, about)
    newcomer = check_newcomer(
        birth_date=about.birth_date, timezone=about.timezone, accepted_terms=about.accepted_terms,
        username=about.username, visibility=about.visibility, started_on=about.started_on,
    )  # fmt: skip
    return newcomer, email


def _required(proven: Proven, about: About) -> RuleBroken:
    given = {
        "birth_date": about.birth_date, "timezone": about.timezone, "accepted_terms": about.accepted_terms,
        "email": proven.email or about.email,
    }  # fmt: skip
    fields = [name for name, value in given.items() if not value]
    errors = [{"field": name, "message": "is needed for a new account"} for name in fields]
    return RuleBroken(
        "There is no account yet. A new one needs more.",
        code="signup_fields_required", extra={"fields": fields, "errors": errors},
    )  # fmt: skip


def _taken() -> Conflict:
    return Conflict("There is an account with this e-mail address.", code="email_in_use")
