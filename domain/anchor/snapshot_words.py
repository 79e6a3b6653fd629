"""What the model sees of a text that somebody wrote, and how much of several: within a budget of tokens, the newest
first, and nothing of what speaks of danger (semantics: Anchor, "Context" and "Safety")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
import regex

from domain.anchor.tokens import count, cut
from domain.safety.detector import in_crisis

Item = TypeVar("Item")

WITHHELD = "(withheld: it speaks of being in danger)"
_ADDRESS = "(e-mail)"
# Nobody's address leaves, not even if they wrote it down themselves. Both sides bounded, so that no text takes long.
_E_MAIL = regex.compile(r"[^\s@<>()\[\],;:\"]{1,64}+\s?@\s?[^\s@<>()\[\],;:\"]{1,190}?\.[\p{L}]{2,24}")
# What the model's own format is made of. Where somebody types it, it is broken.
_MARKS = regex.compile(r"<(?=/?(?:[|｜]|think>|dsml:))|(?<=｜)(?=DSML)")
# The comma between two items.
_BETWEEN = 1
_KNOWN_TEXTS = 50_000
_DANGER = -1


def encode(value: Any) -> str:
    """`value` as JSON in which no markup can stand, so that no text can close the fence around it."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("｜", "\\uff5c")


def shown(text: str, most: int) -> str:
    """What the model sees of `text`: its beginning, at most `most` tokens, without addresses; nothing of one that
    speaks of danger but that it does."""
    # By digest, so that no text stays in memory for having been looked at.
    key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), most
    known = _known.get(key)
    safe = without_addresses(text)
    if known is None:
        known = _DANGER if in_crisis(text) else _letters_kept(safe, most)
        if len(_known) >= _KNOWN_TEXTS:
            _known.clear()
        _known[key] = known
    if known == _DANGER:
        return WITHHELD
    return safe if known == len(safe) else f"{safe[:known]}…"


def _letters_kept(text: str, most: int) -> int:
    kept = cut(text, most)
    return len(text) if kept == text else len(kept.removesuffix("…"))


# By digest and tokens, how many letters are shown.
_known: dict[tuple[bytes, int], int] = {}


def said(text: str) -> str:
    """What the model sees of a message of the talk: no e-mail address, and nothing that it takes for the end of it."""
    safe: str = _MARKS.sub(lambda found: f"{found.group()} ", without_addresses(text))
    return safe


def without_addresses(text: str) -> str:
    """`text` with a word in the place of each e-mail address."""
    return _E_MAIL.sub(_ADDRESS, text) if "@" in text else text


def fitting(items: Iterable[Item], most: int) -> list[Item]:
    """The first of `items` whose JSON takes at most `most` tokens together. What does not fit is left out whole, and
    everything after it."""
    kept = []
    for item in items:
        most -= size(item)
        if most < 0:
            break
        kept.append(item)
    return kept


def size(item: Any) -> int:
    """Tokens that `item` takes among others."""
    return count(encode(item)) + _BETWEEN
