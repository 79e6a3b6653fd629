"""Lists: pages, cursors and limits, on the list that every person has."""

import pytest

from tests.conftest import PASSWORD
from tests.routes.conftest import fields, problem

SESSIONS = "/v1/auth/sessions"


async def sign_in(stranger, person, times):
    login = {"email": person.user["email"], "password": PASSWORD}
    for _ in range(times):
        await stranger.ok("POST", "/v1/auth/login", json=login)


async def walk(person, **query):
    """The ids of each page to the end."""
    pages, cursor = [], None
    while True:
        page = await person.ok("GET", SESSIONS, params={**query, **({"cursor": cursor} if cursor else {})})
        assert set(page) == {"items", "next_cursor"}
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages
        assert isinstance(cursor, str)


async def test_pages_hold_everything_once(person, stranger):
    await sign_in(stranger, person, 6)
    (everything,) = await walk(person)
    assert len(everything) == 7
    for limit in (1, 3, 6, 7, 100):
        pages = await walk(person, limit=limit)
        assert [identity for page in pages for identity in page] == everything
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert pages[-1]


async def test_a_page_has_20_if_nothing_is_said(person, stranger):
    await sign_in(stranger, person, 20)
    assert [len(page) for page in await walk(person)] == [20, 1]


async def test_a_cursor_is_stable_while_rows_are_added_and_removed(person, stranger):
    await sign_in(stranger, person, 4)
    (everything,) = await walk(person)
    first = await person.ok("GET", SESSIONS, params={"limit": 2})
    await sign_in(stranger, person, 1)
    # The row that the cursor stands on goes away as well.
    assert (await person("DELETE", f"{SESSIONS}/{everything[1]}")).status_code == 204
    rest = await person.ok("GET", SESSIONS, params={"limit": 100, "cursor": first["next_cursor"]})
    assert [item["id"] for item in rest["items"]] == everything[2:]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "", "1.5", "99999999999999999999999", "%00", "٣x"])
async def test_a_limit_is_1_to_100(person, limit):
    assert fields(await person("GET", f"{SESSIONS}?limit={limit}")) == ["limit"]


async def test_the_bounds_themselves_are_allowed(person):
    for limit in (1, 100):
        await person.ok("GET", f"{SESSIONS}?limit={limit}")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!!", "%00", "é", "W10", "W251bGxd", "WyJ4Il0", "WzFd", "eyJhIjoxfQ", "bnVsbA", "null", "0", "A" * 600,
     "W1tbW1tbW1s", "/////w", "WyIwMTkyZjBjNS03YzVlLTdiM2EtOGY0My0zZDFjNWEyYjllNzciLDFd"],
)  # fmt: skip
async def test_a_cursor_that_we_did_not_make_is_400(person, cursor):
    assert fields(await person("GET", f"{SESSIONS}?cursor={cursor}")) == ["cursor"]


async def test_a_spoilt_cursor_is_400_or_still_a_cursor_but_never_a_full_list(person, stranger):
    await sign_in(stranger, person, 3)
    good = (await person.ok("GET", SESSIONS, params={"limit": 2}))["next_cursor"]
    for index in range(0, len(good), 3):
        spoilt = good[:index] + ("A" if good[index] != "A" else "B") + good[index + 1 :]
        response = await person("GET", SESSIONS, params={"limit": 100, "cursor": spoilt})
        if response.status_code == 200:
            assert len(response.json()["items"]) <= 4
        else:
            problem(response, 400, "invalid_request")


async def test_another_person_s_cursor_shows_nothing_of_theirs(person, sign_up, stranger):
    other = await sign_up()
    await sign_in(stranger, person, 3)
    cursor = (await person.ok("GET", SESSIONS, params={"limit": 1}))["next_cursor"]
    shown = {item["id"] for item in (await other.ok("GET", SESSIONS, params={"cursor": cursor}))["items"]}
    assert not shown & {identity for page in await walk(person) for identity in page}


async def test_every_list_keeps_the_same_shape_and_rules(person):
    for path in ("/v1/check-ins", "/v1/notifications", "/v1/anchor/messages", "/v1/slips", "/v1/me/quiz-answers",
                 "/v1/journal", SESSIONS):  # fmt: skip
        page = await person.ok("GET", path)
        assert isinstance(page["items"], list)
        assert page["next_cursor"] is None
        assert fields(await person("GET", f"{path}?limit=101")) == ["limit"]
        assert fields(await person("GET", f"{path}?cursor=x")) == ["cursor"]
