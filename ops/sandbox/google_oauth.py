"""Google's OAuth token endpoint for service accounts: a signed assertion in, an access token out."""

from __future__ import annotations

import secrets
import time
from urllib.parse import parse_qs

import jwt
from jwt.types import Options

from ops.sandbox.credentials import GOOGLE_AUDIENCE, Credentials
from ops.sandbox.wire import Answer, Provider, Request, json_answer

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3599
SCOPE_ROOT = "https://www.googleapis.com/auth/"
_LEEWAY = 300
_CLAIMS: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "require": ["iss", "iat", "exp"]}


class Tokens:
    """The access tokens that are alive, with their scopes. They outlive `DELETE /_control`: the app caches them."""

    def __init__(self) -> None:
        self._alive: dict[str, tuple[float, frozenset[str]]] = {}

    def issue(self, scopes: frozenset[str]) -> str:
        """Make a token for these scopes."""
        now = time.monotonic()
        self._alive = {token: kept for token, kept in self._alive.items() if kept[0] > now}
        token = "ya29.c." + secrets.token_urlsafe(48)
        self._alive[token] = (now + LIFETIME, scopes)
        return token

    def scopes(self, token: str) -> frozenset[str] | None:
        """The scopes of a living token, None for any other."""
        kept = self._alive.get(token)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None


class _RefusedError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class GoogleOAuth(Provider):
    """`POST /google/token`."""

    name = "google"
    prefixes = ("/google/token",)

    def __init__(self, credentials: Credentials, tokens: Tokens, own_url: str) -> None:
        self._account = credentials.service_account
        self._key = credentials.google_public_key
        self._tokens = tokens
        # Google's own libraries name the public endpoint whatever address they post to, others name that address.
        self._audiences = {GOOGLE_AUDIENCE, own_url, own_url.replace("127.0.0.1", "localhost")}

    def answer(self, request: Request) -> Answer:
        if request.path != "/google/token":
            return json_answer(404, {"error": "not_found"})
        if request.method != "POST":
            return json_answer(405, {"error": "invalid_request", "error_description": "Only POST is accepted."})
        try:
            scopes = self._scopes(request)
        except _RefusedError as refused:
            return json_answer(400, {"error": refused.error, "error_description": refused.description})
        granted = {"access_token": self._tokens.issue(scopes), "expires_in": LIFETIME, "token_type": "Bearer"}
        return json_answer(200, granted, [(b"cache-control", b"no-cache, no-store, max-age=0, must-revalidate")])

    def refusal(self, status: int, request: Request) -> Answer:
        error, description = {
            400: ("invalid_grant", "Invalid JWT Signature."),
            401: ("invalid_client", "The OAuth client was not found."),
            403: ("access_denied", "The request was denied."),
            429: ("rate_limit_exceeded", "Too many requests."),
        }.get(status, ("internal_failure" if status >= 500 else "invalid_request", "The request failed."))
        return json_answer(status, {"error": error, "error_description": description})

    def _scopes(self, request: Request) -> frozenset[str]:
        if not request.header(b"content-type").startswith("application/x-www-form-urlencoded"):
            raise _RefusedError("invalid_request", "The body must be application/x-www-form-urlencoded.")
        form = parse_qs(request.body.decode("latin-1"))
        grant = form.get("grant_type", [""])[0]
        if grant != GRANT:
            raise _RefusedError("unsupported_grant_type", f"Invalid grant_type: {grant}")
        assertion = form.get("assertion", [""])[0]
        if not assertion:
            raise _RefusedError("invalid_request", "Missing required parameter: assertion")
        try:
            kid = jwt.get_unverified_header(assertion).get("kid")
            claims = jwt.decode(assertion, self._key, algorithms=["RS256"], options=_CLAIMS)
        except jwt.MissingRequiredClaimError as error:
            raise _RefusedError("invalid_grant", f"Missing claim: {error.claim}") from None
        except jwt.PyJWTError:
            raise _RefusedError("invalid_grant", "Invalid JWT Signature.") from None
        if kid is not None and kid != self._account["private_key_id"]:
            raise _RefusedError("invalid_grant", "Invalid JWT Signature.")
        if claims["iss"] != self._account["client_email"]:
            raise _RefusedError("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in self._audiences:
            raise _RefusedError("invalid_grant", "Failed audience check. The audience must be the token endpoint.")
        issued, expires, now = claims["iat"], claims["exp"], time.time()
        numbers = isinstance(issued, int | float) and isinstance(expires, int | float)
        if not numbers or issued > now + _LEEWAY or expires < now or not 0 < expires - issued <= 3600:
            raise _RefusedError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        scope = claims.get("scope")
        if not isinstance(scope, str) or not scope.strip():
            raise _RefusedError("invalid_scope", "Empty or missing scope not allowed.")
        scopes = frozenset(scope.split())
        if not all(one.startswith(SCOPE_ROOT) for one in scopes):
            raise _RefusedError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return scopes
