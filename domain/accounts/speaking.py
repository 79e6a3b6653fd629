"""Who may speak to others: in posts and comments, and to partners.

Rules: semantics, "Community" (a verified e-mail and the accepted community rules) and "Anchor", Consents gate.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.accounts.consents import COMMUNITY_RULES
from domain.kit.database import fetch_row
from domain.kit.errors import ConsentRequired, Forbidden, NotFound


class Speaker(msgspec.Struct, frozen=True):
    """Somebody who may. `persona_id` is what they wear now, `created_at` when their account was made."""

    persona_id: UUID
    created_at: datetime


_READ = f"""
SELECT email_verified_at IS NOT NULL AS verified, persona_id, created_at,
       COALESCE((SELECT granted FROM consents WHERE user_id = users.id AND kind = '{COMMUNITY_RULES}'
                 ORDER BY seq DESC LIMIT 1), false) AS agreed
FROM users WHERE id = $1"""


async def may_speak(user_id: UUID) -> Speaker:
    """Raises NotFound if they are gone, Forbidden `email_unverified`, ConsentRequired `community_rules`."""
    row = await fetch_row(_READ, user_id)
    if row is None:
        raise NotFound
    if not row["verified"]:
        raise Forbidden("Confirm your e-mail address first.", code="email_unverified")
    if not row["agreed"]:
        raise ConsentRequired(COMMUNITY_RULES)
    return Speaker(row["persona_id"], row["created_at"])
