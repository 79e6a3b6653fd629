"""Personas: the name and public id that others see (semantics: Identity and privacy, "Persona").

Real usernames and random aliases share one namespace, so that nobody can wear another's alias as a username.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.errors import Conflict
from domain.kit.ids import new_public_id

_FIRST = """
    able amber autumn bold brave bright calm clear cloud copper coral cosmic dawn eager early easy ember
    evening fair fern firm fond free fresh gentle glad golden good grand green happy hazel honest humble ivory
    jade jolly keen kind lively lucky lunar mellow merry mint misty modest moss noble north ocean olive open
    patient pearl plain polar proud quick quiet rain ready river rose rustic sage sandy serene silver simple
    sky smooth snow soft solar south spring steady still stone stout strong summer sunny sure swift tidy true
    upward velvet violet warm west wild winter wise young
""".split()
_SECOND = """
    acorn alder anchor apple arrow aspen badger bay beacon bear beaver birch bison bluebird brook cabin canoe
    canyon cedar cliff clover comet compass coral cove crane creek cricket cypress dolphin dove eagle elk
    falcon feather fern field finch fir fjord forest fox garden gecko glacier grove gull harbor hare hawk
    heron hill ibis iris island kestrel kite lake lantern lark leaf lily lynx maple marten meadow moon moose
    mountain oak orchard osprey otter owl panda path pebble pelican pine plover pond poplar puffin quail
    rabbit raven reef ridge robin rook seal shore sparrow spruce star stork stream swallow swan thistle tiger
    trail trout tulip turtle valley walnut wave whale willow wolf wren
""".split()
# The space is 100 × 100 × 90,000: a collision is rare, and the insert simply tries again.
_TRIES = 20


def _random_name() -> str:
    return f"{secrets.choice(_FIRST).title()}{secrets.choice(_SECOND).title()}{10_000 + secrets.randbelow(90_000)}"


async def take_username(user_id: UUID, username: str) -> UUID:
    """Reserve `username` as a persona, in the caller's transaction. Raises Conflict `username_taken`."""
    persona_id = await _insert(user_id, "username", username)
    if persona_id is None:
        raise Conflict("This username is taken.", code="username_taken")
    return persona_id


async def draw_alias(user_id: UUID) -> UUID:
    """A fresh random alias for the person, in the caller's transaction: name and public id were never seen before."""
    for _ in range(_TRIES):
        persona_id = await _insert(user_id, "alias", _random_name())
        if persona_id is not None:
            return persona_id
    raise RuntimeError("no free alias found")


async def _insert(user_id: UUID, kind: str, name: str) -> UUID | None:
    persona_id: UUID | None = await fetch_value(
        """INSERT INTO personas (id, user_id, kind, name, name_key, created_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (name_key) DO NOTHING RETURNING id""",
        new_public_id(), user_id, kind, name, name.lower(), clock.now(),
    )  # fmt: skip
    return persona_id
