"""Support in the answers of all that people write, and in the refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.safety.resources import COUNTRIES
from domain.safety.support import support_for
from domain.safety.support_words import WORDS, words_for
from tests.community.conftest import comment, confirm, post
from tests.conftest import Api
from tests.safety.conftest import DANGER, QUIET, hits, is_support

SLIP: dict[str, Any] = {}
URGE = {"intensity": 7, "outcome": "resisted"}
CHECK_IN = {"mood": 2, "urge_level": 3, "triggers": []}


@pytest.fixture
async def ina(sign_up: Callable[..., Any]) -> Api:
    """In Germany by her clock, with English as her language, and free to write to others."""
    person: Api = await sign_up(consents=("community_rules",), started_on="2026-01-01")
    await confirm(person)
    return person


def today() -> str:
    return str(clock.now().date())


WRITES = {
    "check-in": ("check_in", "PUT", lambda: f"/v1/check-ins/{today()}", lambda text: {**CHECK_IN, "note": text}),
    "check-in's trigger": (
        "check_in", "PUT", lambda: f"/v1/check-ins/{today()}",
        lambda text: {**CHECK_IN, "triggers": [text[:30] if text == QUIET else "suicidal thoughts"]},
    ),
    "urge's note": ("urge", "POST", lambda: "/v1/urges", lambda text: {**URGE, "note": text}),
    "urge's coping": ("urge", "POST", lambda: "/v1/urges", lambda text: {**URGE, "coping": text}),
    "slip's feeling": ("slip", "POST", lambda: "/v1/slips", lambda text: {**SLIP, "feeling": text}),
    "slip's reflection": ("slip", "POST", lambda: "/v1/slips", lambda text: {**SLIP, "reflection": text}),
    "slip's plan": ("slip", "POST", lambda: "/v1/slips", lambda text: {**SLIP, "plan": text}),
    "journal's title": ("journal", "POST", lambda: "/v1/journal", lambda text: {"title": text, "body": "x"}),
    "journal's body": ("journal", "POST", lambda: "/v1/journal", lambda text: {"body": text}),
    "post": ("post", "POST", lambda: "/v1/posts", lambda text: {"body": text}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
async def test_support_is_in_the_answer_and_the_text_is_kept(ina: Api, name: str) -> None:
    source, method, path, body = WRITES[name]
    quiet = await ina.ok(method, path(), json=body(QUIET))
    assert quiet["support"] is None
    assert await hits() == {}
    answer = await ina.ok(method, path(), json=body(DANGER))
    assert is_support(answer["support"])
    assert await hits() == {source: 1}
    if method == "POST":
        read = await ina.ok("GET", f"{path()}/{answer['id']}")
        assert read.get("support") is None
        assert DANGER in read.values()


CHANGES = {
    "urge's note": ("/v1/urges", {**URGE, "note": QUIET}, {"note": DANGER}, {"intensity": 3}),
    "urge's coping": ("/v1/urges", {**URGE, "note": QUIET}, {"coping": DANGER}, {"note": None}),
    "slip's feeling": ("/v1/slips", SLIP, {"feeling": DANGER}, {"plan": None}),
    "slip's reflection": ("/v1/slips", SLIP, {"reflection": DANGER}, {}),
    "slip's plan": ("/v1/slips", SLIP, {"plan": DANGER}, {"triggers": []}),
    "journal's title": ("/v1/journal", {"body": QUIET}, {"title": DANGER}, {"share_with_anchor": False}),
    "journal's body": ("/v1/journal", {"body": QUIET}, {"body": DANGER}, {"title": None}),
    "post": ("/v1/posts", {"body": QUIET}, {"body": DANGER}, {"sensitive": True}),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_answers_for_what_it_says_and_for_nothing_else(ina: Api, name: str) -> None:
    path, body, danger, other = CHANGES[name]
    made = await ina.ok("POST", path, json=body)
    assert is_support((await ina.ok("PATCH", f"{path}/{made['id']}", json=danger))["support"])
    assert (await ina.ok("PATCH", f"{path}/{made['id']}", json=other))["support"] is None
    assert sum((await hits()).values()) == 1


async def test_comments(ina: Api) -> None:
    under = await post(ina, QUIET)
    assert under["support"] is None
    written = await comment(ina, under["id"], DANGER)
    assert is_support(written["support"])
    assert is_support((await ina.ok("PATCH", f"/v1/comments/{written['id']}", json={"body": DANGER + "!"}))["support"])
    assert (await ina.ok("PATCH", f"/v1/comments/{written['id']}", json={"body": QUIET}))["support"] is None
    assert await hits() == {"comment": 2}


async def test_nobody_else_sees_support(ina: Api, sign_up: Callable[..., Any]) -> None:
    written = await post(ina, DANGER)
    other = await sign_up()
    assert (await other.ok("GET", f"/v1/posts/{written['id']}"))["support"] is None
    assert [one["support"] for one in (await ina.ok("GET", "/v1/feed"))["items"]] == [None]


@pytest.mark.parametrize("name", [name for name in WRITES if WRITES[name][1] == "POST"])
async def test_a_repeat_answers_with_support_again(ina: Api, name: str) -> None:
    _, method, path, body = WRITES[name]
    headers = {"Idempotency-Key": "k-1"}
    first = await ina.ok(method, path(), json=body(DANGER), headers=headers)
    again = await ina.ok(method, path(), json=body(DANGER), headers=headers)
    assert first["id"] == again["id"]
    assert is_support(again["support"])


REFUSED_TEXT = DANGER + " Write to me on https://example.org/me"


async def test_a_refused_text_is_answered_with_support(ina: Api) -> None:
    under = await post(ina)
    written = await comment(ina, under["id"])
    for method, path in (
        ("POST", "/v1/posts"), ("PATCH", f"/v1/posts/{under['id']}"), ("POST", f"/v1/posts/{under['id']}/comments"),
        ("PATCH", f"/v1/comments/{written['id']}"),
    ):  # fmt: skip
        refused = await ina(method, path, json={"body": REFUSED_TEXT})
        assert (refused.status_code, refused.json()["code"]) == (422, "content_refused"), path
        assert refused.headers["content-type"] == "application/problem+json"
        assert is_support(refused.json()["support"]), path
        quiet = await ina(method, path, json={"body": "See https://example.org/me"})
        assert "support" not in quiet.json()
    assert await hits() == {"post": 2, "comment": 2}
    assert await fetch("SELECT FROM posts WHERE body LIKE '%kill%'") == []


async def test_the_gates_before_writing_do_not_hide_support(sign_up: Callable[..., Any]) -> None:
    person = await sign_up()
    refused = await person("POST", "/v1/posts", json={"body": DANGER})
    assert (refused.status_code, refused.json()["code"]) == (403, "email_unverified")
    assert is_support(refused.json()["support"])
    await confirm(person)
    refused = await person("POST", "/v1/posts", json={"body": DANGER})
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
    assert refused.json()["kind"] == "community_rules"
    assert is_support(refused.json()["support"])


async def test_a_used_up_limit_does_not_hide_support(ina: Api) -> None:
    for _ in range(20):
        await post(ina)
    refused = await ina("POST", "/v1/posts", json={"body": DANGER})
    assert refused.status_code == 429
    assert is_support(refused.json()["support"])
    assert "Retry-After" in refused.headers


@pytest.mark.parametrize("kind", ["sensitive_data", "terms"])
async def test_a_consent_that_was_withdrawn_does_not_hide_support(ina: Api, kind: str) -> None:
    await ina.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    for name in ("check-in", "urge's note", "slip's plan", "journal's body"):
        _, method, path, body = WRITES[name]
        refused = await ina(method, path(), json=body(DANGER))
        assert (refused.status_code, refused.json()["code"]) == (403, "consent_required"), name
        assert is_support(refused.json()["support"]), name


async def test_a_text_too_long_and_a_day_too_late_do_not_hide_support(ina: Api) -> None:
    long = await ina("POST", "/v1/posts", json={"body": DANGER + "x" * 5000})
    assert long.status_code == 400
    assert is_support(long.json()["support"])
    assert long.json()["errors"][0]["field"] == "body"
    late = await ina("PUT", "/v1/check-ins/2020-01-01", json={**CHECK_IN, "note": DANGER})
    assert (late.status_code, late.json()["code"]) == (422, "check_in_too_old")
    assert is_support(late.json()["support"])
    gone = await ina("PATCH", f"/v1/journal/{uuid4()}", json={"body": DANGER})
    assert gone.status_code == 404
    assert is_support(gone.json()["support"])


PLACES = [
    ({"timezone": "America/New_York"}, {}, "988", "en"),
    ({"timezone": "Europe/Berlin"}, {"locale": "de-DE"}, "0800 1110111", "de"),
    ({"timezone": "Europe/Madrid"}, {"locale": "es"}, "024", "es"),
    ({"timezone": "America/Sao_Paulo"}, {"locale": "pt-BR"}, "188", "pt"),
    ({"timezone": "Europe/Paris"}, {"locale": "fr-FR"}, "3114", "fr"),
    ({"timezone": "Asia/Tokyo"}, {"locale": "ja-JP"}, "0120-061-338", "en"),
    ({"timezone": "Europe/Berlin"}, {"country": "GB"}, "116 123", "en"),
]


@pytest.mark.parametrize(
    ("signed_up", "changed", "phone", "language"), PLACES, ids=[str(n) for n in range(len(PLACES))]
)
async def test_words_and_numbers_fit_the_person(
    sign_up: Callable[..., Any], signed_up: dict[str, str], changed: dict[str, str], phone: str, language: str
) -> None:
    person = await sign_up(**signed_up)
    if changed:
        await person.ok("PATCH", "/v1/me", json=changed)
    support = (await person.ok("POST", "/v1/journal", json={"body": DANGER}))["support"]
    assert support["message"] == WORDS[language]
    assert support["resources"][0]["phone"] == phone
    assert len(support["resources"]) >= 3


def test_the_words_are_short_and_in_five_languages() -> None:
    assert set(WORDS) == {"en", "es", "fr", "de", "pt"}
    for text in WORDS.values():
        assert 200 < len(text) < 700
        assert "?" not in text
    assert words_for("DE-at") == WORDS["de"]
    assert words_for("xx") == WORDS["en"]
    assert "DE" in COUNTRIES


async def test_without_a_hit_nothing_is_asked_of_the_database(ina: Api, statements: list[str]) -> None:
    statements.clear()
    assert await support_for(UUID(ina.user["id"]), "journal", QUIET, None) is None
    assert statements == []
    assert await support_for(UUID(ina.user["id"]), "journal", QUIET, DANGER) is not None
    assert len(statements) == 1
    assert await support_for(uuid4(), "journal", DANGER) is None
    assert await hits() == {"journal": 1}


async def test_a_count_goes_with_the_transaction_around_it(ina: Api) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            assert await support_for(UUID(ina.user["id"]), "slip", DANGER) is not None
            raise ZeroDivisionError
    assert await hits() == {}


async def test_fifty_at_once_are_counted_one_by_one(ina: Api) -> None:
    await asyncio.gather(*(support_for(UUID(ina.user["id"]), "post", DANGER) for _ in range(50)))
    assert await hits() == {"post": 50}


async def test_the_count_knows_a_day_and_a_kind_and_nothing_more(ina: Api) -> None:
    with clock.frozen(datetime(2026, 11, 23, 23, 59, tzinfo=UTC)):
        await ina.ok("POST", "/v1/journal", json={"body": DANGER})
    with clock.frozen(datetime(2026, 11, 24, 0, 1, tzinfo=UTC)):
        await ina.ok("POST", "/v1/journal", json={"body": DANGER})
    rows = await fetch("SELECT * FROM safety_hits ORDER BY day")
    assert [dict(row) for row in rows] == [
        {"day": date(2026, 11, 23), "source": "journal", "hits": 1},
        {"day": date(2026, 11, 24), "source": "journal", "hits": 1},
    ]


async def test_nothing_of_the_text_is_logged(ina: Api, capsys: Any) -> None:
    await ina.ok("POST", "/v1/journal", json={"body": DANGER})
    await ina("POST", "/v1/posts", json={"body": REFUSED_TEXT})
    out = capsys.readouterr()
    assert "kill" not in out.out + out.err


async def test_a_person_s_data_stays_when_the_writer_of_a_count_is_gone(ina: Api) -> None:
    await ina.ok("POST", "/v1/journal", json={"body": DANGER})
    await execute("DELETE FROM users")
    assert await fetch_value("SELECT sum(hits) FROM safety_hits") == 1
