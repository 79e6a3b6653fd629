"""What a person wants to be told and shown, and when."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch, fetch_value
from domain.push.preferences import PreferencesView, preferences_in
from tests.conftest import Api

PATH = "/v1/me/preferences"
DEFAULTS: dict[str, Any] = {
    "discreet_push": True,
    "push": {
        "anchor_daily": True,
        "achievement": True,
        "goal": True,
        "check_in_reminder": True,
        "comment": True,
        "reply": True,
        "like": True,
        "report_outcome": True,
        "partner_request": True,
        "partner_accepted": True,
        "partner_message": True,
        "partner_slip": True,
        "partner_sos": True,
        "subscription": True,
    },
    "daily_message_time": "09:00",
    "quiet_hours": None,
    "searchable": True,
    "show_streak": True,
    "share_journal_with_anchor": True,
    "share_streak_with_partners": True,
    "share_slips_with_partners": True,
    "share_sos_with_partners": True,
}
CHANGES: list[dict[str, Any]] = [
    {"discreet_push": False},
    {"push": {"anchor_daily": False}},
    {"push": {"achievement": False}},
    {"push": {"goal": False, "check_in_reminder": False}},
    {"daily_message_time": "23:59"},
    {"quiet_hours": {"from": "22:00", "to": "06:30"}},
    {"searchable": False},
    {"show_streak": False},
    {"share_journal_with_anchor": False},
    {"push": {"partner_request": False, "partner_message": False}},
    {"push": {"partner_accepted": False, "partner_slip": False, "partner_sos": False}},
    {"share_streak_with_partners": False},
    {"share_slips_with_partners": False, "share_sos_with_partners": False},
]


def _changed(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """What is expected after a change: kinds left out stay as they are."""
    return {**before, **change, "push": {**before["push"], **change.get("push", {})}}


async def test_who_never_chose_has_the_defaults(person: Api) -> None:
    assert await person.ok("GET", PATH) == DEFAULTS
    # The table's own defaults say the same.
    await execute("INSERT INTO preferences (user_id) VALUES ($1)", UUID(person.user["id"]))
    [row] = await fetch("SELECT * FROM preferences")
    assert preferences_in(row) == PreferencesView()


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_leaves_the_rest(person: Api, change: dict[str, Any]) -> None:
    assert await person.ok("PATCH", PATH, json=change) == _changed(DEFAULTS, change)
    assert await person.ok("PATCH", PATH, json={"push": {}}) == _changed(DEFAULTS, change)
    assert await person.ok("PATCH", PATH, json={}) == _changed(DEFAULTS, change)
    assert await person.ok("GET", PATH) == _changed(DEFAULTS, change)


@pytest.mark.parametrize("first", CHANGES)
async def test_a_later_change_leaves_an_earlier_one(person: Api, first: dict[str, Any]) -> None:
    expected = dict(DEFAULTS)
    for change in (first, *CHANGES):
        expected = _changed(expected, change)
        assert await person.ok("PATCH", PATH, json=change) == expected


async def test_nothing_chosen_writes_nothing(person: Api) -> None:
    assert await person.ok("PATCH", PATH, json={}) == DEFAULTS
    assert await fetch_value("SELECT count(*) FROM preferences") == 0


async def test_changes_at_once_all_hold(person: Api) -> None:
    await asyncio.gather(*(person.ok("PATCH", PATH, json=change) for change in CHANGES))
    expected = dict(DEFAULTS)
    for change in CHANGES:
        expected = _changed(expected, change)
    assert await person.ok("GET", PATH) == expected


async def test_null_ends_the_quiet_hours(person: Api) -> None:
    await person.ok("PATCH", PATH, json={"quiet_hours": {"from": "22:00", "to": "06:30"}})
    assert (await person.ok("PATCH", PATH, json={"quiet_hours": None}))["quiet_hours"] is None
    assert await person.ok("GET", PATH) == DEFAULTS


async def test_quiet_hours_may_lie_within_a_day_or_over_midnight(person: Api) -> None:
    for hours in ({"from": "13:00", "to": "14:00"}, {"from": "23:00", "to": "00:00"}, {"from": "00:00", "to": "23:59"}):
        assert (await person.ok("PATCH", PATH, json={"quiet_hours": hours}))["quiet_hours"] == hours


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({"from": "22:00", "to": "22:00"}, "quiet_hours.to"),
        ({"from": "24:00", "to": "06:00"}, "quiet_hours.from"),
        ({"from": "22:00", "to": "6:00"}, "quiet_hours.to"),
        ({"from": "22:00", "to": None}, "quiet_hours.to"),
        ({"from": "22:00", "to": "06:00", "zone": "UTC"}, "quiet_hours.zone"),
        ({"from": "22:00"}, "quiet_hours.to"),
        ({}, "quiet_hours.from"),
        ("22:00-06:00", "quiet_hours"),
    ],
)
async def test_quiet_hours_have_a_beginning_and_another_end(person: Api, hours: Any, field: str) -> None:
    response = await person("PATCH", PATH, json={"quiet_hours": hours})
    assert response.status_code == 400, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert await person.ok("GET", PATH) == DEFAULTS


@pytest.mark.parametrize(
    "change",
    [
        {"daily_message_time": "24:00"},
        {"daily_message_time": "9:00"},
        {"daily_message_time": "09:00:00"},
        {"daily_message_time": "09:00\n"},
        {"daily_message_time": None},
        {"discreet_push": None},
        {"discreet_push": "yes"},
        {"searchable": None},
        {"show_streak": 1},
        {"share_journal_with_anchor": "false"},
        {"push": {"unknown": True}},
        {"push": None},
        {"unknown": True},
    ],
)
async def test_a_bad_change_is_refused(person: Api, change: dict[str, Any]) -> None:
    response = await person("PATCH", PATH, json={"searchable": False, **change})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_request"
    assert await person.ok("GET", PATH) == DEFAULTS


async def test_they_are_one_s_own(person: Api, sign_up: Any) -> None:
    other = await sign_up()
    await person.ok("PATCH", PATH, json={"searchable": False})
    assert await other.ok("GET", PATH) == DEFAULTS
