"""Sign in with Apple: tokens, codes, revoking, and what Apple tells the app."""

import hashlib
import time
from pathlib import Path
from typing import Any

import httpx2
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ops.sandbox import app as sandbox_app
from ops.sandbox import apple
from ops.sandbox.credentials import APPLE_CLIENT_IDS, environment, load
from ops.sandbox.webhooks import deliver_to
from ops.sandbox.wire import Request
from tests.sandbox.conftest import Sandbox, Webhooks

IOS, WEB = APPLE_CLIENT_IDS


def order(sandbox: Sandbox, **body: Any) -> dict[str, str]:
    return sandbox.control("apple/identity-token", **{"email": "ada@example.com"} | body)


def keys(sandbox: Sandbox) -> jwt.PyJWKSet:
    return jwt.PyJWKSet.from_dict(sandbox.http.get(f"{sandbox.env['APPLE_AUTH_URL']}/auth/keys").json())


def verified(sandbox: Sandbox, token: str, **options: Any) -> dict[str, Any]:
    return jwt.decode(
        token,
        keys(sandbox)[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        issuer="https://appleid.apple.com",
        **{"audience": sandbox.env["APPLE_CLIENT_IDS"].split(",")} | options,
    )


def secret(env: dict[str, str], *, key: str | None = None, kid: str | None = None, **claims: Any) -> str:
    """A client secret; a claim of None is left out."""
    now = int(time.time())
    payload = {
        "iss": env["APNS_TEAM_ID"],
        "sub": IOS,
        "aud": "https://appleid.apple.com",
        "iat": now,
        "exp": now + 300,
    } | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    signer = key or Path(env["APPLE_SIGN_IN_KEY"]).read_text()
    return jwt.encode(payload, signer, algorithm="ES256", headers={"kid": kid or env["APPLE_SIGN_IN_KEY_ID"]})


def post(sandbox: Sandbox, place: str, client_id: str = IOS, **form: str | None) -> httpx2.Response:
    filled = {"client_id": client_id, "client_secret": secret(sandbox.env, sub=client_id)} | form
    given = {name: value for name, value in filled.items() if value is not None}
    return sandbox.http.post(f"{sandbox.env['APPLE_AUTH_URL']}/auth/{place}", data=given)


def exchange(sandbox: Sandbox, code: str | None, **form: str | None) -> httpx2.Response:
    return post(sandbox, "token", **{"code": code, "grant_type": "authorization_code"} | form)


def refresh(sandbox: Sandbox, token: str | None, **form: str | None) -> httpx2.Response:
    return post(sandbox, "token", **{"refresh_token": token, "grant_type": "refresh_token"} | form)


def granted(answer: httpx2.Response) -> dict[str, Any]:
    return answer.raise_for_status().json()


def test_a_token_is_as_apple_makes_it(sandbox: Sandbox):
    made = order(sandbox, nonce="raw nonce")
    seen = verified(sandbox, made["identity_token"])
    digits, middle, end = made["sub"].split(".")
    assert (len(digits), len(middle), len(end), digits.isdecimal(), end.isdecimal()) == (6, 32, 4, True, True)
    assert (seen["sub"], seen["aud"], seen["email"]) == (made["sub"], IOS, "ada@example.com")
    assert seen["nonce"] == hashlib.sha256(b"raw nonce").hexdigest()
    assert seen["nonce_supported"] is True
    assert seen["real_user_status"] == 2
    assert "is_private_email" not in seen
    assert not {"name", "given_name"} & seen.keys()
    again = order(sandbox, email="ADA@example.com")
    assert again["sub"] == made["sub"]
    assert verified(sandbox, again["identity_token"])["jti"] != seen["jti"]
    assert sandbox.control("google/id-token", email="ada@example.com")["sub"] != made["sub"]


def test_flags_come_as_booleans_and_as_text(sandbox: Sandbox):
    seen = set()
    for number in range(20):
        relay = f"p{number}@privaterelay.appleid.com"
        claims = verified(sandbox, order(sandbox, email=relay)["identity_token"])
        assert claims["email_verified"] in (True, "true")
        assert claims["is_private_email"] == claims["email_verified"]
        seen.add(claims["email_verified"])
    assert seen == {True, "true"}
    asked = order(sandbox, email_verified="false", is_private_email="true", audience=WEB, sub="000001.x.0001")
    claims = verified(sandbox, asked["identity_token"])
    assert (claims["email_verified"], claims["is_private_email"]) == ("false", "true")
    assert (claims["sub"], claims["aud"]) == ("000001.x.0001", WEB)
    assert "real_user_status" not in claims
    assert "email" not in verified(sandbox, order(sandbox, email=None, sub="s")["identity_token"])


def test_bad_tokens_are_bad_and_keys_rotate(sandbox: Sandbox):
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(sandbox, order(sandbox, expires_in=-60)["identity_token"])
    with pytest.raises(jwt.InvalidSignatureError):
        verified(sandbox, order(sandbox, key="foreign")["identity_token"])
    with pytest.raises(KeyError):
        verified(sandbox, order(sandbox, key="unknown")["identity_token"])
    with pytest.raises(jwt.InvalidAudienceError):
        verified(sandbox, order(sandbox, audience="app.other")["identity_token"])
    before = order(sandbox)["identity_token"]
    known = {key.key_id for key in keys(sandbox).keys}
    assert len(known) > 1
    kid = sandbox.control("apple/rotate-keys")["kid"]
    after = order(sandbox)["identity_token"]
    assert kid not in known
    assert jwt.get_unverified_header(after)["kid"] == kid
    assert verified(sandbox, before)["sub"] == verified(sandbox, after)["sub"]
    assert "max-age" in sandbox.http.get("/apple/auth/keys").headers["cache-control"]


def test_a_code_buys_tokens_once(sandbox: Sandbox):
    made = order(sandbox, nonce="n")
    answer = exchange(sandbox, made["authorization_code"])
    got = granted(answer)
    assert (got["token_type"], got["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    claims = verified(sandbox, got["id_token"], audience=IOS)
    assert (claims["sub"], claims["email"]) == (made["sub"], "ada@example.com")
    assert "at_hash" in claims
    second = exchange(sandbox, made["authorization_code"])
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert "already been used" in second.json()["error_description"]
    renewed = granted(refresh(sandbox, got["refresh_token"]))
    assert renewed.keys() == {"access_token", "token_type", "expires_in", "id_token"}
    assert renewed["access_token"] != got["access_token"]


def test_what_the_token_endpoint_refuses(sandbox: Sandbox):
    code = order(sandbox)["authorization_code"]
    token = granted(exchange(sandbox, order(sandbox)["authorization_code"]))["refresh_token"]
    access = granted(refresh(sandbox, token))["access_token"]
    cases = [
        (exchange(sandbox, "nonsense"), "invalid_grant"),
        (exchange(sandbox, None), "invalid_request"),
        (exchange(sandbox, code, client_id=WEB), "invalid_grant"),
        (exchange(sandbox, code, grant_type="password"), "unsupported_grant_type"),
        (exchange(sandbox, code, grant_type=None), "invalid_request"),
        (exchange(sandbox, code, client_id=""), "invalid_request"),
        (refresh(sandbox, "nonsense"), "invalid_grant"),
        (refresh(sandbox, None), "invalid_request"),
        (refresh(sandbox, access), "invalid_grant"),
        (refresh(sandbox, token, client_id=WEB), "invalid_grant"),
        (sandbox.http.post("/apple/auth/token", json={"code": code}), "invalid_request"),
        (sandbox.http.post("/apple/auth/token", content=b"code=1&code=2", headers=FORM), "invalid_request"),
    ]
    for number, (answer, error) in enumerate(cases):
        assert (number, answer.status_code, answer.json()["error"]) == (number, 400, error)
    assert sandbox.http.get("/apple/auth/token").status_code == 405
    assert sandbox.http.get("/apple/auth/authorize").status_code == 404
    # None of that has used the code up.
    assert exchange(sandbox, code).status_code == 200


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("place", ["token", "revoke"])
def test_the_client_secret_has_to_be_right(sandbox: Sandbox, place: str):
    now, env = int(time.time()), sandbox.env
    stranger = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    wrong = [
        None,
        "",
        "a.b.c",
        secret(env, key=stranger.decode()),
        secret(env, kid="ANOTHERKEY"),
        secret(env, iss="ANOTHERONE"),
        secret(env, sub=WEB),
        secret(env, aud=IOS),
        secret(env, aud=None),
        secret(env, exp=now - 1),
        secret(env, exp=now + 16_000_000),
        secret(env, exp=None),
        secret(env, iat=None),
        secret(env, iat=now + 900),
        jwt.encode({"iss": env["APNS_TEAM_ID"]}, "x" * 32, algorithm="HS256"),
    ]
    form = {"grant_type": "authorization_code", "code": "x", "token": "x"}
    for number, value in enumerate(wrong):
        answer = post(sandbox, place, client_secret=value, **form)
        assert (number, answer.status_code, answer.json()) == (number, 400, {"error": "invalid_client"})
    other = post(sandbox, place, client_id="app.other", **form)
    assert other.json() == {"error": "invalid_client"}


def test_revoking_ends_the_grant_and_never_tells(sandbox: Sandbox):
    def revoke(token: str | None, **form: str) -> tuple[int, bytes]:
        answer = post(sandbox, "revoke", token=token, token_type_hint="refresh_token", **form)
        return answer.status_code, answer.content

    person = "leaving@example.com"
    first = granted(exchange(sandbox, order(sandbox, email=person)["authorization_code"]))
    unused = order(sandbox, email=person)["authorization_code"]
    other = granted(exchange(sandbox, order(sandbox, email="staying@example.com")["authorization_code"]))
    assert revoke("nonsense") == (200, b"")
    assert revoke(first["refresh_token"], client_id=WEB) == (200, b"")
    assert refresh(sandbox, first["refresh_token"]).status_code == 200
    assert [revoke(first["refresh_token"]) for _ in range(2)] == [(200, b"")] * 2
    assert refresh(sandbox, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert exchange(sandbox, unused).json()["error"] == "invalid_grant"
    assert refresh(sandbox, other["refresh_token"]).status_code == 200
    assert post(sandbox, "revoke").json() == {"error": "invalid_request"}
    # Whoever comes back is the same person with a new grant.
    back = granted(exchange(sandbox, order(sandbox, email=person)["authorization_code"]))
    assert refresh(sandbox, back["refresh_token"]).status_code == 200
    assert revoke(back["access_token"]) == (200, b"")
    assert refresh(sandbox, back["refresh_token"]).status_code == 400


async def test_a_code_lives_for_five_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    env = environment(tmp_path, 8100)
    made = sandbox_app.create(load(tmp_path), 8100, deliver_to("http://127.0.0.1:1"))
    provider = next(one for one in made.providers if isinstance(one, apple.Apple))

    async def control(path: str, body: dict[str, Any]) -> Any:
        request = Request("POST", path, "", [], msgspec.json.encode(body), "1.1", ("", 0))
        answer = await provider.control_routes()["POST", path](request)  # type: ignore[misc]
        return msgspec.json.decode(answer.body)

    def redeem(code: str, now: float) -> int:
        monkeypatch.setattr(apple.time, "time", lambda: now)
        form = {"client_id": IOS, "code": code, "grant_type": "authorization_code", "client_secret": secret(env)}
        body = str(httpx2.QueryParams(form)).encode()
        headers = [(b"content-type", FORM["content-type"].encode())]
        return provider.answer(Request("POST", "/apple/auth/token", "", headers, body, "1.1", ("", 0))).status

    began = time.time()
    codes = [
        (await control("/_control/apple/identity-token", {"email": "a@b.example"}))["authorization_code"] for _ in "12"
    ]
    assert redeem(codes[0], began + 299) == 200
    assert redeem(codes[1], began + 302) == 400
    # Nobody listens at the app's address: the event happens all the same.
    event = await control("/_control/apple/account-events", {"sub": "x", "type": "account-delete", "copies": 2})
    assert event["statuses"] == [None, None]


def test_apple_tells_the_app_what_a_person_did(sandbox: Sandbox, webhooks: Webhooks):
    made = order(sandbox, email="p1@privaterelay.appleid.com")
    told = sandbox.control("apple/account-events", sub=made["sub"], type="email-disabled", copies=3)
    assert told["statuses"] == [200, 200, 200]
    assert webhooks.got == [("/webhooks/apple-account", {"payload": told["payload"]})] * 3
    claims = verified(sandbox, told["payload"], audience=IOS)
    assert claims.keys() == {"iss", "aud", "iat", "jti", "events"}
    event = msgspec.json.decode(claims["events"])
    assert (event["type"], event["sub"], event["email"]) == (
        "email-disabled", made["sub"], "p1@privaterelay.appleid.com",
    )  # fmt: skip
    assert abs(event["event_time"] / 1000 - time.time()) < 60
    webhooks.status = 503
    assert sandbox.control("apple/account-events", sub=made["sub"], type="email-enabled")["statuses"] == [503]
    silent = sandbox.control("apple/account-events", sub="of nobody", type="account-deleted", deliver=False)
    assert silent["statuses"] == []
    assert len(webhooks.got) == 4
    forged = sandbox.control("apple/account-events", sub="x", type="account-delete", deliver=False, key="foreign")
    with pytest.raises(jwt.InvalidSignatureError):
        verified(sandbox, forged["payload"])


def test_whoever_withdraws_consent_takes_the_tokens_along(sandbox: Sandbox, webhooks: Webhooks):
    made = order(sandbox, email="withdraws@example.com")
    token = granted(exchange(sandbox, made["authorization_code"]))["refresh_token"]
    for kind in ("email-disabled", "consent-revoked"):
        assert refresh(sandbox, token).status_code == 200
        sandbox.control("apple/account-events", sub=made["sub"], type=kind)
    assert refresh(sandbox, token).json()["error"] == "invalid_grant"
    event = msgspec.json.decode(verified(sandbox, webhooks.got[-1][1]["payload"])["events"])
    assert event.keys() == {"type", "sub", "event_time"}


@pytest.mark.parametrize(
    "body",
    [{}, {"sub": "x"}, {"sub": "x", "type": "moved"}, {"sub": "x", "type": "account-delete", "copies": 0}, {"sub": ""}],
)
def test_bad_events_are_refused(sandbox: Sandbox, body: dict[str, Any]):
    answer = sandbox.http.post("/_control/apple/account-events", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_faults_and_the_journal(sandbox: Sandbox):
    sandbox.fault("apple", status=503, match="/revoke")
    assert post(sandbox, "revoke", token="x").json() == {"error": "server_error"}
    sandbox.fault("apple", status=400, times=1)
    assert refresh(sandbox, "x").json() == {"error": "invalid_grant"}
    sandbox.fault("apple", drop=True, times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        keys(sandbox)
    shown = sandbox.sent("apple")
    assert [(item["path"], item["status"]) for item in shown] == [
        ("/apple/auth/revoke", 503), ("/apple/auth/token", 400), ("/apple/auth/keys", None),
    ]  # fmt: skip
    assert "token=x" in shown[0]["body"]
    assert secret(sandbox.env).split(".")[0] in shown[0]["body"]
    assert "sha256:" in shown[0]["body"]
