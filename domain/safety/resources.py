"""Whom to call: crisis lines, emergency numbers and help with recovery, by country. A list kept by hand.

Only what is publicly confirmed stands here, and hours only where they are certain: a number that nobody answers is
worse than none. Last looked through in November 2026; look again when a year has passed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.safety.places import places_of

Kind = Literal["crisis", "emergency", "recovery"]


class Resource(msgspec.Struct, frozen=True):
    """Somebody who helps. `phone` is as it is written in the country; `text` is a number for text messages, and
    `text_word` the word to send there.

    `country` is null where it does not matter where one is, `hours` where they vary: "24/7" or, say, "09:00-24:00".
    `languages` are the main ones that are spoken there, empty where that follows from what one finds.
    """

    kind: Kind
    name: str
    country: str | None
    phone: str | None
    text: str | None
    text_word: str | None
    url: str | None
    hours: str | None
    languages: tuple[str, ...]


ALWAYS = "24/7"


def _line(
    languages: str,
    name: str,
    phone: str | None = None,
    *,
    text: str | None = None,
    word: str | None = None,
    url: str | None = None,
    hours: str | None = None,
    kind: Kind = "crisis",
) -> Resource:
    return Resource(kind, name, None, phone, text, word, url, hours, tuple(languages.split()))


# A country's emergency number, and its lines in the order of showing. One number each: the one that fits a person in
# danger, which is the ambulance's where a country has several.
_COUNTRIES: dict[str, tuple[str, list[Resource]]] = {
    "AR": ("911", [
        _line("es", "Línea nacional de salud mental", "0800 999 0091", hours=ALWAYS),
        _line("es", "Centro de Asistencia al Suicida", "(011) 5275-1135"),
    ]),
    "AT": ("112", [
        _line("de", "Telefonseelsorge", "142", url="https://www.telefonseelsorge.at", hours=ALWAYS),
    ]),
    "AU": ("000", [
        _line("en", "Lifeline", "13 11 14", text="0477 13 11 14", url="https://www.lifeline.org.au", hours=ALWAYS),
    ]),
    "BE": ("112", [
        _line("nl", "Zelfmoordlijn", "1813", url="https://www.zelfmoord1813.be", hours=ALWAYS),
        _line("fr", "Centre de Prévention du Suicide", "0800 32 123", url="https://www.preventionsuicide.be",
              hours=ALWAYS),
        _line("de", "Telefonhilfe", "108"),
    ]),
    "BR": ("192", [
        _line("pt", "CVV, Centro de Valorização da Vida", "188", url="https://cvv.org.br", hours=ALWAYS),
    ]),
    "CA": ("911", [
        _line("en fr", "9-8-8: Suicide Crisis Helpline", "988", text="988", url="https://988.ca", hours=ALWAYS),
    ]),
    "CH": ("112", [
        _line("de fr it", "Die Dargebotene Hand · La Main Tendue · Telefono Amico", "143", url="https://www.143.ch",
              hours=ALWAYS),
    ]),
    "CL": ("131", [
        _line("es", "Línea de prevención del suicidio", "*4141", hours=ALWAYS),
    ]),
    "CN": ("120", [
        _line("zh", "全国统一心理援助热线", "12356"),
    ]),
    "CZ": ("112", [
        _line("cs", "Linka první psychické pomoci", "116 123"),
    ]),
    "DE": ("112", [
        _line("de", "TelefonSeelsorge", "0800 1110111", url="https://www.telefonseelsorge.de", hours=ALWAYS),
        _line("de", "TelefonSeelsorge", "116 123", url="https://www.telefonseelsorge.de", hours=ALWAYS),
    ]),
    "DK": ("112", [
        _line("da", "Livslinien", "70 201 201", url="https://www.livslinien.dk"),
    ]),
    "ES": ("112", [
        _line("es", "Línea 024 de atención a la conducta suicida", "024", hours=ALWAYS),
    ]),
    "FI": ("112", [
        _line("fi", "MIELI kriisipuhelin", "09 2525 0111", url="https://mieli.fi", hours=ALWAYS),
        _line("sv", "MIELI kristelefon", "09 2525 0112", url="https://mieli.fi"),
    ]),
    "FR": ("112", [
        _line("fr", "3114, numéro national de prévention du suicide", "3114", url="https://3114.fr", hours=ALWAYS),
    ]),
    "GB": ("999", [
        _line("en", "Samaritans", "116 123", url="https://www.samaritans.org", hours=ALWAYS),
        _line("en", "Shout", text="85258", word="SHOUT", url="https://giveusashout.org", hours=ALWAYS),
    ]),
    "GR": ("112", [
        _line("el", "Γραμμή παρέμβασης για την αυτοκτονία", "1018", hours=ALWAYS),
    ]),
    "HK": ("999", [
        _line("zh en", "情緒通 Mental Health Support Hotline", "18111", hours=ALWAYS),
        _line("zh", "香港撒瑪利亞防止自殺會", "2389 2222", hours=ALWAYS),
    ]),
    "IE": ("112", [
        _line("en", "Samaritans", "116 123", url="https://www.samaritans.org", hours=ALWAYS),
        _line("en", "Text About It", text="50808", word="HELLO", url="https://www.textaboutit.ie", hours=ALWAYS),
    ]),
    "IL": ("101", [
        _line("he", "ער״ן ERAN", "1201", url="https://www.eran.org.il", hours=ALWAYS),
    ]),
    "IN": ("112", [
        _line("hi en", "Tele-MANAS", "14416", url="https://telemanas.mohfw.gov.in", hours=ALWAYS),
    ]),
    "IS": ("112", [
        _line("is", "Hjálparsími Rauða krossins", "1717", url="https://www.1717.is", hours=ALWAYS),
    ]),
    "IT": ("112", [
        _line("it", "Telefono Amico Italia", "02 2327 2327", url="https://www.telefonoamico.it"),
    ]),
    "JP": ("119", [
        _line("ja", "#いのちSOS", "0120-061-338", hours=ALWAYS),
        _line("ja", "よりそいホットライン", "0120-279-338", hours=ALWAYS),
    ]),
    "KR": ("119", [
        _line("ko", "자살예방상담전화", "109", hours=ALWAYS),
    ]),
    "MX": ("911", [
        _line("es", "Línea de la Vida", "800 911 2000", hours=ALWAYS),
    ]),
    "MY": ("999", [
        _line("en ms zh", "Befrienders KL", "03-7627 2929", url="https://www.befrienders.org.my", hours=ALWAYS),
    ]),
    "NL": ("112", [
        _line("nl", "113 Zelfmoordpreventie", "0800-0113", url="https://www.113.nl", hours=ALWAYS),
    ]),
    "NO": ("113", [
        _line("no nb nn", "Mental Helse, Hjelpetelefonen", "116 123", url="https://mentalhelse.no", hours=ALWAYS),
        _line("no nb nn", "Kirkens SOS", "22 40 00 40", hours=ALWAYS),
    ]),
    "NZ": ("111", [
        _line("en", "1737, Need to Talk?", "1737", text="1737", url="https://1737.org.nz", hours=ALWAYS),
    ]),
    "PL": ("112", [
        _line("pl", "Centrum Wsparcia", "800 70 2222", url="https://centrumwsparcia.pl", hours=ALWAYS),
        _line("pl", "Kryzysowy Telefon Zaufania", "116 123"),
    ]),
    "PT": ("112", [
        _line("pt", "Linha Nacional de Prevenção do Suicídio", "1411", hours=ALWAYS),
    ]),
    "SE": ("112", [
        _line("sv", "Mind Självmordslinjen", "90101", url="https://mind.se", hours=ALWAYS),
    ]),
    "SG": ("995", [
        _line("en", "Samaritans of Singapore", "1767", url="https://www.sos.org.sg", hours=ALWAYS),
    ]),
    "TW": ("119", [
        _line("zh", "安心專線", "1925", hours=ALWAYS),
    ]),
    "US": ("911", [
        _line("en es", "988 Suicide & Crisis Lifeline", "988", text="988", url="https://988lifeline.org", hours=ALWAYS),
        _line("en es", "Crisis Text Line", text="741741", word="HOME", url="https://www.crisistextline.org",
              hours=ALWAYS),
        _line("en es", "SAMHSA National Helpline", "1-800-662-4357", url="https://www.samhsa.gov", hours=ALWAYS,
              kind="recovery"),
    ]),
    "UY": ("911", [
        _line("es", "Línea de prevención del suicidio", "0800 0767", hours=ALWAYS),
    ]),
    "ZA": ("112", [
        _line("en", "SADAG Suicide Crisis Helpline", "0800 567 567", url="https://www.sadag.org", hours=ALWAYS),
    ]),
}  # fmt: skip

COUNTRIES = frozenset(_COUNTRIES)

_ANYWHERE = [
    _line("", "Find A Helpline: free, confidential lines in your country", url="https://findahelpline.com"),
    _line("en", "SMART Recovery: meetings near you and online", url="https://smartrecovery.org", kind="recovery"),
]
# On a mobile phone 112 is led to the local emergency services in most of the world (3GPP TS 22.101, emergency calls).
_ANY_EMERGENCY = Resource(
    "emergency", "Your local emergency number (on a mobile phone 112 works in most countries)",
    None, "112", None, None, None, ALWAYS, (),
)  # fmt: skip

_ORDER: list[Kind] = ["crisis", "emergency", "recovery"]


def resources_for(country: str | None, locale: str, timezone: str) -> list[Resource]:
    """Help for a person, the most fitting first: for each place they may be at (see `places_of`) crisis lines, those in
    their language first, then the emergency number; then what helps anywhere. Never empty.

    Of a country that is not listed there is a directory of lines and the emergency number that works nearly everywhere.
    """
    language = locale.split("-")[0].lower()
    places: list[str | None] = [*places_of(country, locale, timezone)] or [None]
    found = [resource for place in places for resource in _of(place, language)]
    return list(dict.fromkeys([*found, *_ANYWHERE]))


def _of(country: str | None, language: str) -> list[Resource]:
    if country not in _COUNTRIES:
        return [_ANYWHERE[0], _ANY_EMERGENCY]
    number, lines = _COUNTRIES[country]
    emergency = Resource("emergency", "Emergency services", None, number, None, None, None, ALWAYS, ())
    ordered = sorted([*lines, emergency], key=lambda one: (_ORDER.index(one.kind), language not in one.languages))
    return [msgspec.structs.replace(one, country=country) for one in ordered]
