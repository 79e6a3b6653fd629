"""The triggers that a person may pick from: the catalogue, and the words that they have used themselves."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.kit.database import fetch
from domain.recovery.triggers import NAMES

_MOST_OWN = 100


class Trigger(msgspec.Struct, frozen=True):
    """A word for what brings an urge on. `slug` or `label` is what to send. Of a word of one's own `slug` is it in
    small letters, `label` as it was last spelled, and `category` is null."""

    slug: str
    label: str
    category: str | None
    own: bool


# A word of one's own is known by its small letters and shown as it was last spelled, the same as in
# insights/triggers.py. Words are brought together by their exact spelling first, because that leaves few to look up and
# to sort.
LIST = f"""
WITH names AS ({NAMES}), spelled AS (
    SELECT word, max(local_date) AS used_on FROM (
        SELECT local_date, triggers FROM check_ins WHERE user_id = $1
        UNION ALL SELECT local_date, triggers FROM urges WHERE user_id = $1
        UNION ALL SELECT local_date, triggers FROM slips WHERE user_id = $1
    ) AS said CROSS JOIN unnest(triggers) AS word GROUP BY word
), own AS (
    SELECT DISTINCT ON (coalesce(names.slug, lower(spelled.word)))
           coalesce(names.slug, lower(spelled.word)) AS slug, coalesce(names.label, spelled.word) AS label, used_on
    FROM spelled LEFT JOIN names ON names.word = lower(spelled.word)
    WHERE names.active IS NOT TRUE
    ORDER BY coalesce(names.slug, lower(spelled.word)), used_on DESC, spelled.word
)
SELECT slug, label, category, own FROM (
    SELECT slug, label, category, false AS own, row_number() OVER (ORDER BY position, slug) AS place
    FROM triggers WHERE active
    UNION ALL
    SELECT slug, label, NULL, true, row_number() OVER (ORDER BY used_on DESC, slug) FROM own
) AS offered WHERE NOT own OR place <= {_MOST_OWN} ORDER BY own, place"""


async def list_triggers(user_id: UUID) -> list[Trigger]:
    """The catalogue in its order, then up to 100 words of the person's own, those of the latest days first.

    A trigger that an administrator has switched off is among the own ones of those who have used it.
    """
    return [Trigger(*row) for row in await fetch(LIST, user_id)]
