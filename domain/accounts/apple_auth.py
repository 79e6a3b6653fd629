"""Apple's `/auth/token` and `/auth/revoke` (spec: providers.md 5)."""

from __future__ import annotations

import asyncio
import time

import httpx2
import jwt
import msgspec

from domain.accounts.connections import connections
from domain.kit.providers import Answer, Outcome, oauth_refusal
from domain.kit.settings import settings

_AUDIENCE = "https://appleid.apple.com"
_SECRET_SECONDS = 300
_TOTAL_SECONDS = 15.0


class Granted(msgspec.Struct, frozen=True):
    """What a code was worth. `subject` is whose it was."""

    refresh_token: str
    subject: str


class _Body(msgspec.Struct):
    refresh_token: str
    id_token: str


def client_secret(client_id: str) -> str:
    """A JWT of ours that says who asks; made for each call, good for five minutes of the real clock."""
    chosen, now = settings(), int(time.time())
    claims = {
        "iss": chosen.apns_team_id, "sub": client_id, "aud": _AUDIENCE, "iat": now, "exp": now + _SECRET_SECONDS,
    }  # fmt: skip
    return jwt.encode(claims, chosen.apple_sign_in_key, algorithm="ES256", headers={"kid": chosen.apple_sign_in_key_id})


async def exchange(code: str, client_id: str) -> Granted | Answer:
    """The refresh token for an authorization code, which is good once; else what kept it from us."""
    answer = await _post("/auth/token", client_id, {"code": code, "grant_type": "authorization_code"})
    if isinstance(answer, Answer):
        return answer
    try:
        body = msgspec.json.decode(answer.content, type=_Body)
        # It came from Apple itself over TLS, so its signature need not be looked at (OpenID Connect Core 3.1.3.7).
        claims = jwt.decode(body.id_token, options={"verify_signature": False})
        return Granted(body.refresh_token, str(claims["sub"]))
    except (msgspec.MsgspecError, UnicodeDecodeError, jwt.PyJWTError, KeyError):
        return Answer(Outcome.REJECTED, "bad_answer")


async def revoke(token: str, client_id: str) -> Answer:
    """End a refresh token, and with it the person's consent. Apple answers alike for one that is gone already."""
    answer = await _post("/auth/revoke", client_id, {"token": token, "token_type_hint": "refresh_token"})
    return answer if isinstance(answer, Answer) else Answer(Outcome.OK, "revoked")


async def _post(path: str, client_id: str, fields: dict[str, str]) -> httpx2.Response | Answer:
    form = {"client_id": client_id, "client_secret": client_secret(client_id), **fields}
    try:
        async with asyncio.timeout(_TOTAL_SECONDS):
            response = await connections().http.post(settings().apple_auth_url + path, data=form)
    except (TimeoutError, httpx2.TimeoutException):
        return Answer(Outcome.TRANSIENT, "timeout")
    except httpx2.RequestError:
        return Answer(Outcome.TRANSIENT, "transport")
    if response.status_code == 200:
        return response
    return _refusal(response)


def _refusal(response: httpx2.Response) -> Answer:
    answer = oauth_refusal(response.status_code, response.headers, response.content)
    # The code or token is no good; whatever else is refused, our key, id or address is wrong.
    return Answer(Outcome.REJECTED, answer.code) if answer.code == "invalid_grant" else answer
