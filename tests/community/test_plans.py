"""Pages of a large community: what PostgreSQL reads for one does not depend on how much there is, nor how deep it lies.

Each statement is caught as the domain sends it and explained under both kinds of plan that PostgreSQL may choose for a
prepared statement. Nothing is asserted about time; the medians are printed.
"""

import json
import time
from datetime import timedelta

import pytest

from domain.community import comments, feed, posts
from domain.kit.clock import clock
from domain.kit.database import engine, execute, fetch_value, transaction
from domain.kit.pagination import encode_cursor
from tests.community import large

pytestmark = pytest.mark.slow

# Tables that grow with the community.
LARGE = {"posts", "post_counts", "post_likes", "comments", "personas", "users", "blocks", "memberships"}
# Of 8 kB, for a page of 20: a few for each of the joins of each row. The best are looked up week by week, a page each.
MOST_BUFFERS = 500
# The newest post and some comments are of the heavy person: a generic plan may walk over all blocks of one author,
# because most people have so few that PostgreSQL takes any index on who blocked.
BLOCKS_OF_ONE = 2000
ROUNDS = 20
PEOPLE = {"normal": large.NORMAL, "heavy": large.HEAVY}


@pytest.fixture(scope="module")
async def filled(app):
    """The large community, once for this module; `clean` does not come here."""
    began = time.perf_counter()
    await large.fill()
    print(f"\nfilled in {time.perf_counter() - began:.0f} s")
    yield
    await large.empty()


@pytest.fixture(autouse=True)
async def clean():
    """Instead of emptying the tables before each test."""


def newest(depth):
    cursor = None if depth == 0 else encode_cursor(large.post_id(large.POSTS - depth))
    return lambda viewer: feed.read_feed(viewer, sort=None, days=None, limit=20, cursor=cursor)


def top(days, depth=0):
    cursor = _behind(days, depth) if depth else None
    return lambda viewer: feed.read_feed(viewer, sort="top", days=days, limit=20, cursor=cursor)


def group(sort, days=None, depth=0):
    cursor = None
    if depth:
        cursor = _behind(days, depth) if sort == "top" else encode_cursor(large.post_id(large.POSTS - depth))
    return lambda viewer: feed.read_group_posts(viewer, large.GROUP, sort=sort, days=days, limit=20, cursor=cursor)


def replies(depth):
    cursor = encode_cursor(large.comment_id(depth), large.comment_id(depth)) if depth else None
    return lambda viewer: comments.list_comments(viewer, large.post_id(large.POSTS), 20, cursor)


def _behind(days, depth):
    # Nearly all have six likes.
    return encode_cursor(clock.now() - timedelta(days=days), 6, large.post_id(large.POSTS - depth))


# First page, the same list from far behind, and how many weeks there are to look into.
LISTS = {
    "newest": (newest(0), [newest(20_000), newest(170_000)], 1),
    "top 1": (top(1), [top(1, 200)], 2),
    "top 7": (top(7), [top(7, 2_000)], 2),
    "top 30": (top(30), [top(30, 3_000), top(30, 12_000)], 6),
    "top 90": (top(90), [top(90, 12_000), top(90, 40_000)], 14),
    "group newest": (group("new"), [group("new", depth=150_000)], 1),
    "group top": (group("top", 90), [group("top", 90, 40_000)], 14),
    "comments": (replies(0), [replies(15_000)], 1),
}


async def median(read, viewer):
    """Milliseconds that the page takes; it must not be empty."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        page = await read(viewer)
        times.append((time.perf_counter() - began) * 1000)
        assert page.items
    return sorted(times)[ROUNDS // 2]


async def sent_by(read, viewer, monkeypatch):
    """The statements, with their arguments, that a page takes."""
    sent = []
    run = type(engine()).run

    async def listening(self, method, sql, args):
        sent.append((sql, args))
        return await run(self, method, sql, args)

    with monkeypatch.context() as patch:
        patch.setattr(type(engine()), "run", listening)
        await read(viewer)
    return sent


async def explained(sql, args, mode):
    async with transaction():
        await execute(f"SET LOCAL plan_cache_mode = {mode}")
        [answer] = json.loads(await fetch_value(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *args))
    return answer["Plan"]


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def buffers(read, viewer, mode, monkeypatch):
    """How many pages of the cache the statements touch. Fails on a scan of a whole large table."""
    total = 0
    for sql, args in await sent_by(read, viewer, monkeypatch):
        plan = await explained(sql, args, mode)
        whole = [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
        assert not LARGE & set(whole), f"{whole} from end to end for {sql}"
        total += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return total


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_reads_little_however_deep_it_lies(filled, monkeypatch, name, who):
    first, deep, weeks = LISTS[name]
    for mode in ("force_generic_plan", "force_custom_plan"):
        counts = [await buffers(read, PEOPLE[who], mode, monkeypatch) for read in (first, *deep)]
        print(f"{name:13} {who:6} {mode:18} buffers {counts}")
        assert max(counts) < MOST_BUFFERS * weeks + BLOCKS_OF_ONE
        assert max(counts[1:]) < 1.3 * counts[0] + 100
    times = [await median(read, PEOPLE[who]) for read in (first, *deep)]
    print(f"{name:13} {who:6} medians {', '.join(f'{each:.2f}' for each in times)} ms")


@pytest.mark.parametrize("who", PEOPLE)
async def test_one_post_reads_little(filled, monkeypatch, who):
    async def read(viewer):
        return await posts.read_post(viewer, large.post_id(large.POSTS))

    for mode in ("force_generic_plan", "force_custom_plan"):
        assert await buffers(read, PEOPLE[who], mode, monkeypatch) < 100 + BLOCKS_OF_ONE
