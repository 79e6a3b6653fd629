"""PUT /v1/quizzes/{slug}/answers: piece by piece, completed, corrected, taken again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.recovery.progress import RecomputeProgress
from tests.quizzes.conftest import (
    PATH,
    REQUIRED,
    TRIAL,
    given,
    offer,
    put,
    runs,
    said,
    save,
    trial,
    values,
)  # fmt: skip
from tests.routes.conftest import fields, problem

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EXTRA = {"id": "extra", "kind": "text", "prompt": "And?"}


def extra(**more):
    from domain.quizzes.catalogue import QuestionSeed

    return QuestionSeed(**EXTRA, **more)


async def progress_jobs() -> int:
    return await fetch_value("SELECT count(*) FROM jobs WHERE name = $1", RecomputeProgress.name)


async def count_runs() -> int:
    return await fetch_value("SELECT count(*) FROM quiz_runs")


# -- piece by piece ------------------------------------------------------------------------------------------------


async def test_partial_saves_merge(person):
    first = await save(person, {"goal": "up", "strength": 3})
    assert (first["state"], first["answered"], first["completed_at"]) == ("started", 2, None)
    second = await save(person, {"strength": 4, "note": "hello"})
    assert values(second) == {"goal": "up", "strength": 4, "note": "hello"}
    assert second == await person.ok("GET", PATH)
    assert await count_runs() == 1


async def test_null_takes_an_answer_back(person):
    await save(person, {"goal": "up", "note": "hello", "days": 3})
    shown = await save(person, {"goal": None, "note": None, "strength": None, "days": 4})
    assert values(shown) == {"days": 4}
    assert shown["state"] == "started"


async def test_an_empty_save_begins_a_run(person):
    shown = await save(person, {})
    assert (shown["state"], shown["answered"]) == ("started", 0)
    assert await save(person, {}) == shown
    assert await count_runs() == 1


async def test_an_unchanged_answer_keeps_its_time_and_a_changed_one_does_not(person):
    with clock.frozen(NOON):
        await save(person, {"goal": "up", "moods": ["calm", "dull"], "note": "one"})
    with clock.frozen(NOON + timedelta(hours=1)):
        await save(person, {"goal": "up", "moods": ["dull", "calm"], "note": "two"})
    (run,) = await runs(person)
    times = {answer["question_id"]: answer["answered_at"] for answer in run["answers"]}
    assert times == {
        "goal": "2026-11-20T12:00:00Z", "moods": "2026-11-20T12:00:00Z", "note": "2026-11-20T13:00:00Z",
    }  # fmt: skip


async def test_texts_are_made_tidy(person):
    shown = await save(person, {"note": "  cafe\u0301 \u202e\x00 👨‍👩‍👧\r\nsecond line\t"})
    assert values(shown) == {"note": "café  👨‍👩‍👧\nsecond line"}


async def test_choices_stand_in_the_order_of_the_options(person):
    assert values(await save(person, {"moods": ["dull", "calm"]})) == {"moods": ["calm", "dull"]}


# -- completing ----------------------------------------------------------------------------------------------------


async def test_with_the_last_required_answer_it_is_complete(person):
    await save(person, {"goal": "up"})
    assert await progress_jobs() == 0
    with clock.frozen(NOON):
        shown = await save(person, {"moods": ["calm"]})
    assert (shown["state"], shown["completed_at"]) == ("completed", "2026-11-20T12:00:00Z")
    assert await progress_jobs() == 1


async def test_all_in_one_go(person, drain):
    with clock.frozen(NOON):
        shown = await save(person, {**REQUIRED, "strength": 10, "days": 0, "note": "x"})
    assert (shown["state"], shown["answered"]) == ("completed", 5)
    (run,) = await runs(person)
    assert run["started_at"] == run["completed_at"] == "2026-11-20T12:00:00Z"
    assert (RecomputeProgress.name, "done") in await drain()


async def test_a_completed_run_is_corrected_and_stays_completed_when_it_was(person):
    with clock.frozen(NOON):
        await save(person, REQUIRED)
    await execute("DELETE FROM jobs")
    with clock.frozen(NOON + timedelta(days=2)):
        shown = await save(person, {"goal": "down", "note": "later"})
    assert values(shown) == {"goal": "down", "moods": ["calm"], "note": "later"}
    assert (shown["state"], shown["completed_at"]) == ("completed", "2026-11-20T12:00:00Z")
    assert values(await save(person, {"note": None})) == {"goal": "down", "moods": ["calm"]}
    assert await count_runs() == 1
    assert await progress_jobs() == 0


async def test_a_completed_run_does_not_lose_a_required_answer(person):
    done = await save(person, {**REQUIRED, "note": "here"})
    answer = problem(await put(person, {"note": "other", "moods": None}), 422, "required_answer")
    assert answer["question_id"] == "moods"
    assert await person.ok("GET", PATH) == done


async def test_before_that_a_required_answer_may_go(person):
    await save(person, {"goal": "up"})
    assert values(await save(person, {"goal": None})) == {}


# -- what is refused -----------------------------------------------------------------------------------------------

WRONG = {
    "choice-unknown": ("goal", "sideways"),
    "choice-label": ("goal", "Upwards"),
    "choice-capital": ("goal", "UP"),
    "choice-empty": ("goal", ""),
    "choice-list": ("goal", ["up"]),
    "choice-number": ("goal", 1),
    "choices-text": ("moods", "calm"),
    "choices-number": ("moods", 1),
    "choices-unknown": ("moods", ["calm", "wild"]),
    "choices-none": ("moods", []),
    "choices-twice": ("moods", ["calm", "calm"]),
    "scale-low": ("strength", 0),
    "scale-high": ("strength", 11),
    "scale-text": ("strength", "5"),
    "scale-list": ("strength", ["5"]),
    "number-negative": ("days", -1),
    "number-high": ("days", 366),
    "number-huge": ("days", 10**40),
    "text-number": ("note", 5),
    "text-list": ("note", ["a"]),
    "text-empty": ("note", ""),
    "text-blank": ("note", " \n\u200b\x00"),
    "text-long": ("note", "x" * 1001),
    "text-long-emoji": ("note", "👨‍👩‍👧" * 1001),
    "float": ("days", 1.5),
    "bool": ("days", True),
    "bool-as-choice": ("goal", False),
    "object": ("note", {"a": 1}),
}


@pytest.mark.parametrize(("question_id", "value"), WRONG.values(), ids=WRONG)
async def test_a_value_that_is_no_answer_is_400_and_nothing_is_saved(person, question_id, value):
    before = await save(person, {"goal": "down"})
    assert fields(await put(person, {"note": "kept out", question_id: value} if question_id != "note" else
                            {"goal": "up", "note": value})) == ["answers[1].value"]  # fmt: skip
    assert await person.ok("GET", PATH) == before


async def test_the_parts_of_a_list_are_texts(person):
    assert fields(await put(person, {"moods": ["calm", 1]})) == ["answers[0].value[1]"]


@pytest.mark.parametrize("question_id", ["nothing", "", "Goal", "goal ", "\x00", "x" * 5000, "habit"],
                         ids=["unknown", "empty", "capital", "blank", "nul", "long", "of-another-quiz"])  # fmt: skip
async def test_an_unknown_question_is_400(person, question_id):
    for value in ("up", None):
        answer = await put(person, {"goal": "up", question_id: value})
        assert fields(answer) == ["answers[1].question_id"]
    assert await count_runs() == 0


async def test_the_same_question_twice_is_400(person):
    one = {"question_id": "goal", "value": "up"}
    for other in (one, {"question_id": "goal", "value": None}):
        answer = await person("PUT", f"{PATH}/answers", json={"answers": [one, other]})
        assert fields(answer) == ["answers[1].question_id"]
    assert await count_runs() == 0


async def test_too_many_answers_are_400(person):
    answers = [{"question_id": "goal", "value": "up"}] * 101
    assert fields(await person("PUT", f"{PATH}/answers", json={"answers": answers})) == ["answers"]
    # A hundred are looked at.
    assert fields(await person("PUT", f"{PATH}/answers", json={"answers": answers[:100]})) == ["answers[1].question_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "answers"),
        ({"answers": None}, "answers"),
        ({"answers": {}}, "answers"),
        ({"answers": [None]}, "answers[0]"),
        ({"answers": [{"question_id": "goal"}]}, "answers[0].value"),
        ({"answers": [{"value": "up"}]}, "answers[0].question_id"),
        ({"answers": [{"question_id": 1, "value": "up"}]}, "answers[0].question_id"),
        ({"answers": [{"question_id": "goal", "value": "up", "more": 1}]}, "answers[0].more"),
        ({"answers": [], "retake": None}, "retake"),
        ({"answers": [], "retake": "yes"}, "retake"),
        ({"answers": [], "version": 1}, "version"),
    ],
    ids=["empty", "null", "object", "null-answer", "no-value", "no-id", "id-number", "unknown-in-answer", "retake-null",
         "retake-text", "unknown"],
)  # fmt: skip
async def test_a_body_of_another_shape_is_400(person, body, field):
    assert fields(await person("PUT", f"{PATH}/answers", json=body)) == [field]


@pytest.mark.parametrize(
    ("question_id", "value"),
    [("strength", 1), ("strength", 10), ("days", 0), ("days", 365), ("note", "x"), ("note", "x" * 1000),
     ("note", "👨‍👩‍👧" * 1000), ("moods", ["calm", "brisk", "dull"]), ("note", '{"a": [1]} \\ "q"')],
    ids=["scale-low", "scale-high", "number-low", "number-high", "text-1", "text-1000", "emoji-1000", "all-choices",
         "text-like-json"],
)  # fmt: skip
async def test_the_edges_are_allowed(person, question_id, value):
    assert values(await save(person, {question_id: value})) == {question_id: value}


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_without_consent_nothing_is_kept(person, kind):
    await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    assert problem(await put(person, REQUIRED), 403, "consent_required")["kind"] == kind
    assert await count_runs() == 0
    # What is there can still be read.
    assert (await person.ok("GET", PATH))["state"] == "new"


# -- again ---------------------------------------------------------------------------------------------------------


async def test_a_retake_begins_anew_and_the_old_run_stays(person):
    with clock.frozen(NOON):
        await save(person, {**REQUIRED, "note": "first"})
    with clock.frozen(NOON + timedelta(days=7)):
        again = await save(person, {"goal": "down"}, retake=True)
    assert (again["state"], values(again), again["completed_at"]) == ("started", {"goal": "down"}, None)
    with clock.frozen(NOON + timedelta(days=8)):
        again = await save(person, {"moods": ["dull"]})
    assert (again["state"], again["completed_at"]) == ("completed", "2026-11-28T12:00:00Z")
    new, old = await runs(person)
    assert given(new) == {"goal": "down", "moods": ["dull"]}
    assert given(old) == {**REQUIRED, "note": "first"}
    assert (old["completed_at"], new["started_at"]) == ("2026-11-20T12:00:00Z", "2026-11-27T12:00:00Z")


async def test_a_retake_in_one_go(person):
    await save(person, REQUIRED)
    await execute("DELETE FROM jobs")
    again = await save(person, {"goal": "down", "moods": ["brisk"]}, retake=True)
    assert again["state"] == "completed"
    assert await progress_jobs() == 1
    assert len(await runs(person)) == 2
    # From here on it is the new one that is corrected.
    await save(person, {"note": "new"})
    new, old = await runs(person)
    assert given(new) == {"goal": "down", "moods": ["brisk"], "note": "new"}
    assert given(old) == REQUIRED


async def test_a_retake_while_a_run_is_open_goes_on_with_it(person):
    await save(person, {"goal": "up"}, retake=True)
    shown = await save(person, {"note": "more"}, retake=True)
    assert values(shown) == {"goal": "up", "note": "more"}
    assert await count_runs() == 1


async def test_a_refused_retake_leaves_everything_as_it_was(person):
    done = await save(person, REQUIRED)
    assert fields(await put(person, {"goal": "sideways"}, retake=True)) == ["answers[0].value"]
    assert await person.ok("GET", PATH) == done
    assert await count_runs() == 1


async def test_a_retake_may_leave_out_what_a_correction_may_not(person):
    await save(person, REQUIRED)
    shown = await save(person, {"goal": None, "moods": ["dull"]}, retake=True)
    assert (shown["state"], values(shown)) == ("started", {"moods": ["dull"]})


async def test_with_a_key_a_retake_is_made_once(person):
    await save(person, REQUIRED)
    body, header = said({"goal": "down", "moods": ["dull"]}, retake=True), {"Idempotency-Key": "again"}
    first = await person("PUT", f"{PATH}/answers", json=body, headers=header)
    second = await person("PUT", f"{PATH}/answers", json=body, headers=header)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert await count_runs() == 2
    other = await person("PUT", f"{PATH}/answers", json=said({}, retake=True), headers=header)
    problem(other, 409, "idempotency_conflict")


# -- versions ------------------------------------------------------------------------------------------------------


async def test_an_open_run_stays_on_its_version(person, sign_up):
    await save(person, {"goal": "up"})
    await offer(trial(2, extra(required=True)))
    shown = await person.ok("GET", PATH)
    assert (shown["version"], shown["latest_version"], shown["title"]) == (1, 2, "Trial 1")
    assert values(shown) == {"goal": "up"}
    assert fields(await put(person, {"extra": "x"})) == ["answers[0].question_id"]
    done = await save(person, {"moods": ["calm"]})
    assert (done["version"], done["state"]) == (1, "completed")
    assert (await (await sign_up()).ok("GET", PATH))["version"] == 2


async def test_a_completed_run_is_corrected_on_its_version_and_retaken_on_the_newest(person):
    await save(person, REQUIRED)
    await offer(trial(2, extra(required=True)))
    shown = await save(person, {"note": "still the first"})
    assert (shown["version"], shown["latest_version"], shown["state"]) == (1, 2, "completed")
    again = await save(person, {**REQUIRED}, retake=True)
    assert (again["version"], again["state"]) == (2, "started")
    done = await save(person, {"extra": "yes"})
    assert (done["version"], done["state"]) == (2, "completed")
    new, old = await runs(person)
    assert [(run["version"], run["title"]) for run in (new, old)] == [(2, "Trial 2"), (1, "Trial 1")]


async def test_the_answers_of_an_older_version_are_untouched_by_a_new_one(person):
    await save(person, {**REQUIRED, "note": "first"})
    before = [tuple(row) for row in await fetch("SELECT * FROM quiz_answers ORDER BY question_id")]
    await offer(trial(2, extra()))
    assert [tuple(row) for row in await fetch("SELECT * FROM quiz_answers ORDER BY question_id")] == before
    (run,) = await runs(person)
    assert (run["version"], given(run)) == (1, {**REQUIRED, "note": "first"})


async def test_what_is_delivered_can_be_answered(person):
    from domain.quizzes.catalogue import QUIZZES

    sample = {
        "choice": lambda question: question.options[0][0], "choices": lambda question: [question.options[0][0]],
        "scale": lambda question: question.largest, "number": lambda question: question.smallest,
        "text": lambda question: "Yes.",
    }  # fmt: skip
    for quiz in QUIZZES:
        path = f"/v1/quizzes/{quiz.slug}"
        await save(person, {q.id: sample[q.kind](q) for q in quiz.questions if not q.required}, path=path)
        done = await save(person, {q.id: sample[q.kind](q) for q in quiz.questions if q.required}, path=path)
        assert (done["state"], done["answered"]) == ("completed", len(quiz.questions))
    assert TRIAL not in {run["slug"] for run in (await person.ok("GET", "/v1/me/quiz-answers"))["items"]}
