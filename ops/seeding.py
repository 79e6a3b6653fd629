"""What a fresh system needs in its tables: the catalogues, each written by its feature."""

from __future__ import annotations

from domain.achievements.catalogue import seed_achievements
from domain.anchor.seeding import seed_prompts
from domain.community.group_catalogue import seed_groups
from domain.quizzes.seeding import seed_quizzes
from domain.recovery.trigger_catalogue import seed_triggers


async def seed() -> dict[str, int]:
    """Write the delivered rows that are missing; how many are new, by catalogue. Safe to run again and again."""
    return {
        "prompts": await seed_prompts(),
        "triggers": await seed_triggers(),
        "quizzes": await seed_quizzes(),
        "achievements": await seed_achievements(),
        "groups": await seed_groups(),
    }
