"""The delivered catalogue as it comes back from the database, without one."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

from domain.anchor.catalogue.seed import NOT, Seed, form_of
from domain.anchor.prompts import Prompt
from domain.kit.ids import new_id


def as_prompts(seeds: Iterable[Seed]) -> list[Prompt]:
    return [
        Prompt(
            id=new_id(),
            slug=seed.slug,
            needs=frozenset(name for name in seed.conditions if not name.startswith(NOT)),
            unless=frozenset(name.removeprefix(NOT) for name in seed.conditions if name.startswith(NOT)),
            weight=seed.weight,
            body=seed.body + form_of(seed.kind),
        )
        for seed in seeds
    ]


# Slug, version and checksum of every seed as it was last delivered.
DELIVERED = Path(__file__).with_name("delivered_prompts.txt")


def delivery_note(seeds: Iterable[Seed]) -> str:
    """What DELIVERED should say of `seeds`."""
    lines = [
        f"{seed.slug} {seed.version} {zlib.crc32(repr((seed.conditions, seed.weight, seed.body)).encode()):08x}\n"
        for seed in seeds
    ]
    return "".join(sorted(lines))
