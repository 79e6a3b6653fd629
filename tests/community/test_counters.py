"""Every count equals its rows, whatever happens at once: storms of people, and of accounts that go."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch_value, transaction
from domain.leaving.purge import plan_purges
from domain.leaving.purge import remove as remove_account
from tests.community.conftest import at_once, comment, make_group, post, wrong_counts


@pytest.fixture(autouse=True)
def no_limit(unlimited):
    """Storms ask for more than an app would."""


@pytest.fixture
async def people(writer):
    return [await writer() for _ in range(8)]


async def deadlocks():
    return await fetch_value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


class Storm:
    """Requests of all kinds by `people` about the same few posts and comments, in an order that the seed decides."""

    def __init__(self, people, seed):
        self.people = people
        self.dice = random.Random(seed)
        self.posts, self.comments, self.groups = [], [], []

    async def begin(self, posts=6, comments=3):
        self.groups = [await make_group(str(number)) for number in range(3)]
        for number in range(posts):
            writer = self.people[number % len(self.people)]
            written = await post(writer)
            self.posts.append((writer, written["id"]))
            for other in self.dice.sample(self.people, comments):
                said = await comment(other, written["id"])
                self.comments.append((other, said["id"]))

    async def rage(self, waves, **kinds):
        """Fifty requests at once, and again; the answers."""
        answers = []
        for _ in range(waves):
            answers += await at_once(self.requests(50, **kinds))
        return answers

    def requests(self, count, *, deletions=True):
        return [self._one(deletions) for _ in range(count)]

    def _one(self, deletions):
        person = self.dice.choice(self.people)
        owner, post_id = self.dice.choice(self.posts)
        commenter, comment_id = self.dice.choice(self.comments)
        path, own = f"/v1/posts/{post_id}", f"/v1/comments/{comment_id}"
        group = f"/v1/groups/{self.dice.choice(self.groups)}/membership"
        ways = [
            (5, person, "PUT", f"{path}/like", None),
            (4, person, "DELETE", f"{path}/like", None),
            (5, person, "PUT", f"{own}/like", None),
            (4, person, "DELETE", f"{own}/like", None),
            (3, person, "POST", f"{path}/comments", {"body": "x"}),
            (2, person, "POST", f"{path}/comments", {"body": "x", "reply_to": comment_id}),
            (2, person, "PUT", group, None),
            (2, person, "DELETE", group, None),
            (1, owner, "PATCH", path, {"body": f"again {self.dice.randrange(100)}"}),
            (1, commenter, "PATCH", own, {"body": f"again {self.dice.randrange(100)}"}),
        ]
        if deletions:
            ways += [(0.5, owner, "DELETE", path, None), (1.5, commenter, "DELETE", own, None)]
        [(_, who, method, target, body)] = self.dice.choices(ways, [way[0] for way in ways])
        return who(method, target, json=body)


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm_of_people_leaves_every_count_right(people, drain, seed):
    storm = Storm(people, seed)
    await storm.begin(posts=16, comments=4)
    before = await deadlocks()
    answers = await storm.rage(8)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201, 204, 404}, statuses
    assert statuses[200] + statuses[201] > 50
    assert statuses[204] > 5
    await drain()
    assert await wrong_counts() == []
    assert await fetch_value("SELECT count(*) FROM comments") > 0
    assert await deadlocks() == before


async def test_a_post_goes_in_the_middle_of_it(people, drain):
    for seed in range(8):
        storm = Storm(people, seed)
        await storm.begin(posts=1, comments=5)
        (owner, post_id), *_ = storm.posts
        likers = [person("PUT", f"/v1/posts/{post_id}/like") for person in people]
        requests = [*likers, *storm.requests(40)]
        storm.dice.shuffle(requests)
        requests.insert(20, owner("DELETE", f"/v1/posts/{post_id}"))
        answers = await at_once(requests)
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}
        assert (await owner("GET", f"/v1/posts/{post_id}")).status_code == 404
    await drain()
    assert await wrong_counts() == []
    assert await fetch_value("SELECT count(*) FROM post_likes") == 0


async def test_accounts_are_purged_in_the_middle_of_it(people, writer, drain):
    going = [await writer() for _ in range(4)]
    storm = Storm([*people, *going], seed=1)
    await storm.begin(posts=12, comments=6)
    await storm.rage(6, deletions=False)
    ids = [UUID(person.user["id"]) for person in going]
    await execute(
        """UPDATE users SET state = 'deleting', deleting_since = now() - interval '31 days', state_before = state,
                            purges_at = now() - interval '1 day' WHERE id = ANY ($1)""",
        ids,
    )
    assert await plan_purges() == 4
    # Those who stay go on, also about what is just disappearing.
    storm.people = people
    answers, _ = await asyncio.gather(storm.rage(6), drain(allow=("retry",)))
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 401, 403, 404}
    await execute("UPDATE jobs SET run_at = now() WHERE state = 'live'")
    await drain()
    assert await fetch_value("SELECT count(*) FROM users WHERE id = ANY ($1)", ids) == 0
    assert await wrong_counts() == []


async def test_an_account_goes_in_one_statement(people):
    """As an administrator's DELETE would: all by the cascades, and the counts with it."""
    storm = Storm(people, seed=2)
    await storm.begin()
    await storm.rage(4, deletions=False)
    for person in people[:4]:
        async with transaction():
            await remove_account(UUID(person.user["id"]))
        assert await wrong_counts() == []
    assert await fetch_value("SELECT count(*) FROM post_likes") > 0


async def test_many_accounts_go_at_once_with_likes_of_the_same_things(people):
    """Their likes and memberships touch the same counts: these are held in one order."""
    storm = Storm(people, seed=3)
    await storm.begin(posts=8, comments=8)
    for path in (
        *(f"/v1/posts/{post_id}/like" for _, post_id in storm.posts),
        *(f"/v1/comments/{comment_id}/like" for _, comment_id in storm.comments),
        *(f"/v1/groups/{group_id}/membership" for group_id in storm.groups),
    ):
        await at_once(person("PUT", path) for person in people)
    assert await fetch_value("SELECT min(likes) FROM post_counts") == 8
    before = await deadlocks()
    ids = [UUID(person.user["id"]) for person in people]
    for table in ("post_likes", "comment_likes", "memberships"):
        await asyncio.gather(*(execute(f"DELETE FROM {table} WHERE user_id = $1", each) for each in ids))
        assert await wrong_counts() == [], table
    assert await deadlocks() == before
    assert await fetch_value("SELECT max(likes) FROM post_counts") == 0


async def test_a_statement_that_loses_a_deadlock_is_run_again(people):
    """What remains possible, a deletion against a purge, ends well for both: a statement of its own is tried again."""
    one, other = [(await post(people[0], str(number)))["id"] for number in range(2)]

    def both(first, second):
        hold = "PERFORM FROM kuitter.post_counts WHERE post_id = '{}' FOR UPDATE;"
        # Between the two both have taken their first, and then wait for each other.
        return f"""DO $$ BEGIN {hold.format(first)} PERFORM pg_sleep(0.2); {hold.format(second)}
                   UPDATE kuitter.post_counts SET likes = likes + 1; END $$"""

    await asyncio.gather(execute(both(one, other)), execute(both(other, one)))
    assert await fetch_value("SELECT array_agg(likes) FROM post_counts") == [2, 2]
