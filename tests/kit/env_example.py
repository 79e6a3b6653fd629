"""What .env.example must say, from the settings themselves. `python -m tests.kit.env_example` writes it anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from domain.kit import settings as module

FILE = Path(__file__).parent.parent.parent / ".env.example"
_HEAD = """\
# Every variable that the system reads. Copy the lines that you need; what is commented out has a default.
# `make run` and `make test` set all of them for the local stack by themselves.
"""


class Variable(msgspec.Struct, frozen=True):
    name: str
    purpose: str
    example: str
    required: bool
    required_in_production: bool


def variables() -> list[Variable]:
    """All variables in the order in which the settings read them."""
    found: list[Variable] = []

    class Recorder(module.Reader):
        def get(
            self,
            name: str,
            purpose: str,
            example: str,
            parse: Callable[[str], Any],
            default: Any = None,
            *,
            required_in_production: bool = False,
        ) -> Any:
            found.append(Variable(name, purpose, example, default is None, required_in_production))
            return "redis://localhost:6379/0" if name.endswith("_URL") else default

    with mock.patch.object(module, "Reader", Recorder):
        module.read_settings({})
    return found


def expected_text() -> str:
    """The whole file."""
    parts = [_HEAD]
    for variable in variables():
        purpose = variable.purpose[0].upper() + variable.purpose[1:]
        if variable.required:
            need = " Required."
        elif variable.required_in_production:
            need = " Required in production."
        else:
            need = ""
        mark = "" if variable.required else "#"
        parts.append(f"# {purpose}.{need}\n{mark}{variable.name}={variable.example}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    draft = FILE.with_suffix(".new")
    draft.write_text(expected_text())
    os.replace(draft, FILE)
