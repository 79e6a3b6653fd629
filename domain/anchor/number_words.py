"""Numbers that are written as words, in the languages that we can read: English, German, Spanish, French, Portuguese.

All words are folded: small letters, no accents, and a space for a hyphen. Only the words of the person's own language
and of English are looked for, because one language's number is another's common word (Spanish eleven is "once").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

# Words of a number, in their order, and what they come to.
Words = Mapping[tuple[str, ...], int]

_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_ORDINALS = (
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_DE = (
    "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
).split()
_DE_TENS = "zwanzig dreißig vierzig funfzig sechzig siebzig achtzig neunzig".replace("ß", "ss").split()
_DE_ORDINALS = "zweit dritt viert funft sechst siebt acht neunt zehnt".split()
_ES = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve"
).split()
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_ES_ORDINALS = "segundo tercer cuarto quinto sexto septimo octavo noveno decimo".split()
_FR = (
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix_sept dix_huit "
    "dix_neuf"
).split()
_FR_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre_vingt"}
_FR_ORDINALS = "deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme".split()
_PT = (
    "zero um dois tres quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito "
    "dezenove"
).split()
_PT_TENS = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()
_PT_ORDINALS = "segundo terceiro quarto quinto sexto setimo oitavo nono decimo".split()
_FIRST_ORDINAL = 2


def _english() -> Iterator[tuple[str, int]]:
    below = {name: value for value, name in enumerate(_EN)}
    for tens, name in enumerate(_EN_TENS, 2):
        below[name] = 10 * tens
        below |= {f"{name} {_EN[unit]}": 10 * tens + unit for unit in range(1, 10)}
    yield from below.items()
    for word, many in [("a", 1), *((_EN[digit], digit) for digit in range(1, 10))]:
        yield f"{word} hundred", 100 * many
        for rest, value in below.items():
            yield f"{word} hundred {rest}", 100 * many + value
            yield f"{word} hundred and {rest}", 100 * many + value
        yield f"{word} thousand", 1000 * many
    yield from (("hundred", 100), ("thousand", 1000), ("a dozen", 12), ("two dozen", 24))


def _german() -> Iterator[tuple[str, int]]:
    below = {name: value for value, name in enumerate(_DE)} | {"zwo": 2}
    for tens, name in enumerate(_DE_TENS, 2):
        below[name] = 10 * tens
        below |= {f"{_DE[unit].removesuffix('s' if unit == 1 else '')}und{name}": 10 * tens + unit
                  for unit in range(1, 10)}  # fmt: skip
    yield from below.items()
    yield from (("hundert", 100), ("tausend", 1000))
    for word, value in below.items():
        yield f"hundert{word}", 100 + value
        yield f"einhundert{word}", 100 + value
        if 1 < value < 10:
            yield f"{word}hundert", 100 * value


def _spanish() -> Iterator[tuple[str, int]]:
    yield from ((name, value) for value, name in enumerate(_ES))
    for tens, name in enumerate(_ES_TENS, 3):
        yield name, 10 * tens
        yield from ((f"{name} y {_ES[unit]}", 10 * tens + unit) for unit in range(1, 10))
    yield from (("cien", 100), ("ciento", 100), ("doscientos", 200), ("trescientos", 300), ("mil", 1000))


def _french() -> Iterator[tuple[str, int]]:
    small = [name.replace("_", " ") for name in _FR]
    yield from ((name, value) for value, name in enumerate(small))
    for tens, word in _FR_TENS.items():
        name = word.replace("_", " ")
        yield name, tens
        yield f"{name}s", tens
        for more in range(1, 20 if tens in (60, 80) else 10):
            yield f"{name} {small[more]}", tens + more
            yield f"{name} et {small[more]}", tens + more
    yield from (("cent", 100), ("deux cents", 200), ("trois cents", 300), ("mille", 1000))


def _portuguese() -> Iterator[tuple[str, int]]:
    yield from ((name, value) for value, name in enumerate(_PT))
    yield from (("duas", 2), ("dezasseis", 16), ("dezassete", 17), ("dezanove", 19))
    for tens, name in enumerate(_PT_TENS, 2):
        yield name, 10 * tens
        yield from ((f"{name} e {_PT[unit]}", 10 * tens + unit) for unit in range(1, 10))
    yield from (("cem", 100), ("cento", 100), ("duzentos", 200), ("trezentos", 300), ("mil", 1000))


_CARDINALS = {"en": _english, "de": _german, "es": _spanish, "fr": _french, "pt": _portuguese}
_ENDINGS = {"en": ("",), "de": ("e", "en", "er", "es"), "es": ("", "o"), "fr": ("",), "pt": ("",)}
_ORDINALS = {"en": _EN_ORDINALS, "de": _DE_ORDINALS, "es": _ES_ORDINALS, "fr": _FR_ORDINALS, "pt": _PT_ORDINALS}


@cache
def cardinals(language: str) -> Words:
    """The numbers of English and of `language`, a code of two letters."""
    return {
        tuple(words.split()): value
        for name in dict.fromkeys((language, "en"))
        if name in _CARDINALS
        for words, value in _CARDINALS[name]()
    }


@cache
def ordinals(language: str) -> Words:
    """From the second on: what is first is a manner of speaking."""
    return {
        (word + ending,): value
        for name in dict.fromkeys((language, "en"))
        if name in _ORDINALS
        for value, word in enumerate(_ORDINALS[name], _FIRST_ORDINAL)
        for ending in _ENDINGS[name]
    }
