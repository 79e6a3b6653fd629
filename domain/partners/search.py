"""Finding people by the name that they show now: what begins with it first, then what is nearly spelled so.

Found are the names that are worn, usernames and aliases alike, of people who want to be found; never somebody blocked,
gone or of another age group. Rules: api, `GET /v1/partners/search`; semantics, "Identity and privacy"; performance,
"Names" (the range and its order are written out, or PostgreSQL takes no index).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.accounts.admission import active
from domain.accounts.ages import minor
from domain.accounts.authors import Author, author_columns, author_in
from domain.accounts.blocks import blocked_between
from domain.kit.clock import clock
from domain.kit.database import fetch
from domain.kit.errors import InvalidRequest, TooMany
from domain.kit.limits import Window, limiter
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.settings import settings
from domain.kit.text import tidy

_SHORTEST, _LONGEST = 2, 60
# Fewer letters are near to nothing.
_SHORTEST_NEAR = 3
# How many near spellings are looked through for people who can be found.
_LOOKED_THROUGH = 100
# Before and after every letter. What begins with a word lies between the word and the word with the last one; what
# comes after a name, from the name with the first one on.
_FIRST_LETTER, _LAST_LETTER = "\x01", "\U0010ffff"

# $1 looks at the instant $2. Whom they have asked under another name is not found under this one, or the two would be
# known to be one person's: asking again answers as if nobody were there (asking.py). Each condition is of a form that
# PostgreSQL takes for true half of the time: for IS NULL it would plan for no rows, and sort all that begin so.
_FINDABLE = f"""
JOIN users AS author_person ON author_person.persona_id = author_shown.id AND {active("author_person")}
WHERE author_person.id <> $1
  AND COALESCE(({minor("author_person", "$2::timestamptz")})
      = (SELECT {minor("me", "$2::timestamptz")} FROM users AS me WHERE me.id = $1), false)
  AND COALESCE((SELECT searchable FROM preferences WHERE preferences.user_id = author_person.id), true)
  AND NOT {blocked_between("author_person.id", "$1::uuid")}
  AND NOT COALESCE((
      SELECT true FROM partnerships JOIN personas AS asked ON asked.id = partnerships.to_persona_id
      WHERE partnerships.from_id = $1 AND partnerships.to_id = author_person.id
        AND partnerships.state = 'pending' AND partnerships.expires_at > $2 AND asked.id <> author_shown.id
        AND (asked.kind <> 'username' OR author_shown.kind <> 'username') LIMIT 1), false)"""
_COLUMNS = f"author_shown.name_key, {author_columns('$1::uuid')}"

# The length is written in, so that PostgreSQL knows how few rows it is to look for.
_BEGINNING = f"""
SELECT {_COLUMNS} FROM personas AS author_shown {_FINDABLE}
  AND author_shown.retired_at IS NULL AND author_shown.name_key ~>=~ $3 AND author_shown.name_key ~<~ $4
ORDER BY author_shown.name_key USING ~<~ LIMIT {{}}"""
_NEAR = f"""
SELECT {_COLUMNS} FROM near_names($3, {_LOOKED_THROUGH}) AS near
JOIN personas AS author_shown ON author_shown.id = near.persona_id {_FINDABLE}
  AND NOT starts_with(author_shown.name_key, $3)
ORDER BY near.likeness DESC, author_shown.name_key LIMIT {{}}"""


async def search(viewer: UUID, wanted: str, limit: int, cursor: str | None) -> Page[Author]:
    """People whose present name begins with `wanted`, by name, and at the end of these who are nearly called so.

    Raises InvalidRequest for less than two letters or a cursor that is not ours, TooMany after a third of the requests
    that a person may make in a minute (20 of 60).
    """
    await _count(viewer)
    # As names are kept (domain/accounts/personas.py): in small letters, and none has a space.
    word = "".join(tidy(wanted[: 8 * _LONGEST]).lower().split())
    if not _SHORTEST <= len(word) <= _LONGEST:
        raise InvalidRequest(f"must have {_SHORTEST} to {_LONGEST} letters", field="q")
    last = decode_cursor(cursor, tuple[str])
    if last is not None and not last[0].startswith(word):
        # It would list what does not begin so.
        raise InvalidRequest("is not a cursor of this list", field="cursor")
    now = clock.now()
    begin = last[0] + _FIRST_LETTER if last else word
    rows = await fetch(_BEGINNING.format(limit + 1), viewer, now, begin, word + _LAST_LETTER)
    page = page_of(rows, limit, author_in, lambda row: (row["name_key"],))
    if len(rows) < limit and len(word) >= _SHORTEST_NEAR:
        near: list[Any] = await fetch(_NEAR.format(limit - len(rows)), viewer, now, word)
        page.items.extend(author_in(row) for row in near)
    return page


async def _count(viewer: UUID) -> None:
    window = Window("search", max(1, settings().requests_per_minute // 3), 60)
    verdict = await limiter().hit(window, str(viewer))
    if not verdict.allowed:
        raise TooMany("Too many searches. Wait a little.", retry_after=verdict.reset)
