"""POST /v1/reports: who may report what, and what comes of the same again (api; semantics, "Community")."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.ids import new_id
from domain.reports import reporting
from domain.reports.reasons import Reason, in_words
from domain.reports.review import resolve
from tests.community.conftest import comment, make_group, post
from tests.reports.conftest import report, reported, rows
from tests.routes.conftest import problem

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
TYPES = ("post", "comment", "user", "group", "partner_message", "anchor_message")


async def anchor_message(person, role="anchor", body="Be kind to yourself."):
    message_id = new_id()
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at)
           VALUES ($1, $2, $3, 'chat', 'done', $4, $5)""",
        message_id, UUID(person.user["id"]), role, body, clock.now(),
    )  # fmt: skip
    return str(message_id)


# -- what ----------------------------------------------------------------------------------------------------------


async def test_a_post_with_what_it_looked_like(writer, person):
    author = await writer(username="anna_a")
    written = await post(author, "Buy my pills")
    made = await reported(person, "post", written["id"], "spam", details="  He writes this every day.\u200b ")
    assert set(made) == {"id", "target_type", "target_id", "reason", "state", "created_at"}
    assert (made["target_type"], made["target_id"], made["reason"], made["state"]) == (
        "post", written["id"], "spam", "open",
    )  # fmt: skip
    [row] = await rows(written["id"])
    assert row["details"] == "He writes this every day."
    assert row["target_user_id"] == UUID(author.user["id"])
    snapshot = msgspec.json.decode(row["snapshot"])
    assert (snapshot["text"], snapshot["author_name"], snapshot["author_id"]) == (
        "Buy my pills", "anna_a", written["author"]["id"],
    )  # fmt: skip
    assert datetime.fromisoformat(snapshot["written_at"]) == datetime.fromisoformat(written["created_at"])


async def test_the_snapshot_bears_the_name_that_others_see(writer, person):
    author = await writer(username="anna_a", visibility="anonymous")
    written = await post(author)
    await reported(person, "post", written["id"])
    [row] = await rows(written["id"])
    assert msgspec.json.decode(row["snapshot"])["author_name"] == written["author"]["name"] != "anna_a"


async def test_every_other_target(writer, person):
    author = await writer(username="anna_a")
    written = await post(author)
    said = await comment(author, written["id"], "Bad advice")
    group = await make_group("Nights")
    anchors = await anchor_message(person)
    for target_type, target_id, text in (
        ("comment", said["id"], "Bad advice"),
        ("user", written["author"]["id"], None),
        ("group", group, "Nights\nFor the hours after work"),
        ("anchor_message", anchors, "Be kind to yourself."),
    ):
        await reported(person, target_type, target_id)
        [row] = await rows(target_id)
        assert msgspec.json.decode(row["snapshot"]).get("text") == text, target_type
        assert row["target_user_id"] == (UUID(author.user["id"]) if target_type in ("comment", "user") else None)


@pytest.mark.parametrize("reason", get_args(Reason))
async def test_every_reason(writer, person, reason):
    written = await post(await writer())
    assert (await reported(person, "post", written["id"], reason))["reason"] == reason
    assert in_words([reason, reason])


@pytest.mark.parametrize("target_type", TYPES)
async def test_what_is_not_there_answers_alike(person, target_type):
    problem(await report(person, target_type, str(uuid4())), 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"target_type": "story"}, {"reason": "ugly"}, {"target_id": "x"}, {"details": "x" * 1001}, {"details": 5},
        {"more": 1}, {"target_id": None},
    ],
    ids=["type", "reason", "id", "long", "number", "unknown", "null"],
)  # fmt: skip
async def test_a_wrong_shape_is_refused(person, change):
    body = {"target_type": "post", "target_id": str(uuid4()), "reason": "spam", **change}
    problem(await person("POST", "/v1/reports", json=body), 400, "invalid_request")


async def test_details_are_counted_in_characters_that_people_see(writer, person):
    written = await post(await writer())
    family = "👨‍👩‍👧"
    problem(await report(person, "post", written["id"], details=family * 1001), 400, "invalid_request")
    await reported(person, "post", written["id"], details=family * 1000)


# -- who -----------------------------------------------------------------------------------------------------------


async def test_nobody_reports_themselves(writer):
    author = await writer(username="anna_a")
    written = await post(author)
    said = await comment(author, written["id"])
    await author.ok("PUT", "/v1/me/visibility", json={"visibility": "anonymous"})
    for target_type, target_id in (
        ("post", written["id"]), ("comment", said["id"]), ("user", written["author"]["id"]),
    ):  # fmt: skip
        problem(await report(author, target_type, target_id), 422, "cannot_report_oneself")


async def test_what_is_in_a_group_is_for_its_members(writer, person):
    author, group = await writer(), await make_group()
    await author.ok("PUT", f"/v1/groups/{group}/membership")
    written = await post(author, group_id=group)
    said = await comment(author, written["id"])
    for target_type, target_id in (("post", written["id"]), ("comment", said["id"])):
        problem(await report(person, target_type, target_id), 404, "not_found")
    await person.ok("PUT", f"/v1/groups/{group}/membership")
    for target_type, target_id in (("post", written["id"]), ("comment", said["id"])):
        await reported(person, target_type, target_id)
    [row] = await rows(written["id"])
    assert msgspec.json.decode(row["snapshot"])["group_id"] == group


@pytest.mark.parametrize("blocker", ["the one who reports", "the one reported"])
async def test_a_block_either_way_does_not_stop_a_report(writer, blocker):
    author, reader = await writer(), await writer()
    written, other = await post(author), await post(reader)
    said = await comment(author, written["id"])
    one, whom = (reader, written) if blocker == "the one who reports" else (author, other)
    await one.ok("PUT", f"/v1/me/blocks/{whom['author']['id']}")
    assert (await reader("GET", f"/v1/posts/{written['id']}")).status_code == 404
    for target_type, target_id in (
        ("post", written["id"]), ("comment", said["id"]), ("user", written["author"]["id"]),
    ):  # fmt: skip
        await reported(reader, target_type, target_id)


async def test_a_former_id_of_somebody_can_be_reported(writer, person):
    author = await writer(username="anna_a")
    old = (await post(author))["author"]["id"]
    await author.ok("PUT", "/v1/me/visibility", json={"visibility": "anonymous"})
    alias = (await post(author))["author"]["id"]
    await author.ok("PUT", "/v1/me/visibility", json={"visibility": "public"})
    made = [await reported(person, "user", author_id) for author_id in (old, alias)]
    # Two reports, or the answer would tell that the two ids are one person.
    assert made[0]["id"] != made[1]["id"]


async def test_whoever_is_away_takes_their_things_along(writer, person):
    author, suspended = await writer(), await writer()
    written, others = await post(author), await post(suspended)
    said = await comment(await writer(), others["id"])
    await execute("UPDATE users SET state = 'suspended' WHERE id = $1", UUID(suspended.user["id"]))
    # They may be reported as a person still; what they wrote is nowhere, nor what stands under it.
    problem(await report(person, "post", others["id"]), 404, "not_found")
    problem(await report(person, "comment", said["id"]), 404, "not_found")
    await reported(person, "user", others["author"]["id"])
    await author.ok("DELETE", f"/v1/posts/{written['id']}")
    problem(await report(person, "post", written["id"]), 404, "not_found")


async def test_what_moderators_took_out_of_sight_is_not_there(writer, people):
    author, (one, other) = await writer(), await people(2)
    written = await post(author)
    said = await comment(author, written["id"])
    await reported(one, "post", written["id"])
    await resolve("post", UUID(written["id"]), "upheld")
    for target_type, target_id in (("post", written["id"]), ("comment", said["id"])):
        for person in (one, other):
            problem(await report(person, target_type, target_id), 404, "not_found")


async def test_only_what_anchor_said_to_oneself(person, sign_up):
    other = await sign_up()
    problem(await report(person, "anchor_message", await anchor_message(other)), 404, "not_found")
    problem(await report(person, "anchor_message", await anchor_message(person, role="person")), 404, "not_found")


async def test_no_consent_and_no_confirmed_address_are_needed(writer, sign_up):
    newcomer = await sign_up()
    await reported(newcomer, "post", (await post(await writer()))["id"])


# -- the same again ------------------------------------------------------------------------------------------------


async def test_the_same_again_is_the_same_report(writer, person):
    written = await post(await writer())
    first = await report(person, "post", written["id"], "spam")
    again = await report(person, "post", written["id"], "hate", details="It got worse.")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    [row] = await rows(written["id"])
    # Words that were missing are taken; those that are there stay.
    assert row["details"] == "It got worse."
    await report(person, "post", written["id"], details="Something else")
    [row] = await rows(written["id"])
    assert row["details"] == "It got worse."


@pytest.mark.parametrize("target", ["post", "user"])
async def test_fifty_times_at_once_is_one_report(writer, person, target):
    written = await post(await writer())
    target_id = written["id"] if target == "post" else written["author"]["id"]
    answers = await asyncio.gather(*(report(person, target, target_id) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await rows(target_id)) == 1


@pytest.mark.parametrize("outcome", ["upheld", "dismissed"])
async def test_after_the_review_a_new_report_is_possible(writer, people, outcome):
    author, [person] = await writer(), await people(1)
    target = (await post(author))["author"]["id"]
    first = await reported(person, "user", target)
    await resolve("user", UUID(target), outcome)
    second = await reported(person, "user", target)
    assert second["id"] != first["id"]
    assert [row["state"] for row in await rows(target)] == [outcome, "open"]


async def test_an_idempotency_key_answers_with_the_first_report(writer, person):
    written = await post(await writer())
    key = {"Idempotency-Key": "r-1"}
    first = await report(person, "post", written["id"], headers=key)
    again = await report(person, "post", written["id"], headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    problem(await report(person, "post", written["id"], "hate", headers=key), 409, "idempotency_conflict")
    # Under another key it was there before, also when that is repeated.
    other = {"Idempotency-Key": "r-2"}
    answers = [await report(person, "post", written["id"], headers=other) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    # As it is by now.
    await resolve("post", UUID(written["id"]), "dismissed")
    later = await report(person, "post", written["id"], headers=key)
    assert later.json() == {**first.json(), "state": "dismissed"}
    assert len(await rows(written["id"])) == 1


async def test_a_flood_is_stopped_and_ends_by_itself(writer, person, monkeypatch):
    monkeypatch.setattr(reporting, "A_DAY", 3)
    author = await writer()
    with clock.frozen(NOON):
        posts = [await post(author, f"Number {number}") for number in range(6)]
        statuses = await asyncio.gather(*(report(person, "post", one["id"]) for one in posts))
        assert sorted(answer.status_code for answer in statuses) == [201] * 3 + [429] * 3
        [refused, *_] = [answer for answer in statuses if answer.status_code == 429]
        problem(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == str(24 * 3600)
        # What is reported already is answered all the same.
        [taken, *_] = [answer for answer in statuses if answer.status_code == 201]
        assert (await report(person, "post", taken.json()["target_id"])).status_code == 200
    with clock.frozen(NOON + timedelta(hours=24)):
        left = [one for one in posts if not await rows(one["id"])]
        assert (await report(person, "post", left[0]["id"])).status_code == 201


async def test_ones_own_reports_are_nobody_elses(writer, people):
    """Nothing about them can be read: not by others, and not by the author."""
    author, [person] = await writer(), await people(1)
    written = await post(author)
    await reported(person, "post", written["id"])
    assert await author.ok("GET", f"/v1/posts/{written['id']}") == written
    assert (await author("GET", "/v1/reports")).status_code in (404, 405)
    assert await fetch_value("SELECT count(*) FROM notifications") == 0
