"""`Prefer: wait=N` (RFC 7240) on routes that answer 202: hold the answer until the job is done, or N seconds."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from litestar import Response
from litestar.params import HeaderParameter

from domain.kit import signals
from domain.kit.errors import InvalidRequest

T = TypeVar("T")

_LONGEST = 20.0
_LOOK_EVERY = 1.0
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[,;])", re.IGNORECASE)

# What the document says of the header.
_Header = Annotated[
    str | None,
    HeaderParameter(
        name="Prefer",
        description="`wait=N`: hold the answer until it is finished, at most N seconds (0 to 20; more is 20)",
    ),
]


def provide_wait(prefer: _Header = None) -> float:
    """Seconds that the app is ready to wait, 0 to 20; 0 without the header. A longer wish is cut (RFC 7240)."""
    if prefer is None or "wait" not in prefer.lower():
        return 0.0
    found = _WAIT.search(prefer)
    if found is None:
        raise InvalidRequest("wait must be a number of seconds", field="Prefer")
    return min(_LONGEST, float(found.group(1)))


async def wait_for(topic: str, seconds: float, look: Callable[[], Awaitable[T | None]]) -> T | None:
    """What `look` finds, as soon as it finds something; None after `seconds`.

    Listens on `topic` before it looks, so that nothing is missed between the two, and looks every second anyway:
    signals may be lost. Holds no database connection while it waits.
    """

    end = time.monotonic() + seconds
    async with signals.subscribe(topic) as subscription:
        while True:
            found = await look()
            left = end - time.monotonic()
            if found is not None or left <= 0:
                return found
            await subscription.next(min(_LOOK_EVERY, left))


def answered(view: T, is_final: bool, location: str) -> Response[T]:
    """201 with what has become of it, or 202 while that is not known; `location` is where to look again."""
    return Response(view, status_code=201 if is_final else 202, headers={"Location": location})
