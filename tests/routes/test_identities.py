"""Every route, asked by everybody: closed unless the table says otherwise."""

import asyncio
import re

import pytest

from domain.events import open_streams
from domain.kit.database import execute, fetch_value
from domain.kit.ids import new_id
from tests.routes.conftest import problem
from tests.routes.table import TABLE, Row, World, phone

CLOSED = [name for name, row in TABLE.items() if not row.open]
# What Litestar adds by itself: shut, see api/reference.py.
LITESTARS_OWN = re.compile(r"/openapi(/.*)?")


def routes():
    """ "GET /v1/me" and so on, of the app as it is built."""
    from api.app import create_litestar

    return {
        f"{method} {route.path_format}"
        for route in create_litestar().routes
        for method in route.methods - {"OPTIONS"}
        if not LITESTARS_OWN.fullmatch(route.path_format)
    }


def test_every_route_has_a_row():
    missing = routes() - set(TABLE)
    assert not missing, f"tests/routes/table.py has no row for {sorted(missing)}"


def test_every_row_has_a_route():
    assert not set(TABLE) - routes()


def test_what_is_open_is_open_by_the_table_alone():
    from api.app import create_litestar

    opened = {
        f"{method} {route.path_format}"
        for route in create_litestar().routes
        if not LITESTARS_OWN.fullmatch(route.path_format)
        for handler in route.route_handlers
        if handler.opt.get("open")
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert opened == {name for name, row in TABLE.items() if row.open}


def call(api, name: str, row: Row, ids, body_of, **more):
    """The row's call by `api`; ids of `ids`, the body as `body_of` would send it."""
    method, template = name.split(" ", 1)
    arguments = {"headers": {**row.headers, **more}}
    if row.query:
        arguments["params"] = row.query
    if row.body is not None:
        arguments["json"] = row.body(body_of)
    answer = api(method, template.format(**{**row.path, **ids}), **arguments)
    return ended(answer) if row.endless else answer


async def ended(answer):
    """The whole of an answer that goes on until the server stops, which it does at once."""
    call = asyncio.ensure_future(answer)
    async with asyncio.timeout(10):
        while not call.done():
            await asyncio.sleep(0.02)
            open_streams.end_all()
    return await call


@pytest.fixture
async def world(stranger, drain, request):
    return World(stranger, drain)


@pytest.fixture
def needed(request):
    """The sandbox, for the rows that let Anchor answer."""
    if "anchor" in str(request.node.callspec.params.get("name", "")):
        request.getfixturevalue("sandbox_process")


@pytest.mark.parametrize("name", TABLE)
async def test_the_owner_is_served_and_another_person_gets_nothing_of_theirs(name, needed, sign_up, world):
    row = TABLE[name]
    owner = await sign_up(consents=row.consents)
    other = await sign_up(consents=row.consents)
    ids = await row.make(owner, world) if row.make else {}
    # First the other one: the owner's call may take the thing away.
    answer = await call(other, name, row, ids, other)
    assert answer.status_code == row.other, answer.text
    assert owner.user["id"] not in answer.text
    assert owner.user["email"] not in answer.text
    if row.other == 404:
        # What is another's looks exactly like what is not there.
        unknown = dict.fromkeys(ids, str(new_id()))
        absent = await call(other, name, row, unknown, other, **{"X-Request-ID": "same"})
        hidden = await call(other, name, row, ids, other, **{"X-Request-ID": "same"})
        assert problem(absent, 404, "not_found")
        assert absent.content == hidden.content
    answer = await call(owner, name, row, ids, owner)
    assert answer.status_code == row.owner, answer.text


async def test_ending_pushes_to_an_installation_of_the_same_name_leaves_another_person_s(sign_up):
    owner, other = await sign_up(), await sign_up()
    await owner.ok("PUT", "/v1/me/devices/phone-1", json=phone(owner))
    assert (await other("DELETE", "/v1/me/devices/phone-1")).status_code == 204
    assert await fetch_value("SELECT count(*) FROM devices WHERE user_id = $1", owner.user["id"]) == 1


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.open])
async def test_an_open_route_serves_everybody(name, person, stranger):
    row = TABLE[name]
    assert (await call(stranger, name, row, {}, person)).status_code == row.owner
    # Whatever they hold in their hand.
    if row.owner == 200:
        assert (await call(stranger, name, row, {}, person, Authorization="Bearer nonsense")).status_code == row.owner


@pytest.mark.parametrize("name", CLOSED)
async def test_without_a_token_nothing_but_401(name, person, stranger):
    """Before the path, the query or the body are looked at: nothing is learnt from what is wrong with them."""
    row = TABLE[name]
    method, template = name.split(" ", 1)
    paths = {
        template.format(**dict.fromkeys(re.findall(r"{(\w+)}", template), value))
        for value in ("x", "%00", "9999-99-99", "0192f0c5-7c5e-7b3a-8f43-3d1c5a2b9e77", "é")
    }
    bodies = [b"", b"{", b"[" * 1000, b"\xff\xfe", b'{"unknown": 1}']
    answers = [await stranger(method, path) for path in sorted(paths)]
    answers += [await stranger(method, f"{sorted(paths)[0]}?limit=abc&cursor=%00&from=x")]
    answers += [await stranger(method, sorted(paths)[0], content=body) for body in bodies]
    answers += [
        await stranger(method, sorted(paths)[0], headers={"Idempotency-Key": "", "Prefer": "wait=x"}),
        await stranger(method, sorted(paths)[0], headers={"Authorization": "Bearer nonsense"}),
    ]
    for answer in answers:
        problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if row.body is not None:
        problem(await call(stranger, name, row, dict.fromkeys(re.findall(r"{(\w+)}", template), "x"), person), 401)


@pytest.mark.parametrize("name", CLOSED)
async def test_an_ended_session_is_401(name, person):
    await execute("UPDATE sessions SET revoked_at = now(), revoked_why = 'logout'")
    ids = dict.fromkeys(re.findall(r"{(\w+)}", name), "x")
    problem(await call(person, name, TABLE[name], ids, person), 401, "session_ended")


async def test_what_litestar_would_add_is_shut(person, stranger):
    for path in ("/openapi", "/openapi/swagger", "/openapi/redoc", "/openapi/elements", "/openapi/openapi.json",
                 "/schema", "/schema/openapi.json", "/schema/swagger", "/openapi/nothing.html"):  # fmt: skip
        for who in (person, stranger):
            problem(await who("GET", path), 404, "not_found")


async def test_a_path_that_only_resembles_an_open_one_is_not_open(stranger):
    for path in ("/v1/auth/login/x", "/health", "/health/live/x", "/v1/health/live", "/docs/x", "/v1/me/../auth/x"):
        assert (await stranger("GET", path)).status_code in (401, 404, 405)
    for path in ("/V1/me", "/v1//me", "/v1/me/"):
        assert (await stranger("GET", path)).status_code in (401, 404)
