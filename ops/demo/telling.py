"""How the story is told: chapters, lines, and steps that hold or do not."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_COLOUR = sys.stdout.isatty()
_WIDTH = 100


class StepFailed(Exception):
    """A step of the story did not hold; the text says which and what was seen instead."""


def _paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if _COLOUR else text


def chapter(title: str) -> None:
    """A heading."""
    print(f"\n{_paint(title, '1;36')}", flush=True)


def tell(text: str) -> None:
    """A line of the story."""
    print(textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  "), flush=True)


def quote(who: str, text: str) -> None:
    """What somebody says."""
    print(textwrap.fill(f"{who}: {text}", _WIDTH, initial_indent="    ", subsequent_indent="      "), flush=True)


def spell(piece: str) -> None:
    """A piece of a text that streams in."""
    sys.stdout.write(piece)
    sys.stdout.flush()


def holds(what: str, truth: Any, seen: Any = None) -> None:
    """A step: say that it holds. Raises StepFailed if it does not."""
    if not truth:
        raise StepFailed(f"{what}{f' (seen: {seen!r})' if seen is not None else ''}")
    print(f"  {_paint('✓', '32')} {what}", flush=True)


def until(what: str, look: Callable[[], T | None], seconds: float = 30, pause: float = 0.05) -> T:
    """What `look` finds, as soon as it finds something; `pause` seconds between two looks. Raises StepFailed after
    `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise StepFailed(f"{what}: not within {seconds:g} s")
