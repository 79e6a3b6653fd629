"""Walking every GET route of the app as somebody else, and looking for traces of a person in what comes back."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from tests.conftest import Api
from tests.routes.table import TABLE, Row, World

# Longer than any answer takes; a stream is left after it.
_PATIENCE = 0.5
# Under this name stand the ids of the person themselves, former ones too.
_PERSON = "person"
# What ends the session or the account, and the switch itself, which the tests make.
_NOT_LIVED = re.compile(
    r"(GET|DELETE) .*|.* /v1/auth/.*|.* /webhooks/.*|.* /account-deletion.*|PUT /v1/me/visibility|POST /v1/me/restore"
)
# What a handler gets from elsewhere than the address.
_GIVEN = ("person", "request", "scope", "state", "headers", "cookies", "wait", "idempotency_key")


@dataclass(frozen=True)
class Answer:
    """What somebody got: where from, and all of it as text, headers included."""

    request: str
    status: int
    text: str
    body: Any

    def units(self) -> Iterator[str]:
        """The pieces of the answer that speak of one thing each.

        An item of a list is a piece of its own, and a piece does not hold the items of the lists in it: a page may
        show two people, or one person's two sides, next to each other. One item may not.
        """
        if self.body is None:
            yield self.text
        else:
            yield from _units(self.body)


def _units(value: Any) -> Iterator[str]:
    inner: list[Any] = []
    yield msgspec.json.encode(_without_items(value, inner)).decode()
    for item in inner:
        yield from _units(item)


def _without_items(value: Any, inner: list[Any]) -> Any:
    if isinstance(value, dict):
        return {name: _without_items(each, inner) for name, each in value.items()}
    if isinstance(value, list):
        inner.extend(each for each in value if isinstance(each, dict | list))
        return [each for each in value if not isinstance(each, dict | list)]
    return value


def answer_of(request: str, body: Any) -> Answer:
    """An answer that a route would give with `body`."""
    text = msgspec.json.encode(body).decode()
    return Answer(request, 200, text, msgspec.json.decode(text))


async def live(person: Api, world: World) -> dict[str, list[str]]:
    """Do as `person` whatever the table of routes knows to do. Returns the ids that came of it, by the path's name."""
    ids: dict[str, list[str]] = {}
    for name, row in TABLE.items():
        made = {**row.path, **(await row.make(person, world) if row.make else {})}
        for key, value in made.items():
            ids.setdefault(key, []).append(value)
        if _NOT_LIVED.fullmatch(name):
            continue
        method, template = name.split(" ", 1)
        arguments = {"json": row.body(person)} if row.body else {}
        response = await person(method, template.format(**made), headers=row.headers, **arguments)
        assert response.status_code < 500, f"{name}: {response.text}"
        # What was made is worth asking for.
        for found in re.findall(r'"id":"([^"]+)"', response.text):
            ids.setdefault("id", []).append(found)
        await world.drain()
    return ids


async def walk(app: Any, viewer: Api, ids: dict[str, list[str]], words: list[str]) -> list[Answer]:
    """Ask every GET route as `viewer`, with the `ids` that fit in its path and all `words` as its search.

    `ids["person"]` are those of the person themselves, which every path gets.
    A route that cannot be asked fails: whoever adds it tells the walk how, by its row in tests/routes/table.py.
    """
    answers: list[Answer] = []
    for route in _routes():
        for handler in getattr(route, "route_handlers", ()):
            if "GET" not in handler.http_methods or route.path_format.startswith("/openapi/"):
                continue
            row = TABLE.get(f"GET {route.path_format}", Row())
            targets = list(_targets(route.path_format, handler, ids, row, words))
            assert targets, f"no id to ask GET {route.path_format} with"
            own = [await _get(app, target, viewer) for target in targets]
            if not any(answer.status != 400 for answer in own):
                raise AssertionError(f"the walk cannot ask GET {route.path_format}: {own[0].text}")
            answers += own
    return answers


@cache
def _routes() -> list[Any]:
    from api.app import create_litestar

    return create_litestar().routes


def _targets(path: str, handler: Any, ids: dict[str, list[str]], row: Row, words: list[str]) -> Iterator[str]:
    names = re.findall(r"{(\w+)}", path)
    paths = {path}
    for name in names:
        known = [row.path[name]] if name in row.path else [*ids.get(name, ids.get("id", [])), *ids[_PERSON]]
        paths = {one.replace(f"{{{name}}}", quote(value)) for one in paths for value in known}
    parameters = inspect.signature(handler.fn).parameters
    # What cannot be left out gets some value; a search gets every word.
    needed = "".join(
        f"&{name}=1"
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and name not in (*names, *_GIVEN, "q")
    )
    for one in sorted(paths):
        if "q" in parameters:
            yield from (f"{one}?q={quote(word)}{needed}" for word in words)
        elif needed:
            yield f"{one}?{needed[1:]}"
        else:
            yield f"{one}?limit=100" if "limit" in parameters else one


async def _get(app: Any, target: str, viewer: Api) -> Answer:
    """One GET, straight through ASGI, because a client would wait for the end of a stream."""
    parts = urlsplit(target)
    token = viewer.http.headers.get("Authorization")
    headers = [(b"host", b"kuitter.test"), *([(b"authorization", token.encode())] if token else [])]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("kuitter.test", 80), "state": {},
    }  # fmt: skip
    gone, got = asyncio.Event(), bytearray()
    status, first = 0, True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            for name, value in message["headers"]:
                got.extend(name + b": " + value + b"\n")
        else:
            got.extend(message.get("body", b""))
            if not message.get("more_body"):
                gone.set()

    task = asyncio.create_task(app(scope, receive, send))
    await asyncio.wait((task,), timeout=_PATIENCE)
    gone.set()
    done, _ = await asyncio.wait((task,), timeout=_PATIENCE)
    if not done:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    text = got.decode(errors="replace")
    assert status < 500, f"GET {target}: {text}"
    return Answer(f"GET {target}", status, text, _json(text))


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text[text.index("{") :])
    except (ValueError, msgspec.DecodeError):
        return None


async def pushes_to(sandbox: Any, secrets: list[str]) -> AsyncIterator[Answer]:
    """What the providers were given for whoever has one of the device tokens or addresses `secrets`."""
    for item in (await sandbox.get("/_control/sent")).json()["items"]:
        text = msgspec.json.encode(item).decode()
        if any(secret in text for secret in secrets):
            yield Answer(f"{item['provider']} {item['path']}", 200, text, None)


def traces(answers: list[Answer], words: set[str]) -> list[str]:
    """Where one of `words` can be read, in whatever case."""
    return [
        f"{word!r} in {answer.request}: {answer.text[:300]}"
        for answer in answers
        for word in sorted(words)
        if word.lower() in answer.text.lower()
    ]


def joins(answers: list[Answer], *sides: set[str]) -> list[str]:
    """Where one piece of an answer shows words of two of the `sides`."""
    found = []
    for answer in answers:
        for unit in answer.units():
            shown = [side for side in sides if any(word.lower() in unit.lower() for word in side)]
            if len(shown) > 1:
                found.append(f"{answer.request} joins {shown}: {unit[:300]}")
    return found
