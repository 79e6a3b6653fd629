"""The public page on which an account is deleted without the app: plain forms, no script, no cookie, nothing from
elsewhere. The code that was mailed is what allows the deletion, so a forged form gains nothing."""

import base64
import hashlib
import html
from datetime import datetime

import msgspec
from litestar import MediaType, Response, get, post
from litestar.params import URLEncodedBody

from api.accounts import AnyRequest
from api.address import client_address
from domain.billing.subscription import MANAGE_SUBSCRIPTIONS
from domain.kit.errors import DomainError, InvalidRequest
from domain.kit.settings import settings
from domain.leaving import page
from domain.leaving.departure import GRACE, Departure

_OPEN = {"open": True}
_TAGS = ["Legal"]
_PATH = "/account-deletion"

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fbfbf9;--soft:#5d6877;--line:#c9c8c0;--link:#1f5f8f;--bad:#a3262a}
@media(prefers-color-scheme:dark){
:root{--ink:#e6e8ea;--paper:#14181d;--soft:#9aa5b1;--line:#4a525b;--link:#86bfe8;--bad:#ff9a94}}
body{font:17px/1.6 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1.5rem 1.2rem 4rem}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem}
a{color:var(--link)}li{margin:.3rem 0}.soft{color:var(--soft);font-size:.95rem}
form{margin:1.5rem 0;padding:1.2rem;border:1px solid var(--line);border-radius:10px}
label{display:block;font-weight:600}input{font:inherit;color:inherit;background:transparent;box-sizing:border-box}
input{width:100%;max-width:24rem;padding:.55rem .7rem;margin:.4rem 0 1rem}
input{border:1px solid var(--line);border-radius:8px}
button{font:inherit;font-weight:600;color:#fff;background:#a3262a;border:0;border-radius:8px;padding:.6rem 1.2rem}
button{cursor:pointer}.bad{color:var(--bad);font-weight:600}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Content-Language": "en",
    "Cache-Control": "no-store",
}


class DeletionForm(msgspec.Struct, frozen=True):
    """The first time only the address, the second time also the code that was mailed there."""

    email: str = ""
    code: str = ""


@get(
    _PATH, operation_id="readDeletionPage", tags=_TAGS, summary="Page to delete an account without the app",
    opt=_OPEN, media_type=MediaType.HTML,
)  # fmt: skip
async def read_deletion_page() -> Response[str]:
    """Says what is deleted and what is kept, and asks for the account's e-mail address."""
    return _answer(_first_step())


@post(
    _PATH, operation_id="useDeletionPage", tags=_TAGS, summary="The same page's form", opt=_OPEN,
    media_type=MediaType.HTML, status_code=200,
)  # fmt: skip
async def use_deletion_page(request: AnyRequest, data: URLEncodedBody[DeletionForm]) -> Response[str]:
    """With `email` alone a code is mailed, if there is such an account: the answer is the same. With `code` the
    deletion begins."""
    address = client_address(request.scope)
    try:
        if data.code.strip():
            return _answer(_done(await page.leave_by_code(data.email, data.code, address)))
        return _answer(_second_step(await page.ask_for_code(data.email, address)))
    except DomainError as error:
        again = _second_step(data.email, _words(error)) if data.code.strip() else _first_step(data.email, _words(error))
        return _answer(again, error.status, error.headers)


def _words(error: DomainError) -> str:
    return "Please type a whole e-mail address." if isinstance(error, InvalidRequest) else error.detail


def _answer(content: str, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Delete your Kuitter account</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Delete your Kuitter account</h1>{content}{_consequences()}</main></body></html>"
    )
    return Response(document, status_code=status, media_type=MediaType.HTML, headers={**_HEADERS, **(headers or {})})


def _first_step(email: str = "", trouble: str | None = None) -> str:
    return (
        "<p>You need neither the app nor your password for this: we mail a code to the address of your account.</p>"
        f'<form method="post" action="{_PATH}">{_trouble(trouble)}'
        '<label for="email">E-mail address of your account</label>'
        '<input id="email" name="email" type="email" autocomplete="email" maxlength="254" required '
        f'value="{_safe(email)}">'
        "<button>Mail me a code</button></form>"
    )


def _second_step(email: str, trouble: str | None = None) -> str:
    return (
        f"<p>If there is an account for <b>{_safe(email)}</b>, a six-digit code is on its way there. It holds for "
        "15 minutes.</p>"
        f'<form method="post" action="{_PATH}">{_trouble(trouble)}'
        f'<input type="hidden" name="email" value="{_safe(email)}">'
        '<label for="code">Code from the mail</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required>'
        f'<button>Delete my account</button></form><p><a href="{_PATH}">Use another address</a></p>'
    )


def _done(begun: Departure) -> str:
    return (
        '<p role="status"><b>Your account is closed.</b> Nobody sees anything of you any more, and nothing is sent to '
        f"you. On {_day(begun.purges_at)} everything is deleted for good. Until then you can change your mind: sign in "
        "in the app, and it offers to restore the account.</p>"
    )


def _trouble(trouble: str | None) -> str:
    return f'<p class="bad" role="alert">{_safe(trouble)}</p>' if trouble else ""


def _consequences() -> str:
    removed = "".join(f"<li>{_safe(one)}</li>" for one in page.REMOVED)
    kept = "".join(f"<li><b>{_safe(what)}</b>: {_safe(how_long)}</li>" for what, how_long in page.KEPT)
    contact = _safe(settings().legal_contact)
    return (
        f"<h2>When</h2><p>At once your account is closed and out of sight. {GRACE.days} days later it is deleted; "
        "before that you can restore it by signing in.</p>"
        f"<h2>What is deleted</h2><ul>{removed}</ul>"
        f"<h2>What is kept, and for how long</h2><ul>{kept}</ul>"
        "<h2>Your subscription goes on billing</h2><p>A subscription bought in a store is not ended by deleting the "
        "account: only you can cancel it, in your "
        f'<a href="{MANAGE_SUBSCRIPTIONS["app_store"]}">App Store subscriptions</a> or your '
        f'<a href="{MANAGE_SUBSCRIPTIONS["google_play"]}">Google Play subscriptions</a>.</p>'
        '<h2>More</h2><p class="soft">In the app you can delete single entries and ask for a copy of your data. '
        f'How we treat your data: <a href="/legal/privacy">Privacy</a>. Questions: '
        f'<a href="mailto:{contact}">{contact}</a>.</p>'
    )


def _day(at: datetime) -> str:
    return f'<time datetime="{at:%Y-%m-%dT%H:%MZ}">{at.day} {at:%B %Y}</time>'


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


PAGE_HANDLERS = [read_deletion_page, use_deletion_page]
