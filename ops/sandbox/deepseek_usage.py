"""What a model call counts and costs: tokens, the provider's prefix cache, the price list."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import msgspec

CHARACTERS_PER_TOKEN = 4
BLOCK_TOKENS = 64
UNIT_TOKENS = 2048
_BLOCK = BLOCK_TOKENS * CHARACTERS_PER_TOKEN
_USERS = 20_000
_BLOCKS_PER_USER = 4096

# Micro-dollars a million tokens off-peak: cached input, other input, output. At peak everything is twice that.
PRICES = {"deepseek-flash": (3_000, 150_000, 600_000), "deepseek-v4-pro": (22_000, 660_000, 1_980_000)}
# UTC hours of the working days on which the peak price holds; Chinese holidays are left out here.
PEAK_HOURS = frozenset([1, 2, 3, 6, 7, 8, 9])


class PrefixCache:
    """Remembers the beginnings of prompts, apart for each user, as the provider does: only complete units hit.

    Units are where an input ended and where its answer ended, a beginning that two requests had in common, and a piece
    of every UNIT_TOKENS of a long text. All of them are rounded down to whole blocks.
    Source: the provider's guide to context caching, as read in November 2026; it does not say how long a piece is.
    """

    def __init__(self) -> None:
        # By user: the names of all blocks that were seen, and whether a unit ends with them.
        self._users: OrderedDict[str, OrderedDict[bytes, bool]] = OrderedDict()

    def cached_tokens(self, user: str, prompt: str) -> int:
        """Tokens at the beginning of `prompt` that are complete units of `user`; remembers this prompt."""
        known = self._users.pop(user, None) or OrderedDict()
        self._users[user] = known
        if len(self._users) > _USERS:
            self._users.popitem(last=False)
        names = _names(prompt)
        common = next((place for place, name in enumerate(names) if name not in known), len(names))
        hits = next((place for place in range(common, 0, -1) if known[names[place - 1]]), 0)
        self._remember(known, names, ends={common, len(names)})
        return hits * BLOCK_TOKENS

    def answered(self, user: str, prompt_and_answer: str) -> None:
        """The answer has ended: the next prompt may begin with it."""
        known = self._users.get(user)
        if known is not None:
            names = _names(prompt_and_answer)
            self._remember(known, names, ends={len(names)})

    def _remember(self, known: OrderedDict[bytes, bool], names: Sequence[bytes], ends: Collection[int]) -> None:
        for place, name in enumerate(names, start=1):
            known[name] = known.get(name, False) or place in ends or place * BLOCK_TOKENS % UNIT_TOKENS == 0
            known.move_to_end(name)
        while len(known) > _BLOCKS_PER_USER:
            known.popitem(last=False)

    def forget(self) -> None:
        """Every later prompt is new again."""
        self._users.clear()


def _names(text: str) -> list[bytes]:
    """One for each whole block. It covers everything before it, so a known name means that the whole beginning is."""
    names, chain = [], b""
    for start in range(0, len(text) - _BLOCK + 1, _BLOCK):
        chain = hashlib.blake2b(chain + text[start : start + _BLOCK].encode(), digest_size=16).digest()
        names.append(chain)
    return names


class Usage(msgspec.Struct, frozen=True):
    """The tokens of one call."""

    prompt: int
    cached: int
    completion: int
    reasoning: int

    def wire(self) -> dict[str, object]:
        """As the API reports it."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
            "prompt_cache_hit_tokens": self.cached,
            "prompt_cache_miss_tokens": self.prompt - self.cached,
        }

    def cost(self, model: str, at: datetime | None = None) -> int:
        """The price of the call in millionths of a micro-dollar, so that nothing is rounded."""
        moment = at or datetime.now(UTC)
        hit, miss, out = PRICES[model]
        sum_ = self.cached * hit + (self.prompt - self.cached) * miss + self.completion * out
        return sum_ * (2 if moment.weekday() < 5 and moment.hour in PEAK_HOURS else 1)


def tokens(text: str) -> int:
    """A cheap and steady estimate: four characters a token, a started one counts."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)
