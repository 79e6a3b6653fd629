"""Guessing is limited, and a stranger's guesses lock nobody out (domain/accounts/throttling.py)."""

import asyncio
from contextlib import AsyncExitStack

import httpx2
import pytest

from domain.kit.database import execute, fetch, fetch_value
from tests.conftest import PASSWORD, Api

HOME, AWAY, STRANGER = "203.0.113.7", "203.0.113.99", "198.51.100.1"


@pytest.fixture
async def at(app):
    """`await at(address)`: somebody without a token who calls from there."""
    async with AsyncExitStack() as stack:

        async def calling(address):
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 4711))
            http = httpx2.AsyncClient(transport=transport, base_url="http://kuitter.test", timeout=30)
            return Api(await stack.enter_async_context(http))

        yield calling


async def log_in(api, password=PASSWORD, email="me@example.org"):
    return (await api("POST", "/v1/auth/login", json={"email": email, "password": password})).status_code


async def register(api, email="me@example.org"):
    body = {
        "email": email, "password": PASSWORD, "birth_date": "1990-05-17", "timezone": "Europe/Berlin",
        "accepted_terms": True,
    }  # fmt: skip
    assert (await api("POST", "/v1/auth/register", json=body)).status_code == 201


async def use_up(api, email="me@example.org"):
    assert await asyncio.gather(*(log_in(api, "wrong", email) for _ in range(10))) == [401] * 10
    assert await log_in(api, "wrong", email) == 429


async def test_who_signed_in_from_there_before_gets_in_while_a_stranger_guesses(at):
    home, stranger = await at(HOME), await at(STRANGER)
    await register(home)
    await use_up(stranger)
    assert await log_in(home) == 200
    # As often as they like, while the stranger has to wait, even with the right password.
    assert [await log_in(home) for _ in range(12)] == [200] * 12
    assert await log_in(stranger) == 429


async def test_a_familiar_address_has_ten_tries_of_its_own(at):
    home, stranger = await at(HOME), await at(STRANGER)
    await register(home)
    await use_up(home)
    assert await log_in(home) == 429
    # They do not count elsewhere: the stranger's ten are still there.
    await use_up(stranger)


async def test_only_a_right_password_makes_an_address_familiar(at):
    home, stranger, away = await at(HOME), await at(STRANGER), await at(AWAY)
    await register(home)
    await use_up(stranger)
    # An unfamiliar address shares the window of the account.
    assert await log_in(away) == 429


async def test_signing_in_makes_an_address_familiar(at):
    home, stranger, away = await at(HOME), await at(STRANGER), await at(AWAY)
    await register(home)
    assert await log_in(away) == 200
    await use_up(stranger)
    assert await log_in(away) == 200


async def test_what_is_familiar_for_one_is_not_for_another(at):
    home, stranger, away = await at(HOME), await at(STRANGER), await at(AWAY)
    await register(home)
    await register(away, "other@example.org")
    await use_up(stranger, "other@example.org")
    assert await log_in(home, email="other@example.org") == 429


async def test_after_half_a_year_an_address_is_a_stranger_s_again(at):
    from domain.accounts import addresses

    home, stranger = await at(HOME), await at(STRANGER)
    await register(home)
    assert await addresses.forget_old() == 0
    await execute("UPDATE familiar_addresses SET last_used_at = now() - interval '181 days'")
    assert await addresses.forget_old() == 1
    await use_up(stranger)
    assert await log_in(home) == 429


async def test_an_account_that_changed_hands_has_no_familiar_addresses(at, sandbox):
    from tests.accounts.providers import come_in, token_of

    squatter, owner = await at(STRANGER), await at(HOME)
    await register(squatter)
    assert (await come_in(owner, "google", await token_of(sandbox, "google"), about={})).status_code == 200
    assert await fetch_value("SELECT count(*) FROM familiar_addresses") == 1


async def test_addresses_are_stored_as_keyed_hashes_only(at):
    home = await at(HOME)
    await register(home)
    await register(home, "other@example.org")
    await log_in(home, "wrong")
    rows = await fetch("SELECT user_id, address_hash FROM familiar_addresses")
    assert len({row["address_hash"] for row in rows}) == 2
    for table in ("familiar_addresses", "audit_events", "sessions"):
        for row in await fetch(f"SELECT t::text AS row FROM {table} AS t"):
            assert HOME not in row["row"]


async def test_a_hundred_failures_of_an_address(at, setting, monkeypatch):
    from domain.accounts import passwords

    setting(ADDRESS_LIMITS="on")
    monkeypatch.setattr(passwords, "_verify", lambda stored, password: False)
    stranger, home = await at(STRANGER), await at(HOME)
    for number in range(10):
        await asyncio.gather(*(log_in(stranger, "wrong", f"n{number}@example.org") for _ in range(10)))
    assert await log_in(stranger, "wrong", "n99@example.org") == 429
    assert await log_in(home, "wrong", "n99@example.org") == 401
