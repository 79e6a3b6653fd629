"""The feed and a group's list: newest, best, pages that stay as they are while others write."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.pagination import encode_cursor
from tests.community.conftest import bodies, make_group, pages, post
from tests.routes.conftest import problem

# A Wednesday: the last 7 days lie in two weeks, and in no calendar's one week alone.
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_limit(unlimited):
    """Pages are asked for more often than an app would."""


@pytest.fixture
async def anna(writer):
    with clock.frozen(NOW - timedelta(days=200)):
        return await writer()


@pytest.fixture
async def here(anna):
    """`(path of the list, fields of a post in it)`, of the feed and of a group."""
    group_id = await make_group()
    await anna.ok("PUT", f"/v1/groups/{group_id}/membership")
    return {"feed": ("/v1/feed", {}), "group": (f"/v1/groups/{group_id}/posts", {"group_id": group_id})}


async def written_ago(person, name, ago, likes=0, **fields):
    """A post of that age with that many likes, whoever gave them."""
    with clock.frozen(NOW - ago):
        made = await post(person, name, **fields)
    await execute("UPDATE post_counts SET likes = $2 WHERE post_id = $1", UUID(made["id"]), likes)
    return made


PLACES = pytest.mark.parametrize("place", ["feed", "group"])


@PLACES
async def test_newest_first_page_by_page(anna, here, place):
    path, fields = here[place]
    for number in range(5):
        await post(anna, str(number), **fields)
    assert await pages(anna, path) == [["4", "3"], ["2", "1"], ["0"]]
    assert await pages(anna, f"{path}?sort=new", limit=5) == [["4", "3", "2", "1", "0"]]


@PLACES
async def test_what_is_written_meanwhile_moves_nothing(anna, here, place):
    path, fields = here[place]
    for number in range(4):
        made = await post(anna, str(number), **fields)
    first = await anna.ok("GET", f"{path}?limit=2")
    await post(anna, "new", **fields)
    await anna("DELETE", f"/v1/posts/{made['id']}")
    second = await anna.ok("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
    assert [item["body"] for item in second["items"]] == ["1", "0"]
    assert second["next_cursor"] is None


@PLACES
async def test_the_best_of_the_last_days(anna, here, place):
    path, fields = here[place]
    day = timedelta(days=1)
    ages = {"now": 0 * day, "six": 6 * day, "edge": 7 * day, "past": 7 * day + timedelta(seconds=1), "month": 29 * day,
            "quarter": 90 * day, "old": 91 * day}  # fmt: skip
    for likes, (name, ago) in enumerate(ages.items(), start=1):
        await written_ago(anna, name, ago, likes, **fields)
    with clock.frozen(NOW):
        assert await bodies(anna, f"{path}?sort=top") == ["edge", "six", "now"]
        assert await bodies(anna, f"{path}?sort=top&days=1") == ["now"]
        assert await bodies(anna, f"{path}?sort=top&days=7") == ["edge", "six", "now"]
        assert await bodies(anna, f"{path}?sort=top&days=30") == ["month", "past", "edge", "six", "now"]
        best = await bodies(anna, f"{path}?sort=top&days=90")
        assert best == ["quarter", "month", "past", "edge", "six", "now"]


@PLACES
async def test_as_good_is_newer_first_across_weeks_and_pages(anna, here, place):
    path, fields = here[place]
    for number in range(9):
        await written_ago(anna, str(number), timedelta(days=27 - 3 * number), likes=number % 2, **fields)
    with clock.frozen(NOW):
        found = await pages(anna, f"{path}?sort=top&days=30")
    assert found == [["7", "5"], ["3", "1"], ["8", "6"], ["4", "2"], ["0"]]


async def test_the_window_stays_where_the_first_page_had_it(anna):
    await written_ago(anna, "just within", timedelta(days=7), likes=1)
    await written_ago(anna, "best", timedelta(days=2), likes=5)
    with clock.frozen(NOW):
        first = await anna.ok("GET", "/v1/feed?sort=top&limit=1")
    with clock.frozen(NOW + timedelta(minutes=10)):
        second = await anna.ok("GET", f"/v1/feed?sort=top&limit=1&cursor={first['next_cursor']}")
        assert await bodies(anna, "/v1/feed?sort=top") == ["best"]
    assert [item["body"] for item in second["items"]] == ["just within"]


async def test_a_week_that_others_may_not_see_leaves_no_page_short(anna, writer):
    ben = await writer()
    for number in range(6):
        blocked = await written_ago(ben, f"blocked {number}", timedelta(days=1), likes=9)
    for number in range(3):
        await written_ago(anna, str(number), timedelta(days=8), likes=number)
    await anna.ok("PUT", f"/v1/me/blocks/{blocked['author']['id']}")
    with clock.frozen(NOW):
        assert await pages(anna, "/v1/feed?sort=top&days=30") == [["2", "1"], ["0"]]


async def test_feed_and_groups_do_not_mix(anna, here):
    other = await make_group("Mornings")
    await anna.ok("PUT", f"/v1/groups/{other}/membership")
    await post(anna, "for all")
    for name, group_id in (("here", here["group"][1]["group_id"]), ("there", other)):
        await post(anna, name, group_id=group_id)
    for sort in ("new", "top"):
        assert await bodies(anna, f"/v1/feed?sort={sort}") == ["for all"]
        assert await bodies(anna, f"{here['group'][0]}?sort={sort}") == ["here"]
        assert await bodies(anna, f"/v1/groups/{other}/posts?sort={sort}") == ["there"]


@PLACES
@pytest.mark.parametrize(
    "query",
    ["sort=best", "sort=", "days=0", "days=91", "days=-1", "days=x", "sort=top&days=0", "limit=0", "limit=101",
     "cursor=x", "sort=top&cursor=%00"],
)  # fmt: skip
async def test_a_bad_question_is_400(anna, here, place, query):
    problem(await anna("GET", f"{here[place][0]}?{query}"), 400, "invalid_request")


@PLACES
@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("new", ["not an id"]),
        ("new", [str(uuid4()), 1]),
        ("top", [NOW.isoformat(), 2**31, str(uuid4())]),
        ("top", [NOW.isoformat(), -1, str(uuid4())]),
        ("top", ["0001-01-01T00:00:00+14:00", 1, str(uuid4())]),
        ("top", ["yesterday", 1, str(uuid4())]),
    ],
    ids=["no id", "too long", "too many likes", "less than none", "before time", "no time"],
)
async def test_a_cursor_that_is_not_ours_is_400(anna, here, place, sort, key):
    response = await anna("GET", f"{here[place][0]}?sort={sort}&cursor={encode_cursor(*key)}")
    problem(response, 400, "invalid_request")


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "2020-01-01T00:00:00", "9999-12-31T23:59:59Z"])
async def test_a_cursor_cannot_ask_for_more_than_there_may_be(anna, since):
    await written_ago(anna, "old", timedelta(days=365 + 180))
    with clock.frozen(NOW):
        cursor = encode_cursor(since, 2**31 - 1, str(UUID(int=2**128 - 1)))
        assert await bodies(anna, f"/v1/feed?sort=top&cursor={cursor}") == []


async def test_a_page_of_the_feed_is_one_statement(anna, here, statements):
    for _, fields in here.values():
        await post(anna, **fields)
    for place, expected in (("feed", 1), ("group", 2)):
        for sort in ("new", "top"):
            await anna.ok("GET", here[place][0])
            statements.clear()
            await anna.ok("GET", f"{here[place][0]}?sort={sort}")
            about = [each for each in statements if "post" in each or "memberships" in each]
            assert len(about) == expected, (place, sort)
