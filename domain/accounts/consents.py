"""Consents: what a person agreed to, in which version, and when. The newest row of a kind is in force."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value, transaction
from domain.kit.errors import ConsentRequired, InvalidRequest, NotFound
from domain.kit.ids import new_id

TERMS, COMMUNITY_RULES, THIRD_PARTY_AI = "terms", "community_rules", "third_party_ai"
SENSITIVE_DATA, PARTNER_SHARING = "sensitive_data", "partner_sharing"

# The version in force of each text, and what it says in short; the whole texts are the app's /legal pages.
CURRENT: dict[str, tuple[str, str]] = {
    TERMS: ("2026-11", "The terms of use."),
    COMMUNITY_RULES: ("2026-11", "The rules for posts, comments and partners."),
    THIRD_PARTY_AI: (
        "2026-11",
        "Anchor's answers and daily messages are written by the language model of DeepSeek. For that, your streaks, "
        "check-ins, goals, the journal entries that you share and your talk with Anchor are sent to DeepSeek, without "
        "your name and e-mail address. Without this consent nothing is sent and Anchor uses prepared texts.",
    ),
    SENSITIVE_DATA: (
        "2026-11",
        "Keeping what you write about your recovery, which may concern health and sexual life.",
    ),
    PARTNER_SHARING: ("2026-11", "Showing your streak, slips and calls for help to accountability partners."),
}


class ConsentView(msgspec.Struct, frozen=True):
    """`version` is the one that was agreed to or refused; `current_version` the one in force; `text` says it short."""

    kind: str
    granted: bool
    version: str | None
    changed_at: datetime | None
    current_version: str
    text: str


async def record_consent(user_id: UUID, kind: str, *, granted: bool, version: str | None = None) -> None:
    """Write a change down, in the present transaction if there is one.

    Raises NotFound for an unknown kind, InvalidRequest for a version that was never in force.
    """
    if kind not in CURRENT:
        raise NotFound
    current = CURRENT[kind][0]
    if version is not None and version != current:
        raise InvalidRequest(f"must be the version in force, {current}", field="version")
    # Changes of one person come one after the other, in the order that seq gives them.
    await fetch_value("SELECT true FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
    await fetch_value(
        """INSERT INTO consents (id, user_id, kind, version, granted, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
           RETURNING true""",
        new_id(), user_id, kind, version or current, granted, clock.now(),
    )  # fmt: skip


async def change_consent(user_id: UUID, kind: str, *, granted: bool, version: str | None) -> ConsentView:
    """Give or withdraw one consent; it acts at once. Raises as record_consent."""
    async with transaction():
        await record_consent(user_id, kind, granted=granted, version=version)
    return next(view for view in await list_consents(user_id) if view.kind == kind)


async def list_consents(user_id: UUID) -> list[ConsentView]:
    """All kinds with their present state."""
    rows = await fetch(
        """SELECT DISTINCT ON (kind) kind, granted, version, changed_at FROM consents WHERE user_id = $1
           ORDER BY kind, seq DESC""",
        user_id,
    )
    state = {row["kind"]: row for row in rows}
    return [
        ConsentView(
            kind=kind,
            granted=kind in state and state[kind]["granted"],
            version=state[kind]["version"] if kind in state else None,
            changed_at=state[kind]["changed_at"] if kind in state else None,
            current_version=version,
            text=text,
        )
        for kind, (version, text) in CURRENT.items()
    ]


async def has_consent(user_id: UUID, kind: str) -> bool:
    """Whether the newest change of `kind` granted it."""
    return bool(
        await fetch_value(
            "SELECT granted FROM consents WHERE user_id = $1 AND kind = $2 ORDER BY seq DESC LIMIT 1", user_id, kind
        )
    )


async def require_consent(user_id: UUID, kind: str) -> None:
    """Raises ConsentRequired, which names the kind, without it."""
    if not await has_consent(user_id, kind):
        raise ConsentRequired(kind)


def missing_sql(user_sql: str, *kinds: str) -> str:
    """A subselect with the first of `kinds` that the person has withdrawn, or null.

    For the kinds that signing up gives: without a change they are granted.
    """
    needed = ", ".join(f"('{kind}')" for kind in kinds)
    return f"""(SELECT needed.kind FROM (VALUES {needed}) AS needed (kind)
                WHERE NOT COALESCE((SELECT granted FROM consents WHERE consents.user_id = {user_sql}
                                    AND consents.kind = needed.kind ORDER BY seq DESC LIMIT 1), true) LIMIT 1)"""
