"""Who may write: a confirmed address, the rules, and at most so much on the first day (semantics: Community)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from tasks.community import PERIODIC
from tests.community.conftest import at_once, comment, confirm, post
from tests.routes.conftest import problem

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_limit(unlimited):
    """What is tested here are other limits than that of all requests."""


@pytest.fixture
async def target(writer):
    """A post of somebody else, to comment on."""
    return (await post(await writer()))["id"]


@pytest.fixture
async def newcomer(writer):
    with clock.frozen(START):
        return await writer()


def write(person, what, target):
    path = "/v1/posts" if what == "posts" else f"/v1/posts/{target}/comments"
    return person("POST", path, json={"body": "A quiet day"})


WRITINGS = pytest.mark.parametrize("what", ["posts", "comments"])
LIMITS = pytest.mark.parametrize(("what", "most"), [("posts", 20), ("comments", 60)])


@WRITINGS
async def test_an_unconfirmed_address_may_not_write(sign_up, target, what):
    person = await sign_up(consents=("community_rules",))
    problem(await write(person, what, target), 403, "email_unverified")
    await confirm(person)
    assert (await write(person, what, target)).status_code == 201


@WRITINGS
async def test_the_rules_come_first(sign_up, target, what):
    person = await sign_up()
    await confirm(person)
    for granted in (None, True, False, True):
        if granted is not None:
            await person.ok("PUT", "/v1/me/consents/community_rules", json={"granted": granted})
        response = await write(person, what, target)
        if granted:
            assert response.status_code == 201
        else:
            assert problem(response, 403, "consent_required")["kind"] == "community_rules"


async def test_another_text_needs_what_a_new_one_needs(writer, target):
    person = await writer()
    own = [f"/v1/posts/{(await post(person))['id']}", f"/v1/comments/{(await comment(person, target))['id']}"]
    await person.ok("PUT", "/v1/me/consents/community_rules", json={"granted": False})
    for path in own:
        assert problem(await person("PATCH", path, json={"body": "x"}), 403, "consent_required")["kind"]
    # Folding and taking back are always allowed.
    assert (await person.ok("PATCH", own[0], json={"sensitive": True}))["sensitive"]
    for path in reversed(own):
        assert (await person("DELETE", path)).status_code == 204


async def test_reading_needs_neither(sign_up, target):
    person = await sign_up()
    for path in ("/v1/feed", f"/v1/posts/{target}", f"/v1/posts/{target}/comments", "/v1/groups"):
        await person.ok("GET", path)


@LIMITS
async def test_a_new_account_writes_so_much_an_hour_and_no_more(newcomer, target, what, most):
    with clock.frozen(START + HOUR):
        answers = await at_once(write(newcomer, what, target) for _ in range(most + 30))
    assert [answer.status_code for answer in answers].count(201) == most
    refused = [answer for answer in answers if answer.status_code != 201]
    for answer in refused:
        problem(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"] == "3600"
    assert await fetch_value(f"SELECT count(*) FROM {what} WHERE user_id = $1", UUID(newcomer.user["id"])) == most


@LIMITS
async def test_the_hour_moves_along(newcomer, target, what, most):
    with clock.frozen(START):
        assert (await write(newcomer, what, target)).status_code == 201
    with clock.frozen(START + HOUR / 2):
        answers = await at_once(write(newcomer, what, target) for _ in range(most))
        assert [answer.status_code for answer in answers].count(201) == most - 1
    with clock.frozen(START + HOUR - timedelta(seconds=1)):
        refused = await write(newcomer, what, target)
        problem(refused, 429, "rate_limited")
        assert refused.headers["Retry-After"] == "1"
    with clock.frozen(START + HOUR):
        answers = await at_once(write(newcomer, what, target) for _ in range(3))
        assert [answer.status_code for answer in answers].count(201) == 1, "the first has run out, no other"
        assert {answer.headers.get("Retry-After") for answer in answers} == {None, "1800"}


@LIMITS
async def test_after_a_day_there_is_no_such_limit(newcomer, target, what, most):
    with clock.frozen(START + timedelta(hours=24) - timedelta(seconds=1)):
        answers = await at_once(write(newcomer, what, target) for _ in range(most + 1))
        assert [answer.status_code for answer in answers].count(429) == 1
    with clock.frozen(START + timedelta(hours=24)):
        answers = await at_once(write(newcomer, what, target) for _ in range(most + 10))
        assert {answer.status_code for answer in answers} == {201}


async def test_posts_and_comments_are_counted_apart(newcomer, target):
    with clock.frozen(START):
        for what, most in (("posts", 20), ("comments", 60)):
            answers = await at_once(write(newcomer, what, target) for _ in range(most))
            assert {answer.status_code for answer in answers} == {201}
        for what in ("posts", "comments"):
            problem(await write(newcomer, what, target), 429, "rate_limited")


async def test_deleting_gives_nothing_back(newcomer):
    with clock.frozen(START):
        for _ in range(20):
            written = await post(newcomer)
            assert (await newcomer("DELETE", f"/v1/posts/{written['id']}")).status_code == 204
        problem(await write(newcomer, "posts", None), 429, "rate_limited")


async def test_what_was_refused_is_not_counted(newcomer, target):
    with clock.frozen(START):
        for body in ({"body": ""}, {"body": "www.example.com"}, {"body": "x", "reply_to": target}):
            answers = await at_once(newcomer("POST", f"/v1/posts/{target}/comments", json=body) for _ in range(30))
            assert {answer.status_code for answer in answers} <= {400, 404, 422}
        answers = await at_once(write(newcomer, "comments", target) for _ in range(61))
    assert [answer.status_code for answer in answers].count(201) == 60


async def test_a_repeated_request_is_one(newcomer):
    headers = {"Idempotency-Key": "k1"}
    with clock.frozen(START):
        for _ in range(25):
            assert (await newcomer("POST", "/v1/posts", json={"body": "x"}, headers=headers)).status_code == 201
        answers = await at_once(write(newcomer, "posts", None) for _ in range(20))
        # The key answers as before though the limit is used up.
        assert (await newcomer("POST", "/v1/posts", json={"body": "x"}, headers=headers)).status_code == 201
    assert [answer.status_code for answer in answers].count(201) == 19


async def test_editing_is_not_counted(newcomer):
    with clock.frozen(START):
        written = await post(newcomer)
        for number in range(25):
            await newcomer.ok("PATCH", f"/v1/posts/{written['id']}", json={"body": str(number)})
        assert (await post(newcomer))["is_mine"]


async def test_an_old_account_leaves_no_note_and_old_notes_are_forgotten(newcomer, writer):
    with clock.frozen(START):
        await post(newcomer)
    with clock.frozen(START + HOUR / 2):
        await post(newcomer)
    await execute("UPDATE users SET created_at = $2 WHERE id = $1", UUID(newcomer.user["id"]), START - 24 * HOUR)
    with clock.frozen(START + HOUR):
        await post(newcomer)
        assert await fetch_value("SELECT count(*) FROM early_writings") == 2
        (forget,) = [run for name, _, run in PERIODIC if name == "community.early_writings"]
        assert await forget() == 1
        assert await forget() == 0
