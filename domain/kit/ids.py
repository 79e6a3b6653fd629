"""Ids of rows: UUIDv7, made here, so that they sort by the time they were made and index well."""

from __future__ import annotations

from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from domain.kit.errors import NotFound


def new_id() -> UUID:
    """A fresh UUIDv7. It tells when it was made: use `new_public_id` where that must stay hidden."""
    return uuid7()


def new_public_id() -> UUID:
    """A fresh random UUIDv4, for personas: nothing can be read from it."""
    return uuid4()


def parse_id(text: str) -> UUID:
    """The id in `text`. Raises NotFound: an id that cannot exist is a thing that does not exist."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
