"""Whether an account may be used: the one place that knows what its states mean to the rest.

Rules: semantics, "Identity and privacy", Deletion (403 `account_deleting` during the grace, with a way back).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.accounts.keys import is_signed, signature
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.errors import Forbidden, Unauthenticated

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def active(people: str = "users") -> str:
    """The SQL condition for people who are there; `people` is what `users` is called in the statement.

    Whoever shows one person to another, or what they wrote, asks for it (the joins of domain/accounts/authors.py do):
    content and persona of a suspended account, or of one in its grace, are nowhere to be seen, and come back with it.
    """
    return f"{people}.state = 'active'"


def refuse_if_not_active(row: Any) -> None:
    """What every way of signing in asks, once it knows for sure that the right person is there.

    `row` has a person's `id, state, deleting_since, purges_at`. Raises Forbidden: `account_suspended`, or
    `account_deleting` with `purges_at` and the `restore_token`, null once the purge is due.
    """
    if row["state"] == "suspended":
        raise Forbidden("This account is suspended.", code="account_suspended")
    if row["state"] != "deleting":
        return
    restorable = row["purges_at"] > clock.now()
    token = make_restore_token(row["id"], row["deleting_since"]) if restorable else None
    detail = "This account is going to be deleted. It can still be restored." if restorable else "This account is gone."
    raise Forbidden(detail, code="account_deleting", extra={"restore_token": token, "purges_at": row["purges_at"]})


async def hold_active(user_id: UUID) -> None:
    """The same question in the caller's transaction, and the answer stays true until that ends.

    To be asked where a session is opened: a deletion that comes between would else miss the new session.
    Raises Unauthenticated if the person is gone, else as refuse_if_not_active.
    """
    row = await fetch_row("SELECT id, state, deleting_since, purges_at FROM users WHERE id = $1 FOR SHARE", user_id)
    if row is None:
        raise Unauthenticated
    refuse_if_not_active(row)


# To be set where the ways into an account change hands: a restore token is bound to the instant of the deletion, so
# moving that by the least there is makes every one that was given out worthless. The next sign-in gets a new one.
VOID_RESTORE_TOKENS = "deleting_since = deleting_since + interval '1 microsecond'"


def make_restore_token(user_id: UUID, deleting_since: datetime) -> str:
    """Ends this one deletion, begun at `deleting_since`; worth nothing for a later one."""
    body = f"{user_id}.{(deleting_since - _EPOCH) // timedelta(microseconds=1)}"
    return f"{body}.{signature('restore', body)}"


def read_restore_token(token: str) -> tuple[UUID, datetime]:
    """The person, and when the deletion began. Raises Unauthenticated `restore_token_invalid` if it is not ours."""
    try:
        user_id, began, signed = token.split(".")
        if not is_signed("restore", f"{user_id}.{began}", signed):
            raise ValueError
        return UUID(user_id), _EPOCH + timedelta(microseconds=int(began))
    except (ValueError, TypeError):
        raise no_such_restore() from None


def no_such_restore() -> Unauthenticated:
    """For a restore token that is not ours, too late, or used up: all alike."""
    return Unauthenticated("This account cannot be restored with that.", code="restore_token_invalid")
