"""Who wrote it, as others may see it now: the one place where a stored persona becomes an `author`.

Content stores the persona under which it was written, never a name and never the person. An alias is shown as that
alias for ever. The username's persona, a former one too, is shown as the present username while the person is public,
and as the present mask while they are anonymous; so no answer joins the two sides (semantics: Identity and privacy,
"Persona"). Who is suspended or about to be deleted is shown nowhere: the joins below leave their rows out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.admission import active
from domain.kit.database import fetch, fetch_row, fetch_value
from domain.kit.errors import NotFound


class Author(msgspec.Struct, frozen=True):
    """A person as others see them. `id` and `name` are those of a persona, and change with it."""

    id: UUID
    name: str
    # There are no pictures yet; a username's picture will have to go with the username.
    avatar_url: str | None
    is_me: bool


def written_by(persona: str, *, prefix: str = "author", join: str = "JOIN") -> str:
    """The joins from content to its author. `persona` is the SQL of the stored persona's id, `posts.persona_id`.

    They add `<prefix>_person` (of users), for blocks and bans, and `<prefix>_shown` (of personas). With `join` as LEFT
    JOIN a row stays whose author is not to be shown, and the columns are null.
    """
    return f"""
        {join} personas AS {prefix}_stored ON {prefix}_stored.id = {persona}
        {join} users AS {prefix}_person ON {prefix}_person.id = {prefix}_stored.user_id
            AND {active(prefix + "_person")}
        {join} personas AS {prefix}_shown ON {prefix}_shown.id = CASE
            WHEN {prefix}_stored.kind = 'alias' THEN {prefix}_stored.id
            WHEN {prefix}_person.visibility = 'public' THEN {prefix}_person.username_persona_id
            ELSE {prefix}_person.mask_id END
    """


def living_as(person: str, *, prefix: str = "author") -> str:
    """The joins from a person to the persona that they wear now: for partners, requests and search.

    `person` is the SQL of a user's id. The joined tables are named as by `written_by`.
    """
    return f"""
        JOIN users AS {prefix}_person ON {prefix}_person.id = {person} AND {active(prefix + "_person")}
        JOIN personas AS {prefix}_shown ON {prefix}_shown.id = {prefix}_person.persona_id
    """


def author_columns(viewer: str, *, prefix: str = "author") -> str:
    """The columns that `author_in` reads, after one of the joins. `viewer` is the SQL of who is looking, `$1`."""
    return (
        f"{prefix}_shown.id AS {prefix}_id, {prefix}_shown.name AS {prefix}_name, "
        f"{prefix}_person.id = {viewer} AS {prefix}_is_me"
    )


def author_in(row: Any, *, prefix: str = "author") -> Author:
    """The author in a row that has the `author_columns`."""
    return Author(row[f"{prefix}_id"], row[f"{prefix}_name"], None, row[f"{prefix}_is_me"])


async def authors_of(personas: Sequence[UUID], viewer: UUID) -> dict[UUID, Author]:
    """The authors behind stored personas, by the stored id; who is not to be shown is missing."""
    rows = await fetch(
        f"""SELECT stored.id AS stored_id, {author_columns("$2::uuid")}
            FROM unnest($1::uuid[]) AS stored (id) {written_by("stored.id")}""",
        list(personas), viewer,
    )  # fmt: skip
    return {row["stored_id"]: author_in(row) for row in rows}


async def live_author(user_id: UUID, viewer: UUID) -> Author:
    """The person as others see them now. Raises NotFound if they are gone."""
    row = await fetch_row(
        f"SELECT {author_columns('$2::uuid')} FROM (SELECT $1::uuid AS id) AS asked {living_as('asked.id')}",
        user_id, viewer,
    )  # fmt: skip
    if row is None:
        raise NotFound
    return author_in(row)


async def person_behind(author_id: UUID) -> UUID:
    """The account behind a public id, a retired one too: for blocks, reports and partner requests.

    Never answer with it. Raises NotFound if there is none, or if they are about to be deleted; somebody suspended
    counts, because one may still block and report them.
    """
    user_id: UUID | None = await fetch_value(
        """SELECT users.id FROM personas JOIN users ON users.id = personas.user_id
           WHERE personas.id = $1 AND users.state <> 'deleting'""",
        author_id,
    )
    if user_id is None:
        raise NotFound
    return user_id
