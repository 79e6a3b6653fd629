"""Leaving and coming back, and a copy of everything to take along. The public page is in leaving_page.py."""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Meta

from api.accounts import AnyRequest, SignedIn, signed_in
from api.leaving_page import PAGE_HANDLERS
from api.person import Person
from api.prefer_wait import answered, wait_for
from api.problems import PROBLEM_MEDIA_TYPE, Problem
from domain.billing.subscription import MANAGE_SUBSCRIPTIONS
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.leaving import departure, export
from domain.leaving.departure import NOTICE
from domain.leaving.export import ExportView

_OPEN = {"open": True}
_TAGS = ["Accounts and sign-in"]

_READY = {201: ResponseSpec(ExportView, generate_examples=False, description="The archive is ready, or has failed")}
_ZIP = {
    200: ResponseSpec(bytes, generate_examples=False, media_type="application/zip", description="The archive"),
    403: ResponseSpec(
        Problem, generate_examples=False, media_type=PROBLEM_MEDIA_TYPE, description="The link has expired"
    ),
}


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That it is still the same person: one of the two."""

    password: Annotated[str | None, Meta(description="The account's password")] = None
    id_token: Annotated[str | None, Meta(description="An identity token of Google or Apple, not 10 minutes old")] = None
    nonce: Annotated[str | None, Meta(description="The raw nonce of the identity token, if it has one")] = None


class Leaving(msgspec.Struct, frozen=True):
    """The deletion that has begun. `restore_token` takes it back until `purges_at`; `notice` is to be shown."""

    state: str
    deleting_since: datetime
    purges_at: datetime
    restore_token: str
    notice: str
    manage_subscriptions: dict[str, str]


class Restore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token that leaving, or signing in during the grace, has answered with."""

    restore_token: str


@delete("/v1/me", operation_id="deleteMe", tags=_TAGS, summary="Delete the account", status_code=200)
async def delete_me(person: NamedDependency[Person], data: JSONBody[Proof]) -> Leaving:
    """Closes the account at once: every session ends, and nothing of the person is to be seen any more.

    After 30 days everything is removed. A store subscription goes on billing, which `notice` says; the links lead to
    where it is cancelled.
    """
    begun = await departure.leave(person.user_id, person.session_id, data.password, data.id_token, data.nonce)
    return Leaving(
        "deleting", begun.deleting_since, begun.purges_at, begun.restore_token, NOTICE, MANAGE_SUBSCRIPTIONS
    )  # fmt: skip


@post("/v1/me/restore", operation_id="restoreMe", tags=_TAGS, summary="Come back", opt=_OPEN, status_code=200)
async def restore_me(request: AnyRequest, data: JSONBody[Restore]) -> SignedIn:
    """Takes the deletion back and signs in. Everything is as it was, but devices and other sessions."""
    return await signed_in(await departure.restore(data.restore_token, request.headers.get("user-agent")))


@post(
    "/v1/me/export", operation_id="exportMe", tags=_TAGS, summary="Ask for a copy of one's data", status_code=202,
    responses=_READY,
)  # fmt: skip
async def export_me(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    wait: NamedDependency[float],
) -> Response[ExportView]:
    """One ZIP of JSON files. It is being packed then: poll `Location`. Once an hour; 429 names the last `export_id`.

    With `Prefer: wait=N` the finished one comes with 201 if that takes no longer than N seconds.
    """
    asked = await export.request_export(person.user_id, idempotency_key)
    look = partial(export.is_built, person.user_id, asked.resource_id)
    if wait:
        await wait_for(export.topic(asked.resource_id), wait, look)
    view = await export.read_export(person.user_id, asked.resource_id)
    return answered(view, bool(wait) and not view.is_open, f"/v1/me/exports/{view.id}")


@get("/v1/me/exports/{export_id:str}", operation_id="readExport", tags=_TAGS, summary="How the copy is getting on")
async def read_export(person: NamedDependency[Person], export_id: FromPath[str]) -> ExportView:
    """`state` is pending, ready or failed. When it is ready, `url` opens the archive for 15 minutes."""
    return await export.read_export(person.user_id, parse_id(export_id))


@get(
    "/v1/exports/{export_id:str}", operation_id="downloadExport", tags=_TAGS, summary="The archive, by its link",
    opt=_OPEN, responses=_ZIP, media_type="application/zip",
)  # fmt: skip
async def download_export(
    export_id: FromPath[str], expires: FromQuery[str] = "", signature: FromQuery[str] = ""
) -> Stream:  # fmt: skip
    """Needs no token: `expires` and `signature` are the link's own. Without them there is nothing here."""
    archive = await export.open_archive(export_id, expires, signature)
    return Stream(
        _content(archive.content),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{archive.file_name}"',
            "Content-Length": str(archive.size),
            "Cache-Control": "no-store",
        },
    )


async def _content(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece


HANDLERS = [delete_me, restore_me, export_me, read_export, download_export, *PAGE_HANDLERS]
