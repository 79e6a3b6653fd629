"""What may not stand in a post, a comment or a message to others: one function, `objection`, to be replaced as a whole.

Rules: semantics, "Community" (links, porn-site names, contact data and slurs are filtered by one replaceable
function). It works on what a reader would see: capitals, accents, look-alike letters, digits for letters and letters
set apart make no difference. It errs on the side of letting people talk: what it misses can be reported.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Literal

import regex

from domain.kit.errors import RuleBroken
from domain.safety.foul_words import is_porn_host, names_porn_site, says_slur
from domain.safety.resources import COUNTRIES, resources_for

Objection = Literal["link", "contact_data", "porn_site", "slur"]

_SAYS: dict[Objection, str] = {
    "link": "Links are not allowed here.",
    "contact_data": "Please leave out phone numbers, addresses and other contact data, yours and anybody else's.",
    "porn_site": "Please leave out the names of such sites: they can be a trigger for others.",
    "slur": "This has a word in it that hurts people.",
}

# Endings that are no words, so that a missing space after a full stop makes no link; and those that are words in some
# language ("bien.de verdad"), which count where a sentence would go on differently.
_ENDINGS = "com|net|org|info|biz|xxx|porn|tube|dev|io|tv|gg|ly|cc|ru|cn|xyz|fr|uk|nl|pl|br|co|es|pt|ch"
_WORDLIKE = "de|eu|au|ca|app|site|online|club|shop|live|link|sex|adult|cam|me|be|it|to|in|us|at"
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|punkt|punto|point|ponto|\.)\s?[\])}]\s?)"
_SAID_DOT = r"\s(?:dot|punkt|punto|point|ponto)\s"
_HOST = r"(?<![\w-])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Each part is bounded, and begins at the beginning of a word only: so the time is linear.
_LINK = regex.compile(
    rf"h(?:tt|xx)ps?\s?:|(?<!\w)www{_DOT}"
    rf"|{_HOST}(?:{_DOT}[a-z0-9-]{{1,63}}){{0,3}}{_DOT}(?:{_ENDINGS})(?!\w)"
    rf"|{_HOST}(?:\.[a-z0-9-]{{1,63}}){{0,3}}\.(?:{_ENDINGS}|{_WORDLIKE})(?:/\w|[.,;:!?)\"']*(?:\s*$|\n))"
    rf"|(?<![\w-])[a-z0-9]{{1,30}}(?:-[a-z0-9]{{1,30}}){{1,3}}\.(?:{_WORDLIKE})(?!\w)"
    rf"|(?<![\w-])(?!the\s|a\s|this\s|that\s|of\s)[a-z0-9][a-z0-9-]{{1,62}}{_SAID_DOT}(?:{_ENDINGS}|de)(?!\w)",
    flags=regex.IGNORECASE,
)
_AT = r"(?:\s?(?:@|[\[({]\s?(?:at|arroba)\s?[\])}])\s?|\s(?:at|arroba)\s(?=[\w-]{2,63}\s(?:dot|punto|ponto)\s))"
_MAIL = regex.compile(
    rf"(?<![\w.+-])[\w.+-]{{2,64}}{_AT}[\w-]{{2,63}}(?:{_DOT}|{_SAID_DOT})[a-z]{{2,63}}", flags=regex.IGNORECASE
)
# Seven digits and more that are no date, no time and no amount; short numbers of help lines stay.
_PHONE = regex.compile(r"(?<![\w.,])(?:\+|00)?\(?\d(?:[\s()./-]{0,3}\d){6,14}(?![\w])")
_DATE = regex.compile(
    r"\b\d{4}[-./]\d{1,2}[-./]\d{1,2}\b|\b\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b"
    r"|\b\d{1,2}\.\d{2}\s?(?:-|–|to|bis|a|à)\s?\d{1,2}\.\d{2}\b(?!\.\d)",
    flags=regex.IGNORECASE,
)
_GROUPED = regex.compile(r"\b\d{1,3}(?:[.,\u00a0\u202f' ]?000)+\b")
_YEARS = regex.compile(r"\b(?:19|20)\d\d\s?(?:-|–|/|to|bis|and|und|a|à)\s?(?:19|20)\d\d\b", flags=regex.IGNORECASE)
_APPS = r"(?:whats\s?app|telegram|discord|snap(?:chat)?|insta(?:gram)?|kik|skype|wechat|viber|tiktok|threema)"
# What is said of an app, and is no name on it.
_NO_NAME = (
    r"(?:a|an|my|the|not|no|now|still|always|so|too|where|what|how|why|when|for|full|off|on|out|bad|dead|gone|private|public"
    r"|open|empty|clean|toxic|deleted|blocked|banned|disabled|deactivated|uninstalled|down|trigger\w*|poison)\b"
)
_HANDLE = regex.compile(
    rf"(?<![\w@])@[a-z0-9_.]{{3,}}"
    rf"|\b{_APPS}\s?(?:is|id|name|handle|user(?:name)?|ist|es)?\s?[:=]\s?@?(?=\S{{0,40}}[\d_])[a-z0-9_.]{{3,40}}"
    rf"|\bmy\s+{_APPS}(?:\s+(?:name|handle|id|user(?:name)?))?\s*(?:is|:|=)\s*(?!{_NO_NAME})[\w.]{{3,40}}[^\S\n]*(?:[.,!?\n]|$)"
    rf"|\b(?:add|text|dm|message|call|find|schreib|ruf|write)\s+(?:me|mir|mich)\s+(?:on|at|via|in|auf|über|bei)\s+{_APPS}\b",
    flags=regex.IGNORECASE,
)


def objection(text: str) -> Objection | None:
    """Why `text` may not be shown to others; None if nothing stands against it. `text` has been cleaned."""
    seen = unicodedata.normalize("NFKC", text)
    if _MAIL.search(seen):
        return "contact_data"
    links = [found.group() for found in _LINK.finditer(seen)]
    if links:
        # The name of a site says more than that it is a link.
        return "porn_site" if names_porn_site(seen) or any(map(is_porn_host, links)) else "link"
    if _HANDLE.search(seen) or _has_phone(seen):
        return "contact_data"
    if names_porn_site(seen):
        return "porn_site"
    return "slur" if says_slur(seen) else None


def refuse_objectionable(text: str, *, field: str = "body") -> None:
    """Raises RuleBroken `content_refused`, with the `reason` of `objection`, for what may not be shown to others."""
    reason = objection(text)
    if reason is not None:
        raise RuleBroken(_SAYS[reason], code="content_refused", extra={"reason": reason, "field": field})


def _has_phone(text: str) -> bool:
    left = _YEARS.sub(" x ", _GROUPED.sub(" x ", _DATE.sub(" x ", text)))
    return any(_is_phone(found.group()) for found in _PHONE.finditer(left))


def _is_phone(number: str) -> bool:
    groups = regex.findall(r"\d+", number)
    counted = [int(group) for group in groups]
    if len(groups) > 3 and counted == list(range(counted[0], counted[0] + len(counted))):
        return False  # days one after the other
    return "".join(groups).removeprefix("00") not in _help_lines()


@cache
def _help_lines() -> frozenset[str]:
    """Numbers of lines that help, as digits: these may be passed on."""
    return frozenset(
        "".join(filter(str.isdigit, number))
        for country in COUNTRIES
        for line in resources_for(country, "en", "Etc/UTC")
        for number in (line.phone, line.text)
        if number
    ) | {"08001110222", "18002738255", "0800543354"}
