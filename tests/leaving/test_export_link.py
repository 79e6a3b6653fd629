"""GET /v1/exports/{id}: the signed link to an archive, and how long the archive is there."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from domain.accounts.keys import signature
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.leaving import export
from tests.leaving.conftest import NOON, leave
from tests.leaving.exporting import exported


async def test_the_link_needs_no_token_and_gives_an_attachment_that_nobody_stores(person, stranger, drain):
    with clock.frozen(NOON):
        ready = await exported(person, drain)
        answer = await stranger("GET", ready["url"])
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="kuitter-2026-12-01.zip"'
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == ready["bytes"] == len(answer.content)


async def test_the_link_holds_for_a_quarter_of_an_hour_of_the_real_clock(person, stranger, drain, monkeypatch):
    ready = await exported(person, drain)
    expires = int(parse_qs(urlsplit(ready["url"]).query)["expires"][0])
    assert abs(expires - time.time() - 900) < 5
    past = int(time.time()) - 1
    signed = signature("export", f"{ready['id']}.{past}")
    late = f"/v1/exports/{ready['id']}?expires={past}&signature={signed}"
    answer = await stranger("GET", late)
    assert (answer.status_code, answer.json()["code"]) == (403, "link_expired")


async def test_a_link_that_was_tampered_with_leads_nowhere(person, sign_up, stranger, drain):
    ready = await exported(person, drain)
    query = parse_qs(urlsplit(ready["url"]).query)
    expires, signed = query["expires"][0], query["signature"][0]
    nearly = signed[:-1] + ("B" if signed.endswith("A") else "A")
    path = f"/v1/exports/{ready['id']}"
    of_another_kind = signature("restore", f"{ready['id']}.{expires}")
    for query_ in (
        f"expires={int(expires) + 1}&signature={signed}", f"expires={expires}&signature={nearly}",
        f"expires={expires}&signature=", f"expires=x&signature={signed}", f"expires={expires}&signature=%C3%A9",
        f"expires={expires}&signature={of_another_kind}",
    ):  # fmt: skip
        assert (await stranger("GET", f"{path}?{query_}")).status_code == 404
    assert (await stranger("GET", path)).status_code == 404
    assert (await stranger("GET", f"/v1/exports/x?expires={expires}&signature={signed}")).status_code == 404


async def test_archives_are_removed_after_a_day(person, stranger, drain):
    with clock.frozen(NOON):
        ready = await exported(person, drain)
    with clock.frozen(NOON + timedelta(hours=23, minutes=59)):
        assert await export.forget_expired() == 0
        ready = await person.ok("GET", f"/v1/me/exports/{ready['id']}")
    with clock.frozen(NOON + timedelta(hours=24)):
        # Even before the tick.
        assert (await person("GET", f"/v1/me/exports/{ready['id']}")).status_code == 404
        assert (await stranger("GET", ready["url"])).status_code == 404
        assert await export.forget_expired() == 1
    assert await fetch_value("SELECT count(*) FROM export_parts") == 0


async def test_the_link_ends_with_the_account(person, stranger, drain):
    ready = await exported(person, drain)
    await leave(person)
    assert (await stranger("GET", ready["url"])).status_code == 404
