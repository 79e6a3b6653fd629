"""What a page of the legal texts is made of."""

from __future__ import annotations

import msgspec

# Stands in a text for the address of whoever runs this; how it is shown is the page's business.
CONTACT = "{contact}"


class Section(msgspec.Struct, frozen=True):
    """A heading, paragraphs, and after them points of a list."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """`consents` are the kinds of consent that the text stands for; their versions are the page's."""

    title: str
    intro: str
    sections: tuple[Section, ...]
    consents: tuple[str, ...] = ()
