"""Errors: always problem details, always of use to the app, never a word too many."""

import asyncio

import asyncpg
import pytest

from domain.kit.database import KuitterEngine, engine
from tests.routes.conftest import fields, problem

SECRET = "SELECT 1 FROM journal -- diary of me@example.org"


async def patch(person, content, content_type="application/json"):
    return await person("PATCH", "/v1/me", content=content, headers={"Content-Type": content_type})


async def test_unknown_fields_are_named(person, stranger):
    assert fields(await person("PATCH", "/v1/me", json={"nickname": "x"})) == ["nickname"]
    login = {"email": "a@example.org", "password": "x", "remember": True}
    assert fields(await stranger("POST", "/v1/auth/login", json=login)) == ["remember"]


async def test_missing_fields_are_named(stranger):
    response = await stranger("POST", "/v1/auth/login", json={"email": "a@example.org"})
    fields(response)
    assert "password" in response.text


async def test_wrong_types_are_named(person):
    assert fields(await person("PATCH", "/v1/me", json={"why": 1})) == ["why"]
    assert fields(await person("PATCH", "/v1/me", json={"why": ["a"]})) == ["why"]
    assert fields(await person("PUT", "/v1/check-ins/2026-11-23", json={"mood": "good", "urge_level": 1})) == ["mood"]
    assert fields(await person("PUT", "/v1/check-ins/2026-11-23", json={"mood": 9, "urge_level": 1})) == ["mood"]
    triggers = {"mood": 1, "urge_level": 1, "triggers": ["a", 2]}
    (field,) = fields(await person("PUT", "/v1/check-ins/2026-11-23", json=triggers))
    assert field.startswith("triggers")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"true"])
async def test_a_body_that_is_no_object_is_400(person, body):
    assert fields(await patch(person, body)) == ["body"]


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b'{"why": }', b'{"why": "a"', b"{'why': 'a'}", b'{"why": "a"} x', b"why=a", b"\x00",
     b'{"why": NaN}', b'{"why": "a\nb"}', b'\xef\xbb\xbf{"why": "a"}'],
)  # fmt: skip
async def test_malformed_json_is_400(person, body):
    assert fields(await patch(person, body)) == ["body"]


@pytest.mark.parametrize(
    "body",
    [b"[" * 50_000, b'{"why":' * 20_000, b'{"why":' + b"[" * 50_000, b'{"why":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
     b'{"x":' * 20_000 + b"1" + b"}" * 20_000],
)  # fmt: skip
async def test_deep_nesting_is_400(person, stranger, body):
    problem(await patch(person, body), 400, "invalid_request")
    problem(await stranger("POST", "/v1/auth/login", content=body), 400, "invalid_request")


@pytest.mark.parametrize(
    "body", [b'{"why": "\xff\xfe"}', b'{"why": "\xc3"}', b'{"\xff": 1}', b'{"why": "\xed\xa0\x80"}']
)
async def test_invalid_utf_8_is_400(person, body):
    problem(await patch(person, body), 400, "invalid_request")


@pytest.mark.parametrize("text", [b"\\ud800", b"a\\udfffb", b"\\ud800\\ud800", b"\\udc00\\ud800"])
async def test_half_a_surrogate_pair_is_400(person, stranger, text):
    problem(await patch(person, b'{"why": "%s"}' % text), 400, "invalid_request")
    login = b'{"email": "%s@example.org", "password": "%s"}' % (text, text)
    problem(await stranger("POST", "/v1/auth/login", content=login), 400, "invalid_request")


NUL = "a\u0000b"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/auth/login", {"email": NUL, "password": NUL}),
        ("POST", "/v1/auth/login", {"email": "a\u0000@example.org", "password": NUL}),
        ("POST", "/v1/auth/refresh", {"refresh_token": NUL}),
        ("PATCH", "/v1/me", {"why": NUL}),
        ("PATCH", "/v1/me", {"timezone": NUL, "locale": NUL, "country": NUL}),
        ("PUT", "/v1/me/consents/terms", {"granted": True, "version": NUL}),
        ("PUT", "/v1/me/consents/a%00b", {"granted": True}),
        ("PUT", "/v1/check-ins/{today}", {"mood": 3, "urge_level": 1, "note": NUL}),
        ("PUT", "/v1/check-ins/{today}", {"mood": 3, "urge_level": 1, "client_id": NUL}),
        ("PUT", "/v1/check-ins/{today}", {"mood": 3, "urge_level": 1, "triggers": [NUL]}),
        ("PUT", "/v1/check-ins/a%00b", {"mood": 3, "urge_level": 1}),
        ("PUT", "/v1/me/devices/a%00b", {"platform": "android", "transport": "fcm", "token": "t" * 40,
                                         "token_kind": "fcm", "environment": "production", "app_version": "1"}),
        ("PUT", "/v1/me/devices/phone", {"platform": "android", "transport": "fcm", "token": NUL * 20,
                                         "token_kind": "fcm", "environment": "production", "app_version": NUL}),
        ("DELETE", "/v1/me/devices/a%00b", None),
        ("GET", "/v1/check-ins?from=%00&to=%00", None),
        ("GET", "/v1/auth/sessions?cursor=%00", None),
        ("DELETE", "/v1/auth/sessions/%00", None),
        ("PUT", "/v1/notifications/%00/read", None),
        ("POST", "/v1/anchor/messages", {"body": NUL}),
        ("POST", "/v1/anchor/messages", {"body": "hello", "client_id": NUL}),
        ("GET", "/v1/anchor/messages/%00", None),
    ],
)  # fmt: skip
async def test_nul_in_a_text_is_cleaned_or_refused(sign_up, method, path, body):
    """PostgreSQL has no way to store it, and would answer with an error of its own."""
    from tests.routes.table import today

    person = await sign_up(consents=("third_party_ai",))
    response = await person(method, path.format(today=today()), json=body)
    assert response.status_code < 500, response.text
    assert "\\u0000" not in response.text
    if response.status_code >= 400:
        problem(response, response.status_code)


@pytest.mark.parametrize("size", [257 * 1024, 5 * 1024 * 1024])
async def test_a_huge_body_is_413(person, stranger, size):
    problem(await patch(person, b'{"why": "%s"}' % (b"x" * size)), 413, "too_large")
    problem(await stranger("POST", "/v1/auth/login", content=b"x" * size), 413, "too_large")


async def test_a_huge_body_that_comes_in_pieces_is_413(person):
    sent = 0

    async def pieces():
        nonlocal sent
        yield b'{"why": "'
        for _ in range(2000):
            sent += 1
            yield b"x" * 1024

    problem(await person("PATCH", "/v1/me", content=pieces()), 413, "too_large")
    assert sent < 2000


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"why=a", "application/x-www-form-urlencoded"),
        (b'--x\r\nContent-Disposition: form-data; name="why"\r\n\r\na\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (b"<why>a</why>", "application/xml"),
        (b"\x81\xa3why\xa1a", "application/msgpack"),
    ],
)
async def test_what_is_not_json_is_refused_whatever_it_calls_itself(person, content, content_type):
    response = await patch(person, content, content_type)
    assert response.status_code in (400, 415)
    problem(response, response.status_code, "invalid_request")
    assert (await person.ok("GET", "/v1/me"))["why"] is None


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain; charset=utf-8", "application/vnd.msgpack", "application/x-www-form-urlencoded",
     "text/json", "application/jsonp", "application/xml", "json", "*/*"],
)  # fmt: skip
async def test_json_that_calls_itself_something_else_is_400(person, content_type):
    assert fields(await patch(person, b'{"why": "a"}', content_type)) == ["Content-Type"]
    assert (await person.ok("GET", "/v1/me"))["why"] is None


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json ;x=y",
     "application/merge-patch+json", "application/vnd.api+json", ""],
)  # fmt: skip
async def test_json_by_any_of_its_names_is_taken(person, content_type):
    assert (await patch(person, b'{"why": "a"}', content_type)).status_code == 200


async def test_json_without_a_content_type_is_taken(person):
    assert (await person("PATCH", "/v1/me", content=b'{"why": "a"}')).status_code == 200


async def test_an_unknown_path_is_404(person, stranger):
    for path in ("/", "/v1", "/v2/me", "/v1/nothing", "/v1/me/nothing", "/favicon.ico", "/v1/%00", "/%ff", "/.env"):
        for who in (person, stranger):
            problem(await who("GET", path), 404, "not_found")


async def test_a_wrong_method_is_405_and_says_which_are_allowed(person, stranger):
    for who in (person, stranger):
        response = await who("PUT", "/v1/me")
        problem(response, 405, "method_not_allowed")
        assert {"GET", "PATCH"} <= {method.strip() for method in response.headers["Allow"].split(",")}
        problem(await who("GET", "/v1/auth/login"), 405, "method_not_allowed")


async def test_a_failure_of_ours_says_nothing_of_its_cause(person, lines, monkeypatch):
    from domain.accounts import profile

    async def fail(*_):
        raise RuntimeError(SECRET) from ValueError(SECRET)

    monkeypatch.setattr(profile, "read_user", fail)
    response = await person("GET", "/v1/me")
    body = problem(response, 500, "internal_error")
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    for word in ("journal", "example.org", "RuntimeError", "Traceback", "profile"):
        assert word not in response.text
    (line,) = lines.of("request.failed")
    assert line["error"] == "RuntimeError"
    assert line["request_id"] == body["request_id"]
    assert line["at"]
    assert "journal" not in lines.text.getvalue()
    assert "example.org" not in lines.text.getvalue()


async def test_an_error_of_the_database_tells_its_code_to_the_log_and_no_value_to_anybody(person, lines, monkeypatch):
    from domain.accounts import profile
    from domain.kit.database import execute

    async def collide(user_id):
        await execute("INSERT INTO users SELECT * FROM users WHERE id = $1", user_id)

    monkeypatch.setattr(profile, "read_user", collide)
    response = await person("GET", "/v1/me")
    problem(response, 500, "internal_error")
    (line,) = lines.of("request.failed")
    assert line["sqlstate"] == "23505"
    assert person.user["id"] not in response.text
    assert person.user["email"] not in lines.text.getvalue()


async def test_after_a_failure_the_next_request_is_served(person, monkeypatch):
    from domain.accounts import profile

    async def fail(*_):
        raise RuntimeError

    with monkeypatch.context() as patches:
        patches.setattr(profile, "read_user", fail)
        for _ in range(15):
            problem(await person("GET", "/v1/me"), 500)
    await person.ok("GET", "/v1/me")


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError, ConnectionResetError, TimeoutError, asyncpg.CannotConnectNowError,
     asyncpg.TooManyConnectionsError, asyncpg.ConnectionDoesNotExistError, asyncpg.AdminShutdownError,
     asyncpg.CrashShutdownError, asyncpg.InterfaceError, asyncpg.InternalClientError],
)  # fmt: skip
async def test_with_the_database_away_it_is_503(person, stranger, monkeypatch, error):
    async def away(self):
        raise error(SECRET)

    monkeypatch.setattr(KuitterEngine, "take", away)
    login = {"email": "a@example.org", "password": "x"}
    for response in (await person("GET", "/v1/me"), await stranger("POST", "/v1/auth/login", json=login)):
        problem(response, 503, "unavailable")
        assert int(response.headers["Retry-After"]) >= 1
        assert "journal" not in response.text
    assert (await stranger("GET", "/health/live")).status_code == 200
    assert (await stranger("GET", "/health/ready")).status_code == 503


async def test_connections_that_the_server_cut_cost_no_500_and_come_back(person):
    async def cut():
        other = await asyncpg.connect(engine().config["dsn"])
        await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kuitter'")
        await other.close()

    await asyncio.gather(*(person("GET", "/v1/me") for _ in range(8)))
    await cut()
    answers = await asyncio.gather(*(person("GET", "/v1/me") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    await person.ok("GET", "/v1/me")


async def test_a_connection_cut_under_a_query_is_503(person, monkeypatch):
    from domain.accounts import profile
    from domain.kit.database import execute

    async def suicide(_):
        await execute("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)")

    with monkeypatch.context() as patches:
        patches.setattr(profile, "read_user", suicide)
        problem(await person("GET", "/v1/me"), 503, "unavailable")
    await person.ok("GET", "/v1/me")


async def test_the_answer_to_a_failure_has_the_usual_headers(person, monkeypatch):
    from domain.accounts import profile

    async def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(profile, "read_user", fail)
    response = await person("GET", "/v1/me")
    for name in ("X-Request-ID", "RateLimit-Limit", "X-Content-Type-Options", "Cache-Control"):
        assert name in response.headers


async def test_a_missing_field_is_named(stranger):
    response = await stranger("POST", "/v1/auth/login", json={"email": "me@example.org"})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "password", "message": "is missing"}]
