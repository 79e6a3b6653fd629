"""What the stores tell of their own accord: checked, kept and answered at once; a job looks into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from litestar import post
from litestar.params import JSONBody

from api.accounts import AnyRequest
from api.gate import limit_refused
from api.sign_in import Done
from domain.billing import app_store_webhook, google_push, google_webhook
from domain.kit.errors import Unauthenticated

_OPEN = {"open": True}
_TAGS = ["Webhooks"]


@asynccontextmanager
async def _from_a_store(request: AnyRequest) -> AsyncIterator[None]:
    """A store comes as often as it likes. Who keeps bringing what no store signed is sent away before it is checked:
    that takes milliseconds of a processor. Raises TooMany."""
    await limit_refused(request.scope, count=False)
    try:
        yield
    except Unauthenticated:
        await limit_refused(request.scope)
        raise


@post("/webhooks/google-play", operation_id="googlePlayNotice", tags=_TAGS, opt=_OPEN, status_code=204,
      summary="Google Play tells of a change")  # fmt: skip
async def google_play(request: AnyRequest) -> None:
    """A push of Google's Pub/Sub with the identity token of the service account that was set up for it.

    204 for whatever bears that token, even if it cannot be read: Google repeats everything else for days.
    """
    async with _from_a_store(request):
        await google_push.check_push(request.headers.get("authorization"))
    await google_webhook.receive(await request.body())


class AppStoreNotice(msgspec.Struct, frozen=True, rename="camel"):
    """Version 2 of Apple's notifications. Apple may add fields."""

    signed_payload: str


@post("/webhooks/app-store", operation_id="appStoreNotice", tags=_TAGS, opt=_OPEN, status_code=200,
      summary="The App Store tells of a change")  # fmt: skip
async def app_store(request: AnyRequest, data: JSONBody[AppStoreNotice]) -> Done:
    """Signed by Apple. 401 for what is not, 503 while that cannot be found out: Apple repeats what was not taken."""
    async with _from_a_store(request):
        await app_store_webhook.receive(data.signed_payload)
    return Done()


HANDLERS = [google_play, app_store]
