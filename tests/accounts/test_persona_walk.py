"""After a switch no answer to anybody else leads from one side of a person to the other.

Every GET route of the app is asked by other people, whoever added it, with every id that the person ever had, before
and after the switch. What was written is looked at as every list will show it: through domain/accounts/authors.py.
"""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch
from tests.accounts.people import account, personas_of, row_of, seen, seen_live, switch, worn_by
from tests.accounts.walk import Answer, answer_of, joins, live, pushes_to, traces, walk
from tests.routes.table import World

CONSENTS = ("community_rules", "third_party_ai", "partner_sharing")
JOINED = datetime(2026, 3, 3, 3, 33, 33, 333333, tzinfo=UTC)


@pytest.fixture
async def world(stranger, drain, sandbox, setting):
    # The walk asks more than a person may.
    setting(REQUESTS_PER_MINUTE="100000", ANCHOR_LIMITS_FREE="1000/1000/1000000000")
    return World(stranger, drain)


class Crowd:
    """Everybody else: who knows nothing of the person, who has blocked them, whom they have blocked, and a stranger."""

    def __init__(self, app, people, stranger):
        self.app = app
        self.people = people
        self.stranger = stranger

    @classmethod
    async def gather(cls, app, sign_up, stranger, person):
        people = [await sign_up(consents=CONSENTS) for _ in range(3)]
        for number, viewer in enumerate(people):
            await viewer.ok("PUT", "/v1/me/devices/theirs", json=phone(number))
        _, blocker, blocked = people
        await blocker.ok("PUT", f"/v1/me/blocks/{await worn_by(person)}", json={"note": "not again"})
        await person.ok("PUT", f"/v1/me/blocks/{await worn_by(blocked)}")
        return cls(app, people, stranger)

    async def see(self, person, ids, written):
        """All that any of them gets to see: every route, and what was written, as a list of it would show."""
        personas = await personas_of(person)
        known = {**ids, "person": [str(each["id"]) for each in personas] + [person.user["id"]]}
        words = [each["name"] for each in personas] + [person.user["email"], person.user["id"]]
        answers = []
        for viewer in (*self.people, self.stranger):
            answers += await walk(self.app, viewer, known, words)
        viewer = self.people[0]
        feed = [{"body": "a post", "author": msgspec.to_builtins(await seen(each, viewer))} for each in written]
        partner = msgspec.to_builtins(await seen_live(person, viewer))
        return [*answers, answer_of("a feed", {"items": feed}), answer_of("a partner", {"partner": partner})]

    async def told(self, sandbox):
        """What their phones and mailboxes got."""
        secrets = [phone(number)["token"] for number in range(3)] + [viewer.user["email"] for viewer in self.people]
        return [answer async for answer in pushes_to(sandbox, secrets)]


def phone(number):
    return {
        "platform": "android", "transport": "fcm", "token": f"viewer-{number}-" + "v" * 30, "token_kind": "fcm",
        "environment": "production", "app_version": "1.4.0",
    }  # fmt: skip


def together(earlier, later):
    """The ids of a person's life before and after."""
    return {name: earlier.get(name, []) + later.get(name, []) for name in earlier | later}


async def sides_of(person):
    """The words of each side: by kind and order of making, and what must never be read anywhere."""
    names = SimpleNamespace(username=set(), aliases=[], masks=[])
    for persona in await personas_of(person):
        words = {str(persona["id"]), persona["name"]}
        if persona["kind"] == "username":
            names.username |= words
        else:
            {"alias": names.aliases, "mask": names.masks}[persona["kind"]].append(words)
    row = await row_of(person)
    names.never = {
        person.user["id"], person.user["id"].replace("-", ""), person.user["email"], str(row["store_account_token"]),
        JOINED.date().isoformat(),
    }  # fmt: skip
    return names


async def newcomer(sign_up, world, **fields):
    """Somebody whose day of joining is nobody else's."""
    with clock.frozen(JOINED):
        person = await sign_up(consents=CONSENTS, **fields)
    # The mails of that day are too late.
    await world.drain(allow=("skipped",))
    return person


async def test_public_then_anonymous(app, sign_up, stranger, world, sandbox):
    person = await newcomer(sign_up, world, username="river_7")
    crowd = await Crowd.gather(app, sign_up, stranger, person)
    ids = await live(person, world)
    written = [await worn_by(person)]
    before = await crowd.see(person, ids, written)
    assert traces(before, {"river_7"}), "the walk would see a name"

    await switch(person, "anonymous")
    written.append(await worn_by(person))
    sides = await sides_of(person)
    both = together(ids, await live(person, world))
    after = await crowd.see(person, both, written) + await crowd.told(sandbox)
    # The username and its public id are gone, and nothing joins what stands in their place with the live alias.
    assert traces(after, sides.username | sides.never) == []
    assert joins(after, *sides.aliases, *sides.masks) == []


@pytest.mark.slow
async def test_anonymous_then_public(app, sign_up, stranger, world, sandbox):
    person = await newcomer(sign_up, world)
    crowd = await Crowd.gather(app, sign_up, stranger, person)
    alias = person.user["public_name"]
    ids = await live(person, world)
    written = [await worn_by(person)]
    before = await crowd.see(person, ids, written)
    assert traces(before, {alias}), "the walk would see a name"

    await person.ok("PATCH", "/v1/me", json={"username": "river_7"})
    await switch(person, "public")
    written.append(await worn_by(person))
    sides = await sides_of(person)
    both = together(ids, await live(person, world))
    after = await crowd.see(person, both, written) + await crowd.told(sandbox)
    # What was written under the alias shows it, and it alone; the mask that nothing was behind is nowhere.
    assert traces(after, sides.never.union(*sides.masks)) == []
    assert joins(after, sides.username, *sides.aliases) == []
    assert traces(after, {alias}), "what was written under it shows it"


async def test_to_and_fro(app, sign_up, stranger, world, sandbox):
    """Five switches and a rename: each side by itself, and no earlier mask or username anywhere."""
    person = await newcomer(sign_up, world, username="river_7")
    crowd = await Crowd.gather(app, sign_up, stranger, person)
    written = [await worn_by(person)]
    for visibility in ("anonymous", "public", "anonymous", "public", "anonymous"):
        await switch(person, visibility)
        written.append(await worn_by(person))
        if len(written) == 4:
            await person.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    sides = await sides_of(person)
    after = await crowd.see(person, await live(person, world), written) + await crowd.told(sandbox)
    *earlier, _ = sides.masks
    assert traces(after, (sides.username | sides.never).union(*earlier)) == []
    assert joins(after, *sides.aliases, *sides.masks) == []
    (feed,) = [answer.body["items"] for answer in after if answer.request == "a feed"]
    # Three aliases, each for ever, and one mask for all that was written under either username.
    assert len({item["author"]["id"] for item in feed}) == 4


async def test_no_two_blocks_of_one_person_tell_that_it_is_one(sign_up, world):
    person, viewer = await newcomer(sign_up, world, username="river_7"), await sign_up()
    public = await worn_by(person)
    await switch(person, "anonymous")
    answers = [
        answer_of("a block", await viewer.ok("PUT", f"/v1/me/blocks/{author_id}"))
        for author_id in (public, await worn_by(person))
    ]
    assert answers[0].body["id"] != answers[1].body["id"]
    sides = await sides_of(person)
    assert traces(answers, sides.username.union(sides.never, *sides.aliases, *sides.masks)) == []


async def test_everything_that_names_a_person_is_a_persona(app):
    """No other table holds a public name: a copy would not change with the person."""
    rows = await fetch(
        """SELECT table_name, column_name FROM information_schema.columns
           WHERE table_schema = 'kuitter' AND data_type = 'text'
             AND column_name ~ '(user|public|author|persona|sender|display)_?name'
           ORDER BY 1, 2"""
    )
    assert [(row["table_name"], row["column_name"]) for row in rows] == [("users", "username")]


# -- the walk itself -----------------------------------------------------------------------------------------------


def test_a_trace_is_found_in_any_case_and_in_headers():
    answer = Answer("GET /x", 200, "location: /people/River_7\n{}", {})
    assert traces([answer], {"river_7"})
    assert not traces([answer], {"river_8"})


def test_two_sides_may_stand_in_one_list_and_not_in_one_item():
    apart = answer_of("a feed", {"items": [{"author": {"name": "A"}}, {"author": {"name": "B"}}], "next": None})
    nested = answer_of("a post", {"author": {"name": "A"}, "comments": [{"author": {"name": "B"}}]})
    joined = answer_of("a post", {"items": [{"author": {"name": "A"}, "edited": {"by": ["B"]}}]})
    page = Answer("GET /html", 200, "<p>A, once B</p>", None)
    assert joins([apart, nested], {'"A"'}, {'"B"'}) == []
    assert len(joins([joined], {'"A"'}, {'"B"'})) == 1
    assert len(joins([page], {"A,"}, {"once B"})) == 1


async def test_every_get_route_is_asked(app, person, world):
    from api.app import create_litestar

    asked = {re.sub(r"\?.*", "", answer.request) for answer in await walk(app, person, {"person": ["x"]}, ["xx"])}
    expected = {
        f"GET {route.path_format}"
        for route in create_litestar().routes
        if "GET" in route.methods and not route.path_format.startswith("/openapi/")
    }
    patterns = [re.compile(re.sub(r"{\w+}", "[^/]+", each)) for each in expected]
    assert all(any(pattern.fullmatch(each) for each in asked) for pattern in patterns)
    assert len(expected) >= 20


async def test_behind_the_ids_that_are_walked_stands_the_person(sign_up, world):
    person = await newcomer(sign_up, world, username="river_7")
    await switch(person, "anonymous")
    sides = await sides_of(person)
    assert len(sides.username) == 2
    assert [len(side) for side in (*sides.aliases, *sides.masks)] == [2, 2]
    assert str(account(person)) in sides.never
