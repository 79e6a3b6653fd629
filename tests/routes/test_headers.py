"""Headers of every answer, and the log line of every request."""

import pytest

from domain.kit import log
from tests.conftest import PASSWORD
from tests.routes.conftest import problem

REQUEST_ID = "app-1.4_3F9c"


async def test_the_request_id_comes_back(person, stranger):
    for response in (
        await person("GET", "/v1/me", headers={"X-Request-ID": REQUEST_ID}),
        await stranger("GET", "/v1/me", headers={"X-Request-ID": REQUEST_ID}),
        await stranger("GET", "/v1/nothing", headers={"X-Request-ID": REQUEST_ID}),
        await stranger("GET", "/health/live", headers={"X-Request-ID": REQUEST_ID}),
        await person("POST", "/v1/auth/logout", headers={"X-Request-ID": REQUEST_ID}),
    ):
        assert response.headers.get_list("X-Request-ID") == [REQUEST_ID]
        if response.status_code >= 400:
            assert problem(response, response.status_code)["request_id"] == REQUEST_ID


async def test_without_one_each_request_gets_its_own(stranger):
    seen = {(await stranger("GET", "/health/live")).headers["X-Request-ID"] for _ in range(5)}
    assert len(seen) == 5
    assert all(seen)


@pytest.mark.parametrize(
    "bad", ["", "x" * 65, "a b", "a\tb", "<script>", "me@example.org", "é", "a\x01b", "../x", "{}"]
)
async def test_a_bad_one_is_replaced(stranger, bad):
    response = await stranger("GET", "/v1/me", headers={"X-Request-ID": bad.encode()})
    given = response.headers["X-Request-ID"]
    assert given
    assert given != bad
    assert problem(response, 401)["request_id"] == given
    assert bad == "" or bad not in response.text


async def test_it_is_not_left_over_for_the_next(stranger):
    await stranger("GET", "/health/live", headers={"X-Request-ID": REQUEST_ID})
    assert log.request_id.get() is None
    assert (await stranger("GET", "/health/live")).headers["X-Request-ID"] != REQUEST_ID


async def test_a_job_carries_the_id_of_the_request_that_caused_it(sign_up):
    from domain.kit.database import fetch_value

    person = await sign_up(consents=("third_party_ai",))
    await person.ok("POST", "/v1/anchor/messages", json={"body": "Good morning"}, headers={"X-Request-ID": REQUEST_ID})
    assert await fetch_value("SELECT count(*) FROM jobs WHERE request_id = $1", REQUEST_ID) >= 1


async def test_every_answer_has_the_headers_that_protect(person, stranger):
    for response in (
        await person("GET", "/v1/me"),
        await stranger("GET", "/v1/me"),
        await stranger("GET", "/v1/nothing"),
        await stranger("GET", "/docs"),
        await stranger("POST", "/v1/auth/login", content=b"{"),
        await person("POST", "/v1/auth/logout"),
    ):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response.headers["Cache-Control"]
        assert "max-age=" in response.headers["Strict-Transport-Security"]
        assert "server" not in response.headers
        assert "access-control-allow-origin" not in response.headers
        assert "set-cookie" not in response.headers


async def test_a_request_is_one_line_with_route_status_and_request_id(person, lines):
    session = "0192f0c5-7c5e-7b3a-8f43-3d1c5a2b9e77"
    await person("DELETE", f"/v1/auth/sessions/{session}", headers={"X-Request-ID": REQUEST_ID})
    (line,) = lines.of("request")
    assert line["method"] == "DELETE"
    assert line["route"] == "/v1/auth/sessions/{session_id}"
    assert line["status"] == 404
    assert line["request_id"] == REQUEST_ID
    assert line["user_id"] == person.user["id"]
    assert line["ms"] >= 0
    assert session not in lines.text.getvalue()


async def test_requests_that_reach_no_route_are_lines_too(stranger, lines):
    await stranger("GET", "/v1/nothing/me@example.org")
    await stranger("GET", "/v1/me")
    unknown, refused = lines.of("request")
    assert (unknown["status"], unknown["route"]) == (404, None)
    assert (refused["status"], refused["route"], refused["user_id"]) == (401, "/v1/me", None)
    assert "example.org" not in lines.text.getvalue()


async def test_no_line_holds_an_address_a_password_a_token_or_a_text(person, stranger, lines):
    email, why = "quiet@example.org", "for the sake of my daughter"
    registration = {
        "email": email, "password": PASSWORD, "birth_date": "1990-05-17", "timezone": "Europe/Berlin",
        "accepted_terms": True, "username": "quiet_one",
    }  # fmt: skip
    answer = await stranger.ok("POST", "/v1/auth/register", json=registration)
    await stranger("POST", "/v1/auth/register", json=registration)
    await stranger("POST", "/v1/auth/login", json={"email": email, "password": "wrong password"})
    await stranger("POST", "/v1/auth/login", json={"email": email, "password": PASSWORD})
    await stranger("POST", f"/v1/auth/login?email={email}", content=email.encode())
    await stranger("POST", "/v1/auth/refresh", json={"refresh_token": answer["refresh_token"]})
    await stranger("POST", "/v1/auth/refresh", json={"refresh_token": answer["refresh_token"] + "x"})
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    await stranger("PATCH", "/v1/me", json={"why": why}, headers=bearer)
    await stranger("PATCH", "/v1/me", json={"why": why, "nope": why}, headers=bearer)
    await stranger("GET", f"/v1/auth/sessions?cursor={email}", headers=bearer)
    await stranger("GET", f"/v1/{email}", headers=bearer)
    assert len(lines.of("request")) == 11
    written = lines.text.getvalue()
    for secret in (email, "quiet", PASSWORD, "wrong password", why, "daughter", answer["access_token"],
                   answer["refresh_token"], answer["refresh_token"].split(".")[2]):  # fmt: skip
        assert secret not in written


async def test_a_reused_refresh_token_is_logged_without_it(person, stranger, lines):
    token = person.signed_in["refresh_token"]
    second = await stranger.ok("POST", "/v1/auth/refresh", json={"refresh_token": token})
    await stranger.ok("POST", "/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    problem(await stranger("POST", "/v1/auth/refresh", json={"refresh_token": token}), 401, "refresh_reused")
    (line,) = lines.of("sessions.refresh_reused")
    assert line["session_id"] == token.split(".")[0]
    assert token.split(".")[2] not in lines.text.getvalue()
