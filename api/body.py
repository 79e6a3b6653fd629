"""Bodies are read once, straight into the handler's Struct, and strictly: "3" is not 3."""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State

from api.person import Person


class StrictRequest(Request[Person, None, State]):
    """Litestar would parse a body into dicts and then convert those loosely; this is strict, and one pass."""

    async def json(self) -> Any:
        """The body as the type that the handler declares for `data`. Raises msgspec.MsgspecError."""
        body = await self.body()
        field = self.route_handler.parsed_data_field
        if field is None:
            return msgspec.json.decode(body)
        return msgspec.json.decode(body, type=field.annotation)
