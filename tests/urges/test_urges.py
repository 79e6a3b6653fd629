"""Writing urges down, finishing and deleting them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from domain.urges.urges import log_urge
from tests.conftest import Api
from tests.recovery.conftest import Traveller, attempts_of, moment
from tests.recovery.slipping import asks
from tests.urges.conftest import logs

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, HONOLULU, KIRITIMATI = "Europe/Berlin", "Pacific/Honolulu", "Pacific/Kiritimati"
WHEN = "2026-05-11 22:00"


async def test_an_urge_is_answered_as_it_stands(mara: Traveller) -> None:
    answer = await logs(
        mara, WHEN, intensity=8, triggers=["late-night", " Boss "], outcome="ongoing", coping=" a walk ",
        note="hard", client_id="u1",
    )  # fmt: skip
    assert UUID(answer.pop("id"))
    assert answer == {
        "occurred_at": "2026-05-11T20:00:00Z",
        "date": "2026-05-11",
        "timezone": BERLIN,
        "intensity": 8,
        "triggers": ["late-night", "Boss"],
        "outcome": "ongoing",
        "coping": "a walk",
        "note": "hard",
        "client_id": "u1",
        "created_at": "2026-05-11T20:00:00Z",
        "updated_at": "2026-05-11T20:00:00Z",
        "support": None,
    }


async def test_little_needs_to_be_said(mara: Traveller) -> None:
    answer = await logs(mara, WHEN)
    assert (answer["triggers"], answer["coping"], answer["note"], answer["client_id"]) == ([], None, None, None)


async def test_the_day_and_hour_are_those_around_the_person_then(mara: Traveller) -> None:
    await mara.moves("2026-05-11 12:00", HONOLULU)
    before = await logs(mara, "2026-05-11 12:00", occurred_at=moment("2026-05-11 03:30", BERLIN).isoformat())
    after = await logs(mara, "2026-05-11 23:30")
    assert (before["date"], before["timezone"]) == ("2026-05-11", BERLIN)
    assert (after["date"], after["timezone"]) == ("2026-05-11", HONOLULU)
    rows = await fetch("SELECT local_date, local_hour FROM urges ORDER BY occurred_at")
    assert [tuple(row) for row in rows] == [(date(2026, 5, 11), 3), (date(2026, 5, 11), 23)]
    await mara.moves("2026-05-13 12:00", KIRITIMATI)
    assert (await asks(mara, "2026-05-14 14:00", "GET", f"/v1/urges/{after['id']}")).json()["date"] == "2026-05-11"


@pytest.mark.parametrize("outcome", ["resisted", "slipped", "ongoing"])
async def test_an_urge_alone_ends_no_clean_days(mara: Traveller, outcome: str) -> None:
    await logs(mara, WHEN, outcome=outcome)
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), None)]
    assert await fetch_value("SELECT count(*) FROM slips") == 0


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"intensity": 0}, "intensity"),
        ({"intensity": 11}, "intensity"),
        ({"intensity": 5.5}, "intensity"),
        ({"intensity": None}, "intensity"),
        ({"outcome": "won"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"triggers": ["x" * 41]}, "triggers"),
        ({"triggers": [str(number) for number in range(21)]}, "triggers"),
        ({"triggers": ["\u200b"]}, "triggers"),
        ({"coping": "x" * 501}, "coping"),
        ({"note": "x" * 2001}, "note"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 101}, "client_id"),
        ({"client_id": "a\x00b"}, "client_id"),
        ({"occurred_at": "2026-05-11T20:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"unheard_of": 1}, None),
    ],
)
async def test_a_wrong_shape_is_400(mara: Traveller, said: dict[str, Any], field: str | None) -> None:
    body = {"intensity": 6, "outcome": "resisted", **said}
    response = await asks(mara, WHEN, "POST", "/v1/urges", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "invalid_request")
    if field is not None:
        assert [error["field"].split(".")[0] for error in problem["errors"]] == [field]
    assert await fetch_value("SELECT count(*) FROM urges") == 0


@pytest.mark.parametrize("left_out", ["intensity", "outcome"])
async def test_intensity_and_outcome_are_needed(mara: Traveller, left_out: str) -> None:
    body = {"intensity": 6, "outcome": "resisted"}
    del body[left_out]
    assert (await asks(mara, WHEN, "POST", "/v1/urges", json=body)).status_code == 400


@pytest.mark.parametrize("intensity", [1, 10])
async def test_the_ends_of_the_range_are_allowed(mara: Traveller, intensity: int) -> None:
    assert (await logs(mara, WHEN, intensity=intensity))["intensity"] == intensity


async def test_letters_are_counted_as_people_see_them(mara: Traveller) -> None:
    family = "👨‍👩‍👧‍👦"
    answer = await logs(mara, WHEN, coping=family * 500, note=family * 2000, triggers=[family * 40, "mu\u0308de"])
    assert (answer["coping"], answer["note"]) == (family * 500, family * 2000)
    assert answer["triggers"] == [family * 40, "m\u00fcde"]


async def test_the_future_is_against_the_rule_and_a_fast_clock_is_not(mara: Traveller) -> None:
    ahead = moment("2026-05-11 22:06", BERLIN).isoformat()
    body = {"intensity": 6, "outcome": "resisted", "occurred_at": ahead}
    response = await asks(mara, WHEN, "POST", "/v1/urges", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "in_future")
    answer = await logs(mara, WHEN, occurred_at=moment("2026-05-11 22:04", BERLIN).isoformat())
    assert answer["occurred_at"] == "2026-05-11T20:00:00Z"


async def test_an_ongoing_urge_is_finished_by_a_change(mara: Traveller) -> None:
    urge = await logs(mara, WHEN, outcome="ongoing", note="it began", triggers=["stress"])
    response = await asks(
        mara, "2026-05-11 22:20", "PATCH", f"/v1/urges/{urge['id']}", json={"outcome": "resisted", "coping": "a walk"}
    )
    assert response.status_code == 200
    changed = {"outcome": "resisted", "coping": "a walk", "updated_at": "2026-05-11T20:20:00Z"}
    assert response.json() == {**urge, **changed}
    read = (await asks(mara, "2026-05-11 22:21", "GET", f"/v1/urges/{urge['id']}")).json()
    assert {**read, "support": None} == response.json()


async def test_fields_left_out_stay_and_null_empties(mara: Traveller) -> None:
    urge = await logs(mara, WHEN, coping="a walk", note="hard", triggers=["stress"])
    path = f"/v1/urges/{urge['id']}"
    same = (await asks(mara, WHEN, "PATCH", path, json={})).json()
    assert same == urge
    said = {"intensity": 3, "triggers": ["Tired", "tired"], "coping": None, "note": " "}
    changed = (await asks(mara, WHEN, "PATCH", path, json=said)).json()
    assert changed == {**urge, "intensity": 3, "triggers": ["Tired"], "coping": None, "note": None}


@pytest.mark.parametrize(
    "said",
    [{"intensity": 11}, {"intensity": None}, {"outcome": None}, {"outcome": "x"}, {"triggers": None},
     {"coping": "x" * 501}, {"occurred_at": "2026-05-11T20:00:00Z"}, {"client_id": "u2"}],
    ids=["intensity", "no-intensity", "no-outcome", "outcome", "no-triggers", "coping", "occurred_at", "client_id"],
)  # fmt: skip
async def test_a_change_of_a_wrong_shape_is_400(mara: Traveller, said: dict[str, Any]) -> None:
    urge = await logs(mara, WHEN)
    assert (await asks(mara, WHEN, "PATCH", f"/v1/urges/{urge['id']}", json=said)).status_code == 400
    assert (await asks(mara, WHEN, "GET", f"/v1/urges/{urge['id']}")).json()["updated_at"] == urge["updated_at"]


async def test_a_deleted_urge_is_gone(mara: Traveller) -> None:
    urge = await logs(mara, WHEN)
    path = f"/v1/urges/{urge['id']}"
    assert (await asks(mara, WHEN, "DELETE", path)).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"outcome": "slipped"}), ("DELETE", None)):
        assert (await asks(mara, WHEN, method, path, json=body)).status_code == 404
    assert (await asks(mara, WHEN, "GET", "/v1/urges")).json()["items"] == []


async def test_another_person_s_urge_does_not_exist(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    urge = await logs(mara, WHEN, note="mine")
    path = f"/v1/urges/{urge['id']}"
    for method, body in (("GET", None), ("PATCH", {"note": "theirs"}), ("DELETE", None)):
        assert (await asks(other, WHEN, method, path, json=body)).status_code == 404
    assert (await asks(other, WHEN, "GET", "/v1/urges")).json()["items"] == []
    assert (await asks(mara, WHEN, "GET", path)).json()["note"] == "mine"


@pytest.mark.parametrize("urge_id", ["x", "%00", "0192f0c5-7c5e-7b3a-8f43-3d1c5a2b9e77", "é"])
async def test_an_id_that_is_none_is_404(mara: Traveller, urge_id: str) -> None:
    assert (await asks(mara, WHEN, "GET", f"/v1/urges/{urge_id}")).status_code == 404


async def test_every_write_has_progress_worked_out(mara: Traveller, drain: Callable[..., Awaitable[Any]]) -> None:
    await drain()
    urge = await logs(mara, WHEN, outcome="ongoing")
    assert ("recovery.progress", "done") in await drain()
    await asks(mara, WHEN, "PATCH", f"/v1/urges/{urge['id']}", json={"outcome": "resisted"})
    assert ("recovery.progress", "done") in await drain()
    await asks(mara, WHEN, "DELETE", f"/v1/urges/{urge['id']}")
    assert ("recovery.progress", "done") in await drain()
    await asks(mara, WHEN, "DELETE", f"/v1/urges/{urge['id']}")
    assert await drain() == []


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_without_consent_nothing_new_is_kept_and_all_can_be_deleted(mara: Traveller, kind: str) -> None:
    urge = await logs(mara, WHEN, note="before")
    await mara.api.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    path = f"/v1/urges/{urge['id']}"
    for method, where, body in (
        ("POST", "/v1/urges", {"intensity": 6, "outcome": "ongoing"}),
        ("PATCH", path, {"note": "after"}),
    ):
        response = await asks(mara, WHEN, method, where, json=body)
        assert (response.status_code, response.json()["code"]) == (403, "consent_required")
        assert response.json()["kind"] == kind
    assert (await asks(mara, WHEN, "GET", path)).json()["note"] == "before"
    assert (await asks(mara, WHEN, "DELETE", path)).status_code == 204


async def test_somebody_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await log_urge(new_id(), intensity=5, outcome="resisted")


async def test_an_idempotency_key_makes_one(mara: Traveller) -> None:
    async def send(**said: Any) -> Any:
        body = {"intensity": 6, "outcome": "ongoing", **said}
        return await asks(mara, WHEN, "POST", "/v1/urges", json=body, headers={"Idempotency-Key": "k1"})

    first, again = await send(), await send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (await send(note="other")).json()["code"] == "idempotency_conflict"
    assert await fetch_value("SELECT count(*) FROM urges") == 1
    # As it stands now, once it has been changed.
    await asks(mara, WHEN, "PATCH", f"/v1/urges/{first.json()['id']}", json={"outcome": "resisted"})
    assert (await send()).json()["outcome"] == "resisted"


async def test_the_same_client_id_is_the_same_urge(mara: Traveller, live_in: LiveIn) -> None:
    first = await logs(mara, WHEN, client_id="u1", note="one")
    again = await logs(mara, "2026-05-12 09:00", client_id="u1", note="two", intensity=1)
    assert again == first
    other = await live_in(BERLIN, "2026-05-01 09:00")
    assert (await logs(other, WHEN, client_id="u1"))["id"] != first["id"]
    # The longest client_id in the widest letters still fits the index.
    longest = "\U00010348" * 100
    assert (await logs(mara, WHEN, client_id=longest))["client_id"] == longest


async def test_purging_a_person_takes_their_urges(mara: Traveller, person: Api) -> None:
    await logs(mara, WHEN)
    with clock.frozen(moment(WHEN, BERLIN)):
        await log_urge(UUID(person.user["id"]), intensity=5, outcome="resisted")
    await execute("DELETE FROM users WHERE id = $1", mara.user_id)
    assert [str(row["user_id"]) for row in await fetch("SELECT user_id FROM urges")] == [person.user["id"]]
