"""Likes: a row a person, counted once however often and at whatever time it is asked for (semantics: Community)."""

import pytest

from domain.kit.database import fetch_value
from tests.community.conftest import at_once, comment, listed, post, wrong_counts
from tests.routes.conftest import problem


@pytest.fixture
async def anna(writer):
    return await writer()


@pytest.fixture
async def ben(writer):
    return await writer()


@pytest.fixture(params=["post", "comment"])
async def path(request, anna):
    """Likes of something that Anna wrote."""
    written = await post(anna)
    if request.param == "post":
        return f"/v1/posts/{written['id']}/like"
    return f"/v1/comments/{(await comment(anna, written['id']))['id']}/like"


async def test_like_and_unlike_answer_the_state_and_are_idempotent(anna, ben, path):
    for person, method, expected in (
        (ben, "DELETE", (False, 0)), (ben, "PUT", (True, 1)), (ben, "PUT", (True, 1)), (anna, "DELETE", (False, 1)),
        (anna, "PUT", (True, 2)), (ben, "DELETE", (False, 1)), (ben, "DELETE", (False, 1)), (ben, "PUT", (True, 2)),
    ):  # fmt: skip
        liked, count = expected
        assert await person.ok(method, path) == {"liked": liked, "like_count": count}
        assert await wrong_counts() == []


async def test_fifty_likes_of_one_person_at_once_are_one(ben, path, unlimited):
    answers = await at_once(ben("PUT", path) for _ in range(50))
    assert {answer.text for answer in answers} == {'{"liked":true,"like_count":1}'}
    answers = await at_once(ben("DELETE", path) for _ in range(50))
    assert {answer.text for answer in answers} == {'{"liked":false,"like_count":0}'}
    assert await wrong_counts() == []


async def test_fifty_people_are_fifty_likes(sign_up, path):
    people = [await sign_up() for _ in range(50)]
    answers = await at_once(person("PUT", path) for person in people)
    assert {answer.status_code for answer in answers} == {200}
    assert max(answer.json()["like_count"] for answer in answers) == 50
    assert await people[0].ok("PUT", path) == {"liked": True, "like_count": 50}
    answers = await at_once(person("DELETE", path) for person in people[:20])
    assert min(answer.json()["like_count"] for answer in answers) == 30
    assert await wrong_counts() == []


async def test_likes_and_unlikes_of_one_person_at_once_end_as_one_or_none(ben, path, unlimited):
    answers = await at_once(ben(("PUT", "DELETE")[n % 2], path) for n in range(50))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["like_count"] for answer in answers} <= {0, 1}
    assert await wrong_counts() == []


async def test_liking_needs_neither_an_address_nor_the_rules(sign_up, path):
    assert await (await sign_up()).ok("PUT", path) == {"liked": True, "like_count": 1}


async def test_one_may_like_one_s_own_and_nobody_is_told(anna, path, drain):
    assert (await anna.ok("PUT", path))["like_count"] == 1
    await drain()
    assert await listed(anna, "/v1/notifications") == []


async def test_a_stranger_is_401(stranger, path):
    for method in ("PUT", "DELETE"):
        problem(await stranger(method, path), 401, "unauthenticated")
    assert await fetch_value("SELECT (SELECT count(*) FROM post_likes) + (SELECT count(*) FROM comment_likes)") == 0
