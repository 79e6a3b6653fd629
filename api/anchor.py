"""Being written."""

from typing import Any

HANDLERS: list[Any] = []
