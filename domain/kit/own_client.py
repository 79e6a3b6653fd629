"""A client of a provider that a process has one of: opened when it is first needed, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closing(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Closing)


class OwnClient(Generic[C]):
    """The process's one client that `make` opens on the running loop.

    One that a closed loop has left behind fails with errors of its own (spec: providers.md 0.8), so another loop gets
    another client.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._held: tuple[asyncio.AbstractEventLoop, C] | None = None

    def __call__(self) -> C:
        """The client of this process. Raises what opening it raises."""
        loop = asyncio.get_running_loop()
        if self._held is None or self._held[0] is not loop:
            self._held = loop, self._make()
        return self._held[1]

    async def close(self) -> None:
        """Close it, if there is one; whoever needs it next opens another."""
        held, self._held = self._held, None
        if held is not None:
            await held[1].close()
