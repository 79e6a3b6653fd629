"""Pages by key: each row once while others are added, and no cursor that does anything but page or be refused."""

import base64
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.database import fetch_row
from domain.kit.errors import InvalidRequest
from domain.kit.pagination import decode_cursor, encode_cursor, page_limit, page_of

SHAPES = [
    tuple[UUID],
    tuple[date],
    tuple[datetime, UUID],
    tuple[int, UUID],
    tuple[str, UUID],
    tuple[str],
    tuple[int],
]
KEYS = st.tuples(st.integers(0, 50), st.uuids())


@given(
    rows=st.sets(KEYS, max_size=60),
    added=st.lists(st.sets(KEYS, max_size=8), max_size=12),
    limit=st.integers(1, 9),
)
def test_walk_visits_each_row_once_while_rows_are_added(rows, added, limit):
    table, first = set(rows), set(rows)
    seen, cursor = [], None
    while True:
        after = decode_cursor(cursor, tuple[int, UUID])
        older = sorted((key for key in table if after is None or key < after), reverse=True)
        page = page_of(older[: limit + 1], limit, lambda row: row, lambda row: row)
        assert len(page.items) <= limit
        assert page.next_cursor is None or len(page.items) == limit
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
        if added:
            table |= added.pop()
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, reverse=True)
    assert first <= set(seen)


def test_last_full_page_has_no_next():
    page = page_of([3, 2], 2, str, lambda row: (row,))
    assert (page.items, page.next_cursor) == (["3", "2"], None)
    page = page_of([], 2, str, lambda row: (row,))
    assert (page.items, page.next_cursor) == ([], None)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@given(
    cursor=st.one_of(
        st.text(),
        st.text(alphabet="ABCxyz019-_=+/ \x00\n"),
        st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.uuids().map(str)),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: encode_cursor(value)),
        st.lists(st.one_of(st.integers(), st.text(), st.datetimes().map(str), st.uuids().map(str)), max_size=3).map(
            lambda key: encode_cursor(*key)
        ),
    )
)
def test_any_cursor_is_read_or_refused(shape, cursor):
    try:
        key = decode_cursor(cursor, shape)
    except InvalidRequest as error:
        refused = error
    else:
        assert isinstance(key, tuple)
        return
    assert refused.status == 400
    assert refused.extra["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        " ",
        "\x00",
        "A\x00==",
        "ключ",
        "🙂" * 20,
        "\ud800",
        "====",
        "a",
        "W10",
        "bnVsbA",
        "A" * 100_000,
        encode_cursor(*["x"] * 1000),
        base64.urlsafe_b64encode(b"[" * 380).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'["\xed\xa0\x80"]').decode(),
    ],
    ids=lambda cursor: ascii(cursor)[:20],
)
@pytest.mark.parametrize("shape", [tuple[UUID], tuple[str, UUID], tuple[datetime, UUID]], ids=str)
def test_garbage_is_refused(cursor, shape):
    with pytest.raises(InvalidRequest):
        decode_cursor(cursor, shape)


def test_no_cursor_is_the_beginning():
    assert decode_cursor(None, tuple[UUID]) is None


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        (tuple[UUID], (UUID("d8439da3-7c6c-4ba0-a1aa-db545cef41a2"),)),
        (tuple[datetime, UUID], (datetime(2026, 11, 23, 12, tzinfo=UTC), UUID("d8439da3-7c6c-4ba0-a1aa-db545cef41a2"))),
        (tuple[date], (date(2026, 11, 23),)),
        (tuple[str, int], ("žába 🐸", -(2**63))),
        (tuple[float, str], (0.1, "")),
    ],
    ids=str,
)
def test_key_comes_back_as_it_was(shape, key):
    cursor = encode_cursor(*key)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")
    assert decode_cursor(cursor, shape) == key


@pytest.mark.parametrize(
    ("shape", "column", "key"),
    [
        (tuple[str], "text", ["a\x00b"]),
        (tuple[int], "bigint", [2**63]),
        (tuple[int], "bigint", [-(2**80)]),
        (tuple[datetime], "timestamptz", ["0001-01-01T00:00:00+23:59"]),
        (tuple[datetime], "timestamptz", ["9999-12-31T23:59:59-23:59"]),
        (tuple[datetime], "timestamptz", ["2026-11-23T12:00:00"]),
        (tuple[date], "date", ["0001-01-01"]),
        (tuple[UUID], "uuid", ["ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ],
    ids=str,
)
async def test_key_that_is_let_in_can_be_asked_for(app, shape, column, key):
    """What the database would choke on is refused at the door."""
    cursor = base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()
    try:
        (value,) = decode_cursor(cursor, shape)
    except InvalidRequest:
        return
    await fetch_row(f"SELECT $1::{column} AS value", value)


def test_limit_is_twenty_unless_said_and_at_most_a_hundred():
    assert [page_limit(limit) for limit in (None, 1, 20, 100)] == [20, 1, 20, 100]
    for limit in (0, -1, 101, 10**30):
        with pytest.raises(InvalidRequest):
            page_limit(limit)
