"""The catalogue of prompts in the database, and picking from it: by situation first, then by least recent use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.catalogue import CHAT, DAILY, Seed
from domain.anchor.curated import CURATED
from domain.kit.database import fetch, fetch_value
from domain.kit.ids import new_id

# For this long an angle does not come again, so long as another one fits (semantics: Anchor, "Daily message").
_REST = timedelta(days=14)
_NEVER = date.min


class Prompt(msgspec.Struct, frozen=True):
    """One active prompt, in its newest version."""

    id: UUID
    slug: str
    conditions: frozenset[str]
    weight: int
    body: str


# By slug: the last local date on which a person got it.
LastUse = Mapping[str, date]


async def seed_prompts() -> int:
    """Write the delivered prompts that are missing; returns how many. Safe to run again and again.

    A new version takes the place of the older ones; versions that administrators wrote or switched off stay so.
    """
    new = 0
    for seed in (*CHAT, *DAILY, *CURATED):
        new += bool(await _write(seed))
    return new


async def _write(seed: Seed) -> Any:
    return await fetch_value(
        """WITH written AS (
               INSERT INTO prompts (id, slug, version, kind, tone, technique, conditions, weight, body, active)
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, true
               WHERE NOT EXISTS (SELECT FROM prompts WHERE slug = $2 AND version > $3)
               ON CONFLICT (slug, version) DO NOTHING RETURNING slug, version
           ), older AS (
               UPDATE prompts SET active = false FROM written
               WHERE prompts.slug = written.slug AND prompts.version < written.version
           )
           SELECT true FROM written""",
        new_id(), seed.slug, seed.version, seed.kind, seed.tone, seed.technique, list(seed.conditions), seed.weight,
        seed.body,
    )  # fmt: skip


async def active_prompts(kind: str) -> list[Prompt]:
    """The newest active version of each prompt of `kind` (chat, daily, curated), by slug."""
    rows = await fetch(
        """SELECT DISTINCT ON (slug) id, slug, conditions, weight, body FROM prompts WHERE kind = $1 AND active
           ORDER BY slug, version DESC""",
        kind,
    )
    return [Prompt(r["id"], r["slug"], frozenset(r["conditions"]), r["weight"], r["body"]) for r in rows]


async def last_uses(user_ids: Sequence[UUID]) -> dict[UUID, dict[str, date]]:
    """When each person last got which daily prompt or curated text."""
    rows = await fetch(
        """SELECT daily.user_id, prompts.slug, max(daily.local_date) AS used_on
           FROM daily_messages AS daily JOIN prompts ON prompts.id = daily.prompt_id
           WHERE daily.user_id = ANY ($1) AND daily.state = 'sent' GROUP BY daily.user_id, prompts.slug""",
        user_ids,
    )
    uses: dict[UUID, dict[str, date]] = {user_id: {} for user_id in user_ids}
    for row in rows:
        uses[row["user_id"]][row["slug"]] = row["used_on"]
    return uses


def pick_chat(prompts: Iterable[Prompt], situation: frozenset[str]) -> Prompt:
    """How to talk to somebody in `situation`: what fits it best, the same for as long as it lasts.

    Raises LookupError when nothing fits: the catalogue needs a chat prompt without conditions.
    """
    fitting = [prompt for prompt in prompts if prompt.conditions <= situation]
    if not fitting:
        raise LookupError("no chat prompt fits: run `kuitter seed`")
    return min(fitting, key=lambda prompt: (-len(prompt.conditions), -prompt.weight, prompt.slug))


def pick_daily(
    prompts: Iterable[Prompt], situation: frozenset[str], used: LastUse, user_id: UUID, today: date
) -> Prompt:
    """The angle of the day: of those that fit and have rested, the one that fits best; else the longest unused.

    Raises LookupError when nothing fits.
    """
    fitting = [prompt for prompt in prompts if prompt.conditions <= situation]
    rested = [prompt for prompt in fitting if used.get(prompt.slug, _NEVER) < today - _REST]
    if rested:
        return min(
            rested,
            key=lambda prompt: (-len(prompt.conditions), -prompt.weight, *_by_last_use(prompt, used, user_id)),
        )
    if not fitting:
        raise LookupError("no daily prompt fits: run `kuitter seed`")
    return min(fitting, key=lambda prompt: _by_last_use(prompt, used, user_id))


def pick_curated(prompts: Iterable[Prompt], used: LastUse, user_id: UUID) -> Prompt:
    """The prepared text that the person has not had for the longest time. Raises LookupError when there is none."""
    texts = list(prompts)
    if not texts:
        raise LookupError("no curated text: run `kuitter seed`")
    return min(texts, key=lambda prompt: _by_last_use(prompt, used, user_id))


def _by_last_use(prompt: Prompt, used: LastUse, user_id: UUID) -> tuple[date, bytes]:
    """Longest ago first; among those never used, an order that each person has to themselves."""
    order = hashlib.blake2b(user_id.bytes + prompt.slug.encode(), digest_size=8).digest()
    return used.get(prompt.slug, _NEVER), order
