"""Two partners whose phones talk to different processes, one of which dies: one order, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from tests.faults.conftest import Phone, World, stack, world

__all__ = ["stack", "world"]

pytestmark = pytest.mark.slow

EACH = 40


class At:
    """A person's phone that reaches one process alone."""

    def __init__(self, phone: Phone, url: str) -> None:
        self.http = httpx2.AsyncClient(base_url=url, headers=phone.headers, trust_env=False, timeout=10)

    async def ok(self, method, path, **arguments):
        answer = await self.http.request(method, path, **arguments)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def writes_until_taken(self, talk, client_id):
        """As an app does: again and again with the same client_id, whatever becomes of the process."""
        while True:
            try:
                return await self.ok(
                    "POST", f"/v1/partners/{talk}/messages", json={"body": client_id, "client_id": client_id}
                )
            except (httpx2.HTTPError, AssertionError):
                await asyncio.sleep(0.05)


async def partners(world: World):
    """Two who have become partners as people do; the second bears a name, so that the first can find them."""
    one, other = await world.sign_up(), await world.sign_up(username="berta_b")
    for each in (one, other):
        await world.sql("UPDATE users SET email_verified_at = now() WHERE id = $1", each.user["id"])
        await each.ok("PUT", "/v1/me/consents/community_rules", json={"granted": True})
    [found] = (await one.ok("GET", "/v1/partners/search", params={"q": "berta"}))["items"]
    request = await one.ok("POST", "/v1/partners/requests", json={"to": found["id"]})
    await other.ok("POST", f"/v1/partners/requests/{request['id']}/accept")
    return one, other, request["id"]


async def test_two_processes_one_order(world: World) -> None:
    one, other, talk = await partners(world)
    first, second = world.stack.url, world.stack.add_web()
    assert second.ready_url
    second_url = second.ready_url.removesuffix("/health/ready")
    hers, his, his_tablet = At(one, first), At(other, second_url), At(other, first)

    async def talks(phone: At, name: str) -> None:
        for number in range(EACH):
            await phone.writes_until_taken(talk, f"{name} {number}")

    async def break_it() -> None:
        await asyncio.sleep(0.2)
        second.kill()
        second.start()

    await asyncio.gather(talks(hers, "hers"), talks(his, "his"), break_it())
    # All may have been said before it was back.
    second.wait_ready()
    assert not second.died
    seen = []
    for phone in (hers, his, his_tablet):
        items = (await phone.ok("GET", f"/v1/partners/{talk}/messages", params={"limit": 100}))["items"]
        seen.append([(item["seq"], item["body"]) for item in items])
    assert seen[0] == seen[1] == seen[2]
    assert [seq for seq, _ in seen[0]] == list(range(2 * EACH, 0, -1))
    # Each in the order in which they were written, and each once.
    for name in ("hers", "his"):
        assert [body for _, body in reversed(seen[0]) if body.startswith(name)] == [
            f"{name} {number}" for number in range(EACH)
        ]
    for phone in (his, his_tablet):
        assert (await phone.ok("GET", f"/v1/partners/{talk}"))["unread_count"] == EACH
    assert (await his_tablet.ok("PUT", f"/v1/partners/{talk}/read", json={"up_to": 2 * EACH}))["unread_count"] == 0
    assert (await his.ok("GET", f"/v1/partners/{talk}"))["unread_count"] == 0
    await world.until_no_jobs()
    titles = [item["title"] for item in (await hers.ok("GET", "/v1/notifications"))["items"]
              if item["kind"] == "partner_message"]  # fmt: skip
    assert titles == [f"{EACH} new messages from your partner"]
    assert "partner_message" not in [item["kind"] for item in (await his.ok("GET", "/v1/notifications"))["items"]], (
        "they have read it all"
    )
    await world.audit()
