"""What somebody in danger is answered with, at once: words written by people, and whom to call where they are.

Rule: semantics, "Anchor", Safety (a hit ignores quota, plan, consent and rate limit, and is counted without text).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import wraps
from inspect import signature
from typing import Any, Literal, ParamSpec, TypeVar
from uuid import UUID

import msgspec
from msgspec import UnsetType

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from domain.kit.errors import DomainError
from domain.safety.detector import in_crisis
from domain.safety.resources import Resource, resources_for
from domain.safety.support_words import words_for

Source = Literal["check_in", "urge", "slip", "journal", "post", "comment", "chat", "partner_message", "anchor_output"]
# More than any list may hold: what is too long is read before it is refused.
_MOST_OF_A_LIST = 100
# A text, or its absence.
Text = str | UnsetType | None
P = ParamSpec("P")
Answer = TypeVar("Answer", bound=msgspec.Struct)


class Support(msgspec.Struct, frozen=True):
    """Words for somebody whose own say that they may be in danger, and whom to call, the most fitting first."""

    message: str
    resources: list[Resource]


_COUNT = """
INSERT INTO safety_hits AS counts (day, source, hits) VALUES ($1, $2, 1)
ON CONFLICT (day, source) DO UPDATE SET hits = counts.hits + 1"""

# A day in UTC, so that nothing in the count tells where a person was.
_COUNT_AND_READ = """
WITH counted AS (
    INSERT INTO safety_hits AS counts (day, source, hits) SELECT $3, $2, 1 FROM users WHERE id = $1
    ON CONFLICT (day, source) DO UPDATE SET hits = counts.hits + 1
)
SELECT country, locale, timezone FROM users WHERE id = $1"""


async def support_for(user_id: UUID, source: Source, *texts: Text) -> Support | None:
    """Support, if any of the `texts` of the person says that somebody is in danger; counted, without the text.

    Nothing is asked of the database without a hit; with one it is one round trip, in the caller's transaction if there
    is one. None for a person who is gone.
    """
    if not any(isinstance(text, str) and in_crisis(text) for text in texts):
        return None
    row = await fetch_row(_COUNT_AND_READ, user_id, source, clock.now().date())
    if row is None:
        return None
    resources = resources_for(row["country"], row["locale"], row["timezone"])
    return Support(words_for(row["locale"]), resources)


async def count_hit(source: Source) -> None:
    """Count one, without saying whose: for what a model said, which nobody is to be answered for."""
    await execute(_COUNT, clock.now().date(), source)


@asynccontextmanager
async def listening(user_id: UUID, source: Source, *texts: Text) -> AsyncIterator[Support | None]:
    """`async with listening(user_id, "chat", body) as support:` around what is done with the `texts`, outside a
    transaction. Whatever rule refuses it, the refusal carries `support` too.
    """
    support = await support_for(user_id, source, *texts)
    try:
        yield support
    except DomainError as error:
        if support is not None:
            error.extra["support"] = support
        raise


def with_support(
    source: Source, *fields: str
) -> Callable[[Callable[P, Awaitable[Answer]]], Callable[P, Awaitable[Answer]]]:
    """For a function that writes something down, whose first parameter is `user_id`: its answer, or its refusal,
    carries `support` for what stands in the parameters `fields` ("body", or "change.body"; a list is several texts).
    """
    paths = [field.split(".") for field in fields]

    def decorate(write: Callable[P, Awaitable[Answer]]) -> Callable[P, Awaitable[Answer]]:
        parameters = signature(write)

        @wraps(write)
        async def listened(*args: P.args, **kwargs: P.kwargs) -> Answer:
            given = parameters.bind(*args, **kwargs).arguments
            async with listening(given["user_id"], source, *_texts(given, paths)) as support:
                answer = await write(*args, **kwargs)
                return answer if support is None else msgspec.structs.replace(answer, support=support)

        return listened

    return decorate


def _texts(given: dict[str, Any], paths: list[list[str]]) -> Iterator[Text]:
    for name, *attributes in paths:
        value = given.get(name)
        for attribute in attributes:
            value = getattr(value, attribute)
        if isinstance(value, list | tuple):
            yield from value[:_MOST_OF_A_LIST]
        else:
            yield value
