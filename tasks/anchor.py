"""Being written."""

from typing import Any

PERIODIC: list[Any] = []
