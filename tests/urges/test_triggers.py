"""The catalogue of triggers, and the words that people add to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from domain.kit.database import execute, fetch, fetch_value
from domain.recovery.trigger_catalogue import DELIVERED, seed_triggers
from domain.urges.words import LIST
from tests.recovery.conftest import Traveller
from tests.recovery.slipping import asks, slips
from tests.urges.conftest import logs
from tests.urges.plans import scans

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN = "Europe/Berlin"
WHEN = "2026-05-11 22:00"


@pytest.fixture
async def catalogue(app: object) -> AsyncIterator[None]:
    """The catalogue may be changed in the test, and is as delivered afterwards."""
    yield
    await execute("DELETE FROM triggers")
    await seed_triggers()


async def offered(person: Traveller) -> list[dict[str, Any]]:
    answer = await asks(person, WHEN, "GET", "/v1/triggers")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def own(person: Traveller) -> list[str]:
    return [item["slug"] for item in await offered(person) if item["own"]]


def test_the_catalogue_is_of_use() -> None:
    categories = {seed.category for seed in DELIVERED}
    assert len(DELIVERED) >= 24
    assert 5 <= len(categories) <= 6
    # As stored words they must fit what people may write.
    assert all(len(seed.slug) <= 40 and len(seed.label) <= 40 for seed in DELIVERED)


def test_no_word_stands_for_two_triggers() -> None:
    words = [{seed.slug.lower(), seed.label.lower()} for seed in DELIVERED]
    assert sum(map(len, words)) == len(set[str]().union(*words))


async def test_a_new_person_is_offered_the_catalogue_in_its_order(mara: Traveller) -> None:
    assert await offered(mara) == [
        {"slug": seed.slug, "label": seed.label, "category": seed.category, "own": False} for seed in DELIVERED
    ]


async def test_seeding_again_changes_nothing(catalogue: None, mara: Traveller) -> None:
    await execute("UPDATE triggers SET active = false WHERE slug = 'stress'")
    await execute("UPDATE triggers SET label = 'Worrying' WHERE slug = 'worry'")
    await execute("DELETE FROM triggers WHERE slug = 'hungry'")
    assert await seed_triggers() == 1
    assert await seed_triggers() == 0
    shown = {item["slug"]: item["label"] for item in await offered(mara)}
    assert "stress" not in shown
    assert shown["worry"] == "Worrying"
    assert shown["hungry"] == "Hungry"
    assert await fetch_value("SELECT count(*) FROM triggers") == len(DELIVERED)


async def test_words_of_check_ins_urges_and_slips_join_newest_first(mara: Traveller) -> None:
    await mara.checks_in("2026-05-09 12:00", triggers=["garden", "Boss"])
    await logs(mara, "2026-05-10 12:00", triggers=["trains"])
    await slips(mara, "2026-05-11 12:00", triggers=["boss", "late night"])
    items = [item for item in await offered(mara) if item["own"]]
    assert items == [
        {"slug": word, "label": word, "category": None, "own": True}
        for word in ("boss", "late night", "trains", "garden")
    ]


async def test_a_word_of_the_catalogue_is_not_one_s_own(mara: Traveller) -> None:
    await logs(mara, WHEN, triggers=["STRESS", "late at NIGHT", "Late-Night", "an ad or a picture", "rain"])
    assert await own(mara) == ["rain"]


async def test_capitals_make_no_difference_in_any_alphabet(mara: Traveller) -> None:
    await logs(mara, "2026-05-09 12:00", triggers=["ÄRGER", "ПОЕЗД", "ΔΡΟΜΟΣ ΕΚΕΙ"])
    await logs(mara, "2026-05-10 12:00", triggers=["Ärger", "поезд", "家"])
    assert [(item["slug"], item["label"]) for item in await offered(mara) if item["own"]] == [
        ("ärger", "Ärger"), ("поезд", "поезд"), ("家", "家"), ("δρομοσ εκει", "ΔΡΟΜΟΣ ΕΚΕΙ"),
    ]  # fmt: skip


async def test_another_spelling_changes_the_label_and_never_the_slug(mara: Traveller) -> None:
    labels = ["boss", "BOSS", "Boss"]
    for number, word in enumerate(labels):
        await logs(mara, f"2026-05-0{number + 1} 12:00", triggers=[word])
        (item,) = [item for item in await offered(mara) if item["own"]]
        assert item == {"slug": "boss", "label": word, "category": None, "own": True}
    named = await asks(mara, WHEN, "GET", "/v1/insights/triggers")
    assert [(item["trigger"], item["label"]) for item in named.json()["triggers"]] == [("boss", "Boss")]


async def test_the_slug_of_one_s_own_word_can_be_sent(mara: Traveller) -> None:
    await logs(mara, "2026-05-01 12:00", triggers=["Boss"])
    await logs(mara, "2026-05-02 12:00", triggers=await own(mara))
    assert await own(mara) == ["boss"]


async def test_at_most_a_hundred_are_offered(mara: Traveller) -> None:
    for day in range(1, 8):
        await logs(mara, f"2026-05-{day:02} 12:00", triggers=[f"w{day}-{number:02}" for number in range(20)])
    words = await own(mara)
    assert len(words) == 100
    assert words[0] == "w7-00"
    assert words[-1] == "w3-19"


async def test_nobody_is_offered_another_person_s_words(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    await logs(mara, WHEN, triggers=["rain"])
    assert await own(other) == []


async def test_a_deleted_urge_takes_its_words_along(mara: Traveller) -> None:
    urge = await logs(mara, WHEN, triggers=["rain"])
    await asks(mara, WHEN, "DELETE", f"/v1/urges/{urge['id']}")
    assert await own(mara) == []


async def test_one_that_is_switched_off_stays_with_those_who_use_it(
    catalogue: None, mara: Traveller, live_in: LiveIn
) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    await logs(mara, WHEN, triggers=["LATE AT NIGHT", "late-night"])
    await execute("UPDATE triggers SET active = false WHERE slug = 'late-night'")
    assert [item for item in await offered(mara) if item["own"]] == [
        {"slug": "late-night", "label": "Late at night", "category": None, "own": True}
    ]
    assert "late-night" not in {item["slug"] for item in await offered(other)}


async def test_one_that_joins_the_catalogue_takes_words_along(catalogue: None, mara: Traveller) -> None:
    await logs(mara, WHEN, triggers=["rain"])
    await execute("INSERT INTO triggers (slug, label, category, position) VALUES ('bad-weather', 'Rain', 'time', 99)")
    assert await own(mara) == []
    assert (await offered(mara))[-1]["slug"] == "bad-weather"


async def test_what_is_offered_is_one_round_trip(mara: Traveller, statements: list[str]) -> None:
    from domain.urges.words import list_triggers

    statements.clear()
    await list_triggers(mara.user_id)
    assert len(statements) == 1


async def test_a_person_with_many_urges_reads_only_their_own(mara: Traveller) -> None:
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin',
                  gen_random_uuid(), '2026-01-01' FROM generate_series(1, 20)"""
    )
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              created_at, updated_at)
           SELECT gen_random_uuid(), users.id, at, 'Europe/Berlin', at::date, 1, 5, '{stress,rain}', 'resisted', at, at
           FROM users, generate_series('2025-01-01Z'::timestamptz, '2026-05-01Z', '6 hours') AS at"""
    )
    await execute("ANALYZE urges")
    mine = len(await fetch("SELECT FROM urges WHERE user_id = $1", mara.user_id))
    (scan,) = [scan for scan in await scans(LIST, mara.user_id) if scan.table == "urges"]
    assert "user_id = " in scan.condition, scan
    assert scan.rows == mine
