"""What a model call counts and costs: tokens, the provider's prefix cache, the price list."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import UTC, datetime

import msgspec

CHARACTERS_PER_TOKEN = 4
BLOCK_TOKENS = 64
_BLOCK = BLOCK_TOKENS * CHARACTERS_PER_TOKEN
_USERS = 20_000
_BLOCKS_PER_USER = 4096

# Micro-dollars a million tokens off-peak: cached input, other input, output. At peak everything is twice that.
PRICES = {"deepseek-flash": (3_000, 150_000, 600_000), "deepseek-v4-pro": (22_000, 660_000, 1_980_000)}
# UTC hours of the working days on which the peak price holds; Chinese holidays are left out here.
PEAK_HOURS = frozenset([1, 2, 3, 6, 7, 8, 9])


class PrefixCache:
    """Remembers the beginnings of prompts, block by block and apart for each user, as the provider does."""

    def __init__(self) -> None:
        self._users: OrderedDict[str, OrderedDict[bytes, None]] = OrderedDict()

    def cached_tokens(self, user: str, prompt: str) -> int:
        """Tokens at the beginning of `prompt` that an earlier prompt of `user` had too; remembers this prompt."""
        known = self._users.pop(user, None) or OrderedDict()
        self._users[user] = known
        if len(self._users) > _USERS:
            self._users.popitem(last=False)
        hits, unbroken, chain = 0, True, b""
        for start in range(0, len(prompt) - _BLOCK + 1, _BLOCK):
            # Each name covers everything before it, so one known name means that the whole beginning is known.
            chain = hashlib.blake2b(chain + prompt[start : start + _BLOCK].encode(), digest_size=16).digest()
            unbroken = unbroken and chain in known
            hits += unbroken
            known[chain] = None
            known.move_to_end(chain)
        while len(known) > _BLOCKS_PER_USER:
            known.popitem(last=False)
        return hits * BLOCK_TOKENS

    def forget(self) -> None:
        """Every later prompt is new again."""
        self._users.clear()


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
