"""The pages that everybody may read: terms, privacy, rules, contact. Each text stands in a module of its own.

Whoever changes what a page promises gives its consent a new version in domain/accounts/consents.py.
"""

from __future__ import annotations

from domain.accounts.legal import contact, privacy, rules, terms
from domain.accounts.legal.page import Page
from domain.kit.errors import NotFound

PAGES: dict[str, Page] = {
    "terms": terms.PAGE,
    "privacy": privacy.PAGE,
    "rules": rules.PAGE,
    "contact": contact.PAGE,
}


def page_named(name: str) -> Page:
    """Raises NotFound for a page that there is not."""
    page = PAGES.get(name)
    if page is None:
        raise NotFound
    return page
