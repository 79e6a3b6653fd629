"""The token endpoint for service accounts."""

import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.conftest import Sandbox


def test_an_assertion_buys_a_token(sandbox: Sandbox):
    answer = sandbox.token_answer()
    assert answer.status_code == 200
    granted = answer.json()
    assert (granted["expires_in"], granted["token_type"]) == (3599, "Bearer")
    assert granted["access_token"] != sandbox.access_token(aud=sandbox.env["GOOGLE_TOKEN_URL"])


def test_what_google_refuses(sandbox: Sandbox):
    now = int(time.time())
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cases = [
        ({"key": stranger.decode()}, "invalid_grant"),
        ({"kid": "another"}, "invalid_grant"),
        ({"iss": "nobody@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com/token"}, "invalid_grant"),
        ({"aud": None}, "invalid_grant"),
        ({"exp": now - 1, "iat": now - 3000}, "invalid_grant"),
        ({"exp": now + 7200}, "invalid_grant"),
        ({"iat": now + 900, "exp": now + 1800}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
    ]
    for claims, error in cases:
        answer = sandbox.token_answer(**claims)
        assert (claims, answer.status_code, answer.json()["error"]) == (claims, 400, error)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "invalid_request"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}, "invalid_grant"),
    ],
)
def test_bad_forms(sandbox: Sandbox, form: dict[str, str], error: str):
    answer = sandbox.http.post("/google/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_json_and_get_are_refused(sandbox: Sandbox):
    assert sandbox.http.post("/google/token", json={"grant_type": "x"}).status_code == 400
    assert sandbox.http.get("/google/token").status_code == 405
    assert sandbox.http.get("/google/tokens").status_code == 404
