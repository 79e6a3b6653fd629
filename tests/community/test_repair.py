"""Counts that have drifted are found, put right, logged and counted; right ones stay right while that goes on."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from domain.community import counters, repair
from domain.community.counters import COUNTED, look_at_all, mend
from domain.community.repair import repair_counts, repair_some
from domain.kit.clock import clock
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_value, transaction
from ops.cli import _parser
from tests.community.conftest import comment, make_group, post

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
RIGHT = dict.fromkeys(COUNTED, 0)
BREAKS = {
    "post_likes": "UPDATE post_counts SET likes = 9",
    "post_comments": "UPDATE post_counts SET comments = 0",
    "comment_likes": "UPDATE comments SET likes = 4",
    "group_members": "UPDATE groups SET members = 7",
}


@pytest.fixture
async def liked(writer):
    """A post with two likes and three comments, of which one is hidden and one liked, and a group with a member."""
    author, reader, group = await writer(), await writer(), await make_group(seeded=100)
    written = await post(author)
    for person in (author, reader):
        await person.ok("PUT", f"/v1/posts/{written['id']}/like")
    said = [await comment(reader, written["id"], f"Number {number}") for number in range(3)]
    await author.ok("PUT", f"/v1/comments/{said[0]['id']}/like")
    await execute(
        """WITH hidden AS (UPDATE comments SET state = 'hidden' WHERE id = $1)
           UPDATE post_counts SET comments = comments - 1""",
        UUID(said[1]["id"]),
    )
    await author.ok("PUT", f"/v1/groups/{group}/membership")
    return written


async def counts():
    """All of them, and the versions of their rows."""
    return [
        await fetch("SELECT post_id, likes, comments, xmin FROM post_counts ORDER BY post_id"),
        await fetch("SELECT id, likes, xmin FROM comments ORDER BY id"),
        await fetch("SELECT id, members, seeded_members, xmin FROM groups ORDER BY id"),
    ]


def values(rows):
    return [[tuple(row)[:-1] for row in table] for table in rows]


def metric(what: str) -> float:
    return REGISTRY.get_sample_value("kuitter_community_drift_total", {"what": what}) or 0.0


@pytest.fixture
def lines(monkeypatch):
    """The lines that the nightly repair logs."""
    told = []

    class Log:
        def info(self, event, **fields):
            told.append(("info", event, fields))

        def error(self, event, **fields):
            told.append(("error", event, fields))

    monkeypatch.setattr(repair, "log", Log)
    return told


# -- finding and mending -------------------------------------------------------------------------------------------


async def test_what_is_right_is_left_alone(liked):
    before = await counts()
    assert await repair_counts() == RIGHT
    assert await counts() == before


@pytest.mark.parametrize("what", COUNTED)
async def test_what_is_wrong_is_found_and_put_right(liked, what):
    before, told = await counts(), metric(what)
    await execute(BREAKS[what])
    assert values(await counts()) != values(before)
    found = await repair_counts()
    assert found[what] >= 1
    assert found == RIGHT | {what: found[what]}
    assert values(await counts()) == values(before)
    assert metric(what) - told == found[what]
    assert await repair_counts() == RIGHT


async def test_the_seeded_members_are_not_touched(liked):
    await execute(BREAKS["group_members"])
    await repair_counts()
    assert [tuple(row) for row in await fetch("SELECT members, seeded_members FROM groups")] == [(1, 100)]


@pytest.mark.parametrize("batch", [1, 2, 7])
async def test_in_batches_none_is_left_out(writer, monkeypatch, batch):
    monkeypatch.setattr(counters, "_BATCH", batch)
    author = await writer()
    for number in range(7):
        await post(author, f"Number {number}")
    await execute("UPDATE post_counts SET likes = 3")
    looks = [look async for look in look_at_all("post_likes")]
    assert sum(look.rows for look in looks) == 7
    assert max(look.rows for look in looks) == batch
    assert await repair_counts() == RIGHT | {"post_likes": 7}
    assert await repair_counts() == RIGHT


async def test_mending_belongs_into_a_transaction(app):
    with pytest.raises(OutsideTransaction):
        await mend("post_likes", [UUID(int=1)])


# -- while people go on --------------------------------------------------------------------------------------------


async def test_likes_while_it_runs_never_make_a_wrong_count(writer, sign_up):
    """Every count is taken for wrong, so all of them are held and counted again and again."""
    author, readers, group = await writer(), [await sign_up() for _ in range(6)], await make_group()
    posts = [await post(author, f"Number {number}") for number in range(3)]
    said = [await comment(author, one["id"]) for one in posts]
    paths = [
        *(f"/v1/posts/{one['id']}/like" for one in posts), *(f"/v1/comments/{one['id']}/like" for one in said),
        f"/v1/groups/{group}/membership",
    ]  # fmt: skip
    busy = True

    async def waver(reader):
        for method in ("PUT", "DELETE", "PUT"):
            for path in paths:
                assert (await reader(method, path)).status_code in (200, 204)

    async def chatter():
        for number in range(8):
            one = await comment(author, posts[0]["id"], f"Again {number}")
            if number % 2:
                await author.ok("DELETE", f"/v1/comments/{one['id']}")

    async def go_on():
        rounds, wrong = 0, 0
        while busy:
            for what, counted in COUNTED.items():
                ids = [row[0] for row in await fetch(f"SELECT {counted.key} FROM {counted.table}")]
                async with transaction():
                    wrong += await mend(what, ids)
            rounds += 1
        assert wrong == 0
        return rounds

    mending = [asyncio.create_task(go_on()) for _ in range(2)]
    try:
        await asyncio.gather(*(waver(reader) for reader in readers), chatter())
    finally:
        busy = False
        rounds = await asyncio.gather(*mending)
    assert min(rounds) >= 3
    assert await repair_counts() == RIGHT
    assert [row[0] for row in await fetch("SELECT likes FROM post_counts")] == [6, 6, 6]
    assert await fetch_value("SELECT members FROM groups") == 6
    assert await fetch_value("SELECT comments FROM post_counts WHERE post_id = $1", UUID(posts[0]["id"])) == 5


async def test_drift_is_mended_under_load(writer, sign_up):
    author, readers = await writer(), [await sign_up() for _ in range(10)]
    written = await post(author)
    for reader in readers[:5]:
        await reader.ok("PUT", f"/v1/posts/{written['id']}/like")
    await execute("UPDATE post_counts SET likes = 40")
    await asyncio.gather(
        repair_counts(), *(reader.ok("PUT", f"/v1/posts/{written['id']}/like") for reader in readers[5:])
    )
    assert await fetch_value("SELECT likes FROM post_counts") == 10


# -- once a day ----------------------------------------------------------------------------------------------------


async def test_the_clock_looks_at_everything_once_a_day(liked, lines):
    await execute(BREAKS["post_likes"])
    with clock.frozen(NOON):
        # One post, twice; three comments; one group.
        assert await repair_some(60) == 6
        assert await repair_some(60) == 0
    assert lines == [
        ("error", "community.drift", {"what": "post_likes", "counts": 1, "wrong": 1}),
        ("info", "community.drift", {"what": "post_comments", "counts": 1, "wrong": 0}),
        ("info", "community.drift", {"what": "comment_likes", "counts": 3, "wrong": 0}),
        ("info", "community.drift", {"what": "group_members", "counts": 1, "wrong": 0}),
    ]
    assert await fetch_value("SELECT likes FROM post_counts") == 2
    with clock.frozen(NOON + timedelta(days=1)):
        assert await repair_some(60) == 6
    assert [level for level, *_ in lines[4:]] == ["info"] * 4


async def test_a_little_at_a_time_and_by_two_clocks_it_is_the_same(writer, lines, monkeypatch):
    monkeypatch.setattr(counters, "_BATCH", 2)
    author = await writer()
    for number in range(9):
        await post(author, f"Number {number}")
    await execute("UPDATE post_counts SET likes = 1 WHERE post_id IN (SELECT post_id FROM post_counts LIMIT 4)")
    with clock.frozen(NOON):
        looked = 0
        # None of these is given the time for more than a batch or two.
        for _ in range(60):
            looked += sum(await asyncio.gather(repair_some(0.001), repair_some(0.001)))
        looked += await repair_some(60)
    assert looked == 18
    assert [line for line in lines if line[2]["what"] == "post_likes"] == [
        ("error", "community.drift", {"what": "post_likes", "counts": 9, "wrong": 4})
    ]
    assert len(lines) == 4


async def test_what_was_begun_yesterday_begins_anew(writer, lines, monkeypatch):
    monkeypatch.setattr(counters, "_BATCH", 2)
    author = await writer()
    for number in range(5):
        await post(author, f"Number {number}")
    with clock.frozen(NOON):
        assert await repair._repair_batch("post_likes") == 2
    with clock.frozen(NOON + timedelta(days=1)):
        assert [await repair._repair_batch("post_likes") for _ in range(4)] == [2, 2, 1, None]
    assert lines == [("info", "community.drift", {"what": "post_likes", "counts": 5, "wrong": 0})]


async def test_the_clock_does_it(app):
    from tasks import actors

    assert repair_some in [work for _, _, work in actors.PERIODIC]


# -- the command ---------------------------------------------------------------------------------------------------


async def community(action: str) -> int:
    arguments: Namespace = _parser().parse_args(["community", action])
    status: int = await arguments.run(arguments)
    return status


async def test_the_command_reports_and_mends(liked, capsys):
    assert await community("check") == 0
    told = capsys.readouterr()
    assert told.out == "nothing has drifted\n"
    assert told.err.splitlines() == [
        "1 of 1 post_likes", "1 of 1 post_comments", "3 of 3 comment_likes", "1 of 1 group_members",
    ]  # fmt: skip
    await execute(BREAKS["comment_likes"])
    await execute(BREAKS["group_members"])
    table = [["what", "counts"], ["comment_likes", "3"], ["group_members", "1"]]
    for _ in range(2):
        assert await community("check") == 1
        assert [line.split() for line in capsys.readouterr().out.splitlines()] == table
    assert await community("repair") == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == table
    assert await community("check") == 0
    assert await community("repair") == 0
    assert "nothing was to be mended" in capsys.readouterr().out
