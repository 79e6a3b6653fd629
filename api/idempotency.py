"""The Idempotency-Key header, for every creating POST outside /v1/auth: a handler asks for `idempotency_key`."""

import hashlib
from typing import Annotated

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.params import HeaderParameter

from api.person import Person, provide_person
from domain.kit.errors import InvalidRequest
from domain.kit.idempotency import IdempotencyKey

_LONGEST = 255

# What the document says of the header; `provide_idempotency_key` sees to it.
_Header = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="The app's own name of this request, printable characters. Within 24 hours the same key with the "
        "same body answers with what the first request made; with another body it is 409 `idempotency_conflict`",
        schema_extra={"minLength": 1, "maxLength": _LONGEST},
    ),
]

# No body of ours has a fraction: as texts they are told apart, and the slow reading of long ones is saved.
_decoder = msgspec.json.Decoder(float_hook=str)


async def provide_idempotency_key(
    request: Request[Person, None, State], key_header: _Header = None
) -> IdempotencyKey | None:
    """The key of the request, None without the header. Raises InvalidRequest for one that is empty or too long."""
    if key_header is None:
        return None
    key = key_header.strip()
    if not key or len(key) > _LONGEST or not key.isprintable():
        raise InvalidRequest(f"must have 1 to {_LONGEST} printable characters", field="Idempotency-Key")
    return IdempotencyKey(
        user_id=provide_person(request.scope).user_id,
        method=request.method,
        path=request.url.path,
        key=key,
        body_hash=hashlib.sha256(canonical(await request.body())).digest(),
    )


def canonical(body: bytes) -> bytes:
    """`body` as all writings of the same JSON are: keys in order, no spaces, no needless escapes.

    Of a key that occurs twice the last counts, as it does for the handler. What is no JSON, or is nested too deeply to
    be read, stays as it is.
    """
    try:
        return msgspec.json.encode(_decoder.decode(body), order="sorted")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return body
