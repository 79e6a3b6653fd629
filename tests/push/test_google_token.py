"""Access tokens, against the sandbox's token endpoint."""

import asyncio
import base64
import json
import re
import time
from typing import Any

import httpx2
import pytest

from domain.kit.environment import SettingError
from domain.kit.google_token import FIREBASE_MESSAGING, GoogleToken, TokenUnavailable
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings
from tests.push.conftest import Sandbox


class MovedClock:
    """Real seconds plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def provider(
    settings: Settings, http: httpx2.AsyncClient, clock: MovedClock | None = None, **changes: Any
) -> GoogleToken:
    given = {"url": settings.google_token_url, "account": settings.google_service_account, **changes}
    return GoogleToken(http, scope=FIREBASE_MESSAGING, clock=clock or MovedClock(), **given)


def grant(sandbox: Sandbox, token: str, expires_in: object = 3599) -> None:
    """Let the endpoint give `token`, whatever the assertion says (a moved clock makes it look forged)."""
    sandbox.fault("google", status=200, body={"access_token": token, "expires_in": expires_in, "token_type": "Bearer"})


async def refusal(tokens: GoogleToken) -> Answer:
    with pytest.raises(TokenUnavailable) as caught:
        await tokens.get()
    return caught.value.answer


async def test_twenty_at_once_cost_one_request(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    sandbox.fault("google", delay_ms=100)
    tokens = provider(settings, google)
    got = await asyncio.gather(*(tokens.get() for _ in range(20)))
    assert len(set(got)) == 1
    assert got[0].startswith("ya29.")
    await tokens.get()
    [request] = sandbox.sent("google")
    claims_part = re.search(r"assertion=eyJ[\w-]+\.(eyJ[\w-]+)", request["body"])
    assert claims_part is not None
    claims = json.loads(base64.urlsafe_b64decode(claims_part[1] + "=="))
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert claims["iss"] == settings.google_service_account["client_email"]
    assert claims["scope"] == FIREBASE_MESSAGING
    assert claims["exp"] - claims["iat"] == 3600


async def test_a_token_is_replaced_five_minutes_early(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    clock = MovedClock()
    tokens = provider(settings, google, clock)
    grant(sandbox, "first")
    assert await tokens.get() == "first"
    grant(sandbox, "second")
    clock.ahead = 3599 - 300 - 5
    assert await tokens.get() == "first"
    clock.ahead = 3599 - 300 + 1
    assert await tokens.get() == "second"


async def test_a_short_lived_token_is_used_for_half_its_life(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    clock = MovedClock()
    tokens = provider(settings, google, clock)
    grant(sandbox, "short", expires_in=100)
    assert await tokens.get() == "short"
    grant(sandbox, "next", expires_in="100")
    clock.ahead = 45
    assert await tokens.get() == "short"
    clock.ahead = 51
    assert await tokens.get() == "next"


async def test_the_old_token_serves_while_the_endpoint_is_away(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    clock = MovedClock()
    tokens = provider(settings, google, clock)
    grant(sandbox, "old")
    await tokens.get()
    sandbox.fault("google", status=503)
    clock.ahead = 3400
    assert [await tokens.get(), await tokens.get()] == ["old", "old"]
    assert len(sandbox.sent("google")) == 2, "it is not asked again at once"
    clock.ahead = 3420
    assert await tokens.get() == "old"
    assert len(sandbox.sent("google")) == 3
    clock.ahead = 3600
    assert (await refusal(tokens)).outcome is Outcome.TRANSIENT


async def test_a_refused_token_is_replaced_once_for_all(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    tokens = provider(settings, google)
    first = await tokens.get()
    second: set[str] = set()
    for _ in range(5):
        tokens.invalidate(first)
        second.add(await tokens.get())
    assert len(second) == 1
    assert second != {first}
    assert len(sandbox.sent("google")) == 2


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"status": 400}, Answer(Outcome.CONFIG, "invalid_grant")),
        ({"status": 401}, Answer(Outcome.CONFIG, "invalid_client")),
        ({"status": 400, "body": "no json"}, Answer(Outcome.CONFIG, "token_http_400")),
        ({"status": 400, "body": {"error": "a secret, perhaps"}}, Answer(Outcome.CONFIG, "token_http_400")),
        ({"status": 404, "body": {"error": {"code": 404}}}, Answer(Outcome.CONFIG, "token_http_404")),
        ({"status": 500, "body": "<html>"}, Answer(Outcome.TRANSIENT, "token_http_500")),
        (
            {"status": 503, "headers": {"Retry-After": "7"}},
            Answer(Outcome.TRANSIENT, "token_http_503", retry_after=7.0),
        ),
        ({"status": 429}, Answer(Outcome.TRANSIENT, "token_http_429")),
        ({"status": 200, "body": "no json"}, Answer(Outcome.TRANSIENT, "token_bad_answer")),
        ({"status": 200, "body": {"expires_in": 3599}}, Answer(Outcome.TRANSIENT, "token_bad_answer")),
        ({"status": 200, "body": {"access_token": "", "expires_in": 1}}, Answer(Outcome.TRANSIENT, "token_bad_answer")),
        (
            {"status": 200, "body": {"access_token": "x", "expires_in": 0}},
            Answer(Outcome.TRANSIENT, "token_bad_answer"),
        ),
        ({"drop": True}, Answer(Outcome.TRANSIENT, "token_transport")),
        ({"delay_ms": 3000}, Answer(Outcome.TRANSIENT, "token_timeout")),
    ],
)
async def test_failures(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient, fault: dict[str, Any], answer: Answer
) -> None:
    google.timeout = 0.3
    sandbox.fault("google", **fault)
    tokens = provider(settings, google)
    assert await refusal(tokens) == answer
    sandbox.no_fault("google")
    assert (await tokens.get()).startswith("ya29."), "a failure is not kept"


async def test_nobody_at_the_address(settings: Settings, google: httpx2.AsyncClient, closed_port: int) -> None:
    tokens = provider(settings, google, url=f"http://127.0.0.1:{closed_port}/token")
    assert await refusal(tokens) == Answer(Outcome.TRANSIENT, "token_transport")


async def test_a_foreign_key_is_a_configuration_fault(settings: Settings, google: httpx2.AsyncClient) -> None:
    account = {**settings.google_service_account, "client_email": "someone@else.example"}
    assert await refusal(provider(settings, google, account=account)) == Answer(Outcome.CONFIG, "invalid_grant")


def test_an_unreadable_key_is_said_at_start(settings: Settings) -> None:
    account = {**settings.google_service_account, "private_key": "-----BEGIN PRIVATE KEY-----\nnonsense"}
    with pytest.raises(SettingError, match="GOOGLE_SERVICE_ACCOUNT") as caught:
        provider(settings, httpx2.AsyncClient(), account=account)
    assert "nonsense" not in str(caught.value)


async def test_one_that_gives_up_waiting_fails_no_other(
    settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient
) -> None:
    sandbox.fault("google", delay_ms=200)
    tokens = provider(settings, google)
    impatient, patient = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await asyncio.sleep(0.05)
    impatient.cancel()
    assert (await patient).startswith("ya29.")
    assert impatient.cancelled()
    assert len(sandbox.sent("google")) == 1


async def test_close_ends_a_request(settings: Settings, sandbox: Sandbox, google: httpx2.AsyncClient) -> None:
    sandbox.fault("google", delay_ms=5000)
    tokens = provider(settings, google)
    waiting = asyncio.create_task(tokens.get())
    await asyncio.sleep(0.05)
    await tokens.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
