"""A token belongs to one person, whatever happens at the same time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from domain.accounts import sessions
from domain.accounts.tokens import read_access
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import Unauthenticated
from domain.push import delivery
from domain.push.devices import register_device
from ops.sandbox.apns import device_token
from tests.conftest import Api
from tests.push.phones import android, devices_of, iphone, tell

SignUp = Callable[..., Awaitable[Api]]


def session_of(person: Api) -> UUID:
    assert person.signed_in
    return read_access(person.signed_in["access_token"]).session_id


async def register(person: Api, installation: str, body: dict[str, Any]) -> None:
    """Without HTTP and its rate limit."""
    await register_device(UUID(person.user["id"]), session_of(person), installation, **body)


async def test_the_answer_shows_everything_but_the_token(person: Api) -> None:
    body = iphone()
    answer = await person.ok("PUT", "/v1/me/devices/phone-1", json=body)
    assert answer.pop("registered_at").endswith("Z")
    assert answer == {"installation_id": "phone-1", **{key: body[key] for key in body if key != "token"}}


async def test_an_installation_is_one_row(person: Api) -> None:
    first = await person.ok("PUT", "/v1/me/devices/phone-1", json=android("old-token"))
    again = await person.ok("PUT", "/v1/me/devices/phone-1", json=android("new-token", app_version="1.1.0"))
    assert again["registered_at"] > first["registered_at"]
    [row] = await fetch("SELECT token, app_version FROM devices")
    assert (row["token"], row["app_version"]) == ("new-token", "1.1.0")


async def test_a_new_registration_ends_the_quarantine(person: Api) -> None:
    await person.ok("PUT", "/v1/me/devices/phone-1", json=iphone())
    await execute("UPDATE devices SET quarantined_at = now()")
    await person.ok("PUT", "/v1/me/devices/phone-1", json=iphone())
    assert await fetch_value("SELECT quarantined_at IS NULL FROM devices")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (iphone(token_kind="fcm"), "token_kind"),
        (iphone(platform="android"), "platform"),
        (iphone("ab" * 31), "token"),
        (iphone("ab" * 101), "token"),
        (iphone("xy" * 32), "token"),
        (iphone("ab" * 32 + "\n"), "token"),
        (android(token_kind="apns"), "token_kind"),
        (android(""), "token"),
        (android("t" * 4097), "token"),
        (android("with space"), "token"),
        (android(app_version=""), "app_version"),
        (android(app_version="1\x00"), "app_version"),
        (android(platform="web"), "platform"),
        (android(environment="test"), "environment"),
        (android(colour="red"), "colour"),
    ],
)
async def test_what_does_not_fit_together_is_refused(person: Api, body: dict[str, Any], field: str) -> None:
    response = await person("PUT", "/v1/me/devices/phone-1", json=body)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_request"
    assert field in response.text
    assert await devices_of(person) == []


@pytest.mark.parametrize("installation", ["x" * 101, "a%00b", "a%0Ab"])
async def test_an_installation_id_is_short_and_printable(person: Api, installation: str) -> None:
    for method, body in (("PUT", iphone()), ("DELETE", None)):
        response = await person(method, f"/v1/me/devices/{installation}", json=body)
        assert response.status_code == 400, method


async def test_the_longest_token_is_kept(person: Api) -> None:
    token = secrets.token_urlsafe(4096)[:4096]
    await person.ok("PUT", "/v1/me/devices/phone-1", json=android(token, token_kind="fid"))
    assert await fetch_value("SELECT token FROM devices") == token


async def test_a_token_moves_to_whoever_signs_in(sign_up: SignUp) -> None:
    first, second = await sign_up(), await sign_up()
    await first.ok("PUT", "/v1/me/devices/phone-1", json=iphone())
    await first.ok("PUT", "/v1/me/devices/tablet", json=android())
    # Another spelling and another label do not make it another token.
    body = iphone(device_token("phone").upper(), environment="development")
    await second.ok("PUT", "/v1/me/devices/phone-1", json=body)
    assert await devices_of(first) == ["tablet"]
    assert await devices_of(second) == ["phone-1"]


async def test_a_token_moves_to_a_new_installation(person: Api) -> None:
    await person.ok("PUT", "/v1/me/devices/before", json=android())
    await person.ok("PUT", "/v1/me/devices/reinstalled", json=android())
    assert await devices_of(person) == ["reinstalled"]


async def test_fifty_registrations_at_once_leave_one_owner(sign_up: SignUp) -> None:
    people = [await sign_up(), await sign_up()]
    answers = await asyncio.gather(
        *(people[turn % 2]("PUT", f"/v1/me/devices/phone-{turn // 10}", json=iphone()) for turn in range(50))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await fetch_value("SELECT count(*) FROM devices") == 1


async def test_two_phones_that_swap_tokens_do_not_wait_for_each_other(sign_up: SignUp) -> None:
    one, other = await sign_up(), await sign_up()
    for turn in range(20):
        await register(one, "phone-1", android("token-a"))
        await register(other, "phone-2", android("token-b"))
        jobs = [register(one, "phone-1", android("token-b")), register(other, "phone-2", android("token-a"))]
        await asyncio.gather(*(jobs if turn % 2 else reversed(jobs)))
        rows = await fetch("SELECT DISTINCT token FROM devices")
        assert len(rows) == await fetch_value("SELECT count(*) FROM devices")


async def test_a_person_keeps_the_twenty_newest_devices(person: Api, sign_up: SignUp) -> None:
    other = await sign_up()
    await register(other, "phone", android("of-somebody-else"))
    for number in range(20):
        await register(person, f"{number:02}", android(f"token-{number}"))
    # Registered once more, the oldest is the newest.
    await register(person, "00", android("token-0"))
    await register(person, "20", android("token-20"))
    assert await devices_of(person) == ["00", *(f"{number:02}" for number in range(2, 21))]
    await register(person, "21", android("token-21"))
    assert await devices_of(person) == ["00", *(f"{number:02}" for number in range(3, 22))]
    assert await devices_of(other) == ["phone"]


async def test_fanning_out_locks_devices_in_the_order_of_their_ids(person: Api) -> None:
    await register(person, "first", android("token-1"))
    await register(person, "second", android("token-2"))
    first, second = [row["id"] for row in await fetch("SELECT id FROM devices ORDER BY id")]
    notification_id = await tell(person)
    held = asyncio.Event()

    async def fan_out() -> None:
        await held.wait()
        async with transaction():
            await delivery.fan_out(notification_id)

    fanning = asyncio.create_task(fan_out())
    async with transaction():
        await execute("SELECT FROM devices WHERE id = $1 FOR UPDATE", first)
        held.set()
        await asyncio.sleep(0.2)
        # It waits for the first, so it cannot hold the second.
        await execute("SELECT FROM devices WHERE id = $1 FOR UPDATE NOWAIT", second)
    await fanning
    assert await fetch_value("SELECT count(*) FROM pushes") == 2


async def test_removing_is_idempotent_and_stays_with_the_person(sign_up: SignUp) -> None:
    owner, other = await sign_up(), await sign_up()
    await owner.ok("PUT", "/v1/me/devices/phone-1", json=iphone())
    assert (await other("DELETE", "/v1/me/devices/phone-1")).status_code == 204
    assert await devices_of(owner) == ["phone-1"]
    for _ in range(2):
        assert (await owner("DELETE", "/v1/me/devices/phone-1")).status_code == 204
    assert await devices_of(owner) == []


async def test_signing_out_removes_the_device_of_that_session(person: Api, stranger: Api) -> None:
    await person.ok("PUT", "/v1/me/devices/phone-1", json=iphone())
    login = {"email": person.user["email"], "password": "correct horse battery"}
    tokens = await stranger.ok("POST", "/v1/auth/login", json=login)
    stranger.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    await stranger.ok("PUT", "/v1/me/devices/phone-2", json=android())
    await stranger.ok("POST", "/v1/auth/logout")
    assert await devices_of(person) == ["phone-1"]


async def test_a_registration_cannot_outlive_the_sign_out(sign_up: SignUp) -> None:
    for _ in range(10):
        person = await sign_up()
        user_id, session_id = UUID(person.user["id"]), session_of(person)
        await asyncio.gather(
            sessions.revoke(user_id, session_id, "logout"),
            register(person, "phone-1", iphone()),
            return_exceptions=True,
        )
        assert await devices_of(person) == []
        with pytest.raises(Unauthenticated):
            await register(person, "phone-1", iphone())


async def test_a_session_of_somebody_else_registers_nothing(sign_up: SignUp) -> None:
    person, other = await sign_up(), await sign_up()
    with pytest.raises(Unauthenticated):
        await register_device(UUID(person.user["id"]), session_of(other), "phone-1", **iphone())
    assert await fetch_row("SELECT FROM devices") is None
