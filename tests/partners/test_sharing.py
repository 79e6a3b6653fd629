"""What partners see of each other's streak: by consent, by preference, at the moment of the reading (sharing.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from tests.community.conftest import take_away
from tests.partners.talking import SHARING, block, end, id_of, pair

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


async def shown(person, talk):
    """The partner's streak, as the list shows it and as the single partnership does."""
    items = (await person.ok("GET", "/v1/partners"))["items"]
    [listed] = [item["streak"] for item in items if item["id"] == talk]
    assert (await person.ok("GET", f"/v1/partners/{talk}"))["streak"] == listed
    return listed


@pytest.fixture
async def two(sign_up):
    """The first shares, after twelve clean days and three check-ins; the second does not."""
    with clock.frozen(NOON):
        one = await sign_up(consents=SHARING, started_on="2026-11-19")
        other = await sign_up(started_on="2026-11-01")
    for day in (29, 30):
        with clock.frozen(datetime(2026, 11, day, 12, tzinfo=UTC)):
            await one.ok("PUT", f"/v1/check-ins/2026-11-{day}", json={"mood": 4, "urge_level": 1})
    with clock.frozen(NOON):
        await one.ok("PUT", "/v1/check-ins/2026-12-01", json={"mood": 4, "urge_level": 1})
        yield one, other, await pair(one, other)


STREAK = {"clean": {"current_days": 12, "best_days": 12}, "check_in": {"current_days": 3, "best_days": 3}}


async def test_each_sees_what_the_other_shares(two):
    one, other, talk = two
    assert await shown(other, talk) == STREAK
    assert await shown(one, talk) is None


async def test_it_is_the_streak_of_the_moment_though_no_job_has_run(two):
    _, other, talk = two
    with clock.frozen(NOON + timedelta(days=3)):
        assert await shown(other, talk) == {
            "clean": {"current_days": 15, "best_days": 15}, "check_in": {"current_days": 0, "best_days": 3},
        }  # fmt: skip


async def test_a_day_is_that_of_whose_streak_it_is(two):
    one, other, talk = two
    # It is 2 December in Auckland already.
    await execute("UPDATE users SET timezone = 'Pacific/Auckland' WHERE id = $1", id_of(one))
    assert (await shown(other, talk))["clean"]["current_days"] == 13


async def test_withdrawn_consent_hides_it_at_once(two):
    one, other, talk = two
    await one.ok("PUT", "/v1/me/consents/partner_sharing", json={"granted": False})
    assert await shown(other, talk) is None
    await one.ok("PUT", "/v1/me/consents/partner_sharing", json={"granted": True})
    assert await shown(other, talk) == STREAK


async def test_a_preference_leaves_it_out(two):
    one, other, talk = two
    for others in ("share_slips_with_partners", "share_sos_with_partners", "show_streak"):
        await one.ok("PATCH", "/v1/me/preferences", json={others: False})
    assert await shown(other, talk) == STREAK
    await one.ok("PATCH", "/v1/me/preferences", json={"share_streak_with_partners": False})
    assert await shown(other, talk) is None


async def test_with_the_partnership_it_ends(two):
    _, other, talk = two
    await end(talk)
    [item] = (await other.ok("GET", "/v1/partners", params={"state": "ended"}))["items"]
    assert item["streak"] is None


@pytest.mark.parametrize("what", ["blocked", "suspended", "deleting"])
async def test_nor_is_it_to_be_seen_of_somebody_out_of_sight(two, what):
    one, other, talk = two
    if what == "blocked":
        await block(one, other)
    else:
        await take_away(one, what)
    for state in ("partners", "ended"):
        assert (await other.ok("GET", "/v1/partners", params={"state": state}))["items"] == []
    assert (await other("GET", f"/v1/partners/{talk}")).status_code == 404


async def test_ten_partners_are_one_round_trip(two, sign_up, statements):
    from domain.partners.partnerships import list_partnerships

    other = two[1]
    with clock.frozen(NOON):
        for _ in range(3):
            await pair(other, await sign_up(consents=SHARING, started_on="2026-11-30"))
    statements.clear()
    page = await list_partnerships(id_of(other), "partners", 20, None)
    assert len(statements) == 1
    days = [item.streak.clean.current_days for item in page.items if item.streak]
    assert sorted(days) == [1, 1, 1, 12]
