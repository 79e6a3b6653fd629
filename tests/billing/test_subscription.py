"""What a person sees of it: both stores in one answer, and what administrators gave."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

import pytest

from domain.billing.grants import grant
from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value
from domain.kit.errors import InvalidRequest, NotFound, RuleBroken
from domain.kit.ids import new_id
from ops.cli.grants import _grant
from tests.billing.conftest import Counter, hand_in
from tests.billing.reports import id_of, plan, subscription

DAY = timedelta(days=1)


async def test_who_has_nothing_gets_none(person: Any) -> None:
    assert await subscription(person) == {
        "state": "none", "has_access": False, "plan": None, "expires_at": None, "will_renew": False, "store": None,
        "in_grace": False, "next_plan": None, "resumes_at": None, "management_url": None, "management_urls": {},
        "warning": None,
    }  # fmt: skip


async def test_both_stores_at_once_are_one_access_and_a_warning(
    sandbox: Any, stranger: Any, person: Any, drain: Any
) -> None:
    for store in ("app_store", "google_play"):
        counter = Counter(store, sandbox, stranger)
        await hand_in(person, await counter.buy(person), drain)
    seen = await subscription(person)
    assert (seen["state"], seen["warning"]) == ("active", "duplicate_subscription")
    assert seen["management_urls"] == {
        "app_store": "https://apps.apple.com/account/subscriptions",
        "google_play": "https://play.google.com/store/account/subscriptions?sku=kuitter_plus"
        "&package=app.kuitter.android",
    }
    assert seen["management_url"] == seen["management_urls"][seen["store"]]
    assert await plan(person) == "subscriber"


# -- grants ---------------------------------------------------------------------------------------------------------


async def test_what_an_administrator_gives_is_access_without_a_store(person: Any) -> None:
    until = clock.now() + 10 * DAY
    await grant(id_of(person), until, "  sorry for the outage ", "an administrator")
    seen = await subscription(person)
    assert (seen["state"], seen["store"], seen["management_url"], seen["will_renew"]) == ("active", None, None, False)
    assert await plan(person) == "subscriber"
    noted = await fetch_row("SELECT kind, details FROM audit_events WHERE kind = 'grant_given'")
    assert noted is not None
    assert "an administrator" in noted["details"]
    assert "outage" not in noted["details"]
    assert await fetch_value("SELECT reason FROM grants") == "sorry for the outage"
    with clock.frozen(until):
        assert await plan(person) == "free"


async def test_a_grant_that_cannot_be(person: Any) -> None:
    now = clock.now()
    with pytest.raises(RuleBroken):
        await grant(id_of(person), now, "late", "x")
    with pytest.raises(InvalidRequest):
        await grant(id_of(person), now + DAY, " ", "x")
    with pytest.raises(NotFound):
        await grant(new_id(), now + DAY, "nobody", "x")
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'grant_given'") == 0


async def test_the_command_gives_and_says_what_it_cannot(person: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def command(email: str, days: int, reason: str = "a test") -> tuple[int, str]:
        status = await _grant(argparse.Namespace(email=email, days=days, reason=reason))
        said = capsys.readouterr()
        return status, said.out + said.err

    assert await command("nobody@example.org", 5) == (1, "kuitter: nobody has this address\n")
    assert (await command(person.user["email"], 0))[0] == 1
    assert (await command("no address", 5))[0] == 1
    assert (await command(person.user["email"], 5, " "))[0] == 1
    assert await plan(person) == "free"
    status, said = await command(person.user["email"].upper(), 5)
    assert (status, said.split(" ")[0]) == (0, "granted")
    assert await plan(person) == "subscriber"
