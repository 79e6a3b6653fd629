"""Posts: writing, reading, changing, deleting, and who is shown as having written them (api: Community)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from tests.accounts.people import switch
from tests.community.conftest import at_once, bodies, bring_back, comment, listed, make_group, post, take_away
from tests.routes.conftest import problem

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@pytest.fixture
async def anna(writer):
    return await writer(username="anna_1")


@pytest.fixture
async def ben(writer):
    return await writer(username="ben_1")


async def author_of(viewer, post_id):
    return (await viewer.ok("GET", f"/v1/posts/{post_id}"))["author"]


async def test_a_post_looks_the_same_everywhere(anna, ben):
    with clock.frozen(NOON):
        written = await post(anna, "  A quiet\u200b day \r\n")
    assert written == {
        "id": written["id"],
        "author": {"id": written["author"]["id"], "name": "anna_1", "avatar_url": None, "is_me": True},
        "body": "A quiet day",
        "sensitive": False,
        "group_id": None,
        "like_count": 0,
        "comment_count": 0,
        "liked_by_me": False,
        "is_mine": True,
        "created_at": "2026-11-23T12:00:00Z",
        "edited_at": None,
        "hidden": False,
        "support": None,
    }
    assert await anna.ok("GET", f"/v1/posts/{written['id']}") == written
    assert await listed(anna) == [written]
    theirs = {**written, "is_mine": False, "author": {**written["author"], "is_me": False}}
    assert await ben.ok("GET", f"/v1/posts/{written['id']}") == theirs
    assert await listed(ben) == [theirs]
    with clock.frozen(NOON + timedelta(minutes=1)):
        assert await listed(ben, "/v1/feed?sort=top") == [theirs]


async def test_counts_and_likes_are_the_viewers_own(anna, ben):
    written = await post(anna)
    await ben.ok("PUT", f"/v1/posts/{written['id']}/like")
    await comment(ben, written["id"])
    for path in ("/v1/feed", "/v1/feed?sort=top"):
        for person, liked in ((anna, False), (ben, True)):
            (item,) = await listed(person, path)
            assert (item["like_count"], item["comment_count"], item["liked_by_me"]) == (1, 1, liked), path


async def test_sensitive_is_said_and_can_be_changed_without_a_mark(anna, ben):
    written = await post(anna, sensitive=True)
    assert written["sensitive"]
    (item,) = await listed(ben)
    assert item["sensitive"]
    changed = await anna.ok("PATCH", f"/v1/posts/{written['id']}", json={"sensitive": False})
    assert changed == {**written, "sensitive": False}


async def test_another_text_is_marked_and_the_same_is_not(anna, ben):
    with clock.frozen(NOON):
        written = await post(anna, "One")
    path = f"/v1/posts/{written['id']}"
    with clock.frozen(NOON + timedelta(hours=1)):
        for same in ({}, {"body": "One"}, {"body": " One\u200b "}):
            assert await anna.ok("PATCH", path, json=same) == written
        changed = await anna.ok("PATCH", path, json={"body": "Two"})
    assert changed == {**written, "body": "Two", "edited_at": "2026-11-23T13:00:00Z"}
    with clock.frozen(NOON + timedelta(hours=2)):
        assert await anna.ok("PATCH", path, json={"body": "Two", "sensitive": True}) == {**changed, "sensitive": True}
    (item,) = await listed(ben)
    assert (item["body"], item["edited_at"]) == ("Two", "2026-11-23T13:00:00Z")


@pytest.mark.parametrize(
    ("body", "stored"),
    [("x", "x"), ("x" * 5000, "x" * 5000), (FAMILY * 5000, FAMILY * 5000), ("e\u0301" * 5000, "\xe9" * 5000)],
    ids=["one", "ascii", "families", "decomposed"],
)
async def test_five_thousand_characters_as_people_count_them(anna, body, stored):
    written = await post(anna, body)
    assert written["body"] == stored
    assert (await anna.ok("PATCH", f"/v1/posts/{written['id']}", json={"body": body}))["edited_at"] is None


BAD = [
    ({}, "missing"),
    ({"body": ""}, "empty"),
    ({"body": " \n\u200b\u202e"}, "blank"),
    ({"body": "x" * 5001}, "long"),
    ({"body": FAMILY * 5001}, "long in graphemes"),
    ({"body": 7}, "number"),
    ({"body": None}, "null"),
    ({"body": "x", "sensitive": "yes"}, "sensitive"),
    ({"body": "x", "group_id": "nonsense"}, "group"),
    ({"body": "x", "user_id": "x"}, "unknown field"),
]


@pytest.mark.parametrize("body", [body for body, _ in BAD], ids=[name for _, name in BAD])
async def test_a_bad_post_is_refused(anna, body):
    problem(await anna("POST", "/v1/posts", json=body), 400, "invalid_request")
    assert await fetch_value("SELECT count(*) FROM posts") == 0


@pytest.mark.parametrize("change", [{"body": ""}, {"body": "x" * 5001}, {"body": None}, {"group_id": None}, []])
async def test_a_bad_change_is_refused(anna, change):
    written = await post(anna)
    problem(await anna("PATCH", f"/v1/posts/{written['id']}", json=change), 400, "invalid_request")
    assert await anna.ok("GET", f"/v1/posts/{written['id']}") == written


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Look at www.example.com", "link"),
        ("Write to me at someone@example.org", "contact_data"),
        ("Call +49 170 1234567", "contact_data"),
        ("I was on pornhub again", "porn_site"),
    ],
    ids=["link", "mail", "phone", "site"],
)
async def test_what_the_filter_objects_to_is_refused(anna, body, reason):
    answer = problem(await anna("POST", "/v1/posts", json={"body": body}), 422, "content_refused")
    assert (answer["reason"], answer["field"]) == (reason, "body")
    written = await post(anna)
    refused = await anna("PATCH", f"/v1/posts/{written['id']}", json={"body": body})
    problem(refused, 422, "content_refused")
    assert body not in refused.text
    assert await bodies(anna) == [written["body"]]


async def test_one_key_makes_one_post(anna, unlimited):
    body, headers = {"body": "Once"}, {"Idempotency-Key": "k1"}
    answers = await at_once(anna("POST", "/v1/posts", json=body, headers=headers) for _ in range(50))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.json().get("code") for answer in answers} <= {None, "idempotency_in_progress"}
    again = await anna("POST", "/v1/posts", json=body, headers=headers)
    assert (again.status_code, {again.json()["id"]}) == (201, made)
    other = await anna("POST", "/v1/posts", json={"body": "Twice"}, headers=headers)
    problem(other, 409, "idempotency_conflict")
    assert await fetch_value("SELECT count(*) FROM posts") == 1


async def test_another_s_post_is_seen_and_not_touched(anna, ben):
    written = await post(anna)
    path = f"/v1/posts/{written['id']}"
    problem(await ben("PATCH", path, json={"body": "Mine"}), 403, "forbidden")
    problem(await ben("PATCH", path, json={"sensitive": True}), 403, "forbidden")
    problem(await ben("DELETE", path), 403, "forbidden")
    assert await anna.ok("GET", path) == written


async def test_what_is_not_there_is_404(anna):
    for nothing in (uuid4(), "nonsense", "%00"):
        path = f"/v1/posts/{nothing}"
        for method, rest, body in ROUTES:
            problem(await anna(method, path + rest, json=body), 404, "not_found")


# Every route that reaches a single post.
ROUTES = [
    ("GET", "", None),
    ("PATCH", "", {"body": "x"}),
    ("DELETE", "", None),
    ("PUT", "/like", None),
    ("DELETE", "/like", None),
    ("GET", "/comments", None),
    ("POST", "/comments", {"body": "x"}),
]


async def test_a_deleted_post_is_gone_everywhere_at_once(anna, ben, drain):
    written, other = await post(anna), await post(anna, "Another")
    said = await comment(ben, written["id"])
    reply = await comment(anna, written["id"], reply_to=said["id"])
    await ben.ok("PUT", f"/v1/posts/{written['id']}/like")
    await anna.ok("PUT", f"/v1/comments/{said['id']}/like")
    assert (await anna("DELETE", f"/v1/posts/{written['id']}")).status_code == 204
    for person in (anna, ben):
        for path in ("/v1/feed", "/v1/feed?sort=top"):
            assert [item["id"] for item in await listed(person, path)] == [other["id"]]
        for method, rest, body in ROUTES:
            problem(await person(method, f"/v1/posts/{written['id']}{rest}", json=body), 404, "not_found")
        for each in (said, reply):
            problem(await person("PATCH", f"/v1/comments/{each['id']}", json={"body": "x"}), 404, "not_found")
            problem(await person("PUT", f"/v1/comments/{each['id']}/like"), 404, "not_found")
    left = "(SELECT count(*) FROM post_likes) + (SELECT count(*) FROM comments) + (SELECT count(*) FROM comment_likes)"
    assert await fetch_value(f"SELECT {left}") == 0
    assert await fetch_value("SELECT count(*) FROM post_counts") == 1
    # The jobs that wanted to tell of it find nothing to tell.
    await drain()
    assert await listed(anna, "/v1/notifications") == []


async def test_fifty_deletions_are_one(anna, unlimited):
    written = await post(anna)
    answers = await at_once(anna("DELETE", f"/v1/posts/{written['id']}") for _ in range(50))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 49


async def test_an_edit_and_a_deletion_at_once(anna, unlimited):
    for _ in range(10):
        written = await post(anna)
        path = f"/v1/posts/{written['id']}"
        calls = [anna("PATCH", path, json={"body": str(number)}) for number in range(4)]
        await at_once([*calls, anna("DELETE", path)])
        problem(await anna("GET", path), 404, "not_found")
    assert await bodies(anna) == []


async def test_hidden_content_is_out_of_sight_for_all(anna, ben):
    written = await post(anna)
    await execute("UPDATE posts SET state = 'hidden' WHERE id = $1", UUID(written["id"]))
    for person in (anna, ben):
        for path in ("/v1/feed", "/v1/feed?sort=top"):
            assert await listed(person, path) == []
        problem(await person("PUT", f"/v1/posts/{written['id']}/like"), 404, "not_found")
    problem(await ben("GET", f"/v1/posts/{written['id']}"), 404, "not_found")
    problem(await ben("DELETE", f"/v1/posts/{written['id']}"), 404, "not_found")
    problem(await anna("PATCH", f"/v1/posts/{written['id']}", json={"body": "Other"}), 404, "not_found")
    assert await anna.ok("GET", f"/v1/posts/{written['id']}") == {**written, "hidden": True}, "its author may know"
    assert (await anna("DELETE", f"/v1/posts/{written['id']}")).status_code == 204, "one's own can always be deleted"


async def test_a_switch_to_anonymous_masks_what_was_public(anna, ben):
    public = await post(anna, "In public")
    await switch(anna, "anonymous")
    hidden = await post(anna, "As somebody")
    mask, alias = await author_of(ben, public["id"]), await author_of(ben, hidden["id"])
    names = {"anna_1", mask["name"], alias["name"]}
    ids = {public["author"]["id"], mask["id"], alias["id"]}
    assert (len(names), len(ids)) == (3, 3), "three that nothing joins"
    assert alias["name"] == (await anna.ok("GET", "/v1/me"))["public_name"]
    shown = {item["body"]: item["author"] for item in await listed(ben)}
    assert shown == {"In public": mask, "As somebody": alias}
    assert [item["is_mine"] for item in await listed(anna)] == [True, True]

    await switch(anna, "public")
    assert await author_of(ben, public["id"]) == {**public["author"], "is_me": False}
    assert await author_of(ben, hidden["id"]) == alias, "written as an alias, for ever so"
    await switch(anna, "anonymous")
    again = await author_of(ben, public["id"])
    assert again["name"] not in names
    assert again["id"] not in ids
    assert await author_of(ben, hidden["id"]) == alias
    assert (await author_of(anna, hidden["id"])) == {**alias, "is_me": True}


async def test_another_username_is_shown_on_what_was_written_before(anna, ben):
    written = await post(anna)
    said = await comment(anna, written["id"])
    await anna.ok("PATCH", "/v1/me", json={"username": "anna_2"})
    assert (await author_of(ben, written["id"]))["name"] == "anna_2"
    (item,) = await listed(ben, f"/v1/posts/{written['id']}/comments")
    assert (item["id"], item["author"]["name"]) == (said["id"], "anna_2")


async def test_an_edit_does_not_change_who_wrote_it(anna, ben):
    await switch(anna, "anonymous")
    written = await post(anna)
    alias = written["author"]["name"]
    await switch(anna, "public")
    changed = await anna.ok("PATCH", f"/v1/posts/{written['id']}", json={"body": "Still somebody"})
    assert changed["author"]["name"] == alias
    assert "anna_1" not in (await ben("GET", f"/v1/posts/{written['id']}")).text


@pytest.mark.parametrize("state", ["suspended", "deleting"])
async def test_who_is_not_there_is_not_seen_and_comes_back(anna, ben, state):
    mine, theirs = await post(anna, "Of who goes"), await post(ben, "Of who stays")
    said = await comment(anna, theirs["id"])
    reply = await comment(ben, theirs["id"], reply_to=said["id"])
    group_id = await make_group()
    for person in (anna, ben):
        await person.ok("PUT", f"/v1/groups/{group_id}/membership")
    await post(anna, "In the group", group_id=group_id)
    lists = ["/v1/feed", "/v1/feed?sort=top", f"/v1/groups/{group_id}/posts", f"/v1/groups/{group_id}/posts?sort=top"]
    before = [await listed(ben, path) for path in lists]

    await take_away(anna, state)
    assert [await bodies(ben, path) for path in lists] == [["Of who stays"]] * 2 + [[]] * 2
    for method, rest, body in ROUTES:
        problem(await ben(method, f"/v1/posts/{mine['id']}{rest}", json=body), 404, "not_found")
    assert [item["id"] for item in await listed(ben, f"/v1/posts/{theirs['id']}/comments")] == [reply["id"]]
    problem(await ben("PUT", f"/v1/comments/{said['id']}/like"), 404, "not_found")
    answer = await ben("POST", f"/v1/posts/{theirs['id']}/comments", json={"body": "x", "reply_to": said["id"]})
    problem(answer, 404, "not_found")

    await bring_back(anna)
    assert [await listed(ben, path) for path in lists] == before
    assert len(await listed(ben, f"/v1/posts/{theirs['id']}/comments")) == 2


async def test_a_post_may_go_to_no_group_that_there_is_not(anna):
    problem(await anna("POST", "/v1/posts", json={"body": "x", "group_id": str(uuid4())}), 404, "not_found")
