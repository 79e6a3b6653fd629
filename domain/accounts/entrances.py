"""What happens whenever somebody has come in, whatever way: a session, a note of it, and a mail if it looks new."""

from __future__ import annotations

import re
from typing import Literal
from uuid import UUID

import msgspec

from domain.accounts import audit, letters
from domain.accounts.addresses import address_hash, remember_address
from domain.accounts.sessions import Tokens, open_session
from domain.kit.clock import clock
from domain.kit.database import fetch_row

Method = Literal["password", "google", "apple"]


class Visitor(msgspec.Struct, frozen=True):
    """Where a request comes from: what the device calls itself, and its network address."""

    client: str | None
    address: str


async def enter(user_id: UUID, visitor: Visitor, method: Method, *, registering: bool = False) -> Tokens:
    """Begin a session in the caller's transaction, which has made sure that the person may come in."""
    if not registering:
        await _tell_if_new(user_id, visitor.client)
    tokens = await open_session(user_id, visitor.client, method)
    await remember_address(user_id, visitor.address)
    await audit.record(
        "registered" if registering else "signed_in", user_id, session_id=tokens.session_id, method=method,
        address=address_hash(user_id, visitor.address).hex(),
    )  # fmt: skip
    return tokens


async def _tell_if_new(user_id: UUID, client: str | None) -> None:
    """Mail the person if no session of theirs ever began on such a client; another version of it is the same one."""
    row = await fetch_row(
        r"""SELECT email, timezone, EXISTS (
                SELECT 1 FROM sessions WHERE user_id = users.id
                  AND regexp_replace(coalesce(client, ''), '[0-9][0-9._]*', '', 'g') = $2) AS known
            FROM users WHERE id = $1""",
        user_id, re.sub(r"[0-9][0-9._]*", "", (client or "")[:200]),
    )  # fmt: skip
    if row is None or row["known"]:
        return
    await letters.post(
        "new_sign_in", row["email"], user_id,
        device=device_word(client), at=clock.now().isoformat(timespec="minutes"), zone=row["timezone"],
    )  # fmt: skip


def device_word(client: str | None) -> str:
    """A word for the kind of device. What it calls itself may be a stranger's message and never goes into a mail."""
    named = (client or "").lower()
    if "android" in named or "okhttp" in named:
        return "android"
    if any(word in named for word in ("iphone", "ipad", "ios", "cfnetwork", "darwin")):
        return "ios"
    return "browser" if "mozilla" in named else "other"
