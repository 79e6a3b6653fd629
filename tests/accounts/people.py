"""What the tests of personas share: the present row of a person, and how what they wrote looks to others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.accounts.authors import Author, authors_of, live_author
from domain.kit.database import fetch, fetch_row
from tests.conftest import Api


def account(person: Api) -> UUID:
    return UUID(person.user["id"])


async def row_of(person: Api) -> Any:
    """The person's row of users."""
    row = await fetch_row("SELECT * FROM users WHERE id = $1", account(person))
    assert row is not None
    return row


async def worn_by(person: Api) -> UUID:
    """The persona that content of the person would be written under now."""
    persona: UUID = (await row_of(person))["persona_id"]
    return persona


async def personas_of(person: Api) -> list[Any]:
    return await fetch("SELECT * FROM personas WHERE user_id = $1 ORDER BY created_at", account(person))


async def switch(person: Api, visibility: str) -> Any:
    return await person.ok("PUT", "/v1/me/visibility", json={"visibility": visibility})


async def seen(persona: UUID, viewer: Api) -> Author:
    """The author of something written under `persona`, as `viewer` sees it now."""
    return (await authors_of([persona], account(viewer)))[persona]


async def seen_live(person: Api, viewer: Api) -> Author:
    """The person as a partner sees them now."""
    return await live_author(account(person), account(viewer))
