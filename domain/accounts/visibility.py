"""Public or anonymous, at any time (semantics: Identity and privacy, "Persona"; api: PUT /v1/me/visibility)."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.accounts.authors import Author, live_author
from domain.accounts.personas import count_change, draw_alias, draw_mask, retire
from domain.accounts.profile import User, read_user
from domain.kit.database import execute, fetch_row, transaction
from domain.kit.errors import NotFound, RuleBroken

Visibility = Literal["public", "anonymous"]

# Of any 24 hours, not of a calendar day: neither midnight nor a flight gives ten in a row.
_CHANGES, _WINDOW = 5, timedelta(hours=24)


class Shown(msgspec.Struct, frozen=True):
    """`persona` is the person as others see them from now on."""

    visibility: str
    persona: Author
    user: User


async def change_visibility(user_id: UUID, visibility: Visibility) -> Shown:
    """Become public or anonymous. The present value again changes nothing and is not counted.

    Anonymous draws a fresh alias, and a fresh mask for what was written under the username. Public brings the username
    back, and what was written under an alias keeps it. Raises RuleBroken `username_required`, TooMany at the sixth
    change in 24 hours.
    """
    async with transaction():
        await _change(user_id, visibility)
        # Read before anybody else may switch again, so that the answer is of one piece.
        return Shown(visibility, await live_author(user_id, user_id), await read_user(user_id))


async def _change(user_id: UUID, visibility: Visibility) -> None:
    # Switches at the same time wait for each other here. A weaker lock than FOR UPDATE, so that nobody who refers to
    # the person waits as well.
    row = await fetch_row(
        """SELECT visibility, username_persona_id, persona_id, mask_id FROM users
           WHERE id = $1 AND state <> 'deleting' FOR NO KEY UPDATE""",
        user_id,
    )
    if row is None:
        raise NotFound
    if row["visibility"] == visibility:
        return
    if visibility == "public" and row["username_persona_id"] is None:
        raise RuleBroken("Choose a username first.", code="username_required")
    await count_change(
        "visibility_changes", user_id, at_most=_CHANGES, within=_WINDOW,
        detail="The visibility may change five times in 24 hours.",
    )  # fmt: skip
    if visibility == "public":
        await retire(row["persona_id"], row["mask_id"])
        persona_id, mask_id = row["username_persona_id"], None
    else:
        persona_id, mask_id = await draw_alias(user_id), await draw_mask(user_id)
    await execute(
        "UPDATE users SET visibility = $2, persona_id = $3, mask_id = $4 WHERE id = $1",
        user_id, visibility, persona_id, mask_id,
    )  # fmt: skip
