"""Writing the delivered catalogue to the table prompts. What administrators wrote or switched off stays so."""

from __future__ import annotations

from typing import Any

from domain.anchor.catalogue import CHAT, CURATED, DAILY
from domain.anchor.catalogue.seed import Seed
from domain.kit.database import fetch_value
from domain.kit.ids import new_id

# A new version takes the place of an older delivered one. Where an administrator's version is in use, or where all
# versions are switched off, it is only laid beside them.
_WRITE = """
WITH before AS (
    SELECT count(*) = 0 AS unknown,
           COALESCE((array_agg(source ORDER BY version DESC) FILTER (WHERE active))[1] = 'delivered', false) AS in_use
    FROM prompts WHERE slug = $2
), written AS (
    INSERT INTO prompts (id, slug, version, kind, tone, technique, conditions, weight, body, source, active)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 'delivered', before.unknown OR before.in_use FROM before
    WHERE NOT EXISTS (SELECT FROM prompts WHERE slug = $2 AND version > $3 AND source = 'delivered')
    ON CONFLICT (slug, version) DO NOTHING RETURNING slug, version, active
), older AS (
    UPDATE prompts SET active = false FROM written
    WHERE written.active AND prompts.slug = written.slug AND prompts.version < written.version
)
SELECT true FROM written
"""


async def seed_prompts() -> int:
    """Write the delivered prompts that are missing; returns how many. Safe to run again and again."""
    new = 0
    for seed in (*CHAT, *DAILY, *CURATED):
        new += bool(await _write(seed))
    return new


async def _write(seed: Seed) -> Any:
    return await fetch_value(
        _WRITE, new_id(), seed.slug, seed.version, seed.kind, seed.tone, seed.technique, list(seed.conditions),
        seed.weight, seed.body,
    )  # fmt: skip
