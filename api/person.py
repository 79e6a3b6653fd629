"""Who is asking: what the authentication middleware puts into a request, and how handlers receive it."""

from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Scope

from domain.kit.errors import Unauthenticated


class Person(msgspec.Struct, frozen=True):
    """The signed-in person, the session that the request came with, and when its access token expires (Unix time)."""

    user_id: UUID
    session_id: UUID
    token_expires_at: float


def provide_person(scope: Scope) -> Person:
    """The person of the request. Raises Unauthenticated, so a handler that asks for one is never reached without."""
    person = scope.get("user")
    if not isinstance(person, Person):
        raise Unauthenticated
    return person


PersonRequest = Request[Person, None, State]
