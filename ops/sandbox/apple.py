"""Sign in with Apple: `/apple/auth/keys`, `/apple/auth/token`, `/apple/auth/revoke`, and identity tokens on request.

Whoever has an e-mail address here is the same person, with the same `sub`, each time. Codes and refresh tokens die
as Apple's do: used, after five minutes, revoked by the app, or by the person (`account-events`).
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
import uuid
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qs

import jwt
import msgspec
from jwt.types import Options
from msgspec import Meta

from ops.sandbox.credentials import APNS_TEAM_ID, APPLE_CLIENT_IDS, APPLE_SIGN_IN_KEY_ID, Credentials
from ops.sandbox.signing import Keyring, TokenOrder, WrongKey, half_hash
from ops.sandbox.webhooks import Deliver
from ops.sandbox.wire import Answer, ControlHandler, Headers, Provider, Request, json_answer, problem

ISSUER = "https://appleid.apple.com"
LIFETIME = 86_400
CODE_LIFETIME = 300
WEBHOOK = "/webhooks/apple-account"
PRIVATE_DOMAIN = "@privaterelay.appleid.com"
# The longest that a client secret may last: half a year.
SECRET_LIFETIME = 15_777_000

_LEEWAY = 300
_ACCESS_LIFETIME = 3600
_KEPT = 50_000
_CLAIMS: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
_NO_STORE: Headers = [(b"cache-control", b"no-store"), (b"pragma", b"no-cache")]
_MAX_AGE = (b"cache-control", b"public, max-age=3600")
_GONE = "The code has expired or has been revoked."

Flag = bool | Literal["true", "false"]
Value = TypeVar("Value")


class AppleTokenOrder(TokenOrder, forbid_unknown_fields=True):
    """What a tester says about an Apple token; an address of the private relay is private without saying so."""

    is_private_email: Flag | None = None


class AccountEvent(msgspec.Struct, forbid_unknown_fields=True):
    """Something that a person did with their Apple account."""

    sub: Annotated[str, Meta(min_length=1)]
    type: Literal["email-disabled", "email-enabled", "consent-revoked", "account-delete", "account-deleted"]
    deliver: bool = True
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    audience: str = APPLE_CLIENT_IDS[0]
    key: WrongKey | None = None


class Grant(msgspec.Struct):
    """A person's consent to one client; all its codes and tokens end with it."""

    sub: str
    client_id: str
    claims: dict[str, Any]
    """What identity tokens say of the person."""
    alive: bool = True


class Code(msgspec.Struct):
    """An authorization code."""

    grant: Grant
    expires: float
    used: bool = False


class _RefusedError(Exception):
    def __init__(self, error: str, description: str | None = None) -> None:
        super().__init__(error)
        self.body = {"error": error} | ({"error_description": description} if description else {})


class Apple(Provider):
    """The three addresses under `/apple/auth/`, and the person behind them."""

    name = "apple"
    prefixes = ("/apple/auth/",)

    def __init__(self, credentials: Credentials, keys: Keyring, deliver: Deliver) -> None:
        self._client_key = credentials.apple_public_key
        self._keys = keys
        self._deliver = deliver
        # None of this is forgotten on `DELETE /_control`: the app goes on holding its side of it.
        self._grants: dict[tuple[str, str], Grant] = {}
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, tuple[str, Grant]] = {}

    def answer(self, request: Request) -> Answer:
        method, handler = {
            "/apple/auth/keys": ("GET", self._publish),
            "/apple/auth/token": ("POST", self._exchange),
            "/apple/auth/revoke": ("POST", self._revoke),
        }.get(request.path, ("", None))
        if handler is None:
            return Answer(status=404)
        if request.method != method:
            return Answer(status=405, headers=[(b"allow", method.encode())])
        try:
            return handler(request)
        except _RefusedError as refused:
            return json_answer(400, refused.body, _NO_STORE)

    def refusal(self, status: int, request: Request) -> Answer:
        error = {400: "invalid_grant", 401: "invalid_client", 403: "unauthorized_client"}.get(status)
        if error is None:
            error = "server_error" if status >= 500 else "invalid_request"
        return json_answer(status, {"error": error}, _NO_STORE)

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        return {
            ("POST", "/_control/apple/identity-token"): self._identity_token,
            ("POST", "/_control/apple/rotate-keys"): self._rotate,
            ("POST", "/_control/apple/account-events"): self._account_event,
        }

    def _publish(self, _: Request) -> Answer:
        return json_answer(200, self._keys.jwks(), [_MAX_AGE])

    def _exchange(self, request: Request) -> Answer:
        form = _form(request)
        client_id = self._authenticated(form)
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._redeem(form.get("code"), client_id)
            case "refresh_token":
                grant = self._refreshed(form.get("refresh_token"), client_id)
            case None:
                raise _RefusedError("invalid_request")
            case _:
                raise _RefusedError("unsupported_grant_type")
        access = self._issue("access", grant)
        body: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": _ACCESS_LIFETIME}
        if form["grant_type"] == "authorization_code":
            body["refresh_token"] = self._issue("refresh", grant)
        now = int(time.time())
        body["id_token"] = self._keys.sign(
            grant.claims | {"iat": now, "exp": now + LIFETIME, "at_hash": half_hash(access), "auth_time": now}
        )
        return json_answer(200, body, _NO_STORE)

    def _revoke(self, request: Request) -> Answer:
        form = _form(request)
        client_id = self._authenticated(form)
        token = form.get("token")
        if not token:
            raise _RefusedError("invalid_request")
        _, grant = self._tokens.get(token, ("", None))
        if grant is not None and grant.client_id == client_id:
            self._end(grant)
        return Answer(status=200, headers=list(_NO_STORE))

    def _redeem(self, given: str | None, client_id: str) -> Grant:
        if not given:
            raise _RefusedError("invalid_request")
        code = self._codes.get(given)
        if code is None or not code.grant.alive:
            raise _RefusedError("invalid_grant", _GONE)
        if code.used:
            raise _RefusedError("invalid_grant", "The code has already been used.")
        if code.expires < time.time():
            raise _RefusedError("invalid_grant", _GONE)
        if code.grant.client_id != client_id:
            raise _RefusedError("invalid_grant", f"client_id mismatch. The code was not issued to {client_id}.")
        code.used = True
        return code.grant

    def _refreshed(self, given: str | None, client_id: str) -> Grant:
        if not given:
            raise _RefusedError("invalid_request")
        kind, grant = self._tokens.get(given, ("", None))
        if grant is None or kind != "refresh" or not grant.alive:
            raise _RefusedError("invalid_grant", "The token has expired or has been revoked.")
        if grant.client_id != client_id:
            raise _RefusedError("invalid_grant", f"client_id mismatch. The token was not issued to {client_id}.")
        return grant

    def _authenticated(self, form: dict[str, str]) -> str:
        """The client whose secret is right in every respect."""
        client_id = form.get("client_id")
        if not client_id:
            raise _RefusedError("invalid_request")
        secret = form.get("client_secret", "")
        try:
            kid = jwt.get_unverified_header(secret).get("kid")
            claims = jwt.decode(secret, self._client_key, algorithms=["ES256"], options=_CLAIMS)
        except jwt.PyJWTError:
            raise _RefusedError("invalid_client") from None
        issued, expires, now = claims.get("iat"), claims.get("exp"), time.time()
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise _RefusedError("invalid_client")
        named = (kid, claims.get("iss"), claims.get("sub"), claims.get("aud"))
        right = named == (APPLE_SIGN_IN_KEY_ID, APNS_TEAM_ID, client_id, ISSUER) and client_id in APPLE_CLIENT_IDS
        if not right or issued > now + _LEEWAY or not now < expires <= now + SECRET_LIFETIME + _LEEWAY:
            raise _RefusedError("invalid_client")
        return client_id

    def _issue(self, kind: str, grant: Grant) -> str:
        token = f"{kind[0]}{secrets.token_hex(16)}.0.sandbox.{secrets.token_urlsafe(16)}"
        _keep(self._tokens, token, (kind, grant))
        return token

    def _end(self, grant: Grant) -> None:
        grant.alive = False
        if self._grants.get((grant.sub, grant.client_id)) is grant:
            del self._grants[grant.sub, grant.client_id]

    async def _identity_token(self, request: Request) -> Answer:
        try:
            order = msgspec.json.decode(request.body, type=AppleTokenOrder)
        except (msgspec.DecodeError, RecursionError) as error:
            return problem(400, "Bad token order", str(error))
        claims = _claims(order)
        place = (claims["sub"], claims["aud"])
        grant = self._grants.get(place)
        if grant is None:
            grant = Grant(*place, claims)
            _keep(self._grants, place, grant)
        grant.claims = claims
        code = f"c{secrets.token_hex(16)}.0.sandbox.{secrets.token_urlsafe(16)}"
        _keep(self._codes, code, Code(grant, time.time() + CODE_LIFETIME))
        times = order.times(LIFETIME)
        moment = {**times, "auth_time": times["iat"], "c_hash": half_hash(code), "jti": uuid.uuid4().hex}
        if claims["aud"] == APPLE_CLIENT_IDS[0]:
            # Only an app on a phone is told how human its user seems.
            moment["real_user_status"] = 2
        token = await asyncio.to_thread(self._keys.sign, claims | moment, order.key)
        return json_answer(200, {"identity_token": token, "authorization_code": code, "sub": claims["sub"]})

    async def _rotate(self, _: Request) -> Answer:
        return json_answer(200, {"kid": await asyncio.to_thread(self._keys.rotate)})

    async def _account_event(self, request: Request) -> Answer:
        try:
            order = msgspec.json.decode(request.body, type=AccountEvent)
        except (msgspec.DecodeError, RecursionError) as error:
            return problem(400, "Bad event", str(error))
        grants = [grant for (sub, _), grant in self._grants.items() if sub == order.sub]
        event: dict[str, Any] = {"type": order.type, "sub": order.sub, "event_time": time.time_ns() // 1_000_000}
        if order.type.startswith("email-"):
            known = grants[-1].claims if grants else {}
            event |= {name: known[name] for name in ("email", "is_private_email") if name in known}
        else:
            for grant in grants:
                self._end(grant)
        claims = {
            "iss": ISSUER,
            "aud": order.audience,
            "iat": int(time.time()),
            "jti": uuid.uuid4().hex,
            # A string within the claims, not an object: that is how it comes.
            "events": msgspec.json.encode(event).decode(),
        }
        payload = await asyncio.to_thread(self._keys.sign, claims, order.key)
        statuses = await self._deliver(WEBHOOK, {"payload": payload}, order.copies) if order.deliver else []
        return json_answer(200, {"jti": claims["jti"], "payload": payload, "statuses": statuses})


def _claims(order: AppleTokenOrder) -> dict[str, Any]:
    digest = hashlib.sha256(f"apple {APNS_TEAM_ID} {order.person}".encode()).digest()
    number = int.from_bytes(digest[16:20], "big")
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": order.audience or APPLE_CLIENT_IDS[0],
        "sub": order.sub or f"{number % 3000:06}.{digest[:16].hex()}.{number // 3000 % 2400:04}",
    }
    if order.email is not None:
        # Some people's flags come as text, always the same people's.
        as_text = digest[20] % 2 == 1
        claims |= {"email": order.email, "email_verified": _flag(order.email_verified, as_text)}
        private = order.is_private_email
        if private is None and order.email.lower().endswith(PRIVATE_DOMAIN):
            private = True
        if private is not None:
            claims["is_private_email"] = _flag(private, as_text)
    if order.nonce is not None:
        # As apps do it: Apple gets the hash and repeats it, the server gets the nonce itself.
        claims["nonce"] = hashlib.sha256(order.nonce.encode()).hexdigest()
    return claims | {"nonce_supported": True}


def _flag(value: Flag, as_text: bool) -> Flag:
    if isinstance(value, str) or not as_text:
        return value
    return "true" if value else "false"


def _form(request: Request) -> dict[str, str]:
    if not request.header(b"content-type").startswith("application/x-www-form-urlencoded"):
        raise _RefusedError("invalid_request")
    form = parse_qs(request.body.decode("latin-1"), keep_blank_values=True)
    if any(len(values) > 1 for values in form.values()):
        raise _RefusedError("invalid_request")
    return {name: values[0] for name, values in form.items()}


def _keep(mapping: dict[Any, Value], key: Any, value: Value) -> None:
    mapping[key] = value
    if len(mapping) > _KEPT:
        del mapping[next(iter(mapping))]
