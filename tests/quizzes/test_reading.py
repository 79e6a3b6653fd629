"""GET /v1/quizzes and GET /v1/quizzes/{slug}."""

from __future__ import annotations

from datetime import UTC, datetime

import jsonschema_rs
import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from tests.quizzes.conftest import HISTORY, PATH, REQUIRED, TRIAL, offer, put, runs, save, trial, values
from tests.recovery.conftest import plan, statements  # noqa: F401
from tests.routes.conftest import problem

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def entry(person):
    (found,) = [item for item in (await person.ok("GET", "/v1/quizzes"))["items"] if item["slug"] == TRIAL]
    return found


async def test_the_list_of_a_new_person(person):
    items = (await person.ok("GET", "/v1/quizzes"))["items"]
    assert [(item["slug"], item["questions"]) for item in items] == [
        ("onboarding", 15), ("trial", 5), ("weekly-review", 6),
    ]  # fmt: skip
    assert items[1] == {
        "slug": TRIAL, "version": 1, "latest_version": 1, "title": "Trial 1", "intro": "Five questions.",
        "state": "new", "completed_at": None, "answered": 0, "questions": 5,
    }  # fmt: skip


async def test_one_quiz_of_a_new_person(person):
    shown = await person.ok("GET", PATH)
    head = {name: value for name, value in shown.items() if name != "questions"}
    assert head == {name: value for name, value in (await entry(person)).items() if name != "questions"}
    assert [question["id"] for question in shown["questions"]] == ["goal", "moods", "strength", "days", "note"]
    assert shown["questions"][0] == {
        "id": "goal", "kind": "choice", "prompt": "Which way?", "hint": "Any is fine.", "required": True,
        "options": [{"value": "up", "label": "Upwards"}, {"value": "down", "label": "Downwards"}],
        "smallest": None, "largest": None, "value": None,
    }  # fmt: skip
    assert shown["questions"][2]["options"] == []
    assert (shown["questions"][2]["smallest"], shown["questions"][2]["largest"]) == (1, 10)


async def test_list_and_quiz_tell_the_same_at_every_step(person):
    async def both():
        shown, listed = await person.ok("GET", PATH), await entry(person)
        assert listed["questions"] == len(shown["questions"])
        told = {name: value for name, value in shown.items() if name != "questions"}
        assert told == {name: value for name, value in listed.items() if name != "questions"}
        assert shown["answered"] == len(values(shown))
        return shown["state"], shown["answered"], shown["completed_at"]

    assert await both() == ("new", 0, None)
    await save(person, {"note": "hello"})
    assert await both() == ("started", 1, None)
    with clock.frozen(NOON):
        await save(person, REQUIRED)
    assert await both() == ("completed", 3, "2026-11-20T12:00:00Z")
    await save(person, {"goal": "down"}, retake=True)
    assert await both() == ("started", 1, None)


async def test_another_person_s_answers_are_nobody_else_s(person, sign_up):
    other = await sign_up()
    await save(person, {**REQUIRED, "note": "mine alone"})
    assert (await entry(other))["state"] == "new"
    response = await other("GET", PATH)
    assert values(response.json()) == {}
    assert "mine alone" not in response.text


@pytest.mark.parametrize(
    "slug", ["nothing", "Trial", "trial ", "%00", "tri%00al", "é", "x" * 200, "..", "1", "%F0%9F%99%82"],
    ids=["unknown", "capital", "blank", "nul", "nul-inside", "accent", "long", "dots", "number", "emoji"],
)  # fmt: skip
async def test_what_is_not_there_is_404(person, slug):
    problem(await person("GET", f"/v1/quizzes/{slug}"), 404, "not_found")
    answer = {"answers": []}
    problem(await person("PUT", f"/v1/quizzes/{slug}/answers", json=answer), 404, "not_found")


async def test_what_is_switched_off_is_gone_and_its_answers_are_kept(person):
    await save(person, REQUIRED)
    await execute("UPDATE quizzes SET active = false WHERE slug = $1", TRIAL)
    problem(await person("GET", PATH), 404, "not_found")
    problem(await person("PUT", f"{PATH}/answers", json={"answers": []}), 404, "not_found")
    assert TRIAL not in [item["slug"] for item in (await person.ok("GET", "/v1/quizzes"))["items"]]
    (run,) = await runs(person)
    assert (run["title"], len(run["answers"])) == ("Trial 1", 2)
    await execute("UPDATE quizzes SET active = true WHERE slug = $1", TRIAL)
    assert (await entry(person))["state"] == "completed"


async def test_a_version_that_is_withdrawn_gives_way_to_the_one_before(person):
    await offer(trial(2))
    await execute("UPDATE quizzes SET active = version = 1 WHERE slug = $1", TRIAL)
    assert (await entry(person))["version"] == 1
    assert (await person.ok("GET", PATH))["latest_version"] == 1


@pytest.mark.parametrize("path", ["/v1/quizzes", PATH])
async def test_reading_is_one_round_trip(person, statements, path):  # noqa: F811
    await save(person, REQUIRED)
    await person.ok("GET", path)
    statements.clear()
    await person.ok("GET", path)
    assert len(statements) == 1
    more = [TRIAL, False] if path == PATH else []
    assert "Seq Scan on quiz_" not in await plan(statements[0], person.user["id"], *more)


async def test_all_answers_fit_the_document(person, stranger):
    document = await stranger.ok("GET", "/openapi.json")

    def check(name, response):
        method, path = name.split(" ")
        answer = document["paths"][path][method]["responses"][str(response.status_code)]
        (content,) = answer["content"].values()
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(response.json())

    for answers in ({}, {"note": "x", "strength": 2}, REQUIRED, {"moods": ["calm", "dull"]}):
        response = await put(person, answers)
        assert response.status_code == 200
        check("put /v1/quizzes/{slug}/answers", response)
        check("get /v1/quizzes/{slug}", await person("GET", PATH))
        check("get /v1/quizzes", await person("GET", "/v1/quizzes"))
        check("get /v1/me/quiz-answers", await person("GET", HISTORY))
    body = document["paths"]["/v1/quizzes/{slug}/answers"]["put"]["requestBody"]["content"]["application/json"]
    example = {**body["schema"], "components": document["components"]}
    jsonschema_rs.Draft202012Validator(example).validate(body["example"])
    await person.ok("PUT", "/v1/quizzes/onboarding/answers", json=body["example"])
