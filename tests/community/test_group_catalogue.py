"""The delivered groups, and seeding them."""

from __future__ import annotations

import asyncio
import re

from domain.community.group_catalogue import DELIVERED, seed_groups
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.safety.text_filter import objection
from ops.seeding import seed

# What somebody beside the phone should not read, what shames, and what sells.
_NOT_SAID = re.compile(
    r"porn|masturbat|\bsex|addict|relapse|slip|fail|weak|shame|guilt|dirty|should|premium|subscri|\$|€", re.IGNORECASE
)


def test_there_are_some_and_each_is_its_own():
    assert len(DELIVERED) == 8
    for field in ("slug", "name", "description", "seeded_members"):
        assert len({getattr(one, field) for one in DELIVERED}) == len(DELIVERED)


def test_the_words_are_kind_and_discreet():
    for one in DELIVERED:
        words = f"{one.name}. {one.description}"
        assert not _NOT_SAID.search(words), one
        assert objection(words) is None
        assert one.description.endswith(".")
        assert len(one.name) <= 30
        assert len(one.description) <= 120
        assert re.fullmatch(r"[a-z-]{3,30}", one.slug)


def test_the_seeded_counts_are_of_a_plausible_size():
    assert all(100 <= one.seeded_members <= 3000 for one in DELIVERED)


async def test_they_are_seeded_and_shown_in_order(person):
    assert await seed_groups() == len(DELIVERED)
    shown = (await person.ok("GET", "/v1/groups"))["items"]
    assert [(one["slug"], one["member_count"]) for one in shown] == [
        (one.slug, one.seeded_members) for one in DELIVERED
    ]  # fmt: skip


async def test_seeding_again_changes_nothing(app):
    assert (await seed())["groups"] == len(DELIVERED)
    before = await fetch("SELECT ctid, xmin, * FROM groups ORDER BY slug")
    assert (await seed())["groups"] == 0
    assert await fetch("SELECT ctid, xmin, * FROM groups ORDER BY slug") == before


async def test_seeding_many_times_at_once_writes_each_once(app):
    assert sum(await asyncio.gather(*(seed_groups() for _ in range(8)))) == len(DELIVERED)
    assert await fetch_value("SELECT count(*) FROM groups") == len(DELIVERED)


async def test_what_an_administrator_did_stays(app):
    await seed_groups()
    await execute(
        """UPDATE groups SET name = 'Nights', description = 'Other', seeded_members = 0, position = 99,
                             archived_at = now() WHERE slug = 'evenings'"""
    )
    await execute("DELETE FROM groups WHERE slug = 'sleep'")
    before = await fetch_row("SELECT * FROM groups WHERE slug = 'evenings'")
    assert await seed_groups() == 1
    assert await fetch_row("SELECT * FROM groups WHERE slug = 'evenings'") == before
