"""The catalogue of triggers: the words that the app offers, for any habit. It stands in the table `triggers`.

What is delivered here is written once; what an administrator changes or switches off there stays so.
"""

from __future__ import annotations

import msgspec

from domain.kit.database import fetch_value


class Seed(msgspec.Struct, frozen=True):
    """One trigger as delivered. `slug` never changes: what people wrote refers to it."""

    slug: str
    label: str
    category: str


# In the order in which they are offered.
DELIVERED = (
    Seed("stress", "Stress", "feelings"),
    Seed("boredom", "Boredom", "feelings"),
    Seed("loneliness", "Loneliness", "feelings"),
    Seed("sadness", "Sadness", "feelings"),
    Seed("anger", "Anger", "feelings"),
    Seed("worry", "Worry", "feelings"),
    Seed("home-alone", "Alone at home", "situations"),
    Seed("nothing-planned", "Nothing planned", "situations"),
    Seed("after-work", "After work or school", "situations"),
    Seed("putting-off", "Putting something off", "situations"),
    Seed("argument", "An argument", "people"),
    Seed("left-out", "Feeling left out", "people"),
    Seed("pressure", "Pressure from others", "people"),
    Seed("missing-someone", "Missing somebody", "people"),
    Seed("tired", "Tired", "body"),
    Seed("hungry", "Hungry", "body"),
    Seed("restless", "Restless", "body"),
    Seed("unwell", "In pain or unwell", "body"),
    Seed("just-woken", "Just woken up", "time"),
    Seed("late-night", "Late at night", "time"),
    Seed("sleepless", "Cannot sleep", "time"),
    Seed("weekend", "Weekend or day off", "time"),
    Seed("scrolling", "Endless scrolling", "online"),
    Seed("social-media", "Social media", "online"),
    Seed("an-ad", "An ad or a picture", "online"),
    Seed("phone-in-bed", "Phone in bed", "online"),
)


async def seed_triggers() -> int:
    """Write the delivered triggers that are missing; returns how many. Safe to run again and again."""
    new = 0
    for position, seed in enumerate(DELIVERED, start=1):
        new += bool(
            await fetch_value(
                """INSERT INTO triggers (slug, label, category, position) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (slug) DO NOTHING RETURNING true""",
                seed.slug, seed.label, seed.category, position,
            )
        )  # fmt: skip
    return new
