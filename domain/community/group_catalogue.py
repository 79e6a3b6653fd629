"""The groups as they are delivered; `kuitter seed` writes them to the table, where administrators go on with them.

Names and descriptions may be read over somebody's shoulder, so none says what it is that people are leaving. The seeded
member counts are what a new group shows before people have found it: see docs/community.md before using them.
"""

from __future__ import annotations

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch
from domain.kit.ids import new_id


class Seed(msgspec.Struct, frozen=True):
    """One group as delivered. `slug` never changes; the rest is an administrator's as soon as it is written."""

    slug: str
    name: str
    description: str
    seeded_members: int


# In the order in which they are shown.
DELIVERED = (
    Seed("first-days", "First days", "For the beginning, when every hour counts. Ask anything; all of us began.", 1840),
    Seed("evenings", "Evenings and nights", "For the hours when the day is over and the house is quiet.", 1260),
    Seed("starting-again", "Starting again", "For the day after a hard day. Nobody here counts how often.", 970),
    Seed("small-joys", "Small joys", "What was good today: a walk, a meal, a laugh. The smaller the better.", 1530),
    Seed("moving", "Moving", "Walking, running, dancing: out of your head and into your body.", 720),
    Seed("sleep", "Better sleep", "Resting well, and what to do with the phone until morning.", 640),
    Seed("close-people", "The people close to us", "Partners, friends, family: talking, mending, being honest.", 430),
    Seed("long-road", "The long road", "For those who are months or years along, and for what comes then.", 310),
)
_STEP = 10

_SEED = """
INSERT INTO groups (id, slug, name, description, seeded_members, position, created_at)
SELECT id, slug, name, description, seeded_members, position, $7
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[])
     AS delivered (id, slug, name, description, seeded_members, position)
ON CONFLICT (slug) DO NOTHING RETURNING id"""


async def seed_groups() -> int:
    """Write the delivered groups that are missing; returns how many. Safe to run again and again.

    One that is there stays as it is: renamed, reseeded, moved or archived, that is an administrator's word.
    """
    rows = await fetch(
        _SEED,
        [new_id() for _ in DELIVERED],
        [one.slug for one in DELIVERED],
        [one.name for one in DELIVERED],
        [one.description for one in DELIVERED],
        [one.seeded_members for one in DELIVERED],
        [_STEP * place for place in range(1, len(DELIVERED) + 1)],
        clock.now(),
    )
    return len(rows)
