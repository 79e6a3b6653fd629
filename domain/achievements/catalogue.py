"""The achievements as they are delivered; `kuitter seed` writes them to the table, where administrators may add others.

Titles say what somebody did, and nothing about what went wrong. They may stand on a lock screen, by the person's own
choice, so none names what it is that they are leaving.
"""

from __future__ import annotations

import msgspec

from domain.achievements.metrics import Metric
from domain.kit.database import fetch


class Delivered(msgspec.Struct, frozen=True):
    """One achievement: earned once `metric` is at least `level`."""

    slug: str
    metric: Metric
    level: int
    title: str
    description: str


# By metric: the beginning of the slugs, and level, title and description of each.
_LADDERS: dict[Metric, tuple[str, list[tuple[int, str, str]]]] = {
    "best_clean_days": (
        "clean-days",
        [
            (1, "One whole day", "You gave yourself a whole day. Every long road has one like it."),
            (3, "Three days on", "Three days in a row. The first ones are the steepest."),
            (7, "A week of your own", "Seven days in a row, weekend included."),
            (14, "Two weeks strong", "Fourteen days in a row. A new rhythm is beginning."),
            (30, "Thirty days", "Thirty days in a row. You have seen what you can do."),
            (60, "Two months of mornings", "Sixty days in a row, and as many new mornings."),
            (90, "Ninety days", "Ninety days in a row. This is becoming who you are."),
            (180, "Half a year", "A hundred and eighty days in a row: two seasons of your life."),
            (365, "Once around the sun", "A whole year, every season of it."),
            (500, "Five hundred days", "Five hundred days in a row, each of them chosen."),
            (730, "Two years", "Two years in a row. What was hard has become home."),
            (1000, "A thousand days", "A thousand days in a row. Few people know what that takes; you do."),
        ],
    ),
    "total_clean_days": (
        "days-in-all",
        [
            (10, "Ten days in all", "Ten days altogether. Each one stays yours."),
            (25, "Twenty-five days in all", "Twenty-five days altogether, in a row or not."),
            (50, "Fifty days in all", "Fifty days altogether. They add up."),
            (100, "A hundred days in all", "A hundred days altogether, and none of them is ever lost."),
            (200, "Two hundred days in all", "Two hundred days altogether."),
            (365, "A year's worth of days", "Three hundred and sixty-five days altogether."),
            (500, "Five hundred days in all", "Five hundred days altogether, however the road ran."),
            (750, "Seven hundred and fifty in all", "Seven hundred and fifty days altogether."),
            (1000, "A thousand days in all", "A thousand days altogether. That is a life being changed."),
        ],
    ),
    "comebacks": (
        "comebacks",
        [
            (1, "Back on the road", "A week of clean days after a hard day. Getting up again is the skill."),
            (3, "Rooted", "Three times you found back to a full week. You know the way by now."),
        ],
    ),
    "check_in_streak": (
        "check-in-streak",
        [
            (3, "Three check-ins in a row", "Three days running you looked in on yourself."),
            (7, "A week of check-ins", "Seven check-ins in a row. That also earned you a freeze."),
            (14, "Two weeks of check-ins", "Fourteen check-ins in a row."),
            (30, "A month of check-ins", "Thirty check-ins in a row: a habit, and a good one."),
            (60, "Sixty in a row", "Sixty check-ins in a row."),
            (100, "A hundred in a row", "A hundred check-ins in a row. You keep your word to yourself."),
            (365, "A year of check-ins", "A check-in every day for a year."),
        ],
    ),
    "check_ins": (
        "check-ins",
        [
            (1, "First check-in", "You looked at how you are, and said it."),
            (10, "Ten check-ins", "Ten days that you can look back on."),
            (25, "Twenty-five check-ins", "Twenty-five days. Patterns begin to show."),
            (50, "Fifty check-ins", "Fifty days noted, good ones and hard ones alike."),
            (100, "A hundred check-ins", "A hundred days of honest answers."),
            (250, "Two hundred and fifty check-ins", "Two hundred and fifty days of knowing how you are."),
            (500, "Five hundred check-ins", "Five hundred days noted."),
            (1000, "A thousand check-ins", "A thousand days noted. A whole chapter of your life."),
        ],
    ),
    "urges_logged": (
        "urges-logged",
        [
            (1, "Seen and named", "You noticed an urge and wrote it down. What has a name has less power."),
            (10, "A good observer", "Ten urges noticed and written down."),
            (50, "You know your weather", "Fifty urges noticed. You see them coming by now."),
        ],
    ),
    "urges_resisted": (
        "urges-resisted",
        [
            (1, "The wave went by", "You let an urge pass. It rose, and it fell."),
            (5, "Five waves", "Five urges came and went, and you are still here."),
            (10, "Ten waves", "Ten urges that you let pass."),
            (25, "A steady swimmer", "Twenty-five urges that you let pass."),
            (50, "Fifty waves", "Fifty urges that you let pass."),
            (100, "A hundred waves", "A hundred urges that you let pass. You know how waves end."),
        ],
    ),
    "journal_entries": (
        "journal",
        [
            (1, "First page", "Your first entry. Thoughts are lighter on paper."),
            (7, "Seven pages", "Seven entries in your journal."),
            (30, "Thirty pages", "Thirty entries. You are writing your own story."),
            (100, "A hundred pages", "A hundred entries in your journal."),
            (365, "A book of your own", "Three hundred and sixty-five entries: a whole book."),
        ],
    ),
    "slips_reflected": (
        "reflections",
        [
            (1, "An honest look", "You looked at a hard moment with open eyes, and learned from it."),
            (3, "Learning as you go", "Three times you took the time to understand what had happened."),
        ],
    ),
    "goals_completed": (
        "goals",
        [
            (1, "First goal reached", "You set out for something, and got there."),
            (3, "Three goals reached", "Three things that you set out for, and did."),
            (5, "Five goals reached", "Five goals reached, one after another."),
            (10, "Ten goals reached", "Ten goals reached. You can rely on yourself."),
        ],
    ),
    "quizzes_completed": (
        "quizzes",
        [
            (1, "Getting to know yourself", "Your first set of questions, answered to the end."),
            (2, "A clearer picture", "Two different sets of questions answered. You know yourself better."),
        ],
    ),
}

DELIVERED = tuple(
    Delivered(f"{beginning}-{level}", metric, level, title, description)
    for metric, (beginning, ladder) in _LADDERS.items()
    for level, title, description in ladder
)

# Between two that are delivered there is room for others.
_STEP = 10

_SEED = """
INSERT INTO achievements AS there (slug, metric, level, title, description, position)
SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::integer[]) AS delivered (slug)
ORDER BY slug
ON CONFLICT (slug) DO UPDATE SET title = EXCLUDED.title, description = EXCLUDED.description
    WHERE (there.title, there.description) IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.description)
RETURNING xmax = 0 AS is_new
"""


async def seed_achievements() -> int:
    """Write the delivered achievements that are missing; returns how many. Safe to run again and again.

    Of those that are there only the words follow the delivery: what administrators switched off stays off, and levels
    and positions that they changed stay.
    """
    rows = await fetch(
        _SEED,
        [one.slug for one in DELIVERED],
        [one.metric for one in DELIVERED],
        [one.level for one in DELIVERED],
        [one.title for one in DELIVERED],
        [one.description for one in DELIVERED],
        [_STEP * place for place in range(1, len(DELIVERED) + 1)],
    )
    return sum(row["is_new"] for row in rows)
