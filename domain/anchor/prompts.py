"""The catalogue of prompts in the database, and picking from it: by situation first, then by least recent use.

Picking is a pure function of the catalogue, the situation, the earlier days and the day itself, so that a second try
on the same day picks the same. The catalogue's texts are in catalogue/, and are written to the table by seeding.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from uuid import UUID

import msgspec

from domain.anchor.catalogue.seed import NOT, form_of
from domain.anchor.situation import PRESSING
from domain.kit.clock import clock
from domain.kit.database import fetch
from domain.kit.log import log

# For so many days an angle does not come again (semantics: Anchor, "Daily message"), and a prepared text for as long as
# nobody remembers it word by word.
REST_DAYS = 14
CURATED_REST_DAYS = 60
# What lies further back counts as never used.
_REMEMBERED_DAYS = 200
# So much may chance do to the order of those that have rested, or the same would follow upon the same for ever.
_JITTER_DAYS = 8
_EARLIER_TEXTS = 7


class Prompt(msgspec.Struct, frozen=True):
    """One active prompt, in its newest version. `needs` are names of situation.py that must hold, `unless` those that
    must not. `body` is all that the model is told by it, or the text as it is sent."""

    id: UUID
    slug: str
    needs: frozenset[str]
    unless: frozenset[str]
    weight: int
    body: str

    def fits(self, situation: frozenset[str]) -> bool:
        return self.needs <= situation and self.unless.isdisjoint(situation)


# By slug: the last local date on which a person got it.
LastUse = Mapping[str, date]


async def active_prompts(kind: str) -> list[Prompt]:
    """The newest active version of each prompt of `kind` (chat, daily, curated), by slug."""
    rows = await fetch(
        """SELECT DISTINCT ON (slug) id, slug, conditions, weight, body FROM prompts WHERE kind = $1 AND active
           ORDER BY slug, version DESC""",
        kind,
    )
    form = form_of(kind)
    return [
        Prompt(
            id=row["id"],
            slug=row["slug"],
            needs=frozenset(name for name in row["conditions"] if not name.startswith(NOT)),
            unless=frozenset(name.removeprefix(NOT) for name in row["conditions"] if name.startswith(NOT)),
            weight=row["weight"],
            body=row["body"] + form,
        )
        for row in rows
    ]


async def last_uses(user_ids: Sequence[UUID]) -> dict[UUID, dict[str, date]]:
    """When each person last got which daily prompt or curated text, of those that count. A text that is written and
    waits to be sent counts: the next day's may be picked before."""
    rows = await fetch(
        """SELECT daily.user_id, prompts.slug, max(daily.local_date) AS used_on
           FROM daily_messages AS daily JOIN prompts ON prompts.id = daily.prompt_id
           WHERE daily.user_id = ANY ($1) AND daily.state <> 'skipped' AND daily.local_date >= $2::date
           GROUP BY daily.user_id, prompts.slug""",
        user_ids, clock.now().date() - timedelta(days=_REMEMBERED_DAYS),
    )  # fmt: skip
    uses: dict[UUID, dict[str, date]] = {user_id: {} for user_id in user_ids}
    for row in rows:
        uses[row["user_id"]][row["slug"]] = row["used_on"]
    return uses


async def recent_texts(user_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The last seven daily messages of each person, the newest first: what a new one must not repeat."""
    rows = await fetch(
        """SELECT person.id, earlier.body
           FROM unnest($1::uuid[]) AS person (id) CROSS JOIN LATERAL (
               SELECT daily.local_date, message.body
               FROM daily_messages AS daily JOIN anchor_messages AS message ON message.id = daily.message_id
               WHERE daily.user_id = person.id AND daily.state = 'sent'
               ORDER BY daily.local_date DESC LIMIT $2
           ) AS earlier ORDER BY person.id, earlier.local_date DESC""",
        user_ids, _EARLIER_TEXTS,
    )  # fmt: skip
    texts: dict[UUID, list[str]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        texts[row["id"]].append(row["body"])
    return texts


def pick_chat(prompts: Iterable[Prompt], situation: frozenset[str]) -> Prompt:
    """How to talk to somebody in `situation`: what fits it best, the same for as long as it lasts.

    Raises LookupError when nothing fits: the catalogue needs a chat prompt without conditions.
    """
    fitting = [prompt for prompt in prompts if prompt.fits(situation)]
    if not fitting:
        raise LookupError("no chat prompt fits: run `kuitter seed`")
    return min(fitting, key=lambda prompt: (_rank(prompt.needs), -len(prompt.needs), -prompt.weight, prompt.slug))


def pick_daily(
    prompts: Iterable[Prompt], situation: frozenset[str], used: LastUse, user_id: UUID, today: date
) -> Prompt:
    """The angle of the day `today`: of those that fit and have rested for 14 days, one that speaks to what is most
    pressing, the longest unused first. A catalogue with too few that fit gives the longest unused, and says so.

    Raises LookupError when nothing fits.
    """
    return _pick(prompts, situation, used, user_id, today, REST_DAYS)


def pick_curated(
    prompts: Iterable[Prompt], situation: frozenset[str], used: LastUse, user_id: UUID, today: date
) -> Prompt:
    """The prepared text of the day, picked as an angle is, but that each rests for 60 days. Raises LookupError."""
    return _pick(prompts, situation, used, user_id, today, CURATED_REST_DAYS)


def _pick(
    prompts: Iterable[Prompt], situation: frozenset[str], used: LastUse, user_id: UUID, today: date, rest: int
) -> Prompt:
    # What is noted for today itself is this very message, on an earlier try.
    fitting = [(_age(used.get(prompt.slug), today), prompt) for prompt in prompts if prompt.fits(situation)]
    if not fitting:
        raise LookupError("no daily prompt fits: run `kuitter seed`")
    rested = [(_rank(prompt.needs), age, prompt) for age, prompt in fitting if age > rest]
    if not rested:
        _warn_of_few()
        return max(fitting, key=lambda each: (each[0], each[1].slug))[1]
    first = min(rank for rank, _, _ in rested)
    chance = zlib.crc32(user_id.bytes + today.isoformat().encode())

    def order(age: int, prompt: Prompt) -> tuple[int, int]:
        mixed = zlib.crc32(prompt.slug.encode(), chance)
        return prompt.weight * age + mixed % _JITTER_DAYS, mixed

    leading = ((order(age, prompt), prompt) for rank, age, prompt in rested if rank == first)
    return max(leading, key=lambda each: each[0])[1]


@cache
def _rank(needs: frozenset[str]) -> int:
    """0 for the most pressing situation that a prompt speaks to; the highest for one of every day."""
    return next((rank for rank, name in enumerate(PRESSING) if name in needs), len(PRESSING))


def _age(used_on: date | None, today: date) -> int:
    """Days since the last use before `today`."""
    if used_on is None or used_on >= today:
        return _REMEMBERED_DAYS
    return min((today - used_on).days, _REMEMBERED_DAYS)


_warned = False


def _warn_of_few() -> None:
    """Once a process: a batch of people would say it hundreds of times."""
    global _warned
    if not _warned:
        _warned = True
        log().warning("anchor.catalogue_too_small")
