"""Coming in through Google and Apple, mailed codes, another address or password, and the ways into one's account."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.accounts import AnyRequest, SignedIn, signed_in, visitor_of
from api.person import Person
from api.problems import PROBLEM_MEDIA_TYPE, Problem
from domain.accounts import email_changes, identities, joining, password_changes, profile
from domain.accounts.apple import verify_notice
from domain.accounts.identities import WaysIn
from domain.accounts.joining import About, Came
from domain.accounts.profile import User
from domain.recovery.attempts import begin_attempt

_OPEN = {"open": True}
_TAGS = ["Accounts and sign-in"]
_REFUSED = {
    401: ResponseSpec(
        Problem, generate_examples=False, media_type=PROBLEM_MEDIA_TYPE, description="The token cannot be accepted"
    )
}
_NEW = {201: ResponseSpec(SignedIn, generate_examples=False, description="A new person"), **_REFUSED}

Nonce = Annotated[str | None, Meta(description="The raw nonce; the token has it, or its SHA-256 in hex")]


class NewPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a new person has to say, and what they may; for a known one it is passed over."""

    birth_date: date | None = None
    timezone: str | None = None
    accepted_terms: bool | None = None
    username: str | None = None
    visibility: str | None = None
    started_on: date | None = None


class GoogleSignIn(NewPerson, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id_token: str
    nonce: Nonce = None


class AppleSignIn(NewPerson, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`full_name` is accepted and not kept: nobody is ever shown by their real name."""

    identity_token: str
    nonce: Nonce = None
    authorization_code: str | None = None
    full_name: str | dict[str, str | None] | None = None
    email: Annotated[str | None, Meta(description="For a new person whose token has no address")] = None


class AppleNotice(msgspec.Struct, frozen=True):
    payload: str


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, Meta(description="Six digits", max_length=64)]


class Forgot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str
    code: Annotated[str, Meta(description="Six digits", max_length=64)]
    new_password: Annotated[str, Meta(description="8 to 128 characters")]


class EmailChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With the password, or a fresh identity token of Google or Apple."""

    new_email: str
    password: str | None = None
    id_token: str | None = None
    nonce: Nonce = None


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With the present password, or a fresh identity token of Google or Apple."""

    new_password: Annotated[str, Meta(description="8 to 128 characters")]
    current_password: str | None = None
    id_token: str | None = None
    nonce: Nonce = None


class Done(msgspec.Struct, frozen=True):
    """Nothing to tell."""


@post(
    "/v1/auth/google", operation_id="signInWithGoogle", tags=_TAGS, summary="Sign in with Google", opt=_OPEN,
    status_code=200, responses=_NEW,
)  # fmt: skip
async def google(request: AnyRequest, data: JSONBody[GoogleSignIn]) -> Response[SignedIn]:
    """A new person without `birth_date`, `timezone` and `accepted_terms` gets 422 `signup_fields_required`, with
    `fields`; the same token may then be sent again. A token with a nonce signs in once."""
    came = await joining.come_in_with(
        "google", data.id_token, data.nonce, _about(data), visitor_of(request), begin_attempt
    )
    return await _answer(came)


@post(
    "/v1/auth/apple", operation_id="signInWithApple", tags=_TAGS, summary="Sign in with Apple", opt=_OPEN,
    status_code=200, responses=_NEW,
)  # fmt: skip
async def apple(request: AnyRequest, data: JSONBody[AppleSignIn]) -> Response[SignedIn]:
    """As with Google. `authorization_code` lets us end the consent at Apple when the account is deleted."""
    came = await joining.come_in_with(
        "apple", data.identity_token, data.nonce, _about(data, data.email), visitor_of(request), begin_attempt,
        authorization_code=data.authorization_code,
    )  # fmt: skip
    return await _answer(came)


def _about(data: NewPerson, email: str | None = None) -> About:
    return About(
        birth_date=data.birth_date, timezone=data.timezone, accepted_terms=data.accepted_terms,
        username=data.username, visibility=data.visibility, started_on=data.started_on, email=email,
    )  # fmt: skip


async def _answer(came: Came) -> Response[SignedIn]:
    return Response(await signed_in(came.tokens), status_code=201 if came.is_new else 200)


@post("/webhooks/apple-account", operation_id="appleAccountNotice", tags=["Webhooks"], opt=_OPEN, status_code=200,
      summary="Apple tells of a change", responses=_REFUSED)  # fmt: skip
async def apple_account(data: JSONBody[AppleNotice]) -> Done:
    """Signed by Apple: the person ended the consent or the Apple account, or mail to the relay address."""
    await identities.heed(await verify_notice(data.payload))
    return Done()


@post("/v1/auth/email/verify", operation_id="verifyEmail", tags=_TAGS, summary="Confirm an address", status_code=200)
async def verify_email(person: NamedDependency[Person], data: JSONBody[Code]) -> User:
    """Takes the code that was mailed to the account's address, or to the new one of a change."""
    await email_changes.confirm(person.user_id, data.code)
    return await profile.read_user(person.user_id)


@post("/v1/auth/email/resend", operation_id="resendCode", tags=_TAGS, summary="Another code", status_code=202)
async def resend_code(person: NamedDependency[Person]) -> Done:
    """Mails another code, unless the address is confirmed; the former one ends then. Five an hour."""
    await email_changes.resend(person.user_id)
    return Done()


@post("/v1/auth/email/change", operation_id="changeEmail", tags=_TAGS, summary="Another address", status_code=202)
async def change_email(person: NamedDependency[Person], data: JSONBody[EmailChange]) -> Done:
    """Mails a code to the new address, to be sent to `/v1/auth/email/verify`, and a notice to the present one."""
    await email_changes.ask_for_change(
        person.user_id, data.new_email, password=data.password, id_token=data.id_token, nonce=data.nonce
    )
    return Done()


@post(
    "/v1/auth/password/forgot", operation_id="forgotPassword", tags=_TAGS, summary="Ask for a code by mail",
    opt=_OPEN, status_code=202,
)  # fmt: skip
async def forgot_password(request: AnyRequest, data: JSONBody[Forgot]) -> Done:
    """Answers alike whether or not there is such an account."""
    await password_changes.forgot(data.email, visitor_of(request).address)
    return Done()


@post(
    "/v1/auth/password/reset", operation_id="resetPassword", tags=_TAGS, summary="Set a password by code", opt=_OPEN,
    status_code=200,
)  # fmt: skip
async def reset_password(request: AnyRequest, data: JSONBody[Reset]) -> Done:
    """Ends all sessions; sign in with the new password then. A code has five tries."""
    address = visitor_of(request).address
    await password_changes.reset(data.email, data.code, data.new_password, address)
    return Done()


@put("/v1/auth/password", operation_id="changePassword", tags=_TAGS, summary="Change or set the password")
async def change_password(person: NamedDependency[Person], data: JSONBody[PasswordChange]) -> User:
    """Ends the other sessions. An account without a password gets its first one."""
    await password_changes.change_password(
        person.user_id, person.session_id, data.new_password,
        password=data.current_password, id_token=data.id_token, nonce=data.nonce,
    )  # fmt: skip
    return await profile.read_user(person.user_id)


@get("/v1/auth/identities", operation_id="listIdentities", tags=_TAGS, summary="Ways into the account")
async def list_identities(person: NamedDependency[Person]) -> WaysIn:
    """Google and Apple, as far as they are linked, and whether there is a password."""
    return await identities.list_identities(person.user_id)


@delete("/v1/auth/identities/{provider:str}", operation_id="unlinkIdentity", tags=_TAGS, summary="Unlink one")
async def unlink_identity(person: NamedDependency[Person], provider: FromPath[str]) -> None:
    """The last way in stays: 409 `last_sign_in`."""
    await identities.unlink(person.user_id, provider)


HANDLERS = [
    google, apple, apple_account, verify_email, resend_code, change_email, forgot_password, reset_password,
    change_password, list_identities, unlink_identity,
]  # fmt: skip
