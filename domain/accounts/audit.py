"""Security events: who did what to an account, and when; never a text, an e-mail or a network address.

Kept for a year (semantics: Identity and privacy, Deletion). An event commits with what it tells of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.kit.clock import real_now
from domain.kit.database import execute
from domain.kit.forgetting import forget
from domain.kit.ids import new_id

Kind = Literal[
    "registered", "signed_in", "sign_in_failed", "signed_out", "session_revoked", "refresh_reused",
    "password_changed", "password_reset", "email_changed", "email_verified",
    "identity_linked", "identity_unlinked", "account_taken_over",
    "deletion_begun", "deletion_taken_back", "export_asked",
    "prompt_written", "prompt_switched_off", "prompt_switched_on",
    "purchase_moved", "grant_given",
]  # fmt: skip

_KEPT_DAYS = 365
# Guesses at addresses that nobody has are noted like the others, so that they cost the same, but nobody needs them.
_NOBODYS_KEPT_DAYS = 7


async def record(kind: Kind, user_id: UUID | None, *, session_id: UUID | None = None, **details: str) -> None:
    """Note an event, in the present transaction if there is one. `details` are words of ours, ids or keyed hashes."""
    await record_each(kind, user_id, [session_id], **details)


async def record_each(kind: Kind, user_id: UUID | None, session_ids: Sequence[UUID | None], **details: str) -> None:
    """The same event for several sessions."""
    await execute(
        """INSERT INTO audit_events (id, user_id, kind, session_id, at, details)
           SELECT id, $2, $3, session_id, $5, $6 FROM unnest($1::uuid[], $4::uuid[]) AS events (id, session_id)""",
        [new_id() for _ in session_ids], user_id, kind, session_ids, real_now(),
        msgspec.json.encode(details).decode(),
    )  # fmt: skip


async def forget_old() -> int:
    """Remove what has been kept long enough; returns how many rows."""
    return await forget(
        "audit_events",
        "at < $1 OR (user_id IS NULL AND kind = 'sign_in_failed' AND at < $2)",
        real_now() - timedelta(days=_KEPT_DAYS),
        real_now() - timedelta(days=_NOBODYS_KEPT_DAYS),
    )
