"""Writing, reading, changing and deleting entries, and the list of them."""

import asyncio
import re
from uuid import UUID

import pytest

from domain.journal.entries import _LIST
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.journal.conftest import PATH, write
from tests.recovery.conftest import moment
from tests.routes.conftest import fields, problem

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


async def test_an_entry_from_writing_to_deleting(person):
    written = await write(person, "  The evening was hard.\u200b\r\nI went out. ", title=" Monday ")
    assert written == {
        "id": written["id"], "date": written["date"], "timezone": "Europe/Berlin", "title": "Monday",
        "body": "The evening was hard.\nI went out.", "share_with_anchor": True, "client_id": None,
        "created_at": written["created_at"], "updated_at": written["created_at"], "support": None,
    }  # fmt: skip
    path = f"{PATH}/{written['id']}"
    assert await person.ok("GET", path) == written
    assert (await person.ok("GET", PATH))["items"] == [written]
    assert (await person("DELETE", path)).status_code == 204
    assert await fetch("SELECT FROM journal_entries") == []
    assert (await person.ok("GET", PATH))["items"] == []
    for method, body in (("GET", None), ("PATCH", {"title": "Still?"}), ("DELETE", None)):
        problem(await person(method, path, json=body), 404, "not_found")


async def test_the_answer_of_writing_is_201(person):
    assert (await person("POST", PATH, json={"body": "x"})).status_code == 201


async def test_the_day_is_that_of_the_clocks_around_the_person_and_stays(live_in):
    person = await live_in("Pacific/Auckland", "2026-05-10 00:05")
    with clock.frozen(moment("2026-05-10 00:30", "Pacific/Auckland")):
        entry = await write(person.api)
    assert (entry["date"], entry["timezone"], entry["created_at"]) == (
        "2026-05-10", "Pacific/Auckland", "2026-05-09T12:30:00Z",
    )  # fmt: skip
    await person.moves("2026-05-10 12:00", "America/New_York")
    with clock.frozen(moment("2026-05-10 09:00", "America/New_York")):
        changed = await person.api.ok("PATCH", f"{PATH}/{entry['id']}", json={"body": "Later"})
    assert (changed["date"], changed["timezone"]) == ("2026-05-10", "Pacific/Auckland")
    assert changed["created_at"] == entry["created_at"] < changed["updated_at"] == "2026-05-10T13:00:00Z"


async def test_a_change_leaves_what_is_left_out(person):
    entry = await write(person, "One", title="Title", share_with_anchor=False)
    path = f"{PATH}/{entry['id']}"
    assert await person.ok("PATCH", path, json={}) == entry
    assert await person.ok("PATCH", path, json={"body": "One", "title": "Title"}) == entry, "nothing has changed"
    second = await person.ok("PATCH", path, json={"body": "Two"})
    assert (second["title"], second["body"], second["share_with_anchor"]) == ("Title", "Two", False)
    assert second["updated_at"] > entry["updated_at"]
    third = await person.ok("PATCH", path, json={"title": None, "share_with_anchor": True})
    assert (third["title"], third["body"], third["share_with_anchor"]) == (None, "Two", True)
    assert await person.ok("GET", path) == third


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "body", id="missing"),
        pytest.param({"body": ""}, "body", id="empty"),
        pytest.param({"body": " \n\u200b\u202e "}, "body", id="blank"),
        pytest.param({"body": None}, "body", id="null"),
        pytest.param({"body": 7}, "body", id="number"),
        pytest.param({"body": "x" * 20_001}, "body", id="long"),
        pytest.param({"body": "x", "title": "x" * 201}, "title", id="long title"),
        pytest.param({"body": "x", "title": 1}, "title", id="title no text"),
        pytest.param({"body": "x", "share_with_anchor": "yes"}, "share_with_anchor", id="no switch"),
        pytest.param({"body": "x", "share_with_anchor": None}, "share_with_anchor", id="null switch"),
        pytest.param({"body": "x", "mood": 3}, "mood", id="unknown"),
        pytest.param({"body": "x", "id": "1"}, "id", id="own id"),
        pytest.param({"body": "x", "client_id": ""}, "client_id", id="empty client_id"),
        pytest.param({"body": "x", "client_id": "x" * 101}, "client_id", id="long client_id"),
        pytest.param({"body": "x", "client_id": "a\nb"}, "client_id", id="client_id of two lines"),
    ],
)
async def test_what_is_no_entry(person, body, field):
    assert fields(await person("POST", PATH, json=body)) == [field]
    assert await fetch("SELECT FROM journal_entries") == []


async def test_what_is_no_change(person):
    entry = await write(person)
    path = f"{PATH}/{entry['id']}"
    for body, field in (
        ({"body": None}, "body"), ({"body": " "}, "body"), ({"body": "x" * 20_001}, "body"),
        ({"title": "x" * 201}, "title"), ({"date": "2026-01-01"}, "date"), ({"share_with_anchor": None},
        "share_with_anchor"), ({"client_id": "x"}, "client_id"),
    ):  # fmt: skip
        assert fields(await person("PATCH", path, json=body)) == [field]
    assert await person.ok("GET", path) == entry


@pytest.mark.parametrize(
    ("letter", "many"),
    [pytest.param("x", 20_000, id="ascii"), pytest.param("\u00e9", 20_000, id="accents"),
     pytest.param("\u4eca", 20_000, id="han"), pytest.param("\U0001f600", 20_000, id="emoji"),
     pytest.param("\ufdfa", 20_000, id="ligatures of 18 letters"), pytest.param(FAMILY, 6_000, id="families")],
)  # fmt: skip
async def test_the_longest_body_is_kept_whole_and_found(person, letter, many):
    entry = await write(person, letter * many, title=letter * 200)
    assert entry["body"] == letter * many
    assert entry["title"] == letter * 200
    (item,) = (await person.ok("GET", PATH, params={"q": letter}))["items"]
    assert item["id"] == entry["id"]
    assert fields(await person("PATCH", f"{PATH}/{entry['id']}", json={"title": letter * 201})) == ["title"]


async def test_what_is_too_large_to_carry_is_413(person):
    # 20,000 characters for a person, 500 KB for the wire.
    problem(await person("POST", PATH, json={"body": FAMILY * 20_000}), 413, "too_large")
    assert await fetch("SELECT FROM journal_entries") == []


async def test_marks_without_end_cost_nothing(person):
    entry = await write(person, "e" + "\u0323\u0301" * 60_000)
    assert len(entry["body"]) <= 31


async def test_nobody_else_sees_it(person, sign_up, stranger):
    other = await sign_up()
    entry = await write(person, "Mine alone")
    await write(other, "Theirs")
    path = f"{PATH}/{entry['id']}"
    for method, body in (("GET", None), ("PATCH", {"body": "Taken"}), ("DELETE", None)):
        problem(await other(method, path, json=body), 404, "not_found")
        problem(await stranger(method, path, json=body), 401)
    assert [one["body"] for one in (await other.ok("GET", PATH))["items"]] == ["Theirs"]
    assert (await other.ok("GET", PATH, params={"q": "mine"}))["items"] == []
    await write(person, "A second one")
    cursor_of_mine = (await person.ok("GET", PATH, params={"limit": 1}))["next_cursor"]
    seen = (await other.ok("GET", PATH, params={"cursor": cursor_of_mine}))["items"]
    assert {one["body"] for one in seen} <= {"Theirs"}
    assert await person.ok("GET", path) == entry


@pytest.mark.parametrize("entry_id", ["1", "not-an-id", "00000000-0000-0000-0000-000000000000", "%00", "é"])
async def test_an_id_that_cannot_be_is_404(person, entry_id):
    problem(await person("GET", f"{PATH}/{entry_id}"), 404, "not_found")


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_nothing_more_is_kept_once_the_consent_is_withdrawn(person, kind):
    entry = await write(person)
    await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{entry['id']}")):
        refused = problem(await person(method, path, json={"body": "More"}), 403, "consent_required")
        assert refused["kind"] == kind
    assert await person.ok("GET", f"{PATH}/{entry['id']}") == entry
    assert (await person("DELETE", f"{PATH}/{entry['id']}")).status_code == 204


async def asked_for_progress() -> int:
    return int(await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.progress'"))


async def test_goals_hear_of_writing_and_deleting_and_of_nothing_else(person, drain):
    entry = await write(person)
    assert await asked_for_progress() == 1
    await drain()
    await person.ok("PATCH", f"{PATH}/{entry['id']}", json={"body": "Changed"})
    await person.ok("GET", PATH)
    assert await asked_for_progress() == 0
    await person("DELETE", f"{PATH}/{entry['id']}")
    assert await asked_for_progress() == 1
    await drain()
    await person("DELETE", f"{PATH}/{entry['id']}")
    assert await asked_for_progress() == 0


# -- the same again, and many at once ------------------------------------------------------------------------------


async def test_fifty_with_one_client_id_are_one(person):
    answers = await asyncio.gather(*(write(person, f"Try {n}", client_id="e-1") for n in range(50)))
    assert len({answer["id"] for answer in answers}) == 1
    assert len({answer["body"] for answer in answers}) == 1
    assert len(await fetch("SELECT FROM journal_entries")) == 1
    assert await asked_for_progress() == 1


async def test_fifty_with_one_key_are_one(person):
    body, headers = {"body": "Once"}, {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(person("POST", PATH, json=body, headers=headers) for _ in range(50)))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code != 201:
            problem(answer, 409, "idempotency_in_progress")
    again = await person("POST", PATH, json=body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, made.pop())
    problem(await person("POST", PATH, json={"body": "Other"}, headers=headers), 409, "idempotency_conflict")
    assert len(await fetch("SELECT FROM journal_entries")) == 1


async def test_fifty_entries_at_once_are_fifty(person):
    await asyncio.gather(*(write(person, f"Entry {n}") for n in range(50)))
    page = await person.ok("GET", PATH, params={"limit": 100})
    assert {item["body"] for item in page["items"]} == {f"Entry {n}" for n in range(50)}


async def test_client_ids_of_different_people_have_nothing_to_do_with_each_other(person, sign_up):
    other = await sign_up()
    assert (await write(person, client_id="e-1"))["id"] != (await write(other, client_id="e-1"))["id"]


async def test_a_key_whose_entry_is_deleted_does_not_bring_it_back(person):
    headers = {"Idempotency-Key": "k-1"}
    entry = await person.ok("POST", PATH, json={"body": "Gone"}, headers=headers)
    await person("DELETE", f"{PATH}/{entry['id']}")
    problem(await person("POST", PATH, json={"body": "Gone"}, headers=headers), 404)
    assert await fetch("SELECT FROM journal_entries") == []


async def test_fifty_changes_at_once_leave_words_of_what_stands(person):
    entry = await write(person, "start", title="start")
    path = f"{PATH}/{entry['id']}"
    await asyncio.gather(
        *(person.ok("PATCH", path, json={("title" if n % 2 else "body"): f"number{n}"}) for n in range(50))
    )
    stands = await person.ok("GET", path)
    words = await fetch("SELECT lexeme, positions FROM journal_entries, unnest(search)")
    assert {row["lexeme"]: row["positions"] for row in words} == {stands["title"]: [1], stands["body"]: [3]}


async def test_changes_and_a_deletion_at_once(person):
    entry = await write(person)
    path = f"{PATH}/{entry['id']}"
    changes = [person("PATCH", path, json={"body": f"Change {n}"}) for n in range(20)]
    *changed, deleted = await asyncio.gather(*changes, person("DELETE", path))
    assert deleted.status_code == 204
    assert {answer.status_code for answer in changed} <= {200, 404}
    assert await fetch("SELECT FROM journal_entries") == []


async def test_many_deletions_at_once_are_one(person):
    entry = await write(person)
    answers = await asyncio.gather(*(person("DELETE", f"{PATH}/{entry['id']}") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 19


# -- the list ------------------------------------------------------------------------------------------------------


async def many(person, count):
    """So many entries of the person, one an hour, made by SQL."""
    await execute(
        """INSERT INTO journal_entries (id, user_id, timezone, local_date, body, created_at, updated_at, search)
           SELECT gen_random_uuid(), $1, 'UTC', (at AT TIME ZONE 'UTC')::date, 'entry ' || n, at, at,
                  ('entry:1 ' || n || ':2')::tsvector
           FROM generate_series(1, $2::int) AS n,
                LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '1 hour') AS of (at)""",
        UUID(person.user["id"]), count,
    )  # fmt: skip


async def walk(person, **query):
    pages, cursor = [], None
    while True:
        page = await person.ok("GET", PATH, params={**query, **({"cursor": cursor} if cursor else {})})
        pages.append([item["body"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


async def test_pages_hold_everything_once_newest_first(person):
    await many(person, 45)
    pages = await walk(person)
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [body for page in pages for body in page] == [f"entry {n}" for n in range(45, 0, -1)]


async def test_entries_of_one_instant_are_all_listed(person):
    with clock.frozen(moment("2026-05-10 12:00", "Europe/Berlin")):
        bodies = {(await write(person, f"entry {n}"))["body"] for n in range(5)}
    listed = [body for page in await walk(person, limit=2) for body in page]
    assert len(listed) == 5
    assert set(listed) == bodies


async def test_a_search_stays_where_it_is_while_entries_come_and_go(person):
    await many(person, 30)
    first = await person.ok("GET", PATH, params={"q": "entry", "limit": 10})
    await write(person, "entry that is new")
    await person("DELETE", f"{PATH}/{first['items'][-1]['id']}")
    rest = await person.ok("GET", PATH, params={"q": "entry", "limit": 100, "cursor": first["next_cursor"]})
    assert [item["body"] for item in rest["items"]] == [f"entry {n}" for n in range(20, 0, -1)]


async def test_days_from_and_to(person):
    await many(person, 72)

    async def days(**query):
        return sorted(
            {item["date"] for item in (await person.ok("GET", PATH, params={**query, "limit": 100}))["items"]}
        )

    assert await days(**{"from": "2026-01-03"}) == ["2026-01-03", "2026-01-04"]
    assert await days(to="2026-01-01") == ["2026-01-01"]
    assert await days(**{"from": "2026-01-02", "to": "2026-01-02"}) == ["2026-01-02"]
    assert await days(**{"from": "0001-01-01", "to": "9999-12-31"}) == [f"2026-01-0{n}" for n in (1, 2, 3, 4)]
    assert await days(**{"from": "2026-01-02", "to": "2026-01-02", "q": "entry"}) == ["2026-01-02"]
    for query, field in (
        ({"from": "2026-01-03", "to": "2026-01-02"}, "from"), ({"from": "yesterday"}, "from"),
        ({"to": "2026-13-01"}, "to"), ({"limit": 101}, "limit"), ({"cursor": "x"}, "cursor"),
        ({"q": "!!!", "cursor": "x"}, "cursor"),
    ):  # fmt: skip
        assert fields(await person("GET", PATH, params=query)) == [field]


async def test_a_plan_walks_the_person_s_own_entries_only(person, sign_up):
    others = [await sign_up() for _ in range(3)]
    for somebody in (person, *others):
        await many(somebody, 2000)
    await execute("ANALYZE journal_entries")
    literals = {
        "$1": f"'{person.user['id']}'", "$2": "NULL", "$3": "NULL", "$4": "NULL", "$5": "NULL", "$7": "21",
    }  # fmt: skip
    for wanted in ("NULL", "'''entry'':*'", "'''nowhere'':*'"):
        statement = _LIST.replace("$6", wanted)
        for place, literal in literals.items():
            statement = statement.replace(place, literal)
        plan = "\n".join(row[0] for row in await fetch(f"EXPLAIN {statement}"))
        scanned = re.findall(r"(?:Index Scan using|Bitmap Index Scan on|Seq Scan on) (\w+)", plan)
        assert set(scanned) <= {"journal_entries_list", "journal_entries_days"}, plan
        assert re.search(r"Index Cond: \(+user_id = ", plan), plan
        if "nowhere" not in wanted:
            assert scanned == ["journal_entries_list"], plan
            assert "Sort" not in plan, "a page ends the walk"
