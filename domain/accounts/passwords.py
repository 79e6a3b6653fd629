"""Passwords: argon2id, in threads, because one hash would hold the event loop for tens of milliseconds."""

from __future__ import annotations

import asyncio
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.kit.errors import InvalidRequest
from domain.kit.text import graphemes

_SHORTEST, _LONGEST = 8, 128
# In code points: a character that a person sees may be made of several.
_LONGEST_RAW = 8 * _LONGEST
# OWASP's second choice for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# 19 MiB each; more at once would only make all of them slower.
_AT_ONCE = 4
_slots = asyncio.Semaphore(_AT_ONCE)

# The most used ones of the well-known lists that are long enough to get past the length rule.
_COMMON = frozenset(
    """
    password password1 password12 password123 passw0rd p@ssword p@ssw0rd iloveyou iloveyou1 sunshine princess
    football baseball superman trustno1 whatever starwars welcome1 welcome123 letmein1 letmein123 qwertyuiop
    qwerty123 qwerty12345 qwertyui 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaq12wsx asdfghjkl asdf1234 zxcvbnm1 abcd1234
    abc12345 abcdefgh 12345678 123456789 1234567890 87654321 987654321 0987654321 11111111 00000000 88888888
    66666666 12341234 11223344 123123123 123321123 1234qwer qwer1234 computer internet michelle jennifer
    corvette maverick mercedes samantha victoria elizabeth liverpool charlie1 monkey123 dragon123 master123
    admin123 administrator changeme changeme1 secret123 test1234 testtest default1 hello123 freedom1 blink182
    pokemon1 spiderman batman123 kuitter1 recovery nofap123
    """.split()
)


def check_password(password: str, email: str, *, field: str = "password") -> None:
    """Raises InvalidRequest for a password of under 8 or over 128 characters, a common one, or the e-mail's name."""
    if len(password) > _LONGEST_RAW or not _SHORTEST <= graphemes(password) <= _LONGEST:
        raise InvalidRequest(f"must have {_SHORTEST} to {_LONGEST} characters", field=field)
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) <= 2 or plain in (email, email.split("@")[0]):
        raise InvalidRequest("is too easy to guess", field=field)


async def hash_password(password: str) -> str:
    """The argon2id hash of `password`, with its parameters and a fresh salt."""
    async with _slots:
        return await asyncio.to_thread(_hasher.hash, _composed(password))


def _composed(password: str) -> str:
    """One spelling: keyboards differ in how they compose an accent, and the person cannot see it.

    What is longer than any password of ours is nobody's, and is not composed: that takes quadratic time.
    """
    if len(password) > _LONGEST_RAW:
        return ""
    return unicodedata.normalize("NFC", password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the stored one. Does the same work for no stored hash: the answer's time tells nothing."""
    async with _slots:
        return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        matches = _hasher.verify(stored or _nobodys_hash(), _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None
