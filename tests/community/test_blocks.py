"""Blocks: every route that shows or touches what another wrote, both ways (semantics: Community, "Blocking")."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.accounts.people import switch, worn_by
from tests.community.conftest import comment, listed, make_group, post, wrong_counts
from tests.conftest import Api
from tests.routes.conftest import problem

S = "'s"
THIRDS, ANNAS = "third" + S, "anna" + S


@dataclass
class World:
    """What two people and a third wrote to each other before the block; `ids` by name."""

    anna: Api
    ben: Api
    third: Api
    ids: dict[str, str]


@pytest.fixture
async def world(writer, unlimited):
    """Anna is anonymous and has been public; Ben and a third are who they are."""
    anna, ben, third = await writer(username="anna_1"), await writer(username="ben_1"), await writer()
    ids = {"anna, before": str(await worn_by(anna)), "ben": str(await worn_by(ben))}
    group = ids["group"] = await make_group()
    for person in (anna, ben, third):
        await person.ok("PUT", f"/v1/groups/{group}/membership")
    ids["third's"] = (await post(third, "by third"))["id"]
    for name, person in (("anna", anna), ("ben", ben)):
        ids[f"{name}'s"] = (await post(person, f"by {name}"))["id"]
        ids[f"{name}'s in group"] = (await post(person, f"by {name}, in group", group_id=group))["id"]
        ids[f"{name} to third"] = (await comment(person, ids["third's"], f"by {name}"))["id"]
    for name, person, other in (("anna", anna, "ben"), ("ben", ben, "anna")):
        ids[f"{name} to {other}"] = (await comment(person, ids[f"{other}'s"], f"by {name}"))["id"]
        reply = await comment(person, ids["third's"], f"by {name}, reply", reply_to=ids[f"{other} to third"])
        ids[f"{name} replies"] = reply["id"]
        for liked in (f"posts/{ids[other + S]}", f"comments/{ids[other + ' to third']}", f"posts/{ids[THIRDS]}"):
            await person.ok("PUT", f"/v1/{liked}/like")
    await switch(anna, "anonymous")
    ids["anna"] = str(await worn_by(anna))
    return World(anna, ben, third, ids)


def lists(world: World) -> list[str]:
    """Every list that may hold something of both."""
    group, third = world.ids["group"], world.ids["third's"]
    posts = ["/v1/feed", f"/v1/groups/{group}/posts"]
    return [*posts, *(f"{path}?sort=top" for path in posts), f"/v1/posts/{third}/comments"]


def single_posts(post_id: str) -> list[tuple[str, str, Any]]:
    path = f"/v1/posts/{post_id}"
    return [
        ("GET", path, None), ("PATCH", path, {"body": "x"}), ("DELETE", path, None), ("PUT", f"{path}/like", None),
        ("DELETE", f"{path}/like", None), ("GET", f"{path}/comments", None),
        ("POST", f"{path}/comments", {"body": "x"}),
    ]  # fmt: skip


def single_comments(comment_id: str) -> list[tuple[str, str, Any]]:
    path = f"/v1/comments/{comment_id}"
    return [
        ("PATCH", path, {"body": "x"}), ("DELETE", path, None), ("PUT", f"{path}/like", None),
        ("DELETE", f"{path}/like", None),
    ]  # fmt: skip


async def seen_by(person: Api, world: World) -> dict[str, list[Any]]:
    return {path: await listed(person, path) for path in lists(world)}


async def sees_nothing_of(viewer: Api, me: str, other: str, world: World) -> None:
    ids = world.ids
    for path, items in (await seen_by(viewer, world)).items():
        assert items, path
        found = {item["body"].split(",")[0] for item in items}
        # The third person is in the feed alone.
        assert found == ({f"by {me}", "by third"} if "feed" in path else {f"by {me}"}), path
    for post_id in (ids[f"{other}'s"], ids[f"{other}'s in group"]):
        for method, path, body in single_posts(post_id):
            problem(await viewer(method, path, json=body), 404, "not_found")
    for comment_id in (ids[f"{other} to third"], ids[f"{other} replies"], ids[f"{other} to {me}"]):
        for method, path, body in single_comments(comment_id):
            problem(await viewer(method, path, json=body), 404, "not_found")
    third = f"/v1/posts/{ids[THIRDS]}/comments"
    answer = await viewer("POST", third, json={"body": "x", "reply_to": ids[f"{other} to third"]})
    problem(answer, 404, "not_found")
    # What they wrote themselves where they cannot look any more.
    mine = f"/v1/comments/{ids[f'{me} to {other}']}"
    problem(await viewer("PATCH", mine, json={"body": "x"}), 404, "not_found")
    problem(await viewer("PUT", f"{mine}/like"), 404, "not_found")


async def lift(blocker: Api) -> None:
    for item in await listed(blocker, "/v1/me/blocks"):
        assert (await blocker("DELETE", f"/v1/me/blocks/{item['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("blocker", "by_id"),
    [("ben", "anna"), ("ben", "anna, before"), ("anna", "ben")],
    ids=["live id", "retired id", "the other way"],
)
async def test_neither_sees_the_other_anywhere_and_all_comes_back(world, blocker, by_id):
    everybody = (world.anna, world.ben, world.third)
    before = [await seen_by(person, world) for person in everybody]
    await getattr(world, blocker).ok("PUT", f"/v1/me/blocks/{world.ids[by_id]}")
    await sees_nothing_of(world.anna, "anna", "ben", world)
    await sees_nothing_of(world.ben, "ben", "anna", world)
    assert await seen_by(world.third, world) == before[2], "everybody else sees both"
    await lift(getattr(world, blocker))
    assert [await seen_by(person, world) for person in everybody] == before


async def test_both_blocks_have_to_be_lifted(world):
    await world.ben.ok("PUT", f"/v1/me/blocks/{world.ids['anna']}")
    await world.anna.ok("PUT", f"/v1/me/blocks/{world.ids['ben']}")
    await lift(world.ben)
    await sees_nothing_of(world.anna, "anna", "ben", world)
    await lift(world.anna)
    assert (await world.ben.ok("GET", f"/v1/posts/{world.ids[ANNAS]}"))["like_count"] == 1


async def test_counters_stay_the_same_for_all(world):
    before = await world.third.ok("GET", f"/v1/posts/{world.ids[THIRDS]}")
    assert (before["like_count"], before["comment_count"]) == (2, 4)
    await world.ben.ok("PUT", f"/v1/me/blocks/{world.ids['anna']}")
    for person in (world.anna, world.ben, world.third):
        shown = await person.ok("GET", f"/v1/posts/{world.ids[THIRDS]}")
        assert (shown["like_count"], shown["comment_count"]) == (2, 4)
    group = await world.ben.ok("GET", f"/v1/groups/{world.ids['group']}")
    assert group["member_count"] == 3
    assert await wrong_counts() == []


async def test_one_s_own_comment_can_be_deleted_where_one_cannot_look(world):
    await world.ben.ok("PUT", f"/v1/me/blocks/{world.ids['anna']}")
    assert (await world.ben("DELETE", f"/v1/comments/{world.ids['ben to anna']}")).status_code == 204
    assert (await world.anna.ok("GET", f"/v1/posts/{world.ids[ANNAS]}"))["comment_count"] == 0


async def test_both_go_on_under_a_third_person_s_post(world):
    await world.ben.ok("PUT", f"/v1/me/blocks/{world.ids['anna']}")
    path = f"/v1/posts/{world.ids[THIRDS]}"
    for person in (world.anna, world.ben):
        assert (await person.ok("POST", f"{path}/comments", json={"body": "x"}))["is_mine"]
        assert (await person.ok("DELETE", f"{path}/like"))["liked"] is False
    assert (await world.third.ok("GET", path))["comment_count"] == 6


async def test_every_route_of_the_community_is_asked(stranger, world):
    """Whoever adds a route that takes a post or a comment adds it to the lists above."""
    paths = (await stranger.ok("GET", "/openapi.json"))["paths"]
    there = {
        (method.upper(), path)
        for path, methods in paths.items()
        if path.startswith(("/v1/posts/", "/v1/comments/"))
        for method in methods
    }
    asked = {(method, path) for method, path, _ in (*single_posts("{post_id}"), *single_comments("{comment_id}"))}
    assert there == asked
