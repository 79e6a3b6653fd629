"""Crisis resources: the right ones for where a person is, and never none."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import pytest

from domain.safety.places import country_of_zone, places_of, region_of
from domain.safety.resources import COUNTRIES, Resource, resources_for

NOWHERE = "Etc/UTC"


def phones(country: str | None, locale: str = "en", timezone: str = NOWHERE) -> list[str]:
    return [one.phone for one in resources_for(country, locale, timezone) if one.phone]


EXPECTED = {
    "US": ("988", "911"),
    "CA": ("988", "911"),
    "GB": ("116 123", "999"),
    "IE": ("116 123", "112"),
    "DE": ("0800 1110111", "112"),
    "AT": ("142", "112"),
    "CH": ("143", "112"),
    "FR": ("3114", "112"),
    "ES": ("024", "112"),
    "NL": ("0800-0113", "112"),
    "AU": ("13 11 14", "000"),
    "NZ": ("1737", "111"),
    "IN": ("14416", "112"),
    "BR": ("188", "192"),
    "PT": ("1411", "112"),
    "JP": ("0120-061-338", "119"),
    "ZA": ("0800 567 567", "112"),
}


@pytest.mark.parametrize("country", EXPECTED)
def test_a_country_s_line_comes_before_its_emergency_number(country: str) -> None:
    crisis, emergency = EXPECTED[country]
    found = phones(country)
    assert found.index(crisis) < found.index(emergency)


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_country_has_a_crisis_line_and_an_emergency_number(country: str) -> None:
    own = [one for one in resources_for(country, "en", NOWHERE) if one.country == country]
    assert own[0].kind == "crisis"
    assert [one.kind for one in own].count("emergency") == 1
    for one in own:
        assert one.phone or one.text or one.url
        assert one.kind == "emergency" or one.languages
        assert one.phone is None or re.fullmatch(r"[*(]?\d[\d ()-]*\d", one.phone), one.phone
        assert one.text is None or re.fullmatch(r"\d[\d ]*\d", one.text)
        assert one.text_word is None or one.text
        assert one.url is None or re.fullmatch(r"https://[a-z0-9.-]+", one.url)


def test_nobody_is_left_with_nothing() -> None:
    for place in ((None, "en", NOWHERE), ("KE", "sw", "Africa/Nairobi"), (None, "x", "nowhere"), ("ZZ", "", "")):
        found = resources_for(*place)
        assert found[0].url == "https://findahelpline.com"
        assert [(one.kind, one.phone) for one in found if one.kind == "emergency"] == [("emergency", "112")]


def test_the_directory_is_always_there_and_nothing_is_twice() -> None:
    for country in [*sorted(COUNTRIES), None, "KE"]:
        for zone in (NOWHERE, "America/New_York", "Africa/Nairobi"):
            found: list[Resource] = resources_for(country, "en-US", zone)
            assert "https://findahelpline.com" in [one.url for one in found]
            assert len(set(found)) == len(found)
            assert len(found) <= 12


def test_the_country_decides_and_else_the_zone_and_then_the_locale() -> None:
    assert places_of("FR", "en-US", "Europe/Paris") == ["FR"]
    assert places_of("FR", "en-US", "America/New_York") == ["FR", "US"]
    assert places_of(None, "de-AT", "Europe/Vienna") == ["AT"]
    assert places_of(None, "de-AT", NOWHERE) == ["AT"]
    assert places_of(None, "en-US", "Europe/Berlin") == ["DE", "US"]
    assert places_of(None, "de", "Europe/Berlin") == ["DE"]
    assert places_of(None, "en", NOWHERE) == []


def test_lines_that_cannot_be_reached_never_come_first() -> None:
    # A phone in Nairobi that speaks American English.
    found = resources_for(None, "en-US", "Africa/Nairobi")
    assert found[0].url == "https://findahelpline.com"
    assert found[1].phone == "112"


def test_territories_and_other_codes_of_a_country() -> None:
    assert phones("PR") == phones("US")
    assert phones("UK") == phones("GB")
    assert phones("RE") == phones("FR")
    assert phones(None, timezone="Europe/Jersey") == phones("GB")


def test_lines_in_the_person_s_language_come_first() -> None:
    assert phones("BE", "nl-BE")[0] == "1813"
    assert phones("BE", "fr-BE")[0] == "0800 32 123"
    assert phones("BE", "de")[0] == "108"
    assert phones("FI", "sv-FI")[0] == "09 2525 0112"


@pytest.mark.parametrize(
    ("locale", "region"),
    [("de-AT", "AT"), ("de-at", "AT"), ("zh-Hant-TW", "TW"), ("en-US-posix", "US"), ("en", None), ("zh-Hant", None),
     ("es-419", None), ("", None)],
    ids=["plain", "small", "script", "variant", "language", "script-only", "continent", "empty"],
)  # fmt: skip
def test_the_region_of_a_locale(locale: str, region: str | None) -> None:
    assert region_of(locale) == region


def test_the_country_of_a_zone() -> None:
    known = {
        "Europe/Stockholm": "SE", "Europe/Kiev": "UA", "Asia/Calcutta": "IN", "America/Buenos_Aires": "AR",
        "America/Toronto": "CA", "Pacific/Auckland": "NZ", "US/Eastern": "US", "Atlantic/Reykjavik": "IS",
    }  # fmt: skip
    assert {zone: country_of_zone(zone) for zone in known} == known
    # A link to a zone of many countries tells nothing: this one leads to Abidjan.
    assert country_of_zone("Iceland") is None
    assert country_of_zone("Etc/GMT+5") is None


def test_nearly_every_zone_that_is_a_place_has_its_country() -> None:
    places = {name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}
    assert len([name for name in places if country_of_zone(name) is None]) < 40
