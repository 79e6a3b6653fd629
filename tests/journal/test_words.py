"""The literals that a search is made of: PostgreSQL takes them, finds by them what it should, and keeps its limits."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.journal.words import read_search, searchable
from domain.kit.database import fetch
from domain.kit.errors import InvalidRequest
from domain.kit.text import tidy

ANYTHING = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
SIGNS = st.text(alphabet="ab -\"'%_\\&|!<>:*()“「」", max_size=40)
FEW = st.text(alphabet='ab今天ด  \U0001f600"-', max_size=20)
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"

in_one_statement = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def looked_for(q):
    """The query of a search; "" for one that is refused or finds nothing."""
    try:
        return read_search(q) or ""
    except InvalidRequest:
        return ""


async def matches(pairs):
    """Whether PostgreSQL finds each entry by its query."""
    rows = await fetch(
        "SELECT search::tsvector @@ query::tsquery FROM unnest($1::text[], $2::text[]) AS pair (search, query)",
        [search for search, _ in pairs], [query for _, query in pairs],
    )  # fmt: skip
    return [row[0] for row in rows]


async def finds(body, q):
    [found] = await matches([(searchable(None, tidy(body)), read_search(q))])
    return found


@in_one_statement
@given(texts=st.lists(ANYTHING | SIGNS, max_size=60))
async def test_every_text_is_found_by_itself(app, texts):
    bodies = [tidy(text.replace("-", " ")) for text in texts]
    pairs = [(searchable(None, body), looked_for(body)) for body in bodies]
    assert await matches(pairs) == [query != "" for _, query in pairs]


def standing(text):
    """The words of a text in a row: a plain way to search, for texts that have no other signs than FEW."""
    spaced = "".join(f" {sign} " if sign in "今天ด\U0001f600" else " " if sign in '"-' else sign for sign in text)
    return f" {' '.join(spaced.split())} "


def found_plainly(body, phrase, sign, closed):
    words = standing(phrase).rstrip()
    there = f"{words}{' ' if closed else ''}" in standing(body)
    return there is (sign == "")


@in_one_statement
@given(cases=st.lists(st.tuples(FEW, FEW, st.sampled_from(["", "-"]), st.booleans()), max_size=60))
async def test_a_phrase_is_found_where_it_stands_and_nowhere_else(app, cases):
    pairs, wanted = [], []
    for body, text, sign, closed in cases:
        phrase = text.replace('"', " ").strip()
        if standing(phrase).strip():
            pairs.append((searchable(None, tidy(body)), read_search(f'{sign}"{phrase}{chr(34) if closed else ""}')))
            wanted.append(found_plainly(tidy(body), phrase, sign, closed))
    assert await matches(pairs) == wanted


def test_literals():
    assert searchable("A", "Red, door red") == "'a':1 'red':3,5 'door':4"
    assert searchable(None, "今天good") == "'今天':2 '天':3 'good':4"
    assert searchable(None, "?!") == ""
    assert read_search('walk -"red door" 今天好') == "('今天' <-> '天好':*) & ('walk':*) & !('red' <-> 'door')"
    assert read_search("it\\'s") == "('it' <-> 's':*)"
    assert read_search("?!") == ""
    assert read_search(" ") is None


# -- the limits of PostgreSQL ------------------------------------------------------------------------------------------

HAN = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
# Ten characters, each of them 2,000 times.
COMMON = "".join("的一是不了人我在有他"[(n * n // 7 + n) % 10] for n in range(20_000))
EMOJI = "".join(chr(0x1F400 + (n * n // 5 + n) % 256) for n in range(20_000))
MARKS = "".join(map(chr, range(0x11038, 0x11041)))
THAI = "".join(map(chr, range(0x0E01, 0x0E29)))
HEAPS = "".join(f"ก{''.join(MARKS[n // 9**place % 9] for place in range(7))}" for n in range(20_000))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(" ".join(f"{n:x}" for n in range(4100)), id="latin"),
        pytest.param("x" * 20_000, id="one word"),
        pytest.param("word " * 4000, id="one word again and again"),
        pytest.param(HAN, id="han"),
        pytest.param(COMMON, id="ten characters of han"),
        pytest.param("\u4eca" * 20_000, id="one character of han"),
        pytest.param(EMOJI, id="emoji"),
        pytest.param("\U0001f600" * 20_000, id="one emoji"),
        pytest.param(FAMILY * 20_000, id="families"),
        pytest.param("\ufdfa" * 20_000, id="ligatures of 18 letters"),
        pytest.param("\u3356" * 20_000, id="squares of five letters"),
        pytest.param(HEAPS, id="heaps of marks"),
        pytest.param("\u0915" + "\u093e\u0902" * 10_000, id="one word of marks"),
    ],
)
async def test_the_longest_entries_stay_within_the_limits(app, body):
    title, body = tidy(body[:200]), tidy(body)
    search = searchable(title, body)
    wanted = {lexeme[1:-1]: set(map(int, at.split(","))) for lexeme, at in (one.split(":") for one in search.split())}
    taken = await fetch("SELECT lexeme, positions FROM unnest($1::text::tsvector)", search)
    assert {row["lexeme"]: set(row["positions"]) for row in taken} == wanted, "PostgreSQL has dropped something"
    assert await finds(body, body[:20])


@pytest.mark.parametrize("body", [pytest.param(HAN, id="han"), pytest.param(EMOJI, id="emoji")])
@pytest.mark.parametrize("at", [0, 1, 8000, 13_802, 13_900, 13_999, 14_000, 16_250, 16_383, 19_800])
async def test_a_phrase_is_found_in_every_part_of_a_long_entry(app, body, at):
    for long in (1, 2, 3, 198):
        assert await finds(body, f'"{body[at : at + long]}"')
    assert not await finds(body, f'"{body[at + 5 : at + 8]}{body[at : at + 3]}"')


@pytest.mark.parametrize(
    ("text", "there"),
    [
        pytest.param("x" * 200, True, id="one word"),
        pytest.param(HAN[:200], True, id="han"),
        pytest.param(EMOJI[:200], True, id="emoji"),
        pytest.param("\ufdfa" * 200, True, id="ligatures of 18 letters"),
        pytest.param("\u3356" * 200, True, id="squares of five letters"),
        pytest.param(HEAPS[:1600], True, id="heaps of marks"),
        pytest.param("\u0915" + "\u093e\u0902" * 700, True, id="one word of marks"),
        # Longer than the 256 places of a word.
        pytest.param(FAMILY * 200, False, id="families"),
        pytest.param(("\u0e01" + "\u0e33" * 7) * 200, False, id="marks that are letters"),
    ],
)
async def test_the_longest_searches_stay_within_the_limits(app, text, there):
    assert await finds(text, text) is there
    assert not await finds("nothing of it", text)
    assert await finds("nothing of it", f"-{text[: len(text) // 2]}")


async def test_a_phrase_with_a_word_that_is_everywhere_is_found_at_its_first_places(app):
    body = "good day " * 1000 + "good end"
    for q in ('"good day"', '"day good"', "good end", "-bad"):
        assert await finds(body, q)
    for q in ('"good bad"', "-end", '"good end"'):
        assert not await finds(body, q)


async def test_common_pairs_of_thai_are_found_to_the_end(app):
    """Of single characters PostgreSQL would keep the first 256 places only."""
    body = "".join(f"{THAI[n % 40]}า{THAI[n // 40 % 40]}" for n in range(4000)) + "มากา"
    assert await finds(body, "มากา")
