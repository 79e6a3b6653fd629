"""Limits hold whatever comes at once, and no money is lost on the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.anchor import breaker, ledger, prices, quota
from domain.anchor.context import INPUT_TOKENS, REPLY_TOKENS
from domain.anchor.prices import Cost, Usage, rate
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value, transaction
from domain.kit.errors import TooMany, Unavailable
from domain.kit.ids import new_id
from tests.anchor.conftest import ask, charges, window

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def reserve(person, worst=100, purpose="reply", now=None) -> UUID:
    async with transaction():
        return await quota.reserve(
            UUID(person.user["id"]), person.user["timezone"], purpose=purpose, message_id=new_id(), worst=worst,
            now=now or clock.now(),
        )  # fmt: skip


def cost(micro_dollars: int) -> Cost:
    return Cost(micro_dollars, Usage(0, micro_dollars, 0, "deepseek-flash"), rate("deepseek-flash", NOON).valid_from)


async def subscribe(person) -> None:
    await execute(
        "INSERT INTO grants (id, user_id, starts_at, ends_at, reason) VALUES ($1, $2, $3, $4, 'test')",
        new_id(), UUID(person.user["id"]), clock.now() - timedelta(days=1), clock.now() + timedelta(days=400),
    )  # fmt: skip


async def served(person, how_many: int) -> int:
    results = await asyncio.gather(*(reserve(person) for _ in range(how_many)), return_exceptions=True)
    assert all(isinstance(result, UUID | TooMany) for result in results), results
    return sum(isinstance(result, UUID) for result in results)


@pytest.mark.parametrize("left", [1, 2, 3])
async def test_fifty_at_once_get_what_is_left(person, left: int) -> None:
    for _ in range(3 - left):
        await reserve(person)
    assert await served(person, 50) == left
    row = await window(person)
    assert (row["replies"], row["reserved"]) == (3, 300)
    assert len(await charges(person)) == 3


async def test_the_month_holds_when_days_pass(person) -> None:
    with clock.frozen(NOON):
        await reserve(person)
    await execute("UPDATE anchor_windows SET replies = 29 WHERE kind = 'month'")
    with clock.frozen(NOON + timedelta(days=1)):
        assert await served(person, 50) == 1
        with pytest.raises(TooMany) as refused:
            await reserve(person)
    assert refused.value.code == "anchor_monthly_limit"
    assert refused.value.extra["resets_at"] == datetime(2026, 12, 1, tzinfo=UTC)
    # What the month refused was not left standing on the day.
    assert (await window(person, "day"))["replies"] == 1


async def test_the_day_ends_where_the_person_lives(sign_up) -> None:
    person = await sign_up(timezone="America/New_York")
    with clock.frozen(datetime(2026, 11, 24, 4, 30, tzinfo=UTC)):  # 23:30 on the 23rd
        assert await served(person, 5) == 3
        with pytest.raises(TooMany) as refused:
            await reserve(person)
    assert refused.value.code == "anchor_daily_limit"
    assert refused.value.extra["resets_at"] == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    assert refused.value.headers["Retry-After"] == "1800"
    with clock.frozen(datetime(2026, 11, 24, 5, 0, tzinfo=UTC)):
        assert await served(person, 5) == 3


async def test_the_month_begins_in_utc(person) -> None:
    with clock.frozen(datetime(2026, 11, 30, 23, 30, tzinfo=UTC)):  # already December in Berlin
        await reserve(person)
        await execute("UPDATE anchor_windows SET replies = 30 WHERE kind = 'month'")
        with pytest.raises(TooMany, match="anchor_monthly_limit"):
            await reserve(person)
    with clock.frozen(datetime(2026, 12, 1, 0, 0, tzinfo=UTC)):
        await reserve(person)


async def test_a_grant_makes_a_subscriber_for_as_long_as_it_lasts(person) -> None:
    await subscribe(person)
    shown = await person.ok("GET", "/v1/anchor/quota")
    assert (shown["plan"], shown["day"]["limit"], shown["month"]["limit"]) == ("subscriber", 30, 500)
    assert await served(person, 40) == 30
    with clock.frozen(clock.now() + timedelta(days=401)):
        assert (await quota.read_quota(UUID(person.user["id"]), clock.now())).plan == "free"


async def test_the_cost_of_the_month_has_a_ceiling_that_counts_what_is_open(person) -> None:
    await reserve(person, worst=59_000)
    with pytest.raises(TooMany, match="anchor_monthly_limit"):
        await reserve(person, worst=1001)
    await reserve(person, worst=1000)


async def test_the_first_of_a_window_is_checked_too(person, configure) -> None:
    with pytest.raises(TooMany, match="anchor_monthly_limit"):
        await reserve(person, worst=60_001)
    configure(ANCHOR_LIMITS_FREE="0/30/60000")
    with pytest.raises(TooMany, match="anchor_daily_limit"):
        await reserve(person)


async def test_a_daily_message_takes_no_reply_but_its_cost_counts(person) -> None:
    assert await served(person, 5) == 3
    await reserve(person, worst=500, purpose="daily")
    row = await window(person, "month")
    assert (row["replies"], row["reserved"]) == (3, 800)
    with pytest.raises(TooMany, match="anchor_monthly_limit"):
        await reserve(person, worst=60_000, purpose="daily")


async def test_settling_twice_charges_once(person) -> None:
    charge = await reserve(person, worst=500)
    await ledger.settle(charge, cost(70))
    for kind in ("day", "month"):
        row = await window(person, kind)
        assert (row["replies"], row["reserved"], row["cost"]) == (1, 0, 70)
    await ledger.refund(charge, None)
    row = await window(person)
    assert (row["replies"], row["reserved"], row["cost"]) == (1, 0, 70)
    assert [each["state"] for each in await charges(person)] == ["settled"]


async def test_many_settle_one_charge_at_once(person) -> None:
    charge = await reserve(person, worst=500)
    await asyncio.gather(*(ledger.refund(charge, None) for _ in range(20)))
    row = await window(person)
    assert (row["replies"], row["reserved"], row["cost"]) == (0, 0, 0)


async def test_a_refund_gives_the_reply_back_and_keeps_the_cost(person) -> None:
    charge = await reserve(person, worst=500)
    await ledger.refund(charge, cost(33))
    for kind in ("day", "month"):
        row = await window(person, kind)
        assert (row["replies"], row["reserved"], row["cost"]) == (0, 0, 33)
    assert await fetch_value("SELECT sum(cost) FROM anchor_spend") == 33


async def test_a_cost_that_comes_after_the_refund_is_charged_beside_it(person) -> None:
    charge = await reserve(person, worst=500)
    await ledger.refund(charge, None)
    await ledger.settle(charge, cost(40))
    row = await window(person)
    assert (row["replies"], row["reserved"], row["cost"]) == (0, 0, 40)
    assert sorted((each["state"], each["cost"]) for each in await charges(person)) == [("refunded", 0), ("settled", 40)]


async def test_reserving_settling_and_refunding_at_once_never_deadlocks(person) -> None:
    await subscribe(person)
    ready = [await reserve(person, worst=10) for _ in range(10)]
    await asyncio.gather(
        *(reserve(person, worst=10) for _ in range(10)),
        *(ledger.settle(charge, cost(5)) for charge in ready[:5]),
        *(ledger.refund(charge, None) for charge in ready[5:]),
        *(ledger.add_cost(charge, cost(1)) for charge in ready),
    )
    row = await window(person, "month")
    assert (row["replies"], row["reserved"], row["cost"]) == (15, 100, 35)


async def test_reservations_of_dead_workers_are_freed(person) -> None:
    dead, young = await reserve(person), await reserve(person)
    await execute("UPDATE anchor_charges SET created_at = now() - interval '16 minutes' WHERE id = $1", dead)
    assert await ledger.free_dead_reservations() == 1
    assert await ledger.free_dead_reservations() == 0
    assert {each["id"]: each["state"] for each in await charges(person)} == {dead: "refunded", young: "reserved"}
    assert (await window(person))["replies"] == 1


async def test_a_reservation_whose_answer_is_under_way_is_not_freed(talker) -> None:
    await ask(talker)
    await execute("UPDATE anchor_charges SET created_at = now() - interval '1 hour'")
    assert await ledger.free_dead_reservations() == 0


async def test_the_whole_apps_breaker(talker, configure) -> None:
    configure(ANCHOR_SPEND_PER_DAY="5000")
    day = clock.now().astimezone(UTC).date()
    await execute("INSERT INTO anchor_spend (day, shard, cost) VALUES ($1, 1, 2000), ($1, 2, 2900)", day)
    breaker.forget_cached_spend()
    refused = await talker("POST", "/v1/anchor/messages", json={"body": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (503, "anchor_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    breaker.forget_cached_spend()
    with clock.frozen(clock.now() + timedelta(days=1)):
        await reserve(talker)


async def test_the_breaker_counts_what_is_open(person, configure) -> None:
    configure(ANCHOR_SPEND_PER_DAY="150")
    await reserve(person)
    breaker.forget_cached_spend()
    with pytest.raises(Unavailable):
        await reserve(person)


async def test_the_subscribers_ceiling_stops_replies_and_all_that_is_spent_counts(talker, provider) -> None:
    await subscribe(talker)
    charge = await reserve(talker, worst=598_000)
    await ledger.settle(charge, cost(598_000))
    # Only a daily message and the memory still fit.
    await ledger.settle(await reserve(talker, worst=1000, purpose="daily"), cost(900))
    await ledger.settle(await reserve(talker, worst=1000, purpose="memory"), cost(1000))
    refused = await talker("POST", "/v1/anchor/messages", json={"body": "Hello"})
    problem = refused.json()
    # 29 replies of the day are left, and waiting for tomorrow would not help.
    assert (refused.status_code, problem["code"]) == (429, "anchor_monthly_limit")
    assert problem["resets_at"] == (await talker.ok("GET", "/v1/anchor/quota"))["month"]["resets_at"]
    with pytest.raises(TooMany, match="anchor_monthly_limit"):
        await reserve(talker, worst=101, purpose="memory")
    await reserve(talker, worst=100, purpose="memory")
    assert await provider.requests() == []


async def test_with_one_reply_left_a_month_without_money_is_no_day_without_replies(person, configure) -> None:
    configure(ANCHOR_LIMITS_FREE="1/5/100")
    await ledger.settle(await reserve(person, worst=90, purpose="daily"), cost(90))
    with pytest.raises(TooMany, match="anchor_monthly_limit"):
        await reserve(person, worst=50)


@pytest.mark.parametrize(("hour", "times"), [(2, 2), (12, 1)])
async def test_a_reply_is_reserved_at_the_present_price(talker, monkeypatch, hour: int, times: int) -> None:
    """In the peak it costs twice as much, and twice as much is set aside."""
    monkeypatch.setattr(prices, "real_now", lambda: datetime(2026, 11, 23, hour, 0, tzinfo=UTC))
    await ask(talker, "x" * 100)
    (charge,) = await charges(talker)
    off_peak = (INPUT_TOKENS + 100) * 150_000 + REPLY_TOKENS * 600_000
    assert charge["reserved"] == times * off_peak // 1_000_000


async def test_no_counter_can_go_below_zero(person) -> None:
    await reserve(person)
    for column in ("replies", "reserved", "cost"):
        with pytest.raises(Exception, match=f"anchor_windows_{column}"):
            await execute(f"UPDATE anchor_windows SET {column} = -1")


async def test_the_answer_says_what_is_left(talker) -> None:
    assert (await ask(talker))["quota"]["day"]["used"] == 1
    shown = await talker.ok("GET", "/v1/anchor/quota")
    assert (shown["plan"], shown["day"]["limit"], shown["day"]["used"]) == ("free", 3, 1)
    assert shown["month"]["resets_at"].endswith("-01T00:00:00Z")


async def test_429_says_when_it_ends(talker, drain, sandbox) -> None:
    for _ in range(3):
        await ask(talker)
        await drain()
    refused = await talker("POST", "/v1/anchor/messages", json={"body": "One more"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (429, "anchor_daily_limit")
    assert problem["resets_at"] == (await talker.ok("GET", "/v1/anchor/quota"))["day"]["resets_at"]
    assert int(refused.headers["Retry-After"]) > 0
    # Nothing of the refused message stays; there are three exchanges and a notice.
    assert len((await talker.ok("GET", "/v1/anchor/messages"))["items"]) == 7
