"""Signing up and in, sessions, the person's own profile and consents."""

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.address import client_address
from api.person import Person
from domain.accounts import consents, profile, sessions, sign_in
from domain.accounts.consents import ConsentView
from domain.accounts.entrances import Visitor
from domain.accounts.profile import ProfileChange, User
from domain.accounts.sessions import SessionView, Tokens
from domain.accounts.sign_in import Registration
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.recovery.attempts import begin_attempt

_OPEN = {"open": True}
_TAGS = ["Accounts and sign-in"]

AnyRequest = Request[None, None, State]


class SignedIn(msgspec.Struct, frozen=True):
    """Tokens for a session. `expires_in` is the access token's life in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: User


class Refreshed(msgspec.Struct, frozen=True):
    """The next pair of tokens."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str
    password: str


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: str


class ConsentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`version` is the text that was shown; the one in force if left out."""

    granted: bool
    version: str | None = None


async def signed_in(tokens: Tokens) -> SignedIn:
    user = await profile.read_user(tokens.user_id)
    return SignedIn(tokens.access_token, "Bearer", tokens.expires_in, tokens.refresh_token, user)


def visitor_of(request: AnyRequest) -> Visitor:
    """What the device calls itself, and its address as limits count it."""
    return Visitor(request.headers.get("user-agent"), client_address(request.scope))


@post("/v1/auth/register", operation_id="register", tags=_TAGS, summary="Create an account", opt=_OPEN)
async def register(request: AnyRequest, data: JSONBody[Registration]) -> SignedIn:
    """Creates the account, gives the consents `terms` and `sensitive_data`, and signs in."""
    await sign_in.admit_registration(client_address(request.scope))
    visitor = visitor_of(request)
    return await signed_in(await sign_in.register(data, visitor.client, begin_attempt, visitor.address))


@post("/v1/auth/login", operation_id="login", tags=_TAGS, summary="Sign in by e-mail", opt=_OPEN, status_code=200)
async def login(request: AnyRequest, data: JSONBody[Login]) -> SignedIn:
    """A wrong password and an unknown address answer alike."""
    visitor = visitor_of(request)
    return await signed_in(await sign_in.login(data.email, data.password, visitor.client, visitor.address))


@post("/v1/auth/refresh", operation_id="refresh", tags=_TAGS, summary="Next tokens", opt=_OPEN, status_code=200)
async def refresh(data: JSONBody[Refresh]) -> Refreshed:
    """An app that lost the answer may ask again with the same token. One that was used before ends the session."""
    tokens = await sessions.refresh(data.refresh_token)
    return Refreshed(tokens.access_token, "Bearer", tokens.expires_in, tokens.refresh_token)


@post("/v1/auth/logout", operation_id="logout", tags=_TAGS, summary="End this session", status_code=204)
async def logout(person: NamedDependency[Person]) -> None:
    """Ends the session at once, and pushes to its device."""
    await sessions.revoke(person.user_id, person.session_id, "logout")


@post("/v1/auth/logout-all", operation_id="logoutAll", tags=_TAGS, summary="End all sessions", status_code=204)
async def logout_all(person: NamedDependency[Person]) -> None:
    """Ends every session of the person, this one too."""
    await sessions.revoke_all(person.user_id, "logout_all")


@get("/v1/auth/sessions", operation_id="listSessions", tags=_TAGS, summary="Living sessions")
async def list_sessions(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Page[SessionView]:
    """Where the person is signed in, newest first; `current` is the one that asks."""
    return await sessions.list_sessions(person.user_id, person.session_id, page_limit(limit), cursor)


@delete("/v1/auth/sessions/{session_id:str}", operation_id="endSession", tags=_TAGS, summary="End one session")
async def end_session(person: NamedDependency[Person], session_id: FromPath[str]) -> None:
    """Ends one of the person's own sessions."""
    await sessions.revoke(person.user_id, parse_id(session_id), "revoked")


@get("/v1/me", operation_id="readMe", tags=_TAGS, summary="The signed-in person")
async def read_me(person: NamedDependency[Person]) -> User:
    """The person as they see themselves."""
    return await profile.read_user(person.user_id)


@patch("/v1/me", operation_id="changeMe", tags=_TAGS, summary="Change the profile")
async def change_me(person: NamedDependency[Person], data: JSONBody[ProfileChange]) -> User:
    """Fields left out stay. The time zone may change twice in 24 hours, the username five times in 30 days."""
    return await profile.change_profile(person.user_id, data)


@get("/v1/me/consents", operation_id="listConsents", tags=_TAGS, summary="Consents")
async def list_consents(person: NamedDependency[Person]) -> Page[ConsentView]:
    """All kinds of consent, with the text in force and what the person said to it."""
    return Page(await consents.list_consents(person.user_id), next_cursor=None)


@put("/v1/me/consents/{kind:str}", operation_id="changeConsent", tags=_TAGS, summary="Give or withdraw a consent")
async def change_consent(
    person: NamedDependency[Person], kind: FromPath[str], data: JSONBody[ConsentChange]
) -> ConsentView:
    """Acts at once. `third_party_ai` is what Anchor's model needs."""
    return await consents.change_consent(person.user_id, kind, granted=data.granted, version=data.version)


HANDLERS = [
    register, login, refresh, logout, logout_all, list_sessions, end_session, read_me, change_me, list_consents,
    change_consent,
]  # fmt: skip
