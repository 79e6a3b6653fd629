"""The OpenAPI document and a page to read it, without anything from elsewhere."""

import html
from functools import cache
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme

from api.examples import add_examples
from api.problem_shapes import PROBLEM_SHAPES, problem_answer
from api.shapes import make_plain
from domain.kit.errors import NotFound

_OPEN = {"open": True}


def _not_here(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    raise NotFound


OPENAPI = OpenAPIConfig(
    title="Kuitter",
    version="1",
    description=(
        "The API of the Kuitter app. Times are RFC 3339 in UTC, days YYYY-MM-DD. Errors are RFC 9457 problem details "
        "with a stable `code`. Every answer carries `RateLimit-*` and `X-Request-ID`."
    ),
    use_handler_docstrings=True,
    components=Components(
        security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
    ),
    # Served below. Litestar insists on routes of its own, with pages that load scripts from elsewhere: they are shut.
    openapi_router=Router("/openapi", route_handlers=[], include_in_schema=False, guards=[_not_here], opt=_OPEN),
)


@cache
def document(app: Any) -> dict[str, Any]:
    """The OpenAPI 3.1 document as plain data: every closed operation asks for a bearer token."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    open_paths = {(route.path, method) for route in app.routes for handler in getattr(route, "route_handlers", ())
                  if handler.opt.get("open") for method in handler.http_methods}  # fmt: skip
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            is_open = any(_same(path, known) and method.upper() == verb for known, verb in open_paths)
            operation["security"] = [] if is_open else [{"bearer": []}]
            _close(operation, schema["components"]["schemas"])
            operation["responses"].pop("400", None)
            # An open GET asks nobody who they are; an open POST takes a password, token or code, which may be wrong.
            refusals = () if is_open and method == "get" else ("401", "403")
            changes = ("409", "413", "422") if method in ("post", "put", "patch", "delete") else ()
            for status in ("400", *refusals, "404", *changes, "429", "503"):
                operation["responses"].setdefault(status, problem_answer())
    schema["components"]["schemas"].update(PROBLEM_SHAPES)
    make_plain(schema)
    add_examples(schema)
    return schema


def _close(operation: dict[str, Any], shapes: dict[str, Any]) -> None:
    """Bodies refuse fields that they do not know; Litestar does not say so of Structs."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for schema in (content["schema"], *content["schema"].get("oneOf", ())):
            shape = shapes.get(schema.get("$ref", "").rsplit("/", 1)[-1])
            if shape is not None:
                shape["additionalProperties"] = False


def _same(documented: str, routed: str) -> bool:
    def names(path: str) -> list[str]:
        return ["{}" if part.startswith("{") else part for part in path.strip("/").split("/")]

    return names(documented) == names(routed)


@get(
    "/openapi.json", operation_id="openapi", tags=["Reference"], summary="This document", opt=_OPEN,
    responses={200: ResponseSpec(dict[str, Any], generate_examples=False, description="OpenAPI 3.1")},
)  # fmt: skip
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    return Response(_encoded(request.app), media_type=MediaType.JSON)


@cache
def _encoded(app: Any) -> bytes:
    return msgspec.json.encode(document(app))


@get(
    "/docs", operation_id="docs", tags=["Reference"], summary="A page to read it", opt=_OPEN, media_type=MediaType.HTML
)
async def docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The same document for people; needs no script and nothing from other hosts."""
    return Response(
        _page(request.app),
        media_type=MediaType.HTML,
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
    )


_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
body{background:#fbfbf9}
h1{font-size:1.8rem}h2{margin-top:2.5rem;border-bottom:1px solid #ddd}
details{background:#fff;border:1px solid #e3e3de;border-radius:8px;margin:.5rem 0;padding:.5rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#f4f4ef;padding:.7rem;overflow:auto;border-radius:6px}
.verb{display:inline-block;min-width:4.8rem;font-weight:700;color:#fff;text-align:center;border-radius:5px;background:#5b6b7f}
.get{background:#2f6f9f}.post{background:#2d7d4f}.put{background:#8a6d1c}.patch{background:#7a4f8f}.delete{background:#a23b3b}
.muted{color:#667}
"""


@cache
def _page(app: Any) -> str:
    schema = document(app)
    by_tag: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                by_tag.setdefault(operation.get("tags", ["Other"])[0], []).append(_operation(path, method, operation))
    sections = "".join(f"<h2>{html.escape(tag)}</h2>{''.join(parts)}" for tag, parts in by_tag.items())
    shapes = "".join(
        f"<details id='{html.escape(name)}'><summary><code>{html.escape(name)}</code></summary>{_json(shape)}</details>"
        for name, shape in schema.get("components", {}).get("schemas", {}).items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Kuitter API</title><style>{_STYLE}</style><h1>Kuitter API</h1>"
        f"<p>{html.escape(schema['info']['description'])}</p><p><a href='/openapi.json'>openapi.json</a></p>"
        f"{sections}<h2>Shapes</h2>{shapes}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    who = "" if operation["security"] else " <span class=muted>open</span>"
    body = operation.get("requestBody", {}).get("content", {})
    answers = "".join(
        f"<li><code>{status}</code> {html.escape(str(answer.get('description', '')))}"
        f"{_json(answer['content']) if int(status) < 300 and answer.get('content') else ''}</li>"
        for status, answer in sorted(operation["responses"].items())
    )
    return (
        f"<details><summary><span class='verb {method}'>{method.upper()}</span> <code>{html.escape(path)}</code> "
        f"{html.escape(operation.get('summary', ''))}{who}</summary>"
        f"<p>{html.escape(operation.get('description', ''))}</p>"
        f"{'<b>Parameters</b>' + _json(operation['parameters']) if operation.get('parameters') else ''}"
        f"{'<b>Body</b>' + _json(body) if body else ''}<b>Answers</b><ul>{answers}</ul></details>"
    )


def _json(value: Any) -> str:
    return f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(value)).decode())}</pre>"


HANDLERS = [openapi_json, docs]
