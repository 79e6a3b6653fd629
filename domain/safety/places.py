"""Where a person may be, as far as their profile tells: whose help lines they can reach.

A line can only be called from where it answers, so where the clock stands counts for more than the language of a
phone: many a phone in Berlin speaks American English.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from importlib.resources import files

# Subtags of BCP 47: language, perhaps a script, region.
_REGION = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?-([A-Za-z]{2})(?:-.*)?")

# Codes that are in use for a country beside its own, and territories where another country's lines answer.
_SERVED_BY = {
    "UK": "GB", "EL": "GR", "GG": "GB", "IM": "GB", "JE": "GB", "AX": "FI",
    "AS": "US", "GU": "US", "MP": "US", "PR": "US", "VI": "US",
    "GF": "FR", "GP": "FR", "MQ": "FR", "RE": "FR", "YT": "FR",
}  # fmt: skip


def places_of(country: str | None, locale: str, timezone: str) -> list[str]:
    """The countries (ISO 3166, two letters) whose lines to offer, the likeliest first; at most two, perhaps none.

    The country that the person named comes first, or else that of their time zone; the second is the zone's if they
    named another one (they may be on a journey), or else the region of their locale (de-AT).
    """
    zone = country_of_zone(timezone)
    likely = (country, zone) if country else (zone, region_of(locale))
    return list(dict.fromkeys(_SERVED_BY.get(code.upper(), code.upper()) for code in likely if code))


def region_of(locale: str) -> str | None:
    """The region in a language tag: AT in de-AT, TW in zh-Hant-TW."""
    found = _REGION.fullmatch(locale)
    return found.group(1).upper() if found else None


def country_of_zone(timezone: str) -> str | None:
    """The country of an IANA time zone, None for one that is of no country or of several (Etc/UTC, EST)."""
    return _countries_of_zones().get(timezone)


@cache
def _countries_of_zones() -> dict[str, str]:
    """From the tables that come with the zones themselves.

    zone.tab names one country for each zone in use. Old names (Asia/Calcutta, which phones still report) are links,
    and are followed only to zones that a single country has: Iceland is a link to Africa/Abidjan.
    """
    folder = files("tzdata") / "zoneinfo"
    countries = {}
    for line in (folder / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            countries[zone] = country
    shared: defaultdict[str, set[str]] = defaultdict(set)
    for line in (folder / "zone1970.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            codes, _, zone, *_ = line.split("\t")
            shared[zone] |= set(codes.split(","))
    for line in (folder / "tzdata.zi").read_text("utf-8").splitlines():
        if line.startswith("L "):
            _, target, name = line.split()
            if len(shared[target]) == 1:
                countries.setdefault(name, countries[target])
    return countries
