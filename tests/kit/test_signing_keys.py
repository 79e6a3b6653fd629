"""How long keys are kept, and what happens when they cannot be fetched."""

import httpx2
import pytest

from domain.kit.signing_keys import KeysUnavailable, SigningKeys, read_certificates, read_key_set


class Endpoint:
    """Serves keys in this process, at a time that the test sets."""

    def __init__(self):
        self.keys, self.headers, self.status, self.asked, self.now = {"a": "A"}, {}, 200, 0, 1000.0

    async def answer(self, request):
        self.asked += 1
        return httpx2.Response(self.status, headers=self.headers, json=self.keys)


@pytest.fixture
async def endpoint():
    return Endpoint()


@pytest.fixture
async def keys(endpoint):
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint.answer)) as http:
        yield SigningKeys(http, "http://keys.test/", read_certificates, clock=lambda: endpoint.now)


@pytest.mark.parametrize(
    ("headers", "life"),
    [
        ({"cache-control": "public, max-age=600, must-revalidate"}, 600),
        ({"cache-control": "public, max-age=600", "age": "100"}, 500),
        ({}, 3600),
        ({"cache-control": "no-store"}, 3600),
        ({"cache-control": "max-age=0"}, 60),
        ({"cache-control": "max-age=99999999"}, 86_400),
    ],
)
async def test_keys_are_kept_as_long_as_the_provider_says(keys, endpoint, headers, life):
    endpoint.headers = headers
    assert await keys.get("a") == "A"
    endpoint.now += life - 1
    assert await keys.get("a") == "A"
    assert endpoint.asked == 1
    endpoint.now += 1
    assert await keys.get("a") == "A"
    assert endpoint.asked == 2


async def test_an_unknown_key_makes_it_ask_again_after_30_seconds(keys, endpoint):
    assert await keys.get("b") is None
    assert endpoint.asked == 2
    endpoint.keys = {"a": "A", "b": "B"}
    endpoint.now += 29
    assert await keys.get("b") is None
    endpoint.now += 1
    assert await keys.get("b") == "B"
    assert endpoint.asked == 3


async def test_while_the_provider_is_away_its_last_keys_serve_for_another_day(keys, endpoint):
    await keys.get("a")
    endpoint.status = 503
    endpoint.now += 3600
    assert await keys.get("a") == "A"
    assert await keys.get("a") == "A"
    assert endpoint.asked == 2
    endpoint.now += 86_399
    assert await keys.get("a") == "A"
    endpoint.now += 11
    with pytest.raises(KeysUnavailable):
        await keys.get("a")
    endpoint.status = 200
    assert await keys.get("a") == "A"


async def test_a_key_set_is_read_by_key_id():
    with pytest.raises(Exception, match="keys"):
        read_key_set(b'{"keys": []}')
