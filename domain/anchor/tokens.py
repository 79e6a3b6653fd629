"""A cheap count of tokens, on the safe side: what is cut to a budget, or reserved, must not turn out longer."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

_BYTES_A_TOKEN = 3
_AROUND_A_MESSAGE = 8


class Message(msgspec.Struct, frozen=True):
    """One message of a prompt. `role` is system, user or assistant."""

    role: str
    content: str


def estimate(text: str) -> int:
    """Tokens of `text`, at most. The provider's own are 3 to 4 letters of English, one or two characters of Chinese;
    3 bytes of UTF-8 for each covers both."""
    return -(-len(text.encode()) // _BYTES_A_TOKEN)


def estimate_messages(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt, with what the provider writes around each message."""
    return sum(estimate(message.content) + _AROUND_A_MESSAGE for message in messages)
