"""Whether this process lives and can serve."""

import asyncio

from litestar import MediaType, Response, get

from domain.kit.database import fetch_value

_OPEN = {"open": True}


@get("/health/live", operation_id="live", tags=["Health"], summary="The process runs", opt=_OPEN)
async def live() -> dict[str, str]:
    """Answers as long as the process runs, whatever else is away."""
    return {"status": "live"}


@get("/health/ready", operation_id="ready", tags=["Health"], summary="The process can serve", opt=_OPEN)
async def ready() -> Response[dict[str, str]]:
    """200 while PostgreSQL answers, else 503. Redis may be away: then jobs wait and everything else is served."""
    try:
        async with asyncio.timeout(2):
            await fetch_value("SELECT true")
    except Exception:
        return Response({"status": "not ready"}, status_code=503, media_type=MediaType.JSON)
    return Response({"status": "ready"}, media_type=MediaType.JSON)


HANDLERS = [live, ready]
