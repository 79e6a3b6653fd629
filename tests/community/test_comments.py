"""Comments and replies: their order, their pages, changing and deleting (api: Community)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.pagination import encode_cursor
from tests.community.conftest import at_once, bodies, comment, listed, pages, post, wrong_counts
from tests.routes.conftest import problem

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_limit(unlimited):
    """Pages are asked for more often than an app would."""


@pytest.fixture
async def anna(writer):
    return await writer(username="anna_1")


@pytest.fixture
async def ben(writer):
    return await writer(username="ben_1")


@pytest.fixture
async def path(anna):
    """The comments of a post of Anna's."""
    return f"/v1/posts/{(await post(anna))['id']}/comments"


def post_of(path):
    return path.split("/")[3]


async def said(person, path, body="Well done", **fields):
    return await comment(person, post_of(path), body, **fields)


async def test_a_comment_looks_the_same_everywhere(anna, ben, path):
    with clock.frozen(NOON):
        written = await said(ben, path, " Well\u200b done\n")
    assert written == {
        "id": written["id"],
        "post_id": post_of(path),
        "reply_to": None,
        "author": {"id": written["author"]["id"], "name": "ben_1", "avatar_url": None, "is_me": True},
        "body": "Well done",
        "like_count": 0,
        "liked_by_me": False,
        "is_mine": True,
        "created_at": "2026-11-23T12:00:00Z",
        "edited_at": None,
        "support": None,
    }
    assert await listed(ben, path) == [written]
    theirs = {**written, "is_mine": False, "author": {**written["author"], "is_me": False}}
    assert await listed(anna, path) == [theirs]
    await anna.ok("PUT", f"/v1/comments/{written['id']}/like")
    assert await listed(anna, path) == [{**theirs, "like_count": 1, "liked_by_me": True}]
    assert await listed(ben, path) == [{**written, "like_count": 1}]
    assert (await anna.ok("GET", f"/v1/posts/{post_of(path)}"))["comment_count"] == 1


async def test_threads_by_age_with_their_replies_under_them(anna, ben, path):
    first = await said(ben, path, "first")
    second = await said(anna, path, "second")
    for person, to, body in ((anna, second, "second, a"), (anna, first, "first, a"), (ben, second, "second, b")):
        reply = await said(person, path, body, reply_to=to["id"])
        assert reply["reply_to"] == to["id"]
    await said(ben, path, "third")
    ordered = ["first", "first, a", "second", "second, a", "second, b", "third"]
    assert await bodies(anna, path) == ordered
    assert await pages(anna, path) == [ordered[:2], ordered[2:4], ordered[4:]]
    assert await pages(anna, path, limit=1) == [[each] for each in ordered]
    assert (await anna.ok("GET", f"/v1/posts/{post_of(path)}"))["comment_count"] == 6


async def test_what_is_written_meanwhile_moves_nothing(anna, path):
    made = [await said(anna, path, name) for name in ("a", "b", "c")]
    first = await anna.ok("GET", f"{path}?limit=2")
    # One before the place where the page ended, one deleted behind it, one at the end.
    await said(anna, path, "a, late", reply_to=made[0]["id"])
    await anna.ok("DELETE", f"/v1/comments/{made[1]['id']}")
    await said(anna, path, "d")
    second = await anna.ok("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
    assert [item["body"] for item in second["items"]] == ["c", "d"]
    assert second["next_cursor"] is None
    assert await bodies(anna, path) == ["a", "a, late", "c", "d"]


async def test_a_reply_is_not_replied_to(anna, ben, path):
    written = await said(ben, path)
    reply = await said(anna, path, reply_to=written["id"])
    problem(await ben("POST", path, json={"body": "x", "reply_to": reply["id"]}), 422, "reply_to_reply")
    assert len(await listed(ben, path)) == 2


async def test_a_reply_stands_under_a_comment_of_its_post(anna, ben, path):
    other = await post(anna, "Another")
    elsewhere = await comment(ben, other["id"])
    for nothing in (elsewhere["id"], str(uuid4()), post_of(path)):
        problem(await ben("POST", path, json={"body": "x", "reply_to": nothing}), 404, "not_found")
    assert await listed(ben, path) == []


async def test_replies_stay_when_what_they_answer_goes(anna, ben, path):
    written = await said(ben, path, "goes")
    reply = await said(anna, path, "stays", reply_to=written["id"])
    assert (await ben("DELETE", f"/v1/comments/{written['id']}")).status_code == 204
    (left,) = await listed(ben, path)
    assert (left["body"], left["reply_to"]) == ("stays", written["id"])
    problem(await ben("POST", path, json={"body": "x", "reply_to": written["id"]}), 404, "not_found")
    problem(await ben("POST", path, json={"body": "x", "reply_to": reply["id"]}), 422, "reply_to_reply")
    assert (await ben.ok("GET", f"/v1/posts/{post_of(path)}"))["comment_count"] == 1
    assert (await anna("DELETE", f"/v1/comments/{reply['id']}")).status_code == 204
    assert await listed(ben, path) == []


async def test_another_text_is_marked_and_the_same_is_not(anna, ben, path):
    with clock.frozen(NOON):
        written = await said(ben, path, "One")
    own = f"/v1/comments/{written['id']}"
    with clock.frozen(NOON + timedelta(hours=1)):
        assert await ben.ok("PATCH", own, json={"body": " One "}) == written
        changed = await ben.ok("PATCH", own, json={"body": "Two"})
    assert changed == {**written, "body": "Two", "edited_at": "2026-11-23T13:00:00Z"}
    (item,) = await listed(anna, path)
    assert (item["body"], item["edited_at"]) == ("Two", "2026-11-23T13:00:00Z")


@pytest.mark.parametrize("body", ["x" * 2000, "\U0001f1e9\U0001f1ea" * 2000], ids=["ascii", "flags"])
async def test_two_thousand_characters_as_people_count_them(anna, path, body):
    assert (await said(anna, path, body))["body"] == body
    problem(await anna("POST", path, json={"body": body + body[:2]}), 400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [{}, {"body": ""}, {"body": "\u200b \n"}, {"body": 7}, {"body": "x", "reply_to": "nonsense"},
     {"body": "x", "thread_id": None}, {"body": "x", "reply_to": 7}],
)  # fmt: skip
async def test_a_bad_comment_is_refused(anna, path, body):
    problem(await anna("POST", path, json=body), 400, "invalid_request")
    assert await listed(anna, path) == []


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "x" * 2001}, {"body": None}, {"reply_to": None}])
async def test_a_bad_change_is_refused(anna, path, body):
    written = await said(anna, path)
    problem(await anna("PATCH", f"/v1/comments/{written['id']}", json=body), 400, "invalid_request")
    assert await listed(anna, path) == [written]


async def test_what_the_filter_objects_to_is_refused(anna, path):
    written = await said(anna, path)
    bad = {"body": "look at www.example.com"}
    problem(await anna("POST", path, json=bad), 422, "content_refused")
    problem(await anna("PATCH", f"/v1/comments/{written['id']}", json=bad), 422, "content_refused")
    assert await listed(anna, path) == [written]


async def test_one_key_makes_one_comment(anna, path):
    headers = {"Idempotency-Key": "k1"}
    answers = await at_once(anna("POST", path, json={"body": "Once"}, headers=headers) for _ in range(50))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.json().get("code") for answer in answers} <= {None, "idempotency_in_progress"}
    assert (await anna.ok("POST", path, json={"body": "Once"}, headers=headers))["id"] in made
    problem(await anna("POST", path, json={"body": "Twice"}, headers=headers), 409, "idempotency_conflict")
    assert await bodies(anna, path) == ["Once"]
    assert await wrong_counts() == []


async def test_fifty_comments_of_ten_people_at_once_are_fifty(writer, anna, path):
    people = [anna, *[await writer() for _ in range(9)]]
    answers = await at_once(people[n % 10]("POST", path, json={"body": str(n)}) for n in range(50))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(int(body) for body in await bodies(anna, f"{path}?limit=100")) == list(range(50))
    assert (await anna.ok("GET", f"/v1/posts/{post_of(path)}"))["comment_count"] == 50


async def test_another_s_comment_is_seen_and_not_touched(anna, ben, path):
    written = await said(ben, path)
    own = f"/v1/comments/{written['id']}"
    # Not by who wrote the post either.
    problem(await anna("PATCH", own, json={"body": "Mine"}), 403, "forbidden")
    problem(await anna("DELETE", own), 403, "forbidden")
    assert await listed(ben, path) == [written]


async def test_what_is_not_there_is_404(anna, path):
    for nothing in (uuid4(), "nonsense", "%00", post_of(path)):
        own = f"/v1/comments/{nothing}"
        for method, rest in (("PATCH", ""), ("DELETE", ""), ("PUT", "/like"), ("DELETE", "/like")):
            body = {"body": "x"} if method == "PATCH" else None
            problem(await anna(method, own + rest, json=body), 404, "not_found")


async def test_a_deleted_comment_is_gone_with_its_likes(anna, ben, path):
    written = await said(ben, path)
    await anna.ok("PUT", f"/v1/comments/{written['id']}/like")
    answers = await at_once(ben("DELETE", f"/v1/comments/{written['id']}") for _ in range(50))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 49
    assert await fetch_value("SELECT count(*) FROM comment_likes") == 0
    assert (await anna.ok("GET", f"/v1/posts/{post_of(path)}"))["comment_count"] == 0
    problem(await anna("PUT", f"/v1/comments/{written['id']}/like"), 404, "not_found")


async def test_under_a_hidden_post_nothing_is_reached(anna, ben, path):
    written = await said(ben, path)
    await execute("UPDATE posts SET state = 'hidden' WHERE id = $1", UUID(post_of(path)))
    for person in (anna, ben):
        problem(await person("GET", path), 404, "not_found")
        problem(await person("POST", path, json={"body": "x"}), 404, "not_found")
        for method in ("PUT", "DELETE"):
            problem(await person(method, f"/v1/comments/{written['id']}/like"), 404, "not_found")
    problem(await ben("PATCH", f"/v1/comments/{written['id']}", json={"body": "x"}), 404, "not_found")
    problem(await anna("DELETE", f"/v1/comments/{written['id']}"), 404, "not_found")
    assert (await ben("DELETE", f"/v1/comments/{written['id']}")).status_code == 204, "one's own can always be deleted"


async def test_a_comment_and_the_end_of_its_post_at_once(anna, ben):
    for _ in range(10):
        written = await post(anna)
        path = f"/v1/posts/{written['id']}"
        calls = [person("POST", f"{path}/comments", json={"body": "x"}) for person in (ben, anna)]
        answers = await at_once([calls[0], anna("DELETE", path), calls[1]])
        assert {answer.status_code for answer in answers} <= {201, 204, 404}
    assert await fetch_value("SELECT count(*) FROM comments") == 0


async def test_a_reply_and_the_end_of_what_it_answers_at_once(anna, ben, path):
    for _ in range(10):
        written = await said(ben, path)
        answers = await at_once(
            [
                anna("POST", path, json={"body": "reply", "reply_to": written["id"]}),
                ben("DELETE", f"/v1/comments/{written['id']}"),
                anna("PUT", f"/v1/comments/{written['id']}/like"),
            ]
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}
    assert set(await bodies(anna, f"{path}?limit=100")) <= {"reply"}
    assert await wrong_counts() == []


@pytest.mark.parametrize("key", [[1, 2], [str(uuid4())], [str(uuid4()), "x"]], ids=["numbers", "short", "no id"])
async def test_a_cursor_that_is_not_ours_is_400(anna, path, key):
    problem(await anna("GET", f"{path}?cursor={encode_cursor(*key)}"), 400, "invalid_request")
