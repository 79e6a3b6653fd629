"""The words of our mails. A language is one more entry in `_LANGUAGES`; what it lacks is said in English.

Subjects show on lock screens and over shoulders: none may tell what the app is for. A code is the only run of six
digits in the plain text.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from domain.accounts.letters import Letter


class Words(msgspec.Struct, frozen=True):
    """One mail. `{…}` in the paragraphs stand for details; the code has a place of its own, after the first."""

    subject: str
    paragraphs: tuple[str, ...]


class Written(msgspec.Struct, frozen=True):
    """A mail as it goes out."""

    subject: str
    text: str
    html: str


_NOT_YOU = (
    "If this was not you, set a new password in the app right away (Sign in, then Forgot password): "
    "that ends every session."
)
_ENGLISH = {
    "verify": Words(
        "Confirm your e-mail address",
        (
            "Welcome. Type this code into the app to confirm that this is your address:",
            "It holds for 15 minutes. If you did not sign up with us, you need not do anything.",
        ),
    ),
    "reset": Words(
        "Your code for a new password",
        (
            "Type this code into the app to choose a new password:",
            "It holds for 15 minutes. If you did not ask for it, you need not do anything: your password stays.",
        ),
    ),
    "change": Words(
        "Confirm your new e-mail address",
        (
            "Type this code into the app, and this becomes the address of your account:",
            "It holds for 15 minutes. If you did not ask for it, you need not do anything.",
        ),
    ),
    "deletion": Words(
        "Your code to delete your account",
        (
            "Type this code on the page where you asked for it, and your account will be deleted:",
            "It holds for 15 minutes. If you did not ask for it, you need not do anything: your account stays.",
        ),
    ),
    "new_sign_in": Words(
        "A new sign-in to your account",
        ("Somebody signed in to your account from {device}, on {at}.", "If this was you, all is well.", _NOT_YOU),
    ),
    "password_changed": Words(
        "Your password was changed",
        ("The password of your account was changed, and other devices were signed out.", _NOT_YOU),
    ),
    "email_changing": Words(
        "Your e-mail address is about to change",
        (
            "Somebody who is signed in to your account asked to give it another e-mail address. It changes once the "
            "new one is confirmed.",
            _NOT_YOU,
        ),
    ),
    "email_changed": Words(
        "Your e-mail address was changed",
        (
            "Your account has another e-mail address now, and this one no longer belongs to it.",
            "If this was not you, answer this mail, and we will help.",
        ),
    ),
    "deletion_begun": Words(
        "Your account is closed",
        (
            "As you asked, your account is closed and nobody sees anything of you any more. Everything will be deleted "
            "for good on {at}.",
            "If you change your mind, sign in before that day, and the app offers to restore the account.",
            "A subscription that you bought in the App Store or on Google Play goes on billing until you cancel it "
            "there.",
        ),
    ),
    "deletion_taken_back": Words(
        "Your account is open again",
        (
            "Your account was restored and will not be deleted.",
            _NOT_YOU,
        ),
    ),
    "subscription_moved": Words(
        "Your subscription moved to another account",
        (
            "Somebody who holds the purchase in the store restored your subscription in another Kuitter account, so it "
            "no longer belongs to this one.",
            "If that was you, there is nothing to do. If not, restore it in the app, or answer this mail, and we will "
            "help.",
        ),
    ),
    "account_taken_over": Words(
        "Your account now opens with {provider}",
        (
            "You signed in with {provider}, which confirmed that this address is yours. The address had not been "
            "confirmed before, so the old password and all other ways into the account were removed.",
            "You can set a new password in the app.",
        ),
    ),
}
_ENGLISH_DETAILS = {
    "ios": "an iPhone or iPad", "android": "an Android device", "browser": "a browser", "other": "a new device",
    "google": "Google", "apple": "Apple",
}  # fmt: skip

# Words of each mail, and of the details, by language.
_LANGUAGES: Mapping[str, tuple[Mapping[str, Words], Mapping[str, str]]] = {"en": (_ENGLISH, _ENGLISH_DETAILS)}


def write(letter: Letter) -> Written:
    """The letter in the person's language, as plain text and as HTML that says the same."""
    language = letter.locale.split("-")[0].lower()
    if letter.kind not in _LANGUAGES.get(language, ({}, {}))[0]:
        language = "en"
    texts, details = _LANGUAGES[language]
    words = texts[letter.kind]
    values = {name: details.get(value, value) for name, value in letter.details.items()}
    if "at" in values and "zone" in values:
        values["at"] = _moment(values["at"], values["zone"])
    subject = words.subject.format(**values)
    paragraphs = [paragraph.format(**values) for paragraph in words.paragraphs]
    parts = [paragraphs[0], *([letter.code] if letter.code else []), *paragraphs[1:], "Kuitter"]
    return Written(subject, "\n\n".join(parts) + "\n", _html(language, subject, paragraphs, letter.code))


def _moment(at: str, zone: str) -> str:
    """An instant by the person's clock: "Monday, 23 November 2026, 14:05 (Europe/Berlin)"."""
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(zone))
    return f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M} ({zone})"


# Tables, no images, nothing from elsewhere: it reads the same in old programs, in the dark, and aloud.
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/1.6 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" style="max-width:480px;margin:0 auto"><tr><td>
<h1 style="font-size:20px;font-weight:600;line-height:1.3;margin:0 0 16px">{subject}</h1>
{body}
<p style="margin:32px 0 0;font-size:14px">Kuitter</p>
</td></tr></table></body></html>
"""
_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>'
_CODE = '<p style="margin:0 0 16px;font-size:32px;font-weight:600;letter-spacing:6px;font-family:monospace">{}</p>'


def _html(language: str, subject: str, paragraphs: list[str], code: str | None) -> str:
    parts = [_PARAGRAPH.format(html.escape(paragraph)) for paragraph in paragraphs]
    if code:
        parts.insert(1, _CODE.format(code))
    return _PAGE.format(language=language, subject=html.escape(subject), body="\n".join(parts))
