"""`kuitter seed demo`: a full life to look around in."""

from __future__ import annotations

from typing import Any

import pytest

from domain.dashboard.home import read_home
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.leaving.belongings import PEOPLE, foreign_keys
from ops.cli.demo_person import EMAIL, PASSWORD, ZONE, seed_demo
from tests.conftest import Api, drop_mails
from tests.recovery.conftest import moment


async def test_a_new_developer_sees_a_full_life(stranger: Api, drain: Any) -> None:
    assert await seed_demo() == 0
    signed_in = await stranger.ok("POST", "/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
    demo = Api(stranger.http, signed_in)
    home = await demo.ok("GET", "/v1/me/dashboard")
    clean = home["streak"]["clean"]
    assert (clean["attempts"], clean["best_days"], home["why"]) == (2, 21, "I want my evenings back.")
    assert clean["total_clean_days"] == 30
    assert home["streak"]["check_in"]["current_days"] == 30
    assert len(home["check_ins"]) == 7
    assert home["last_seven_days"]["urges"] >= 2
    assert len(home["achievements"]) == 3
    goals = (await demo.ok("GET", "/v1/goals"))["items"]
    assert {goal["status"] for goal in goals} == {"active", "completed"}
    for path in ("/v1/urges", "/v1/slips", "/v1/journal", "/v1/goals", "/v1/me/quiz-answers", "/v1/notifications"):
        assert (await demo.ok("GET", path))["items"], path
    triggers = (await demo.ok("GET", "/v1/triggers"))["items"]
    assert not any(trigger["own"] for trigger in triggers), "those of the catalogue, by their labels"
    assert await fetch_value("SELECT count(*) FROM sos_calls") == 1
    # What waits for a worker finds nothing left to do.
    before = await fetch("SELECT * FROM earned_achievements ORDER BY achievement")
    await drop_mails()
    await drain(allow=("skipped",))
    assert await fetch("SELECT * FROM earned_achievements ORDER BY achievement") == before


@pytest.mark.parametrize(
    "local", ["2026-11-10 00:05", "2026-04-14 23:59", "2026-07-01 21:00"], ids=["midnight", "spring", "summer"]
)
async def test_it_is_the_same_life_at_whatever_hour(app: Any, local: str) -> None:
    with clock.frozen(moment(local, ZONE)):
        await seed_demo()
        home = await read_home(await fetch_value("SELECT id FROM users WHERE email = $1", EMAIL))
    assert (home.streak.clean.current_days, home.streak.clean.total_clean_days) == (21, 30)
    assert home.streak.check_in.current_days == 30
    assert home.check_in is not None


async def test_seeding_again_changes_nothing(stranger: Api) -> None:
    async def counts() -> list[int]:
        tables = sorted({key.child for key in await foreign_keys() if key.parent == PEOPLE})
        return [await fetch_value(f"SELECT count(*) FROM {table}") for table in tables]

    await seed_demo()
    before = await counts()
    await seed_demo()
    assert await counts() == before


async def test_people_are_around_and_the_feed_is_lively(stranger: Api, drain: Any, sandbox: Any) -> None:
    await seed_demo()
    signed_in = await stranger.ok("POST", "/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
    demo = Api(stranger.http, signed_in)
    feed = (await demo.ok("GET", "/v1/feed"))["items"]
    assert len(feed) >= 5
    assert len({post["author"]["name"] for post in feed}) >= 4
    assert all(post["like_count"] for post in feed)
    assert [post["created_at"] for post in feed] == sorted((post["created_at"] for post in feed), reverse=True)
    assert {post["is_mine"] for post in feed} == {post["sensitive"] for post in feed} == {True, False}
    assert (await demo.ok("GET", "/v1/feed?sort=top"))["items"][0]["like_count"] >= 5
    talked = [post for post in feed if post["comment_count"] >= 3]
    comments = (await demo.ok("GET", f"/v1/posts/{talked[0]['id']}/comments"))["items"]
    assert any(comment["reply_to"] for comment in comments)
    groups = (await demo.ok("GET", "/v1/groups"))["items"]
    assert len(groups) >= 8
    mine = (await demo.ok("GET", "/v1/groups?mine=true"))["items"]
    assert len(mine) == 2
    for group in mine:
        assert (await demo.ok("GET", f"/v1/groups/{group['id']}/posts"))["items"]
    await drop_mails()
    await drain(allow=("skipped",))
    kinds = {item["kind"] for item in (await demo.ok("GET", "/v1/notifications?limit=100"))["items"]}
    assert {"like", "comment", "reply"} <= kinds
