"""Groups: finding, joining, leaving, what is for members, what an archived one still allows (semantics: Community)."""

from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.pagination import encode_cursor
from tests.community.conftest import at_once, bodies, comment, listed, make_group, pages, post, wrong_counts
from tests.routes.conftest import problem


@pytest.fixture(autouse=True)
def no_limit(unlimited):
    """Some of these ask more often than an app would."""


@pytest.fixture
async def anna(writer):
    return await writer()


@pytest.fixture
async def ben(writer):
    return await writer()


async def join(person, group_id):
    return await person.ok("PUT", f"/v1/groups/{group_id}/membership")


async def leave(person, group_id):
    response = await person("DELETE", f"/v1/groups/{group_id}/membership")
    assert (response.status_code, response.content) == (204, b"")


async def archive(group_id):
    await execute("UPDATE groups SET archived_at = $2 WHERE id = $1", UUID(group_id), clock.now())


async def names(person, query=""):
    return [item["name"] for item in await listed(person, f"/v1/groups{query}")]


async def test_a_group_shows_seeded_and_real_members(anna, ben):
    group_id = await make_group("Evenings", seeded=120)
    shown = await anna.ok("GET", f"/v1/groups/{group_id}")
    assert shown == {
        "id": group_id,
        "slug": f"group-{group_id}",
        "name": "Evenings",
        "description": "For the hours after work",
        "member_count": 120,
        "is_member": False,
        "archived": False,
        "created_at": shown["created_at"],
    }
    assert await join(anna, group_id) == {**shown, "member_count": 121, "is_member": True}
    assert await ben.ok("GET", f"/v1/groups/{group_id}") == {**shown, "member_count": 121}
    assert await listed(ben, "/v1/groups") == [{**shown, "member_count": 121}]
    assert (await join(ben, group_id))["member_count"] == 122
    await leave(anna, group_id)
    assert await anna.ok("GET", f"/v1/groups/{group_id}") == {**shown, "member_count": 121}
    assert await fetch_value("SELECT seeded_members FROM groups") == 120, "stored apart"


async def test_seeding_can_be_switched_off(anna, setting):
    group_id = await make_group(seeded=120)
    setting(GROUP_SEEDED_MEMBERS="off")
    assert (await join(anna, group_id))["member_count"] == 1
    assert (await anna.ok("GET", f"/v1/groups/{group_id}"))["member_count"] == 1
    assert [item["member_count"] for item in await listed(anna, "/v1/groups")] == [1]


async def test_joining_and_leaving_twice_is_once(anna):
    group_id = await make_group()
    first = await join(anna, group_id)
    assert await join(anna, group_id) == first
    assert first["member_count"] == 1
    await leave(anna, group_id)
    await leave(anna, group_id)
    assert (await anna.ok("GET", f"/v1/groups/{group_id}"))["member_count"] == 0


async def test_fifty_at_once_are_one_membership(anna):
    group_id = await make_group(seeded=7)
    path = f"/v1/groups/{group_id}/membership"
    answers = await at_once(anna("PUT", path) for _ in range(50))
    assert {(answer.status_code, answer.json()["member_count"], answer.json()["is_member"]) for answer in answers} == {
        (200, 8, True)
    }
    assert {answer.status_code for answer in await at_once(anna("DELETE", path) for _ in range(50))} == {204}
    assert (await anna.ok("GET", f"/v1/groups/{group_id}"))["member_count"] == 7
    answers = await at_once(anna(("PUT", "DELETE")[n % 2], path) for n in range(50))
    assert {answer.status_code for answer in answers} <= {200, 204}
    assert await wrong_counts() == []


async def test_thirty_people_at_once_are_thirty_members(sign_up):
    group_id = await make_group()
    people = [await sign_up() for _ in range(30)]
    await at_once(person("PUT", f"/v1/groups/{group_id}/membership") for person in people)
    assert (await people[0].ok("GET", f"/v1/groups/{group_id}"))["member_count"] == 30
    await at_once(person("DELETE", f"/v1/groups/{group_id}/membership") for person in people[:12])
    assert (await people[0].ok("GET", f"/v1/groups/{group_id}"))["member_count"] == 18
    assert await wrong_counts() == []


async def test_what_is_in_a_group_is_for_members(anna, ben):
    group_id = await make_group()
    await join(anna, group_id)
    written = await post(anna, group_id=group_id)
    assert written["group_id"] == group_id
    said = await comment(anna, written["id"])
    path = f"/v1/posts/{written['id']}"
    # A list that one may not read, and a post that does not exist for who is outside.
    for query in ("", "?sort=top", "?sort=new&limit=1"):
        problem(await ben("GET", f"/v1/groups/{group_id}/posts{query}"), 403, "not_a_member")
    problem(await ben("POST", "/v1/posts", json={"body": "x", "group_id": group_id}), 403, "not_a_member")
    for method, rest, body in (
        ("GET", "", None), ("PATCH", "", {"body": "x"}), ("DELETE", "", None), ("PUT", "/like", None),
        ("DELETE", "/like", None), ("GET", "/comments", None), ("POST", "/comments", {"body": "x"}),
    ):  # fmt: skip
        problem(await ben(method, path + rest, json=body), 404, "not_found")
    for method, rest, body in (
        ("PATCH", "", {"body": "x"}), ("DELETE", "", None), ("PUT", "/like", None), ("DELETE", "/like", None),
    ):  # fmt: skip
        problem(await ben(method, f"/v1/comments/{said['id']}{rest}", json=body), 404, "not_found")
    assert await listed(ben) == []
    await join(ben, group_id)
    assert await bodies(ben, f"/v1/groups/{group_id}/posts") == ["A quiet day"]
    assert (await comment(ben, written["id"]))["is_mine"]
    assert (await ben.ok("PUT", f"{path}/like"))["liked"]
    assert (await post(ben, "Me too", group_id=group_id))["group_id"] == group_id


async def test_leaving_keeps_what_was_written_and_one_s_right_to_delete_it(anna, ben):
    group_id = await make_group()
    for person in (anna, ben):
        await join(person, group_id)
    mine, theirs = await post(anna, "Mine", group_id=group_id), await post(ben, "Theirs", group_id=group_id)
    said = await comment(anna, theirs["id"])
    await leave(anna, group_id)
    assert await bodies(ben, f"/v1/groups/{group_id}/posts") == ["Theirs", "Mine"]
    assert [item["id"] for item in await listed(ben, f"/v1/posts/{theirs['id']}/comments")] == [said["id"]]
    for path, body in ((f"/v1/posts/{mine['id']}", {"sensitive": True}), (f"/v1/comments/{said['id']}", {"body": "x"})):
        problem(await anna("PATCH", path, json=body), 404, "not_found")
    problem(await anna("GET", f"/v1/posts/{mine['id']}"), 404, "not_found")
    assert (await anna("DELETE", f"/v1/comments/{said['id']}")).status_code == 204
    assert (await anna("DELETE", f"/v1/posts/{mine['id']}")).status_code == 204
    assert await bodies(ben, f"/v1/groups/{group_id}/posts") == ["Theirs"]
    assert await wrong_counts() == []


async def test_an_archived_group_is_read_only(anna, ben):
    group_id = await make_group(seeded=3)
    for person in (anna, ben):
        await join(person, group_id)
    written = await post(anna, "Then", group_id=group_id)
    said = await comment(anna, written["id"])
    path, own = f"/v1/posts/{written['id']}", f"/v1/comments/{said['id']}"
    await ben.ok("PUT", f"{path}/like")
    await ben.ok("PUT", f"{own}/like")
    await archive(group_id)

    shown = await anna.ok("GET", f"/v1/groups/{group_id}")
    assert (shown["archived"], shown["is_member"], shown["member_count"]) == (True, True, 5)
    for sort in ("new", "top"):
        (item,) = await listed(ben, f"/v1/groups/{group_id}/posts?sort={sort}")
        assert (item["like_count"], item["comment_count"], item["liked_by_me"]) == (1, 1, True)
    assert await ben.ok("GET", path) == item
    assert [each["like_count"] for each in await listed(ben, f"{path}/comments")] == [1]
    for person, method, target, body in (
        (anna, "POST", "/v1/posts", {"body": "x", "group_id": group_id}),
        (anna, "PATCH", path, {"body": "x"}),
        (anna, "PATCH", path, {"sensitive": True}),
        (ben, "POST", f"{path}/comments", {"body": "x"}),
        (ben, "POST", f"{path}/comments", {"body": "x", "reply_to": said["id"]}),
        (anna, "PATCH", own, {"body": "x"}),
        (anna, "PUT", f"{path}/like", None),
        (ben, "PUT", f"{path}/like", None),
        (ben, "DELETE", f"{path}/like", None),
        (anna, "PUT", f"{own}/like", None),
        (ben, "DELETE", f"{own}/like", None),
    ):
        problem(await person(method, target, json=body), 409, "group_archived")
    assert await ben.ok("GET", path) == item
    # What one wrote can be taken away at any time.
    assert (await anna("DELETE", own)).status_code == 204
    assert (await anna("DELETE", path)).status_code == 204
    assert await wrong_counts() == []


async def test_an_archived_group_is_not_joined_and_can_be_left(anna, ben):
    group_id = await make_group()
    await join(anna, group_id)
    await archive(group_id)
    problem(await ben("PUT", f"/v1/groups/{group_id}/membership"), 409, "group_archived")
    assert (await join(anna, group_id))["is_member"], "a member is one already"
    assert await names(anna) == ["Evenings"]
    assert await names(ben) == []
    assert (await ben.ok("GET", f"/v1/groups/{group_id}"))["archived"]
    await leave(anna, group_id)
    problem(await anna("PUT", f"/v1/groups/{group_id}/membership"), 409, "group_archived")
    assert await fetch_value("SELECT members FROM groups") == 0


async def test_what_is_not_there_is_404(anna):
    for nothing in (uuid4(), "nonsense", "%00"):
        for method, rest in (("GET", ""), ("PUT", "/membership"), ("DELETE", "/membership"), ("GET", "/posts")):
            problem(await anna(method, f"/v1/groups/{nothing}{rest}"), 404, "not_found")


async def test_mine_and_words_narrow_the_list(anna):
    for name in ("Mornings", "Evenings", "ÜBERGANG nach der Arbeit"):
        await make_group(name)
    ids = {item["name"]: item["id"] for item in await listed(anna, "/v1/groups")}
    await join(anna, ids["Evenings"])
    assert await names(anna) == ["Mornings", "Evenings", "ÜBERGANG nach der Arbeit"]
    assert await names(anna, "?mine=true") == ["Evenings"]
    assert await names(anna, "?mine=false") == ["Mornings", "ÜBERGANG nach der Arbeit"]
    for query, expected in (
        ("EVEN", ["Evenings"]), ("nings", ["Mornings", "Evenings"]), ("u\u0308bergang", ["ÜBERGANG nach der Arbeit"]),
        ("%", []), ("_", []), ("after work", list(ids)), ("nowhere", []), ("  ", list(ids)), ("", list(ids)),
    ):  # fmt: skip
        page = await anna.ok("GET", "/v1/groups", params={"q": query})
        assert [item["name"] for item in page["items"]] == expected, query
    page = await anna.ok("GET", "/v1/groups", params={"q": "nings", "mine": "false"})
    assert [item["name"] for item in page["items"]] == ["Mornings"]


async def test_the_list_is_by_position_and_stable(anna):
    for number in range(5):
        group_id = await make_group(str(number))
        await execute("UPDATE groups SET position = $2 WHERE id = $1", UUID(group_id), 10 - number // 2)
    assert await pages(anna, "/v1/groups") == [["4", "2"], ["3", "0"], ["1"]]
    assert await pages(anna, "/v1/groups?q=after") == [["4", "2"], ["3", "0"], ["1"]]
    first = await anna.ok("GET", "/v1/groups?limit=2")
    await make_group("before them all")
    second = await anna.ok("GET", f"/v1/groups?limit=2&cursor={first['next_cursor']}")
    assert [item["name"] for item in second["items"]] == ["3", "0"]


@pytest.mark.parametrize(
    "query",
    [f"q={'x' * 61}", "mine=perhaps", "limit=0", "limit=101", "cursor=x",
     f"cursor={encode_cursor(2**31, str(uuid4()))}", f"cursor={encode_cursor(0, 'x')}"],
    ids=["long", "mine", "none", "many", "cursor", "position", "id"],
)  # fmt: skip
async def test_a_bad_question_is_400(anna, query):
    problem(await anna("GET", f"/v1/groups?{query}"), 400, "invalid_request")


async def test_nobody_makes_or_changes_a_group_here(anna):
    group_id = await make_group()
    own = f"/v1/groups/{group_id}"
    for method, path in (("POST", "/v1/groups"), ("PATCH", own), ("PUT", own), ("DELETE", own)):
        assert (await anna(method, path, json={"name": "Mine"})).status_code == 405
