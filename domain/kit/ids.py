"""Ids of rows: UUIDv7, made here, so that they sort by the time they were made and index well."""

from __future__ import annotations

from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from domain.kit.errors import InvalidRequest, NotFound

LONGEST_CLIENT_ID = 100


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


def check_client_id(client_id: str | None) -> None:
    """Look at an app's own id of what it sends, by which a retry is known. None is none. Raises InvalidRequest.

    Its length is counted in code points and not in letters: it stands in indexes, whose rows have a limit of bytes.
    """
    if client_id is not None and not (0 < len(client_id) <= LONGEST_CLIENT_ID and client_id.isprintable()):
        raise InvalidRequest(f"must have 1 to {LONGEST_CLIENT_ID} printable characters", field="client_id")
