"""The Idempotency-Key header, for every creating POST outside /v1/auth: a handler asks for `idempotency_key`."""

import hashlib

from litestar import Request
from litestar.datastructures import State

from api.person import Person, provide_person
from domain.kit.errors import InvalidRequest
from domain.kit.idempotency import IdempotencyKey

_LONGEST = 255


async def provide_idempotency_key(request: Request[Person, None, State]) -> IdempotencyKey | None:
    """The key of the request, None without the header. Raises InvalidRequest for one that is empty or too long."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip()
    if not key or len(key) > _LONGEST or not key.isprintable():
        raise InvalidRequest(f"must have 1 to {_LONGEST} printable characters", field="Idempotency-Key")
    body = await request.body()
    return IdempotencyKey(
        user_id=provide_person(request.scope).user_id,
        method=request.method,
        path=request.url.path,
        key=key,
        body_hash=hashlib.sha256(body).digest(),
    )
