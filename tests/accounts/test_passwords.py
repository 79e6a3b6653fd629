"""Passwords: which are refused, and that hashing holds nobody up."""

import asyncio
import time

import pytest

from domain.accounts.passwords import check_password, hash_password, verify_password
from domain.kit.errors import InvalidRequest
from tests.accounts.conftest import NEW_PERSON


def refusal(password, email="me@example.org"):
    with pytest.raises(InvalidRequest) as caught:
        check_password(password, email)
    (error,) = caught.value.extra["errors"]
    assert error["field"] == "password"
    assert not password or password not in error["message"]
    return error["message"]


@pytest.mark.parametrize(
    "password",
    ["password", "Password1", "PASSWORD123", "12345678", "123456789", "1234567890", "qwertyuiop", "qwerty123",
     "iloveyou", "sunshine", "football", "princess", "letmein123", "welcome1", "1q2w3e4r", "11111111",
     "00000000", "abcd1234", "trustno1", "superman", "baseball", "passw0rd", "aaaaaaaa", "abababab"],
)  # fmt: skip
def test_common_ones_are_refused(password):
    refusal(password)


@pytest.mark.parametrize("password", ["", "short", "1234567", "x" * 129, "Aa1! " * 1000])
def test_too_short_or_too_long_ones_are_refused(password):
    assert "8 to 128" in refusal(password)


def test_the_address_is_no_password():
    refusal("somebody@example.org", "somebody@example.org")
    refusal("Somebody", "somebody@example.org")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "üñîçødé wörds", "🔑🔒🗝️🚪🏠🌳🌲🌱", " spaces count ", "xK9#mQ2$"]
)
def test_good_ones_are_taken(password):
    check_password(password, "me@example.org")


async def test_the_route_refuses_them_too(stranger):
    for password in ("password123", "short"):
        response = await stranger("POST", "/v1/auth/register", json={**NEW_PERSON, "password": password})
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "password"
        assert password not in response.text


async def test_hashes_are_salted_and_verify():
    one, two = await hash_password("correct horse"), await hash_password("correct horse")
    assert one != two
    assert await verify_password(one, "correct horse")
    assert not await verify_password(one, "correct horse ")
    assert not await verify_password(None, "correct horse")
    assert not await verify_password("not a hash", "correct horse")
    assert not await verify_password("", "correct horse")


async def test_the_hash_is_argon2id_with_at_least_owasp_s_cost():
    _, kind, version, parameters, *_ = (await hash_password("correct horse")).split("$")
    chosen = dict(pair.split("=") for pair in parameters.split(","))
    assert (kind, version) == ("argon2id", "v=19")
    assert int(chosen["m"]) >= 19_456
    assert int(chosen["t"]) >= 2


async def longest_pause(work):
    """The longest time, in seconds, that the event loop did not tick while `work` ran."""
    done, worst = asyncio.ensure_future(work), 0.0
    last = time.perf_counter()
    while not done.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    await done
    return worst


async def test_the_event_loop_ticks_while_eight_are_hashed(monkeypatch):
    """With a hasher that blocks its thread for long, so that a busy machine cannot be taken for a held loop."""
    from domain.accounts import passwords

    class Slow:
        def hash(self, password):
            time.sleep(0.4)
            return "hash"

        def verify(self, stored, password):
            time.sleep(0.4)
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow())
    assert await longest_pause(asyncio.gather(*(hash_password("x") for _ in range(8)))) < 0.2
    assert await longest_pause(asyncio.gather(*(verify_password("x", "x") for _ in range(8)))) < 0.2


async def test_eight_real_ones_at_once_leave_the_loop_ticking():
    hashing = asyncio.gather(*(hash_password("correct horse") for _ in range(8)))
    ticks = 0
    while not hashing.done():
        await asyncio.sleep(0)
        ticks += 1
    await hashing
    assert ticks > 50


async def test_the_memory_of_hashing_is_bounded(monkeypatch):
    from domain.accounts import passwords

    running = most = 0

    class Counting:
        def hash(self, password):
            nonlocal running, most
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            running -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_hasher", Counting())
    await asyncio.gather(*(hash_password("x") for _ in range(20)))
    assert 1 < most <= 8
