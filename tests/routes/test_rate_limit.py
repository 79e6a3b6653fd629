"""Limits: sixty requests of a person in any minute, over all processes; limits by address."""

import asyncio
import os
import sys
import time

import httpx2
import pytest

from domain.kit.limits import Limiter, Window
from tests.accounts.conftest import NEW_PERSON
from tests.conftest import Api
from tests.routes.conftest import problem

HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def limit_of(response):
    return tuple(int(response.headers[name]) for name in HEADERS)


async def statuses(calls):
    return [response.status_code for response in await asyncio.gather(*calls)]


def key_of(person):
    return Limiter.key(Window("person", 60, 60), person.user["id"])


async def test_the_61st_request_in_a_minute_is_429(person, sign_up):
    other = await sign_up()
    for number in range(1, 61):
        response = await person("GET", "/v1/me")
        assert response.status_code == 200
        limit, remaining, reset = limit_of(response)
        assert (limit, remaining) == (60, 60 - number)
        assert 0 < reset <= 60
    refused = await person("GET", "/v1/me")
    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert limit_of(refused)[:2] == (60, 0)
    assert int(refused.headers["Retry-After"]) == limit_of(refused)[2]
    # Whatever the route, and whatever the session; another person is untouched.
    problem(await person("GET", "/v1/streak"), 429)
    assert limit_of(await other("GET", "/v1/me"))[1] == 59


async def test_a_hundred_at_once_are_sixty(person):
    answers = await statuses([person("GET", "/v1/me") for _ in range(100)])
    assert sorted(answers) == [200] * 60 + [429] * 40


async def test_all_sessions_of_a_person_share_the_limit(person, stranger):
    login = {"email": person.user["email"], "password": "correct horse battery"}
    second = (await stranger.ok("POST", "/v1/auth/login", json=login))["access_token"]
    await statuses([person("GET", "/v1/me") for _ in range(60)])
    problem(await stranger("GET", "/v1/me", headers={"Authorization": f"Bearer {second}"}), 429)


async def test_the_window_slides_and_refused_ones_do_not_count(person, redis):
    await statuses([person("GET", "/v1/me") for _ in range(60)])
    assert await statuses([person("GET", "/v1/me") for _ in range(30)]) == [429] * 30
    assert await redis.llen(key_of(person)) == 60
    # Three of them were made more than a minute ago; and then three may be made, no more.
    for index in range(3):
        await redis.lset(key_of(person), index, int(time.time() * 1000) - 60_001)
    assert sorted(await statuses([person("GET", "/v1/me") for _ in range(10)])) == [200] * 3 + [429] * 7


async def test_retry_after_is_when_the_oldest_leaves_the_window(person, redis):
    await statuses([person("GET", "/v1/me") for _ in range(60)])
    await redis.lset(key_of(person), 0, int(time.time() * 1000) - 58_500)
    assert int((await person("GET", "/v1/me")).headers["Retry-After"]) in (1, 2)


async def test_failed_requests_count_as_well(person):
    for _ in range(3):
        await person("GET", "/v1/auth/sessions?limit=0")
    assert limit_of(await person("GET", "/v1/me"))[1] == 56


async def test_every_answer_carries_the_three_headers(person, stranger):
    for response in (
        await person("GET", "/v1/me"),
        await person("DELETE", "/v1/auth/sessions/x"),
        await person("GET", "/v1/nothing"),
        await person("POST", "/v1/auth/logout"),
        await person("GET", "/v1/me"),
        await stranger("GET", "/v1/me"),
        await stranger("GET", "/health/live"),
        await stranger("GET", "/openapi.json"),
        await stranger("POST", "/v1/auth/login", json={}),
    ):
        limit, remaining, reset = limit_of(response)
        assert 0 <= remaining <= limit
        assert reset >= 0
        assert [response.headers.get_list(name) for name in HEADERS] == [[response.headers[name]] for name in HEADERS]


async def test_a_redis_that_forgot_the_script_is_taught_again(person, redis):
    await person.ok("GET", "/v1/me")
    await redis.script_flush()
    await redis.flushdb()
    assert limit_of(await person("GET", "/v1/me"))[:2] == (60, 59)


async def test_with_redis_away_the_limit_holds_in_this_process(person, sign_up, redis_away):
    other = await sign_up()
    redis_away()
    answers = await statuses([person("GET", "/v1/me") for _ in range(70)])
    assert sorted(answers) == [200] * 60 + [429] * 10
    refused = await person("GET", "/v1/me")
    assert int(refused.headers["Retry-After"]) >= 1
    assert limit_of(refused)[:2] == (60, 0)
    assert (await other("GET", "/v1/me")).status_code == 200


async def test_with_redis_away_guesses_at_passwords_are_still_counted(person, stranger, redis_away):
    redis_away()
    wrong = {"email": person.user["email"], "password": "wrong"}
    answers = await statuses([stranger("POST", "/v1/auth/login", json=wrong) for _ in range(15)])
    assert sorted(answers) == [401] * 10 + [429] * 5


async def test_a_redis_that_hangs_holds_nobody_up_for_long(person, redis_away):
    async def swallow(reader, writer):
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    redis_away(server.sockets[0].getsockname()[1])
    began = time.monotonic()
    assert await statuses([person("GET", "/v1/me") for _ in range(20)]) == [200] * 20
    assert time.monotonic() - began < 4
    began = time.monotonic()
    assert (await person("GET", "/v1/me")).status_code == 200
    assert time.monotonic() - began < 1.5
    redis_away.back()
    server.close()


async def test_webhooks_and_health_are_exempt(stranger, setting):
    setting(ADDRESS_LIMITS="on")
    assert set(await statuses([stranger("GET", "/health/live") for _ in range(200)])) == {200}


# -- by address --------------------------------------------------------------------------------------------------


def from_address(app, address, **headers):
    transport = httpx2.ASGITransport(app=app, client=(address, 50_000), raise_app_exceptions=False)
    return Api(httpx2.AsyncClient(transport=transport, base_url="http://kuitter.test", headers=headers))


BY_ADDRESS = {
    "refused": Window("refused", 600, 60),
    "registrations": Window("registrations", 120, 3600),
    "sign-in": Window("sign-in-address", 100, 900),
}


async def fill(name, address, but=0):
    """Use up all that `address` may do of `name`, `but` so many."""
    from domain.kit.limits import limiter

    window = BY_ADDRESS[name]
    for _ in range(window.limit - but):
        assert (await limiter().hit(window, address)).allowed


async def is_limited(api):
    """Whether the address behind `api` is out of registrations. Counts as one, though it registers nobody."""
    response = await api("POST", "/v1/auth/register", json={**NEW_PERSON, "accepted_terms": False})
    assert response.status_code in (400, 429)
    return response.status_code == 429


async def test_refused_calls_are_600_a_minute_by_address(app, person, setting):
    setting(ADDRESS_LIMITS="on")
    await fill("refused", "203.0.113.7", but=2)
    there, elsewhere = from_address(app, "203.0.113.7"), from_address(app, "203.0.113.8")
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        problem(await there("GET", "/v1/me", headers=headers), 401)
    refused = await there("GET", "/v1/me", headers={"Authorization": "Bearer nonsense"})
    problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    problem(await elsewhere("GET", "/v1/me"), 401)
    # Who has a good token is served from there too.
    token = {"Authorization": f"Bearer {person.signed_in['access_token']}"}
    assert (await there("GET", "/v1/me", headers=token)).status_code == 200


async def test_registering_is_limited_by_address(app, setting):
    setting(ADDRESS_LIMITS="on")
    there, elsewhere = from_address(app, "203.0.113.7"), from_address(app, "203.0.113.8")
    await fill("registrations", "203.0.113.7", but=1)
    assert not await is_limited(there)
    assert await is_limited(there)
    assert not await is_limited(elsewhere)


async def test_guessing_is_limited_by_address(app, setting):
    setting(ADDRESS_LIMITS="on")
    there, elsewhere = from_address(app, "203.0.113.7"), from_address(app, "203.0.113.8")
    await fill("sign-in", "203.0.113.7", but=1)
    wrong = {"email": "nobody@example.org", "password": "wrong"}
    problem(await there("POST", "/v1/auth/login", json=wrong), 401)
    problem(await there("POST", "/v1/auth/login", json=wrong), 429)
    problem(await elsewhere("POST", "/v1/auth/login", json=wrong), 401)


async def test_without_the_setting_addresses_are_not_limited(app):
    there = from_address(app, "203.0.113.7")
    await fill("registrations", "203.0.113.7")
    assert not await is_limited(there)


async def test_in_production_the_limits_hold_whatever_is_set(setting):
    from domain.kit.settings import read_settings

    # The sandbox's unsafe addresses would be refused there.
    safe = {"http://": "https://", "smtp://": "smtps://"}
    environ = dict(os.environ)
    for unsafe, instead in safe.items():
        environ = {name: value.replace(unsafe, instead) for name, value in environ.items()}
    environ |= {
        "KUITTER_ENV": "production",
        "ADDRESS_LIMITS": "off",
        "SECRET_KEYS": f"one:{'A' * 64}",
        "TRUSTED_PROXIES": "none",
    }
    assert read_settings(environ).address_limits


async def test_x_forwarded_for_of_a_stranger_is_not_believed(app, setting):
    setting(ADDRESS_LIMITS="on", TRUSTED_PROXIES="10.0.0.0/8")
    await fill("registrations", "203.0.113.7")
    assert await is_limited(from_address(app, "203.0.113.7", **{"X-Forwarded-For": "198.51.100.1"}))
    # Nor can anybody use up another's.
    assert not await is_limited(from_address(app, "198.51.100.2", **{"X-Forwarded-For": "203.0.113.7"}))


@pytest.mark.parametrize(
    ("forwarded", "limited"),
    [
        ("203.0.113.7", True),
        ("198.51.100.1, 203.0.113.7", True),  # what the client itself claims stands further left
        ("203.0.113.7, 198.51.100.1", False),
        ("203.0.113.7, 10.1.2.3", True),  # two proxies of ours
        ("203.0.113.7, 198.51.100.1, 10.1.2.3", False),
        ("", False),
        ("nonsense", False),
        ("203.0.113.7, nonsense", False),
        (" 203.0.113.7 ", True),
    ],
)
async def test_a_trusted_proxy_names_the_client(app, setting, forwarded, limited):
    setting(ADDRESS_LIMITS="on", TRUSTED_PROXIES="10.0.0.0/8")
    await fill("registrations", "203.0.113.7")
    assert await is_limited(from_address(app, "10.0.0.9", **{"X-Forwarded-For": forwarded})) is limited


async def test_of_several_forwarding_headers_the_last_hop_counts(app, setting):
    setting(ADDRESS_LIMITS="on", TRUSTED_PROXIES="10.0.0.0/8")
    await fill("registrations", "203.0.113.7")
    behind = from_address(app, "10.0.0.9")
    body = {**NEW_PERSON, "accepted_terms": False}
    for first, last, status in (("198.51.100.1", "203.0.113.7", 429), ("203.0.113.7", "198.51.100.1", 400)):
        headers = [("X-Forwarded-For", first), ("X-Forwarded-For", last)]
        assert (await behind("POST", "/v1/auth/register", json=body, headers=headers)).status_code == status


async def test_a_household_s_ipv6_network_is_one_address(app, setting):
    setting(ADDRESS_LIMITS="on")
    await fill("registrations", "2001:db8:1:2::/64")
    for address, limited in (("2001:db8:1:2::1", True), ("2001:db8:1:2:ffff::9", True), ("2001:db8:1:3::1", False)):
        assert await is_limited(from_address(app, address)) is limited


async def test_an_ipv4_address_in_ipv6_s_clothes_is_itself(app, setting):
    setting(ADDRESS_LIMITS="on")
    await fill("registrations", "203.0.113.7")
    assert await is_limited(from_address(app, "::ffff:203.0.113.7"))
    assert not await is_limited(from_address(app, "::ffff:203.0.113.8"))


# -- over processes ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_processes(schema):
    from ops.stack.ports import free_port
    from ops.stack.processes import Child

    children, addresses = [], []
    for number in (1, 2):
        port = free_port()
        addresses.append(f"http://127.0.0.1:{port}")
        env = {**os.environ, "PORT": str(port), "METRICS_PORT": str(free_port()), "LOG_LEVEL": "warning"}
        children.append(
            Child(f"web {number}", [sys.executable, "-m", "api"], env, ready_url=f"{addresses[-1]}/health/ready")
        )
        children[-1].start()
    for child in children:
        child.wait_ready(20)
    yield addresses
    for child in children:
        child.ask_to_end()
    for child in children:
        child.terminate()


async def test_two_processes_share_the_limit(two_processes, person, sign_up):
    other = await sign_up()
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:

        async def ask(number, who):
            headers = {"Authorization": who.http.headers["Authorization"]}
            return await http.get(f"{two_processes[number % 2]}/v1/me", headers=headers)

        answers = [await ask(number, person) for number in range(30)]
        answers += await asyncio.gather(*(ask(number, person) for number in range(60)))
        assert sorted(answer.status_code for answer in answers) == [200] * 60 + [429] * 30
        assert [limit_of(answer)[1] for answer in answers[:30]] == list(range(59, 29, -1))
        for number in (0, 1):
            assert (await ask(number, other)).status_code == 200
            refused = await ask(number, person)
            problem(refused, 429, "rate_limited")
            assert int(refused.headers["Retry-After"]) >= 1


async def test_an_end_in_one_process_is_an_end_in_the_other(two_processes, person):
    headers = {"Authorization": person.http.headers["Authorization"]}
    async with httpx2.AsyncClient(trust_env=False, timeout=10, headers=headers) as http:
        for address in two_processes:
            assert (await http.get(f"{address}/v1/me")).status_code == 200
        assert (await http.post(f"{two_processes[0]}/v1/auth/logout")).status_code == 204
        for address in two_processes:
            problem(await http.get(f"{address}/v1/me"), 401, "session_ended")


async def test_a_real_server_answers_413_and_problems_as_well(two_processes, person):
    headers = {"Authorization": person.http.headers["Authorization"]}
    async with httpx2.AsyncClient(trust_env=False, timeout=10, headers=headers, base_url=two_processes[0]) as http:
        problem(await http.patch("/v1/me", content=b"x" * 300_000), 413, "too_large")
        problem(await http.patch("/v1/me", content=b"[" * 50_000), 400)
        problem(await http.get("/v1/nothing"), 404)
        assert (await http.get("/v1/me")).status_code == 200
