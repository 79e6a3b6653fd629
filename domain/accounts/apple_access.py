"""Apple's refresh token of a person: got for the code that came with a sign-in, and revoked when the link ends.

Apple asks for the latter (App Review 5.1.1(v)). Both are jobs, so that nobody waits for Apple or fails with it.
Code and tokens lie encrypted in the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.accounts.sealing import Unreadable, seal, unseal
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.ids import new_id
from domain.kit.outbox import Job, enqueue

_SEAL = "apple"
# A code lives for five minutes, and is good once.
_CODE_LIFE = timedelta(minutes=5)
_LONGEST_CODE = 1024


class ExchangeAppleCode(Job, frozen=True):
    name: ClassVar[str] = "accounts.apple_code"
    identity_id: UUID


class RevokeApple(Job, frozen=True):
    name: ClassVar[str] = "accounts.apple_revocation"
    revocation_id: UUID


class Code(msgspec.Struct, frozen=True):
    """A code to be exchanged, and who must come out."""

    code: str
    client_id: str
    subject: str


class Revocation(msgspec.Struct, frozen=True):
    token: str
    client_id: str


async def keep_code(user_id: UUID, code: str) -> None:
    """Have `code` exchanged, in the transaction of the sign-in that it came with; not needed where a token is kept."""
    if not 0 < len(code) <= _LONGEST_CODE:
        return
    identity_id = await fetch_value(
        """UPDATE identities SET authorization_code = $2
           WHERE user_id = $1 AND provider = 'apple' AND refresh_token IS NULL RETURNING id""",
        user_id, seal(_SEAL, code),
    )  # fmt: skip
    if identity_id is not None:
        await enqueue(ExchangeAppleCode(identity_id=identity_id), not_after=clock.now() + _CODE_LIFE)


async def read_code(identity_id: UUID) -> Code | None:
    """The code that waits for its exchange, if there still is one."""
    row = await fetch_row(
        """SELECT authorization_code, client_id, subject FROM identities
           WHERE id = $1 AND authorization_code IS NOT NULL""",
        identity_id,
    )
    if row is None:
        return None
    try:
        return Code(unseal(_SEAL, row["authorization_code"]), row["client_id"], row["subject"])
    except Unreadable:
        return None


async def keep_token(identity_id: UUID, client_id: str, token: str) -> None:
    """Keep the refresh token that came for the code. If the link ended meanwhile, the token is revoked instead."""
    sealed = seal(_SEAL, token)
    kept = await fetch_value(
        "UPDATE identities SET refresh_token = $2, authorization_code = NULL WHERE id = $1 RETURNING true",
        identity_id, sealed,
    )  # fmt: skip
    if not kept:
        await _revoke_later(client_id, sealed)


async def drop_code(identity_id: UUID) -> None:
    """The code is worth nothing any more."""
    await execute("UPDATE identities SET authorization_code = NULL WHERE id = $1", identity_id)


async def revoke_later(user_id: UUID) -> None:
    """Have the person's refresh token revoked, in the transaction that ends the link (or the account)."""
    for row in await fetch(
        """SELECT client_id, refresh_token FROM identities
           WHERE user_id = $1 AND provider = 'apple' AND refresh_token IS NOT NULL""",
        user_id,
    ):  # fmt: skip
        await _revoke_later(row["client_id"], row["refresh_token"])


async def _revoke_later(client_id: str, sealed: bytes) -> None:
    revocation_id = new_id()
    await execute(
        "INSERT INTO apple_revocations (id, client_id, refresh_token, created_at) VALUES ($1, $2, $3, $4)",
        revocation_id, client_id, sealed, clock.now(),
    )  # fmt: skip
    await enqueue(RevokeApple(revocation_id=revocation_id))


async def read_revocation(revocation_id: UUID) -> Revocation | None:
    """What is to be revoked; None if that is done, or no key of ours opens it."""
    row = await fetch_row("SELECT client_id, refresh_token FROM apple_revocations WHERE id = $1", revocation_id)
    if row is None:
        return None
    try:
        return Revocation(unseal(_SEAL, row["refresh_token"]), row["client_id"])
    except Unreadable:
        return None


async def forget_revocation(revocation_id: UUID) -> None:
    """It is revoked, or never will be."""
    await execute("DELETE FROM apple_revocations WHERE id = $1", revocation_id)
