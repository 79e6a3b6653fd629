"""Leaving and coming back: deletion begins with a grace of 30 days, in which the account can be restored.

Rules: semantics, "Identity and privacy", Deletion. What the person wrote is not touched here: whoever reads it asks
for domain.accounts.admission.active, so that it vanishes with the state and comes back with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts import audit, letters
from domain.accounts.admission import make_restore_token, no_such_restore, read_restore_token, refuse_if_not_active
from domain.accounts.codes import Tried, use_code, void_codes
from domain.accounts.proof import prove
from domain.accounts.sessions import Tokens, end_sessions, forget, open_session
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import NotFound, Unauthenticated

GRACE = timedelta(days=30)

NOTICE = (
    "Your account is closed and will be deleted for good on the day named here; until then signing in offers to "
    "restore it. A subscription bought in the App Store or on Google Play is not ended by this and goes on billing: "
    "cancel it in the store."
)


class Departure(msgspec.Struct, frozen=True):
    """A deletion that has begun. The token takes it back, until `purges_at` (business time)."""

    deleting_since: datetime
    purges_at: datetime
    restore_token: str


async def leave(
    user_id: UUID, session_id: UUID, password: str | None, id_token: str | None, nonce: str | None
) -> Departure:
    """Close the account of somebody signed in who proves once more that it is them. Raises as prove and begin."""
    await prove(user_id, password, id_token, nonce)
    return await begin(user_id, session_id=session_id)


async def begin(user_id: UUID, *, session_id: UUID | None = None, code: Tried | None = None) -> Departure:
    """Close the account; asked again, it answers with the deletion that is under way.

    `session_id` is the session that asks; one that has ended by something else may not. `code` is used up.
    Raises NotFound for a person who is gone, Unauthenticated `session_ended`, RuleBroken `invalid_code`.
    """
    now = clock.now()
    async with transaction():
        row = await fetch_row(
            "SELECT state, deleting_since, purges_at FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id
        )
        if row is None:
            raise NotFound
        # After the person is held: whoever voids codes holds the person first, too.
        if code is not None:
            await use_code(code)
        if row["state"] == "deleting":
            return _departure(user_id, row)
        if session_id is not None:
            await _check_session(session_id)
        row = await fetch_row(
            """UPDATE users SET state_before = state, state = 'deleting', deleting_since = $2, purges_at = $3
               WHERE id = $1 RETURNING deleting_since, purges_at, email, timezone""",
            user_id, now, now + GRACE,
        )  # fmt: skip
        assert row is not None
        ended = await end_sessions(user_id, "deletion")
        await execute("DELETE FROM devices WHERE user_id = $1", user_id)
        await void_codes(user_id)
        await audit.record("deletion_begun", user_id, session_id=session_id)
        await letters.post(
            "deletion_begun", row["email"], user_id,
            at=row["purges_at"].isoformat(timespec="minutes"), zone=row["timezone"],
        )  # fmt: skip
    await forget(ended)
    return _departure(user_id, row)


async def _check_session(session_id: UUID) -> None:
    # Restored meanwhile by somebody else: what was asked before that no longer counts.
    if not await fetch_value("SELECT revoked_at IS NULL FROM sessions WHERE id = $1", session_id):
        raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")


def _departure(user_id: UUID, row: Any) -> Departure:
    since = row["deleting_since"]
    return Departure(since, row["purges_at"], make_restore_token(user_id, since))


async def restore(token: str, client: str | None) -> Tokens:
    """Take the deletion back and sign the person in; `client` is what the device calls itself.

    Raises Unauthenticated `restore_token_invalid` when the token is not ours, the purge is due or has begun, or the
    deletion was taken back before. An account that was suspended is so again: Forbidden `account_suspended`.
    """
    user_id, deleting_since = read_restore_token(token)
    tokens: Tokens | None = None
    async with transaction():
        # The purge takes this lock before it writes its row, so the two cannot both go ahead.
        row = await fetch_row(
            "SELECT id, state, deleting_since, purges_at FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id
        )
        if row is None or row["deleting_since"] != deleting_since or row["purges_at"] <= clock.now():
            raise no_such_restore()
        if await fetch_value("SELECT true FROM purges WHERE user_id = $1", user_id):
            raise no_such_restore()
        row = await fetch_row(
            """UPDATE users SET state = state_before, state_before = NULL, deleting_since = NULL, purges_at = NULL
               WHERE id = $1 RETURNING id, state, deleting_since, purges_at, email""",
            user_id,
        )
        assert row is not None
        await audit.record("deletion_taken_back", user_id)
        await letters.post("deletion_taken_back", row["email"], user_id)
        if row["state"] == "active":
            tokens = await open_session(user_id, client)
    if tokens is None:
        refuse_if_not_active(row)
        raise no_such_restore()
    return tokens
