"""`kuitter reports`: deciding before there is a panel to do it in."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.kit.clock import clock
from ops.cli import _parser
from tests.community.conftest import post
from tests.leaving.conftest import NOON
from tests.reports.conftest import inbox, reported


async def reports(*words: str) -> int:
    arguments = _parser().parse_args(["reports", *words])
    status: int = await arguments.run(arguments)
    return status


async def test_listing_and_deciding(writer, people, capsys):
    author, reporters = await writer(username="anna_a"), await people(3)
    assert await reports("list") == 0
    assert capsys.readouterr().out == "nothing waits for review\n"
    written = await post(author, "Bad words\nand more of them")
    with clock.frozen(NOON):
        for reporter in reporters:
            await reported(reporter, "post", written["id"], "minor_safety", details="Look\nhere")
    with clock.frozen(NOON + timedelta(hours=2)):
        assert await reports("list") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"post {written['id']}  URGENT, reported by 3 (the safety of minors), waits 2:00:00, out of sight",
        "    | anna_a", "    | Bad words", "    | and more of them", *(["    > Look", "    > here"] * 3),
    ]  # fmt: skip
    assert await reports("dismiss", "post", written["id"]) == 0
    assert capsys.readouterr().out == "dismissed; reports ended: 3\n"
    assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 200
    assert await reports("uphold", "post", written["id"]) == 1
    assert "nobody's report" in capsys.readouterr().err
    await reported(reporters[0], "post", written["id"])
    assert await reports("uphold", "post", written["id"]) == 0
    assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 404
    assert len(await inbox(reporters[0])) == 2


async def test_a_person_and_what_was_deleted(writer, people, capsys):
    author, [reporter] = await writer(username="anna_a"), await people(1)
    written = await post(author, "Bad words")
    for minutes, what in ((0, ("user", written["author"]["id"])), (1, ("post", written["id"]))):
        with clock.frozen(NOON + timedelta(minutes=minutes)):
            await reported(reporter, *what)
    await author.ok("DELETE", f"/v1/posts/{written['id']}")
    await reports("list", "--limit", "1")
    assert len(capsys.readouterr().out.splitlines()) == 2
    await reports("list")
    shown = capsys.readouterr().out
    assert f"user {written['author']['id']}" in shown
    assert "deleted by its author" in shown


def test_what_it_does_not_know_is_refused():
    for words in (["uphold", "story", str(uuid4())], ["uphold", "post", "x"], ["remove", "post", str(uuid4())]):
        with pytest.raises(SystemExit):
            _parser().parse_args(["reports", *words])
