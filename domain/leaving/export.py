"""A person's own copy of their data: asked for, packed by a job, fetched by a signed link that soon ends.

Rules: api, POST /v1/me/export; semantics, "Identity and privacy" (what an export holds).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.accounts import audit
from domain.accounts.keys import is_signed, signature
from domain.kit import signals
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import Forbidden, NotFound, TooMany, Unauthenticated
from domain.kit.forgetting import forget
from domain.kit.idempotency import IdempotencyKey, Outcome, once
from domain.kit.ids import new_id, parse_id
from domain.kit.log import log
from domain.kit.outbox import Job, enqueue
from domain.kit.outbox.rows import Lease
from domain.leaving.archive import TooLarge, write_archive

_PAUSE = timedelta(hours=1)
_KEPT = timedelta(hours=24)
_LINK_SECONDS = 900
_BATCH = 200


class BuildExport(Job, frozen=True, kw_only=True):
    """Pack the archive of an export."""

    name: ClassVar[str] = "leaving.export"
    queue: ClassVar[str] = "bulk"

    export_id: UUID


class ExportView(msgspec.Struct, frozen=True):
    """`url`, below the API's own address, opens the archive without further proof until `url_expires_at`; asking again
    gives a fresh one. The archive, of `bytes`, is there until `expires_at`. `code` says why an export failed."""

    id: UUID
    state: str
    created_at: datetime
    expires_at: datetime
    url: str | None
    url_expires_at: datetime | None
    bytes: int | None
    code: str | None

    @property
    def is_open(self) -> bool:
        return self.state == "pending"


class Archive(msgspec.Struct, frozen=True):
    """A finished archive, to be read piece by piece."""

    file_name: str
    size: int
    content: AsyncIterator[bytes]


def topic(export_id: UUID) -> str:
    """Where the end of an export is told."""
    return f"export:{export_id}"


# -- asking and looking --------------------------------------------------------------------------------------------


async def request_export(user_id: UUID, key: IdempotencyKey | None) -> Outcome:
    """Ask for an archive. Raises TooMany, with the last one's `export_id`, within an hour of the last.

    One that failed does not count.
    """

    async def create() -> UUID:
        # One at a time a person, so that two requests at once cannot both find none.
        if not await fetch_value("SELECT true FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id):
            raise Unauthenticated
        now = clock.now()
        last = await fetch_row(
            """SELECT id, created_at FROM exports WHERE user_id = $1 AND state <> 'failed' AND created_at > $2
               ORDER BY id DESC LIMIT 1""",
            user_id, now - _PAUSE,
        )  # fmt: skip
        if last is not None:
            raise TooMany(
                "An export can be asked for once an hour.",
                code="export_too_soon",
                retry_after=(last["created_at"] + _PAUSE - now).total_seconds(),
                extra={"export_id": last["id"]},
            )
        export_id = new_id()
        await execute(
            """INSERT INTO exports (id, user_id, state, created_at, expires_at) VALUES ($1, $2, 'pending', $3, $4)""",
            export_id, user_id, now, now + _KEPT,
        )  # fmt: skip
        await audit.record("export_asked", user_id)
        await enqueue(BuildExport(export_id=export_id))
        return export_id

    return await once(key, 202, create)


async def read_export(user_id: UUID, export_id: UUID) -> ExportView:
    """Raises NotFound if it is not theirs, or its day is over."""
    row = await fetch_row(
        "SELECT * FROM exports WHERE id = $1 AND user_id = $2 AND expires_at > $3", export_id, user_id, clock.now()
    )
    if row is None:
        raise NotFound
    url, url_expires_at = _link(export_id) if row["state"] == "ready" else (None, None)
    return ExportView(
        id=export_id,
        state=row["state"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        url=url,
        url_expires_at=url_expires_at,
        bytes=row["bytes"] if url else None,
        code=row["code"],
    )


async def is_built(user_id: UUID, export_id: UUID) -> bool | None:
    """True once the export is ready or has failed, else None."""
    return None if (await read_export(user_id, export_id)).is_open else True


def _link(export_id: UUID) -> tuple[str, datetime]:
    expires = int(time.time()) + _LINK_SECONDS
    signed = signature("export", f"{export_id}.{expires}")
    return f"/v1/exports/{export_id}?expires={expires}&signature={signed}", datetime.fromtimestamp(expires, UTC)


async def open_archive(export_id: str, expires: str, signed: str) -> Archive:
    """What a link leads to. Raises NotFound for one that is not ours, or whose archive or person is gone, and
    Forbidden `link_expired` for one of ours after its quarter of an hour."""
    if not is_signed("export", f"{export_id}.{expires}", signed):
        raise NotFound
    if int(expires) <= time.time():
        raise Forbidden("This link has expired. Ask for the export again.", code="link_expired")
    row = await fetch_row(
        """SELECT exports.id, exports.created_at, bytes FROM exports JOIN users ON users.id = exports.user_id
           WHERE exports.id = $1 AND exports.state = 'ready' AND expires_at > $2 AND users.state = 'active'""",
        parse_id(export_id), clock.now(),
    )  # fmt: skip
    if row is None:
        raise NotFound
    return Archive(f"kuitter-{row['created_at']:%Y-%m-%d}.zip", row["bytes"], _pieces(row["id"]))


async def _pieces(export_id: UUID) -> AsyncIterator[bytes]:
    number = 1
    # A query a piece: no connection is held while a slow phone reads.
    while piece := await fetch_value(
        "SELECT content FROM export_parts WHERE export_id = $1 AND number = $2", export_id, number
    ):
        yield piece
        number += 1


# -- the job -------------------------------------------------------------------------------------------------------


async def build(export_id: UUID, lease: Lease) -> None:
    """Pack the archive, holding `lease`. What an earlier try left is replaced. Raises LeaseLost."""
    row = await fetch_row(
        """SELECT user_id FROM exports JOIN users ON users.id = exports.user_id
           WHERE exports.id = $1 AND exports.state = 'pending' AND users.state = 'active'""",
        export_id,
    )
    code, size = "account_closed", 0
    if row is not None:
        try:
            size = await _pack(export_id, row["user_id"])
            code = ""
        except TooLarge:
            code = "too_large"
    async with transaction():
        await lease.settle()
        await _finish(export_id, code or None, size)
    await tell(export_id)


async def _pack(export_id: UUID, user_id: UUID) -> int:
    async def keep(number: int, piece: bytes) -> None:
        await execute(
            "INSERT INTO export_parts (export_id, number, content) VALUES ($1, $2, $3)", export_id, number, piece
        )

    await execute("DELETE FROM export_parts WHERE export_id = $1", export_id)
    # Not the transaction of the outcome: that one sees a lease renewed since, which a snapshot does not.
    async with transaction():
        return await write_archive(user_id, clock.now(), keep)


async def _finish(export_id: UUID, code: str | None, size: int) -> None:
    now = clock.now()
    await execute(
        """UPDATE exports SET state = $2, code = $3, bytes = $4, finished_at = $5, expires_at = $6
           WHERE id = $1 AND state = 'pending'""",
        export_id, "failed" if code else "ready", code, size, now, now + _KEPT,
    )  # fmt: skip
    if code:
        log().warning("leaving.export_failed", export_id=str(export_id), code=code)


async def fail(export_id: UUID, code: str) -> None:
    """The job has ended without an outcome, in the caller's transaction."""
    await _finish(export_id, code, 0)
    await execute("DELETE FROM export_parts WHERE export_id = $1", export_id)


async def tell(export_id: UUID) -> None:
    """Wake whoever waits for the export."""
    await signals.publish(topic(export_id), b"ended")


async def forget_expired() -> int:
    """Remove archives whose day is over; returns how many."""
    return await forget("exports", "expires_at <= $1", clock.now())
