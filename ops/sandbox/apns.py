"""Apple's push service, both environments: `/apns/3/device/{hex}` and `/apns-development/3/device/{hex}`.

Any hexadecimal device token is alive, unless its bytes begin with one of these names (see `device_token`):

- a reason in `REASONS`: answered with that reason and its status;
- `UnregisteredLongAgo`: 410 Unregistered whose timestamp lies in 2020, before any registration of ours;
- `NoBody` and three digits: that status without a body, as a broken front end gives;
- `ProductionOnly` or `DevelopmentOnly`: alive there, BadDeviceToken in the other environment.
"""

from __future__ import annotations

import re
import time
import uuid
from collections import OrderedDict

import jwt
import msgspec
from jwt.types import Options

from ops.sandbox.credentials import APNS_KEY_ID, APNS_TEAM_ID, APNS_TOPIC, Credentials
from ops.sandbox.wire import JSON_TYPE, Answer, Headers, Provider, Request

REASONS: dict[str, int] = {
    "BadCollapseId": 400,
    "BadDeviceToken": 400,
    "BadExpirationDate": 400,
    "BadMessageId": 400,
    "BadPriority": 400,
    "BadTopic": 400,
    "DeviceTokenNotForTopic": 400,
    "DuplicateHeaders": 400,
    "IdleTimeout": 400,
    "InvalidPushType": 400,
    "MissingDeviceToken": 400,
    "MissingTopic": 400,
    "PayloadEmpty": 400,
    "TopicDisallowed": 400,
    "BadCertificate": 403,
    "BadCertificateEnvironment": 403,
    "BadEnvironmentKeyIdInToken": 403,
    "ExpiredProviderToken": 403,
    "Forbidden": 403,
    "InvalidProviderToken": 403,
    "MissingProviderToken": 403,
    "UnrelatedKeyIdInToken": 403,
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": 410,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
_BY_STATUS = {400: "BadDeviceToken", 403: "InvalidProviderToken", 410: "Unregistered", 429: "TooManyRequests",
              503: "ServiceUnavailable"}  # fmt: skip
# A push type and what the topic carries behind the bundle id for it.
PUSH_TYPES = {"alert": "", "background": "", "location": ".location-query", "voip": ".voip",
              "complication": ".complication", "fileprovider": ".pushkit.fileprovider", "mdm": "",
              "liveactivity": ".push-type.liveactivity", "pushtotalk": ".voip-ptt"}  # fmt: skip

_LONGEST_FIRST = sorted([*REASONS, "UnregisteredLongAgo", "ProductionOnly", "DevelopmentOnly"], key=len, reverse=True)
_NAMED = re.compile(rb"(?:" + "|".join(_LONGEST_FIRST).encode() + rb"|NoBody[2-5]\d\d)")
_TOKEN = re.compile(r"(?:[0-9a-fA-F]{2}){1,100}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]*")
_CLAIMS: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
_LONG_AGO = 1_577_836_800_000
_TOKEN_LIFE = 3600
_UPDATE_WINDOW = 1200
_CONNECTIONS = 4096


def device_token(name: str, serial: int = 0) -> str:
    """A 64-digit device token that begins with `name`; `serial` tells tokens of one name apart."""
    return name.encode().hex().ljust(56, "0") + f"{serial:08x}"


class _RefusedError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Apns(Provider):
    """Both environments; their rules are the same but for the tokens and one header."""

    name = "apns"
    prefixes = ("/apns/", "/apns-development/")

    def __init__(self, credentials: Credentials) -> None:
        self._key = credentials.apns_public_key
        self._issued: dict[str, float] = {}
        # Which provider token each connection shows, and when it last changed it.
        self._shown: OrderedDict[tuple[str, int], tuple[str, float]] = OrderedDict()

    def answer(self, request: Request) -> Answer:
        apns_id = ""
        try:
            _, environment, *place = request.path.split("/")
            if request.http_version[0] != "2":
                # Apple's host speaks nothing else and just closes; saying so spares a developer the search.
                text = b"APNs speaks HTTP/2 only. Over http:// use prior knowledge (http1=False, http2=True)."
                return Answer(
                    status=505, headers=[(b"content-type", b"text/plain"), (b"connection", b"close")], body=text
                )
            if place[:2] != ["3", "device"] or len(place) > 3:
                raise _RefusedError("BadPath")
            if request.method != "POST":
                raise _RefusedError("MethodNotAllowed")
            token = place[2] if len(place) == 3 else ""
            if not token:
                raise _RefusedError("MissingDeviceToken")
            headers = _single(request.headers)
            self._authorise(headers.get(b"authorization", b"").decode("latin-1"), request.peer)
            apns_id = _apns_id(headers)
            _check_headers(headers, len(request.body))
            _check_payload(request.body)
            return self._delivered(token, environment == "apns-development", apns_id)
        except _RefusedError as refused:
            return _refuse(refused.reason, apns_id)

    def refusal(self, status: int, request: Request) -> Answer:
        named = _BY_STATUS.get(status) or next(
            (reason for reason, known in REASONS.items() if known == status), "InternalServerError"
        )
        answer = _refuse(named, request.header(b"apns-id"))
        answer.status = status
        return answer

    def forget(self) -> None:
        self._shown.clear()

    def _delivered(self, token: str, development: bool, apns_id: str) -> Answer:
        if _TOKEN.fullmatch(token) is None:
            raise _RefusedError("BadDeviceToken")
        named = _NAMED.match(bytes.fromhex(token))
        if named is not None:
            name = named[0].decode()
            if name.startswith("NoBody"):
                return Answer(status=int(name[-3:]), headers=[(b"apns-id", apns_id.encode())])
            if name not in ("ProductionOnly", "DevelopmentOnly"):
                return _refuse(name, apns_id)
            if development != (name == "DevelopmentOnly"):
                raise _RefusedError("BadDeviceToken")
        headers: Headers = [(b"apns-id", apns_id.encode())]
        if development:
            headers.append((b"apns-unique-id", str(uuid.uuid4()).encode()))
        return Answer(status=200, headers=headers)

    def _authorise(self, header: str, peer: tuple[str, int]) -> None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _RefusedError("MissingProviderToken")
        # The signature is worth checking once a token, not once a push.
        issued = self._issued.get(token)
        if issued is None:
            issued = self._verified(token)
            if len(self._issued) > 1000:
                self._issued.clear()
            self._issued[token] = issued
        now = time.time()
        if now - issued > _TOKEN_LIFE:
            raise _RefusedError("ExpiredProviderToken")
        if issued > now + 300:
            raise _RefusedError("InvalidProviderToken")
        shown = self._shown.get(peer)
        if shown is None:
            # The first token of a connection is no change, so the time of the last one lies far back.
            self._shown[peer] = (token, 0.0)
            if len(self._shown) > _CONNECTIONS:
                self._shown.popitem(last=False)
        elif shown[0] != token:
            if now - shown[1] < _UPDATE_WINDOW:
                raise _RefusedError("TooManyProviderTokenUpdates")
            self._shown[peer] = (token, now)

    def _verified(self, token: str) -> float:
        try:
            head = jwt.get_unverified_header(token)
            claims = jwt.decode(token, self._key, algorithms=["ES256"], options=_CLAIMS)
        except jwt.PyJWTError:
            raise _RefusedError("InvalidProviderToken") from None
        issued = claims.get("iat")
        if head.get("kid") != APNS_KEY_ID or claims.get("iss") != APNS_TEAM_ID or not isinstance(issued, int | float):
            raise _RefusedError("InvalidProviderToken")
        return float(issued)


def _single(headers: Headers) -> dict[bytes, bytes]:
    single: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in single and (name.startswith(b"apns-") or name == b"authorization"):
            raise _RefusedError("DuplicateHeaders")
        single[name] = value
    return single


def _apns_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"apns-id")
    if given is None:
        return str(uuid.uuid4())
    apns_id = given.decode("latin-1")
    if _UUID.fullmatch(apns_id) is None:
        raise _RefusedError("BadMessageId")
    return apns_id


def _check_headers(headers: dict[bytes, bytes], size: int) -> None:
    push_type = headers.get(b"apns-push-type", b"").decode("latin-1")
    if push_type not in PUSH_TYPES:
        raise _RefusedError("InvalidPushType")
    expiration = headers.get(b"apns-expiration")
    if expiration is not None and not (expiration.isdigit() and len(expiration) <= 10):
        raise _RefusedError("BadExpirationDate")
    priority = headers.get(b"apns-priority", b"10")
    if priority not in (b"10", b"5", b"1") or (push_type == "background" and priority != b"5"):
        raise _RefusedError("BadPriority")
    if len(headers.get(b"apns-collapse-id", b"")) > 64:
        raise _RefusedError("BadCollapseId")
    topic = headers.get(b"apns-topic", b"").decode("latin-1")
    if not topic:
        raise _RefusedError("MissingTopic")
    if _TOPIC.fullmatch(topic) is None:
        raise _RefusedError("BadTopic")
    if topic != APNS_TOPIC + PUSH_TYPES[push_type]:
        raise _RefusedError("DeviceTokenNotForTopic")
    if size > (5120 if push_type == "voip" else 4096):
        raise _RefusedError("PayloadTooLarge")


def _check_payload(body: bytes) -> None:
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        payload = None
    # Apple has no reason of its own for a body that is not a JSON object.
    if not isinstance(payload, dict) or not isinstance(payload.get("aps"), dict):
        raise _RefusedError("PayloadEmpty")


def _refuse(reason: str, apns_id: str) -> Answer:
    body: dict[str, str | int] = {"reason": reason.removesuffix("LongAgo")}
    status = REASONS[body["reason"]]  # type: ignore[index]
    if status == 410:
        body["timestamp"] = _LONG_AGO if reason.endswith("LongAgo") else time.time_ns() // 1_000_000
    headers: Headers = [JSON_TYPE, (b"apns-id", (apns_id or str(uuid.uuid4())).encode("latin-1", "replace"))]
    return Answer(status=status, headers=headers, body=msgspec.json.encode(body))
