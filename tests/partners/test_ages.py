"""Minors and adults are never paired, and a pair parts when one comes of age (semantics, "Identity and privacy")."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.accounts.ages import is_minor, minor
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.days import local_date
from domain.partners import expiry, telling
from domain.partners.telling import TellOfMessages
from tests.partners.asking import accepts, asked, asks, born, found, notices, partnered, partners, rows, waiting
from tests.partners.talking import id_of, path, said, write
from tests.routes.conftest import problem

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# Of people in Berlin: under age at NOON, and of age on the day after.
TOMORROW, LATER = "2008-12-02", "2009-03-01"


@pytest.fixture
async def minors(anna, ben):
    """Two who are under age until anna's birthday, the day after NOON."""
    await born(anna, TOMORROW)
    await born(ben, LATER)
    return anna, ben


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "before the sweep"])
async def test_a_pair_parts_when_one_comes_of_age(minors, swept):
    anna, ben = minors
    with clock.frozen(NOON):
        talk = await partnered(anna, ben)
        await write(ben, talk, "See you")
        async with transaction():
            await telling.tell_reader(TellOfMessages(partnership_id=UUID(talk), reader_id=id_of(anna)))
        assert await expiry.part_ages() == 0
        told = await notices(anna), await notices(ben)
        assert told == (["partner_accepted", "partner_message"], [])
    # Midnight in Berlin.
    with clock.frozen(datetime(2026, 12, 1, 22, 59, 59, tzinfo=UTC)):
        assert len(await partners(anna)) == 1
    with clock.frozen(datetime(2026, 12, 1, 23, 0, tzinfo=UTC)):
        if swept:
            assert [await expiry.part_ages() for _ in range(2)] == [1, 0]
            assert await rows() == [("ended", 1)]
        for person, other in ((anna, ben), (ben, anna)):
            assert await partners(person) == []
            [ended] = await partners(person, "ended")
            assert (ended["id"], ended["state"]) == (talk, "ended")
            assert await said(person, talk) == [(1, "See you")]
            problem(await person("POST", path(talk), json={"body": "x"}), 409, "partnership_ended")
            problem(await asks(person, other), 404, "not_found")
        # Silently: what was unread goes with the pair.
        assert (await notices(anna), await notices(ben)) == (([], []) if swept else told)


async def test_a_request_ends_so_too(minors):
    anna, ben = minors
    with clock.frozen(NOON):
        request_id = (await asked(anna, ben))["id"]
    with clock.frozen(NOON + DAY):
        assert await waiting(ben) == await waiting(anna, "outgoing") == []
        problem(await accepts(ben, request_id), 404, "not_found")
        assert await notices(ben) == ["partner_request"]
        assert await expiry.part_ages() == 1
        assert await notices(ben) == []
    assert await rows() == [("expired", 1)]


async def test_who_come_of_age_on_one_day_stay_partners(minors):
    anna, ben = minors
    await born(ben, TOMORROW)
    with clock.frozen(NOON):
        await partnered(anna, ben)
    with clock.frozen(NOON + DAY):
        assert await expiry.part_ages() == 0
        assert len(await partners(anna)) == 1


async def test_each_by_their_own_day(minors):
    """On the line between the days somebody is of age an hour before another who was born on the same day."""
    anna, ben = minors
    await born(ben, TOMORROW)
    await execute("UPDATE users SET timezone = 'Pacific/Kiritimati' WHERE id = $1", id_of(anna))
    with clock.frozen(datetime(2026, 12, 1, 9, 59, tzinfo=UTC)):
        await asked(anna, ben)
    with clock.frozen(datetime(2026, 12, 1, 10, 0, tzinfo=UTC)):
        assert await waiting(ben) == []
    with clock.frozen(datetime(2026, 12, 1, 23, 0, tzinfo=UTC)):
        assert len(await waiting(ben)) == 1


async def test_a_job_that_is_weeks_late_finds_them(minors):
    anna, ben = minors
    with clock.frozen(NOON):
        await partnered(anna, ben)
    with clock.frozen(NOON + 80 * DAY):
        assert await expiry.part_ages() == 1


async def test_in_sql_it_is_the_same_rule(anna):
    """Around every kind of birthday, on both sides of the world."""
    births = [date(2008, 2, 28), date(2008, 2, 29), date(2008, 3, 1), date(2008, 12, 31), date(2009, 1, 1),
              date(2010, 2, 28), date(2010, 3, 1), date(2013, 5, 17), date(1950, 1, 1)]  # fmt: skip
    zones = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/Havana"]
    instants = [
        datetime(birth.year + 18, month, day, hour, 30, tzinfo=UTC)
        for birth in births
        for month, day in ((2, 27), (2, 28), (3, 1), (3, 2), (12, 30), (12, 31), (1, 1), (1, 2), (5, 16), (5, 17))
        for hour in (0, 9, 13, 23)
    ]
    checked = await fetch(
        f"""SELECT birth_date, timezone, at, {minor("made", "at")} AS minor
            FROM (SELECT birth_date, timezone, at FROM unnest($1::date[]) AS birth_date, unnest($2::text[]) AS timezone,
                         unnest($3::timestamptz[]) AS at) AS made""",
        births, zones, instants,
    )  # fmt: skip
    assert len(checked) == len(births) * len(zones) * len(instants)
    wrong = [
        tuple(row) for row in checked
        if row["minor"] != is_minor(row["birth_date"], local_date(row["at"], row["timezone"]))
    ]  # fmt: skip
    assert wrong == []
    assert {row["minor"] for row in checked} == {True, False}


async def test_the_job_looks_only_at_who_had_their_birthday_lately(anna, ben):
    from domain.partners.expiry import _PART_AGES
    from tests.recovery.conftest import plan

    await born(anna, "1990-01-01")
    shown = await plan(_PART_AGES, clock.now(), 500, timedelta(days=90))
    assert "users_birth_date" in shown
    assert await fetch_value("SELECT count(*) FROM partnerships") == 0


async def test_neither_finds_the_other(anna, writer):
    await writer(username="anna_child", birth_date="2012-01-01")
    child = await writer(username="ben_child", birth_date="2012-01-01")
    assert await found(child, "anna") == ["anna_child"]
    assert await found(await writer(), "anna") == ["anna_a"]
