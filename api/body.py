"""Bodies are read once, straight into the handler's Struct, and strictly: "3" is not 3."""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State

from api.person import Person
from domain.kit.errors import InvalidRequest

_JSON = re.compile(r"\s*application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)


class StrictRequest(Request[Person, None, State]):
    """Litestar would parse a body into dicts and then convert those loosely; this is strict, and one pass."""

    async def json(self) -> Any:
        """The body as the type that the handler declares for `data`.

        Raises InvalidRequest for a body that calls itself something other than JSON, msgspec.MsgspecError.
        """
        body = await self.body()
        called = self.headers.get("content-type")
        if body and called and not _JSON.match(called):
            raise InvalidRequest("must be application/json", field="Content-Type")
        field = self.route_handler.parsed_data_field
        if field is None:
            return msgspec.json.decode(body)
        return msgspec.json.decode(body, type=field.annotation)
