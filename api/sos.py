"""The panic button."""

from litestar import post
from litestar.di import NamedDependency

from api.person import Person
from api.urgent import CALL
from domain.kit.idempotency import IdempotencyKey
from domain.sos import calls
from domain.sos.calls import Help


@post("/v1/sos", operation_id="callForHelp", tags=["Recovery"], summary="The panic button", status_code=200, opt=CALL)
async def call_for_help(
    person: NamedDependency[Person], idempotency_key: NamedDependency[IdempotencyKey | None]
) -> Help:
    """What helps at once: steps to take, what has helped before, what it is for, whom to call. Needs no body."""
    return await calls.call_for_help(person.user_id, idempotency_key)


HANDLERS = [call_for_help]
