"""Personas: the name and public id that others see (semantics: Identity and privacy, "Persona").

Real usernames and random aliases share one namespace, so that nobody can wear another's alias as a username.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value
from domain.kit.errors import Conflict, InvalidRequest, NotFound, TooMany
from domain.kit.ids import new_id, new_public_id

_FIRST = """
    able amber autumn bold brave bright calm clear cloud copper coral cosmic dawn eager early easy ember
    evening fair fern firm fond free fresh gentle glad golden good grand green happy hazel honest humble ivory
    jade jolly keen kind lively lucky lunar mellow merry mint misty modest moss noble north ocean olive open
    patient pearl plain polar proud quick quiet rain ready river rose rustic sage sandy serene silver simple
    sky smooth snow soft solar south spring steady still stone stout strong summer sunny sure swift tidy true
    upward velvet violet warm west wild winter wise young
""".split()
_SECOND = """
    acorn alder anchor apple arrow aspen badger bay beacon bear bramble birch bison bluebird brook cabin canoe
    canyon cedar cliff clover comet compass coral cove crane creek cricket cypress dolphin dove eagle elk
    falcon feather fern field finch fir fjord forest fox garden gecko glacier grove gull harbor hare hawk
    heron hill ibis iris island kestrel kite lake lantern lark leaf lily lynx maple marten meadow moon moose
    mountain oak orchard osprey otter owl panda path pebble pelican pine plover pond poplar puffin quail
    rabbit raven reef ridge robin rook seal shore sparrow spruce star stork stream sorrel swan thistle tiger
    trail trout tulip turtle valley walnut wave whale willow wolf wren
""".split()
# Over a billion names: a collision is rare, and the insert simply tries again.
_TRIES = 20

_USERNAME = re.compile(r"[a-z0-9_]{3,20}")
# Names that would speak for the app.
_OURS = frozenset("admin administrator anchor kuitter moderator moderators official staff support system team".split())
# A former name stays reserved, so that names cannot be collected.
_USERNAME_CHANGES, _USERNAME_WINDOW = 5, timedelta(days=30)


def check_username(username: str) -> str:
    """`username` if it has the shape of one. Raises InvalidRequest."""
    if not _USERNAME.fullmatch(username):
        raise InvalidRequest("must have 3 to 20 of a-z, 0-9 and _", field="username")
    return username


async def begin_personas(user_id: UUID, username: str | None, visibility: str) -> None:
    """The first personas of a new person, in the caller's transaction. Raises Conflict `username_taken`."""
    named = await take_username(user_id, username) if username else None
    if visibility == "public":
        assert named is not None, "nobody is public without a username"
        live, mask = named, None
    else:
        live, mask = await draw_alias(user_id), await draw_mask(user_id) if named else None
    await execute(
        "UPDATE users SET username = $2, username_persona_id = $3, persona_id = $4, mask_id = $5 WHERE id = $1",
        user_id, username, named, live, mask,
    )  # fmt: skip


async def change_username(user_id: UUID, username: str) -> None:
    """Give the person another username, or their first, in the caller's transaction.

    The former one stays reserved, and what was written under it shows the new one (domain/accounts/authors.py).
    While anonymous nothing changes for others: the mask stays. The present name again changes nothing and is not
    counted, nor is the first. Raises InvalidRequest, Conflict `username_taken`, TooMany at the sixth in 30 days.
    """
    check_username(username)
    row = await fetch_row(
        "SELECT username, username_persona_id, mask_id, visibility FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id
    )
    if row is None:
        raise NotFound
    if row["username"] == username:
        return
    if row["username"] is not None:
        await count_change(
            "username_changes", user_id, at_most=_USERNAME_CHANGES, within=_USERNAME_WINDOW,
            detail="The username may change five times in 30 days.",
        )  # fmt: skip
    named, mask = await take_username(user_id, username), row["mask_id"]
    if row["visibility"] == "anonymous" and mask is None:
        mask = await draw_mask(user_id)
    await retire(row["username_persona_id"])
    await execute(
        """UPDATE users SET username = $2, username_persona_id = $3, mask_id = $4,
                            persona_id = CASE WHEN visibility = 'public' THEN $3 ELSE persona_id END
           WHERE id = $1""",
        user_id, username, named, mask,
    )  # fmt: skip


async def count_change(
    table: Literal["visibility_changes", "username_changes"],
    user_id: UUID,
    *,
    at_most: int,
    within: timedelta,
    detail: str,
) -> None:
    """Note one more change; the caller holds the person's row. Raises TooMany `too_many_changes`."""
    now = clock.now()
    earlier = await fetch_row(
        f"SELECT count(*) AS changes, min(changed_at) AS first FROM {table} WHERE user_id = $1 AND changed_at > $2",
        user_id, now - within,
    )  # fmt: skip
    assert earlier is not None
    if earlier["changes"] >= at_most:
        raise TooMany(
            detail, code="too_many_changes", retry_after=(earlier["first"] + within - now).total_seconds()
        )  # fmt: skip
    await execute(f"INSERT INTO {table} (id, user_id, changed_at) VALUES ($1, $2, $3)", new_id(), user_id, now)


async def take_username(user_id: UUID, username: str) -> UUID:
    """Reserve `username` as a persona, in the caller's transaction. Raises Conflict `username_taken`.

    A former username of the same person is theirs to take again, with its public id.
    """
    persona_id = None if username in _OURS else await _insert(user_id, "username", username)
    if persona_id is None:
        persona_id = await fetch_value(
            """UPDATE personas SET retired_at = NULL
               WHERE name_key = $1 AND user_id = $2 AND kind = 'username' RETURNING id""",
            username, user_id,
        )  # fmt: skip
    if persona_id is None:
        raise Conflict("This username is taken.", code="username_taken")
    return persona_id


async def draw_alias(user_id: UUID) -> UUID:
    """A fresh random alias for the person, in the caller's transaction: name and public id were never seen before."""
    return await _draw(user_id, "alias")


async def draw_mask(user_id: UUID) -> UUID:
    """A fresh mask: what stands for the username while the person is anonymous. From outside it looks like an alias."""
    return await _draw(user_id, "mask")


async def retire(*persona_ids: UUID | None) -> None:
    """Note that these are worn no more. They stay, so that their names stay reserved and their ids known."""
    await execute(
        "UPDATE personas SET retired_at = $2 WHERE id = ANY($1)",
        [persona_id for persona_id in persona_ids if persona_id is not None], clock.now(),
    )  # fmt: skip


async def _draw(user_id: UUID, kind: str) -> UUID:
    for _ in range(_TRIES):
        persona_id = await _insert(user_id, kind, _random_name())
        if persona_id is not None:
            return persona_id
    raise RuntimeError("no free name found")


async def _insert(user_id: UUID, kind: str, name: str) -> UUID | None:
    persona_id: UUID | None = await fetch_value(
        """INSERT INTO personas (id, user_id, kind, name, name_key, created_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (name_key) DO NOTHING RETURNING id""",
        new_public_id(), user_id, kind, name, name.lower(), clock.now(),
    )  # fmt: skip
    return persona_id


def _random_name() -> str:
    return f"{secrets.choice(_FIRST).title()}{secrets.choice(_SECOND).title()}{10_000 + secrets.randbelow(90_000)}"
