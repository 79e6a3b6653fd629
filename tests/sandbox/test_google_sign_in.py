"""Google's identity tokens, checked by Google's own library and by PyJWT."""

import time
import types
from typing import Any

import jwt
import pytest
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from tests.sandbox.conftest import Sandbox


def order(sandbox: Sandbox, **body: Any) -> dict[str, str]:
    return sandbox.control("google/id-token", **{"email": "ada@example.com"} | body)


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def verified(sandbox: Sandbox, token: str, audience: list[str] | None = None) -> dict[str, Any]:
    """By google-auth, with certificates fetched beforehand as the app does it."""
    certs = sandbox.http.get(sandbox.env["GOOGLE_CERTS_URL"]).raise_for_status().content
    answer = types.SimpleNamespace(status=200, headers={}, data=certs)
    clients = audience or sandbox.env["GOOGLE_CLIENT_IDS"].split(",")
    return id_token.verify_oauth2_token(token, lambda *_, **__: answer, clients, clock_skew_in_seconds=10)


def by_key_set(sandbox: Sandbox, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get("/google/v3/certs").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=sandbox.env["GOOGLE_CLIENT_IDS"].split(","))


def test_a_token_holds_before_both_sets_of_keys(sandbox: Sandbox):
    made = order(sandbox)
    seen = verified(sandbox, made["id_token"])
    assert seen == by_key_set(sandbox, made["id_token"])
    assert (seen["iss"], seen["email"], seen["email_verified"]) == (
        "https://accounts.google.com", "ada@example.com", True,
    )  # fmt: skip
    assert (seen["sub"], len(made["sub"]), made["sub"].isdecimal()) == (made["sub"], 21, True)
    assert seen["aud"] == sandbox.env["GOOGLE_CLIENT_IDS"].split(",")[0] != seen["azp"]
    assert seen["exp"] - seen["iat"] == 3600
    assert "nonce" not in seen
    assert seen["name"]
    assert seen["picture"].startswith("https://")


def test_a_person_stays_the_same_and_a_token_does_not(sandbox: Sandbox):
    first, second, other = order(sandbox), order(sandbox, email=" Ada@Example.com"), order(sandbox, email="b@b.example")
    assert first["sub"] == second["sub"] != other["sub"]
    one, two = claims(first["id_token"]), claims(second["id_token"])
    assert one["name"] == two["name"] != claims(other["id_token"])["name"]
    assert one["jti"] != two["jti"]


def test_what_is_asked_for_is_in_the_token(sandbox: Sandbox):
    ios = sandbox.env["GOOGLE_CLIENT_IDS"].split(",")[1]
    made = order(sandbox, sub="42", email_verified=False, audience=ios, nonce="raw nonce", expires_in=60)
    seen = verified(sandbox, made["id_token"])
    assert (made["sub"], seen["sub"], seen["email_verified"], seen["nonce"]) == ("42", "42", False, "raw nonce")
    assert (seen["aud"], seen["azp"]) == (ios, ios)
    assert 55 <= seen["exp"] - time.time() <= 60
    assert claims(order(sandbox, email_verified="true")["id_token"])["email_verified"] == "true"
    assert "email" not in claims(order(sandbox, email=None, sub="42")["id_token"])


def test_bad_tokens_are_bad(sandbox: Sandbox):
    for body in ({"expires_in": -60}, {"key": "unknown"}, {"key": "foreign"}, {"audience": "somebody-else"}):
        with pytest.raises(GoogleAuthError):
            verified(sandbox, order(sandbox, **body)["id_token"])
    published = sandbox.http.get("/google/certs").json().keys()
    kids = {
        key: jwt.get_unverified_header(order(sandbox, key=key)["id_token"])["kid"] for key in ("unknown", "foreign")
    }
    assert kids["unknown"] not in published
    assert kids["foreign"] in published
    expired = claims(order(sandbox, expires_in=-60)["id_token"])
    assert expired["iat"] < expired["exp"] < time.time()


def test_keys_rotate_and_the_old_ones_stay(sandbox: Sandbox):
    before = order(sandbox)["id_token"]
    old_certs = sandbox.http.get("/google/certs").json()
    kid = sandbox.control("google/rotate-keys")["kid"]
    after = order(sandbox)["id_token"]
    assert kid not in old_certs
    assert jwt.get_unverified_header(after)["kid"] == kid
    for token in (before, after):
        assert verified(sandbox, token) == by_key_set(sandbox, token)
    for _ in range(5):
        sandbox.control("google/rotate-keys")
    assert (
        len(sandbox.http.get("/google/certs").json()) == len(sandbox.http.get("/google/v3/certs").json()["keys"]) == 6
    )


def test_keys_may_be_cached_and_the_signing_one_is_not_the_first(sandbox: Sandbox):
    kid = jwt.get_unverified_header(order(sandbox)["id_token"])["kid"]
    for path in ("/google/certs", "/google/v3/certs"):
        answer = sandbox.http.get(path)
        assert "max-age=19800" in answer.headers["cache-control"]
    keys = [key["kid"] for key in answer.json()["keys"]]
    assert len(keys) > 1
    assert keys.index(kid) > 0
    assert sandbox.http.post("/google/certs").status_code == 405
    assert sandbox.http.get("/google/certs/more").status_code == 404


def test_faults_can_be_aimed_at_the_certificates(sandbox: Sandbox):
    sandbox.fault("google", status=503, match="/certs")
    assert sandbox.http.get("/google/certs").status_code == 503
    assert sandbox.http.get("/google/v3/certs").status_code == 503
    assert sandbox.token_answer().status_code == 200
    first = sandbox.sent("google")[0]
    assert (first["path"], first["status"]) == ("/google/certs", 503)
    # What the tester does is no fault of the provider's.
    assert order(sandbox)["sub"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"email":""}', b'{"email":1}', b'{"email":"a","key":"x"}', b'{"email":"a","x":1}'],
)
@pytest.mark.parametrize("path", ["google/id-token", "apple/identity-token"])
def test_bad_orders_are_refused(sandbox: Sandbox, path: str, body: bytes):
    answer = sandbox.http.post(f"/_control/{path}", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
