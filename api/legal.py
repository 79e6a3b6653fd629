"""The legal pages as HTML: one small document each, with its own style and nothing from elsewhere."""

import base64
import hashlib
import html

from litestar import MediaType, Response, get
from litestar.params import FromPath

from domain.accounts.consents import CURRENT
from domain.accounts.legal.page import CONTACT, Page, Section
from domain.accounts.legal.pages import PAGES, page_named
from domain.kit.settings import settings

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fbfbf9;--soft:#5d6877;--line:#dddcd6;--link:#1f5f8f}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--paper:#14181d;--soft:#9aa5b1;--line:#333a42;--link:#86bfe8}}
body{font:17px/1.6 system-ui,sans-serif;max-width:42rem;margin:0 auto;padding:1.5rem 1.2rem 4rem}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.7rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem}
a{color:var(--link)}nav{font-size:.95rem;border-bottom:1px solid var(--line);padding-bottom:.8rem}
nav a{margin-right:1.1rem}.soft{color:var(--soft);font-size:.95rem}li{margin:.35rem 0}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Content-Language": "en",
    "Cache-Control": "public, max-age=3600",
}
_DELETION = "/account-deletion"


@get(
    "/legal/{page:str}", operation_id="readLegalPage", tags=["Legal"], summary="Terms, privacy, rules, contact",
    opt={"open": True}, media_type=MediaType.HTML,
)  # fmt: skip
async def read_legal_page(page: FromPath[str]) -> Response[str]:
    """`terms`, `privacy`, `rules` or `contact`, to be shown as it is."""
    return Response(_document(page, page_named(page)), media_type=MediaType.HTML, headers=_HEADERS)


def _document(name: str, page: Page) -> str:
    links = "".join(
        f'<a href="/legal/{other}"{" aria-current=page" if other == name else ""}>{html.escape(one.title)}</a>'
        for other, one in PAGES.items()
    )
    versions = sorted({CURRENT[kind][0] for kind in page.consents})
    version = f'<p class="soft">Version {html.escape(", ".join(versions))}</p>' if versions else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Kuitter: {html.escape(page.title)}</title><style>{_STYLE}</style></head><body>"
        f"<nav>{links}</nav><main><h1>{html.escape(page.title)}</h1>{version}<p>{_text(page.intro)}</p>"
        f"{''.join(_section(section) for section in page.sections)}</main></body></html>"
    )


def _section(section: Section) -> str:
    paragraphs = "".join(f"<p>{_text(paragraph)}</p>" for paragraph in section.paragraphs)
    points = "".join(f"<li>{_text(point)}</li>" for point in section.points)
    return f"<h2>{html.escape(section.heading)}</h2>{paragraphs}{f'<ul>{points}</ul>' if points else ''}"


def _text(text: str) -> str:
    contact = html.escape(settings().legal_contact)
    return (
        html.escape(text)
        .replace(CONTACT, f'<a href="mailto:{contact}">{contact}</a>')
        .replace(_DELETION, f'<a href="{_DELETION}">{_DELETION}</a>')
    )


HANDLERS = [read_legal_page]
