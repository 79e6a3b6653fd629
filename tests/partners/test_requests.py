"""Asking, answering, withdrawing (api, "Partners"; semantics, "Partners")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.partners import expiry
from tests.accounts.people import switch, worn_by
from tests.community.conftest import bring_back, take_away
from tests.conftest import Api
from tests.partners.asking import (
    REQUESTS,
    accepts,
    asked,
    asks,
    between,
    declines,
    notices,
    partnered,
    partners,
    rows,
    strangers,
    waiting,
    withdraws,
)
from tests.partners.talking import block, id_of
from tests.routes.conftest import fields, problem

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def name_of(person: Api) -> str:
    name: str = (await person.ok("GET", "/v1/me"))["public_name"]
    return name


# -- asking --------------------------------------------------------------------------------------------------------


async def test_a_request_as_both_see_it(anna, ben, told_live):
    with clock.frozen(NOON):
        answer = await asks(anna, ben, "  Shall we?\u200b ")
        [theirs] = (await ben.ok("GET", REQUESTS))["items"]
        [mine] = (await anna.ok("GET", REQUESTS, params={"direction": "outgoing"}))["items"]
    assert answer.status_code == 201
    made = answer.json()
    assert mine == made == {
        "id": made["id"], "direction": "outgoing", "status": "pending", "message": "Shall we?",
        "author": {"id": str(await worn_by(ben)), "name": await name_of(ben), "avatar_url": None, "is_me": False},
        "requested_at": "2026-12-01T12:00:00Z", "expires_at": "2026-12-31T12:00:00Z", "partnership_id": None,
        "support": None,
    }  # fmt: skip
    asker = {"id": str(await worn_by(anna)), "name": "anna_a", "avatar_url": None, "is_me": False}
    assert theirs == {**made, "direction": "incoming", "author": asker}
    # And to nobody else, nor the other way round.
    assert await waiting(anna) == await waiting(ben, "outgoing") == []
    assert told_live == [(ben.user["id"], "partner.request", made["id"])]
    assert await notices(ben) == ["partner_request"]
    assert await notices(anna) == []


async def test_the_notification_names_nobody_and_leads_to_the_requests(anna, ben):
    await asked(anna, ben, "Shall we?")
    [told] = (await ben.ok("GET", "/v1/notifications"))["items"]
    assert (told["title"], told["deep_link"]) == (
        "Somebody would like to be your partner", "kuitter://partners/requests",
    )  # fmt: skip
    assert "anna" not in str(told)
    assert "Shall" not in str(told)


async def test_again_it_is_the_same_request(anna, ben):
    first = await asked(anna, ben, "Shall we?")
    again = await asks(anna, ben, "Another text")
    assert (again.status_code, again.json()) == (200, first)
    assert await rows() == [("pending", 1)]
    assert await notices(ben) == ["partner_request"]


async def test_under_a_key_it_is_answered_as_the_first_time(anna, ben):
    answers = [await asks(anna, ben, key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    problem(await asks(anna, ben, "another body", key="one"), 409, "idempotency_conflict")
    # What a key was first answered with, it is again: here that it was there already.
    assert [(await asks(anna, ben, key="two")).status_code for _ in range(2)] == [200, 200]
    # A refusal is not told by a replay.
    await declines(ben, answers[0].json()["id"])
    assert (await asks(anna, ben, key="one")).json()["status"] == "closed"


async def test_what_is_no_request(anna):
    someone = str(uuid4())
    for body, field in (
        ({}, "to"), ({"to": "x"}, "to"), ({"to": None}, "to"), ({"to": someone, "message": "é" * 301}, "message"),
        ({"to": someone, "message": 5}, "message"), ({"to": someone, "from": "x"}, "from"),
    ):  # fmt: skip
        assert fields(await anna("POST", REQUESTS, json=body)) == [field]


async def test_a_message_of_300_letters_and_one_of_blanks(anna, ben, writer):
    assert (await asked(anna, ben, "👨‍👩‍👧" * 300))["message"] == "👨‍👩‍👧" * 300
    assert (await asked(anna, await writer(), " \u200b\n"))["message"] is None


async def test_what_may_not_be_said(anna, ben):
    for text, reason in (("see www.example.com", "link"), ("call me: +49 170 1234567", "contact_data")):
        refused = problem(await asks(anna, ben, text), 422, "content_refused")
        assert (refused["reason"], refused["field"]) == (reason, "message")
    assert await rows() == []


async def test_words_of_danger_are_answered_with_support(anna, ben):
    answer = await asks(anna, ben, "I want to kill myself tonight")
    assert answer.status_code == 201
    assert answer.json()["support"]["resources"]
    [theirs] = (await ben.ok("GET", REQUESTS))["items"]
    assert theirs["support"] is None
    # Also where it is refused.
    assert problem(await asks(anna, anna, "I want to kill myself tonight"), 422)["support"]["resources"]


async def test_oneself(anna):
    problem(await asks(anna, anna), 422, "cannot_partner_oneself")


async def test_without_the_rules_or_a_confirmed_address(sign_up, writer, ben):
    new = await sign_up()
    problem(await asks(new, ben), 403, "email_unverified")
    await execute("UPDATE users SET email_verified_at = now() WHERE id = $1", id_of(new))
    assert problem(await asks(new, ben), 403, "consent_required")["kind"] == "community_rules"
    await new.ok("PUT", "/v1/me/consents/community_rules", json={"granted": True})
    await asked(new, ben)
    # It is the asking that reaches out to others: an answer needs nothing.
    unready = await sign_up()
    request_id = (await asked(new, unready))["id"]
    assert (await accepts(unready, request_id)).status_code == 200


async def test_whoever_cannot_be_asked_is_like_nobody(anna, ben, writer):
    """Unknown, suspended, leaving, blocked either way, of another age, a former name, a mask: all one answer."""
    blocked, blocking, child = await writer(), await writer(), await writer(birth_date="2012-01-01")
    suspended, leaving, switched = await writer(), await writer(), await writer(username="river_7")
    await block(anna, blocked)
    await block(blocking, anna)
    await take_away(suspended, "suspended")
    await take_away(leaving, "deleting")
    former = str(await worn_by(switched))
    await switch(switched, "anonymous")
    mask = await fetch_value("SELECT mask_id FROM users WHERE id = $1", id_of(switched))
    answers = [await asks(anna, str(uuid4()))]
    answers += [await asks(anna, other) for other in (blocked, blocking, child, suspended, leaving, former, str(mask))]
    bodies = [{**problem(answer, 404, "not_found"), "request_id": None} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    problem(await asks(child, anna), 404, "not_found")
    assert await rows() == []
    # And among children as among adults.
    await asked(child, await writer(birth_date="2011-01-01"))
    await asked(anna, switched)


async def test_a_third_person_finds_nothing_and_the_wrong_side_may_not(anna, ben, writer):
    third = await writer()
    request_id = (await asked(anna, ben))["id"]
    for person, status, code in ((anna, 403, "forbidden"), (third, 404, "not_found")):
        problem(await accepts(person, request_id), status, code)
        problem(await declines(person, request_id), status, code)
    for person, status, code in ((ben, 403, "forbidden"), (third, 404, "not_found")):
        problem(await withdraws(person, request_id), status, code)
    for path in (f"{REQUESTS}/x/accept", f"{REQUESTS}/x/decline", f"{REQUESTS}/{uuid4()}/accept"):
        problem(await ben("POST", path), 404, "not_found")
    problem(await ben("DELETE", "/v1/partners/" + request_id), 404, "not_found")
    problem(await ben("GET", "/v1/partners/" + request_id), 404, "not_found")
    assert await rows() == [("pending", 1)]


# -- crossing, accepting -------------------------------------------------------------------------------------------


async def test_requests_that_cross_are_a_partnership(anna, ben, told_live):
    first = (await asked(anna, ben))["id"]
    told_live.clear()
    crossed = await asked(ben, anna)
    assert (crossed["id"], crossed["status"], crossed["partnership_id"]) == (first, "partners", first)
    assert await rows() == [("partners", 1)]
    # Once each, and what told of the request is gone.
    assert (await notices(anna), await notices(ben)) == (["partner_accepted"], ["partner_accepted"])
    assert sorted(told_live) == sorted((who.user["id"], "partner.request", first) for who in (anna, ben))
    for person in (anna, ben):
        assert [each["id"] for each in await partners(person)] == [first]
        assert await waiting(person) == await waiting(person, "outgoing") == []
        problem(await asks(person, ben if person is anna else anna), 409, "already_partners")


async def test_accepting(anna, ben, told_live):
    with clock.frozen(NOON):
        request_id = (await asked(anna, ben, "Shall we?"))["id"]
    told_live.clear()
    with clock.frozen(NOON + DAY):
        answer = await accepts(ben, request_id)
    assert answer.status_code == 200
    # As a crossing request is answered.
    author = {"id": str(await worn_by(anna)), "name": "anna_a", "avatar_url": None, "is_me": False}
    assert answer.json() == {
        "id": request_id, "direction": "incoming", "status": "partners", "message": "Shall we?", "author": author,
        "requested_at": "2026-12-01T12:00:00Z", "expires_at": "2026-12-31T12:00:00Z", "partnership_id": request_id,
        "support": None,
    }  # fmt: skip
    assert await ben.ok("GET", f"/v1/partners/{request_id}") == {
        "id": request_id, "state": "partners", "since": "2026-12-02T12:00:00Z", "ended_at": None, "streak": None,
        "partner": author, "unread_count": 0, "last_message": None,
    }  # fmt: skip
    # Who asked is told; who accepted knows, and their request does not wait any more.
    assert (await notices(anna), await notices(ben)) == (["partner_accepted"], [])
    [told] = (await anna.ok("GET", "/v1/notifications"))["items"]
    assert (told["title"], told["deep_link"]) == ("You have a new partner", f"kuitter://partners/{request_id}")
    assert sorted(told_live) == sorted((who.user["id"], "partner.request", request_id) for who in (anna, ben))
    again = await accepts(ben, request_id)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert await notices(anna) == ["partner_accepted"]
    problem(await declines(ben, request_id), 409, "request_closed")
    problem(await withdraws(anna, request_id), 409, "request_closed")


async def test_an_answered_request_takes_no_other_answer(anna, ben, writer):
    carla = await writer()
    first, second = (await asked(anna, ben))["id"], (await asked(anna, carla))["id"]
    declined = await declines(ben, first)
    assert (declined.status_code, declined.json()["status"]) == (200, "declined")
    assert (await declines(ben, first)).json() == declined.json()
    problem(await accepts(ben, first), 409, "request_closed")
    assert (await withdraws(anna, second)).status_code == 204
    problem(await accepts(carla, second), 409, "request_closed")
    problem(await declines(carla, second), 409, "request_closed")
    # Withdrawing what was declined tells nothing of it.
    assert [(await withdraws(anna, each)).status_code for each in (first, second)] == [204, 204]
    assert await rows() == [("declined", 1), ("withdrawn", 1)]


async def test_declining_and_withdrawing_are_silent(anna, ben, writer, told_live):
    carla = await writer()
    first, second = (await asked(anna, ben))["id"], (await asked(anna, carla))["id"]
    told_live.clear()
    await declines(ben, first)
    await withdraws(anna, second)
    assert [await notices(each) for each in (anna, ben, carla)] == [[], [], []]
    assert told_live == []
    assert await waiting(anna, "outgoing") == await waiting(ben) == await waiting(carla) == []


async def test_what_was_read_stays_in_the_inbox(anna, ben):
    request_id = (await asked(anna, ben))["id"]
    await ben.ok("POST", "/v1/notifications/read-all")
    await withdraws(anna, request_id)
    assert await notices(ben) == ["partner_request"]


# -- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [True, False], ids=["swept", "before the sweep"])
async def test_a_request_expires_after_30_days(anna, ben, job):
    with clock.frozen(NOON):
        request_id = (await asked(anna, ben))["id"]
    with clock.frozen(NOON + 30 * DAY - SECOND):
        assert await expiry.expire_requests() == 0
        assert await waiting(ben) == [request_id]
    with clock.frozen(NOON + 30 * DAY):
        if job:
            assert await expiry.expire_requests() == 1
            assert await expiry.expire_requests() == 0
            assert await notices(ben) == []
        assert await waiting(ben) == await waiting(anna, "outgoing") == []
        problem(await accepts(ben, request_id), 409, "request_closed")
        problem(await declines(ben, request_id), 409, "request_closed")
        problem(await asks(anna, ben), 409, "request_cooldown")
    # The pause began when it expired, not when that was noted.
    with clock.frozen(NOON + 37 * DAY):
        assert (await asked(anna, ben))["id"] != request_id
        assert await notices(ben) == ["partner_request"]
    assert await fetch_value("SELECT closed_at FROM partnerships WHERE id = $1", UUID(request_id)) == NOON + 30 * DAY


async def close_by(how, anna, ben, request_id):
    if how == "declined":
        await declines(ben, request_id)
    elif how == "withdrawn":
        await withdraws(anna, request_id)
    else:
        await execute("UPDATE partnerships SET expires_at = $1", clock.now())


async def test_seven_days_pass_after_each_end_alike(anna, writer):
    others = {how: await writer() for how in ("declined", "withdrawn", "expired")}
    texts = set()
    with clock.frozen(NOON):
        for how, other in others.items():
            await close_by(how, anna, other, (await asked(anna, other))["id"])
    for how, other in others.items():
        with clock.frozen(NOON + 7 * DAY - SECOND):
            texts.add(problem(await asks(anna, other), 409, "request_cooldown")["detail"])
        with clock.frozen(NOON + 7 * DAY):
            assert (await asked(anna, other))["status"] == "pending", how
    assert len(texts) == 1


async def test_the_other_may_ask_at_any_time(anna, ben):
    await declines(ben, (await asked(anna, ben))["id"])
    request_id = (await asked(ben, anna))["id"]
    # To answer is not to ask again.
    assert (await asked(anna, ben))["partnership_id"] == request_id


async def test_after_an_end_there_is_no_pause(anna, ben):
    first = await partnered(anna, ben)
    await anna("DELETE", f"/v1/partners/{first}")
    assert await partnered(anna, ben) != first
    assert await rows() == [("ended", 1), ("partners", 1)]


# -- limits --------------------------------------------------------------------------------------------------------


async def test_at_most_20_requests_wait(anna, ben):
    others = await strangers(20)
    await between(id_of(anna), others[:19], "pending")
    last = await asked(anna, ben)
    problem(await asks(anna, str(others[19])), 409, "too_many_requests_open")
    # The same one again is none more, and answering is none at all.
    assert (await asks(anna, ben)).status_code == 200
    await withdraws(anna, last["id"])
    await asked(anna, str(others[19]))


async def test_expired_requests_do_not_count(anna, ben):
    with clock.frozen(NOON):
        await between(id_of(anna), await strangers(20), "pending")
    with clock.frozen(NOON + 30 * DAY):
        await asked(anna, ben)


async def test_at_most_10_partners_on_either_side(anna, ben, writer):
    carla, others = await writer(), await strangers(10)
    await between(id_of(anna), others[:9], "partners")
    before, after = (await asked(anna, ben))["id"], (await asked(carla, anna))["id"]
    await accepts(ben, before)
    problem(await asks(anna, str(others[9])), 409, "too_many_partners")
    problem(await accepts(anna, after), 409, "too_many_partners")
    await declines(anna, after)
    # Also if it is the other who has ten, and where requests cross.
    waits = (await asked(ben, carla))["id"]
    await between(id_of(ben), others[:9], "partners")
    problem(await accepts(carla, waits), 409, "too_many_partners")
    problem(await asks(carla, ben), 409, "too_many_partners")
    await ben("DELETE", f"/v1/partners/{before}")
    assert (await accepts(carla, waits)).status_code == 200


# -- people who come and go ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["suspended", "deleting"])
async def test_who_is_away_is_in_no_list_and_comes_back(anna, ben, state):
    request_id = (await asked(anna, ben))["id"]
    await take_away(anna, state)
    assert await waiting(ben) == []
    problem(await accepts(ben, request_id), 404, "not_found")
    problem(await declines(ben, request_id), 404, "not_found")
    await bring_back(anna)
    await take_away(ben, state)
    assert await waiting(anna, "outgoing") == []
    await bring_back(ben)
    assert await waiting(ben) == [request_id]


async def test_a_block_ends_requests_both_ways(anna, ben, writer):
    carla = await writer()
    await asked(anna, ben)
    await asked(carla, anna)
    blocks = [await block(anna, each) for each in (ben, carla)]
    assert [await waiting(anna, each) for each in ("incoming", "outgoing")] == [[], []]
    assert await waiting(ben) == await waiting(carla, "outgoing") == []
    assert [await notices(each) for each in (anna, ben, carla)] == [[], [], []]
    for block_id in blocks:
        await anna("DELETE", f"/v1/me/blocks/{block_id}")
    # It stays ended, and looks as if it had been withdrawn or declined.
    assert await rows() == [("declined", 1), ("withdrawn", 1)]
    problem(await asks(carla, anna), 409, "request_cooldown")


async def test_lists_in_pages_newest_first(anna, writer, unlimited):
    people = [await writer() for _ in range(5)]
    made = [(await asked(each, anna))["id"] for each in people]
    seen, cursor = [], None
    while True:
        page = await anna.ok("GET", REQUESTS, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen.append([item["id"] for item in page["items"]])
        if len(seen) == 1:
            # The one that the cursor stands on goes.
            await withdraws(people[3], made[3])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert fields(await anna("GET", f"{REQUESTS}?cursor=x")) == ["cursor"]
    assert fields(await anna("GET", f"{REQUESTS}?limit=101")) == ["limit"]
    assert fields(await anna("GET", f"{REQUESTS}?direction=up")) == ["direction"]


async def test_one_open_row_for_two_people_by_constraint(anna, ben):
    await asked(anna, ben)
    for one, other in ((anna, ben), (ben, anna)):
        for state in ("pending", "partners"):
            with pytest.raises(asyncpg.UniqueViolationError, match="partnerships_one_open"):
                await execute(
                    """INSERT INTO partnerships (id, from_id, to_id, state, requested_at, expires_at, accepted_at)
                       VALUES (gen_random_uuid(), $1, $2, $3, now(), now(), now())""",
                    id_of(one), id_of(other), state,
                )  # fmt: skip
