"""Finding entries by their words."""

import unicodedata

import pytest

from tests.journal.conftest import PATH, found, write
from tests.routes.conftest import fields

RAIN = "Walking in the rain helped."
DOOR = "The red door was open"
CAFE = "Ein Café in der Straße, well-being and/or tea"


@pytest.fixture
async def writer(person):
    for body in (RAIN, DOOR, CAFE):
        await write(person, body)
    return person


@pytest.mark.parametrize(
    ("q", "bodies"),
    [
        pytest.param("walk", [RAIN], id="beginning of a word"),
        pytest.param("WALKING", [RAIN], id="capitals"),
        pytest.param("alking", [], id="not the middle of a word"),
        pytest.param("rain walk", [RAIN], id="all words, in any order"),
        pytest.param("rain door", [], id="one word missing"),
        pytest.param("the", [DOOR, RAIN], id="newest first, no stop words"),
        pytest.param("the -rain", [DOOR], id="one left out"),
        pytest.param("-the", [CAFE], id="only left out"),
        pytest.param("-the -cafe", [], id="all left out"),
        pytest.param('"red door"', [DOOR], id="phrase"),
        pytest.param('"door red"', [], id="phrase turned round"),
        pytest.param('"red doo"', [], id="phrase of whole words"),
        pytest.param('"red doo', [DOOR], id="phrase being typed"),
        pytest.param("„red door“", [DOOR], id="quotes of a phone"),
        pytest.param('the -"red door"', [RAIN], id="phrase left out"),
        pytest.param("cafe", [CAFE], id="without accent"),
        pytest.param("CAFÉ", [CAFE], id="with accent"),
        pytest.param("cafe\u0301", [CAFE], id="with a combining accent"),
        pytest.param("ca\u200bfé", [CAFE], id="hidden characters"),
        pytest.param("strasse", [CAFE], id="sharp s"),
        pytest.param("being", [CAFE], id="second part"),
        pytest.param("well-being", [CAFE], id="hyphen is no minus"),
        pytest.param("or", [CAFE], id="after a slash"),
        pytest.param("and/or", [CAFE], id="slash"),
        pytest.param("   ", [CAFE, DOOR, RAIN], id="blank"),
        pytest.param("", [CAFE, DOOR, RAIN], id="empty"),
        pytest.param("!!!", [], id="signs only"),
        pytest.param("-", [], id="minus only"),
        pytest.param('""', [], id="empty phrase"),
        pytest.param("% _", [], id="wildcards"),
        pytest.param("w%g", [], id="a wildcard in a word"),
        pytest.param("red\\", [DOOR], id="backslash"),
        pytest.param("'; DROP TABLE journal_entries; --", [], id="a statement"),
        pytest.param("red' | !rain:*", [], id="operators"),
        pytest.param("red & door <-> {", [DOOR], id="operators are of no meaning"),
    ],
)
async def test_what_a_search_finds(writer, q, bodies):
    assert await found(writer, q) == bodies


@pytest.mark.parametrize(
    ("body", "q"),
    [
        pytest.param("今天很好", "天很", id="chinese"),
        pytest.param("昨日コーヒーを飲んだ", "コーヒー", id="japanese"),
        pytest.param("ｺｰﾋｰ", "コーヒー", id="half width"),
        pytest.param("오늘은 좋은 하루", "하루", id="korean"),
        pytest.param("วันนี้ดีมาก", "ดี", id="thai"),
        pytest.param("आज का दिन हिन्दी में", "हिन्दी", id="hindi"),
        pytest.param("اَلسَّلَامُ عليكم", "السلام", id="arabic"),
        pytest.param("שָׁלוֹם", "שלום", id="hebrew"),
        pytest.param("Мой день", "МОЙ", id="russian"),
        pytest.param("Καλημέρα Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", id="greek"),
        pytest.param("Łódź, Ørsted", "lodz orsted", id="polish and danish"),
        pytest.param("Iğdır İstanbul", "igdir istanbul", id="turkish"),
        pytest.param("Ngày mai tốt hơn", "ngay tot hon", id="vietnamese"),
        pytest.param("Better today \u2764\ufe0f", "\u2764", id="emoji"),
        pytest.param("Home \U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f469\u200d\U0001f469\u200d\U0001f467",
                     id="family"),
        pytest.param("don\u2019t give up", "don't", id="apostrophes"),
        pytest.param("ﬁne", "fine", id="ligature"),
        pytest.param("10.30 pm on 2026-05-01", "10.30 2026-05", id="numbers"),
        pytest.param("今日は休み", '"日は"', id="quotes in japanese"),
        pytest.param("朝 Café 昼", '"朝 cafe 昼"', id="phrase of two scripts"),
        pytest.param("他们说话", "话", id="the last character"),
        pytest.param("I did it \U0001f600\U0001f389", '"it \U0001f600\U0001f389"', id="emoji after a word"),
    ],
)  # fmt: skip
async def test_any_language_is_found(person, body, q):
    await write(person, "Something else")
    await write(person, body)
    for form in ("NFC", "NFD"):
        assert await found(person, unicodedata.normalize(form, q)) == [unicodedata.normalize("NFC", body)]


async def test_the_title_is_searched_too_and_no_phrase_spans_both(person):
    await write(person, "body of it", title="Evening walk")
    assert await found(person, "evening body") == ["body of it"]
    assert await found(person, '"evening walk"') == ["body of it"]
    assert await found(person, '"walk body"') == []


async def test_an_entry_without_words_is_left_out_by_none(person):
    await write(person, "?!")
    assert await found(person, "-the") == ["?!"]
    assert await found(person, "the") == []


async def test_a_change_changes_what_is_found(person):
    entry = await write(person, "before", title="heading")
    await person.ok("PATCH", f"{PATH}/{entry['id']}", json={"body": "afterwards"})
    assert await found(person, "before") == []
    assert await found(person, "heading after") == ["afterwards"]
    await person.ok("PATCH", f"{PATH}/{entry['id']}", json={"title": None})
    assert await found(person, "heading") == []


async def test_a_search_is_bounded(person):
    assert await found(person, "x" * 200) == []
    for q in ("x" * 201, "x" * 5000, "\u00e9" * 201, '"' * 201, "e" + "\u0301" * 3000):
        assert fields(await person("GET", PATH, params={"q": q})) == ["q"]
    assert await found(person, " ".join(f"w{n}" for n in range(20))) == []
    assert fields(await person("GET", PATH, params={"q": " ".join(f"w{n}" for n in range(21))})) == ["q"]


@pytest.mark.parametrize("q", ["%00", "%ff", "%ED%A0%80", "a%00b", "%E2%80%8B", "%0A", "%22%00%22"])
async def test_what_no_keyboard_sends_is_no_error(person, q):
    await write(person, "a b")
    assert (await person("GET", f"{PATH}?q={q}")).status_code in (200, 400)
