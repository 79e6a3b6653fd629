"""What an administrator may do to the catalogue: look, write a new version, switch off and on.

A version never changes once it is written, because sent messages point to it. Of a prompt at most one version is in
use. Each kind keeps a prompt that fits always: without it somebody could be left without an answer or a message.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domain.accounts import audit
from domain.anchor import tokens
from domain.anchor.catalogue.seed import NOT
from domain.anchor.discretion import is_discreet
from domain.anchor.prompts import CURATED_REST_DAYS, REST_DAYS
from domain.anchor.situation import MEANINGS
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, InvalidRequest, NotFound
from domain.kit.ids import new_id
from domain.kit.text import clean_text

LONGEST_BODY = 2000
# Together with the form they have to fit into what a prompt may take (context.py), or the form would be cut off.
MOST_TOKENS = 550
# What is sent as it stands has to fit where a phone shows it.
LONGEST_TEXT = 220
LARGEST_WEIGHT = 10
_LONGEST_WORD = 60
# Of prompts that fit always, so many are wanted for nothing to come again too soon.
_WANTED = {"chat": 1, "daily": REST_DAYS + 1, "curated": CURATED_REST_DAYS + 1}


class Listed(msgspec.Struct, frozen=True):
    """A prompt in the version that is in use; in its newest one if it is switched off."""

    slug: str
    kind: str
    version: int
    source: str
    active: bool
    tone: str
    technique: str
    conditions: list[str]
    weight: int


class Version(msgspec.Struct, frozen=True):
    """One version of a prompt; `source` is delivered or administrator."""

    version: int
    source: str
    active: bool
    tone: str
    technique: str
    conditions: list[str]
    weight: int
    body: str


class Left(msgspec.Struct, frozen=True):
    """How many prompts of a kind are in use that fit always, and how many are wanted: with fewer, some come again
    sooner than they should."""

    kind: str
    always: int
    wanted: int


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; None leaves a thing as it is."""

    body: str | None = None
    tone: str | None = None
    technique: str | None = None
    conditions: list[str] | None = None
    weight: int | None = None


async def list_prompts(kind: str | None = None) -> list[Listed]:
    """Every prompt, or those of one kind, by kind and slug."""
    rows = await fetch(
        """SELECT DISTINCT ON (kind, slug) slug, kind, version, source, active, tone, technique, conditions, weight
           FROM prompts WHERE kind = $1 OR $1 IS NULL ORDER BY kind, slug, active DESC, version DESC""",
        kind,
    )
    return [Listed(**dict(row)) for row in rows]


async def versions(slug: str) -> list[Version]:
    """All versions of a prompt, the newest first. Raises NotFound."""
    rows = await fetch(
        """SELECT version, source, active, tone, technique, conditions, weight, body FROM prompts
           WHERE slug = $1 ORDER BY version DESC""",
        slug,
    )
    if not rows:
        raise NotFound
    return [Version(**dict(row)) for row in rows]


async def switch_off(slug: str, by: UUID | None) -> Left:
    """Use no version of a prompt any more, whatever is delivered later. `by` is the administrator, None on the command
    line. Raises NotFound, and Conflict `prompt_needed` if no other of its kind would fit always."""
    async with transaction():
        kind = await _lock(slug)
        changed = await fetch("UPDATE prompts SET active = false WHERE slug = $1 AND active RETURNING version", slug)
        if changed:
            await audit.record("prompt_switched_off", by, slug=slug)
        return await _check_what_is_left(kind)


async def switch_on(slug: str, by: UUID | None, version: int | None = None) -> Left:
    """Use a version of a prompt, and no other of it. If none is named, it is the newest that an administrator wrote,
    else the newest. Raises NotFound, and Conflict `prompt_needed`."""
    async with transaction():
        kind = await _lock(slug)
        chosen = await fetch_value(
            """SELECT version FROM prompts WHERE slug = $1 AND ($2::integer IS NULL OR version = $2)
               ORDER BY source = 'administrator' DESC, version DESC LIMIT 1""",
            slug, version,
        )  # fmt: skip
        if chosen is None:
            raise NotFound
        changed = await fetch(
            """UPDATE prompts SET active = version = $2 WHERE slug = $1 AND active IS DISTINCT FROM (version = $2)
               RETURNING version""",
            slug, chosen,
        )  # fmt: skip
        if changed:
            await audit.record("prompt_switched_on", by, slug=slug, version=str(chosen))
        return await _check_what_is_left(kind)


async def write_version(slug: str, change: NewVersion, by: UUID | None) -> int:
    """Write a new version of a prompt and use it; returns its number.

    Raises NotFound, InvalidRequest for what cannot be accepted, and Conflict `prompt_needed`.
    """
    await tokens.ready()
    async with transaction():
        kind = await _lock(slug)
        latest: Any = await fetch_row(
            "SELECT * FROM prompts WHERE slug = $1 ORDER BY active DESC, version DESC LIMIT 1", slug
        )
        fields = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
        new = {name: fields.get(name, latest[name]) for name in msgspec.structs.asdict(change)}
        _check(new, kind)
        version: int = await fetch_value("SELECT max(version) + 1 FROM prompts WHERE slug = $1", slug)
        await execute("UPDATE prompts SET active = false WHERE slug = $1", slug)
        await execute(
            """INSERT INTO prompts (id, slug, version, kind, tone, technique, conditions, weight, body, source, active)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'administrator', true)""",
            new_id(), slug, version, kind, clean_text(new["tone"], field="tone", longest=_LONGEST_WORD),
            clean_text(new["technique"], field="technique", longest=_LONGEST_WORD), new["conditions"], new["weight"],
            clean_text(new["body"], field="body", longest=LONGEST_TEXT if kind == "curated" else LONGEST_BODY),
        )  # fmt: skip
        await audit.record("prompt_written", by, slug=slug, version=str(version))
        await _check_what_is_left(kind)
    return version


def _check(new: dict[str, Any], kind: str) -> None:
    for name in new["conditions"]:
        if name.removeprefix(NOT) not in MEANINGS:
            raise InvalidRequest(
                "must be names of situations, each with or without “not ” before it", field="conditions"
            )
    if not 1 <= new["weight"] <= LARGEST_WEIGHT:
        raise InvalidRequest(f"must be from 1 to {LARGEST_WEIGHT}", field="weight")
    if tokens.count(new["body"]) > MOST_TOKENS:
        raise InvalidRequest("is too long for a prompt", field="body")
    if kind == "curated" and any(letter.isdigit() for letter in new["body"]):
        raise InvalidRequest("must hold no number: it is sent to everybody", field="body")
    if kind == "curated" and not is_discreet(new["body"]):
        raise InvalidRequest("must not name what it is about: it stands on people's screens", field="body")


async def _lock(slug: str) -> str:
    """The prompt's kind. Until the transaction ends nobody else changes the catalogue: two who each switch off the last
    but one would leave none."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended('prompts', 0))")
    kind: str | None = await fetch_value("SELECT kind FROM prompts WHERE slug = $1 LIMIT 1", slug)
    if kind is None:
        raise NotFound
    return kind


async def _check_what_is_left(kind: str) -> Left:
    always: int = await fetch_value(
        "SELECT count(*) FROM prompts WHERE kind = $1 AND active AND cardinality(conditions) = 0", kind
    )
    if not always:
        raise Conflict("No other prompt of this kind fits always: this one is needed.", code="prompt_needed")
    return Left(kind, always, _WANTED[kind])
