"""What the OpenAPI document says of bodies, answers and parameters: examples, bounds, names."""

import inspect
import json
import re

import jsonschema_rs
import pytest

from tests.routes.conftest import fields
from tests.routes.test_openapi import operations

# Lists and figures that need nothing to be there, with their bounded parameters.
BOUNDED = [
    (path, name)
    for name, paths in {
        "limit": (
            "/v1/auth/sessions", "/v1/me/blocks", "/v1/check-ins", "/v1/slips", "/v1/urges", "/v1/journal",
            "/v1/goal-kinds", "/v1/goals", "/v1/me/quiz-answers", "/v1/feed", "/v1/groups", "/v1/anchor/messages",
            "/v1/notifications",
        ),
        "days": ("/v1/insights/triggers", "/v1/insights/mood", "/v1/feed"),
    }.items()
    for path in paths
]  # fmt: skip


@pytest.fixture(scope="module")
def document(app):
    from api.app import create_litestar
    from api.reference import _encoded

    return json.loads(_encoded(create_litestar()))


def contents(document):
    """Where something may have an example: operation, status or "body", media type, content."""
    for name, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield name, "body", media_type, content
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                yield name, status, media_type, content


def parts(value):
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from parts(part)


def parameter(operation, name):
    return next((each for each in operation.get("parameters", ()) if each["name"] == name), None)


def test_everything_of_json_has_an_example_of_its_shape(document):
    seen = 0
    for name, where, media_type, content in contents(document):
        if "json" not in media_type:
            continue
        seen += 1
        assert "example" in content, f"{name} {where}"
        schema = {**content["schema"], "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        problems = [error.message for error in validator.iter_errors(content["example"])]
        assert not problems, f"{name} {where}: {problems}"
        # Nothing has fallen back to a text that stands for nothing.
        assert "…" not in list(parts_of_text(content["example"])), f"{name} {where}"
    assert seen > 500


def parts_of_text(value):
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of_text(part)


def test_an_answer_s_example_has_every_field(document):
    goal = document["paths"]["/v1/goals"]["post"]["responses"]["201"]["content"]["application/json"]["example"]
    assert set(goal) == set(document["components"]["schemas"]["Goal"]["properties"])
    page = document["paths"]["/v1/goals"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert page == {"items": [goal], "next_cursor": None}


def test_a_problem_s_example_is_of_its_status(document):
    codes = {}
    for _, status, media_type, content in contents(document):
        if media_type == "application/problem+json":
            assert content["example"]["status"] == int(status)
            codes[status] = content["example"]["code"]
    assert codes == {
        "400": "invalid_request", "401": "unauthenticated", "403": "consent_required", "404": "not_found",
        "409": "conflict", "413": "too_large", "422": "rule_broken", "429": "rate_limited", "503": "unavailable",
    }  # fmt: skip


async def test_the_example_of_a_goal_s_change_can_be_sent(document, person):
    change = document["paths"]["/v1/goals/{goal_id}"]["patch"]["requestBody"]["content"]["application/json"]["example"]
    goal = await person.ok("POST", "/v1/goals", json={"kind": "custom", "target": 5})
    changed = await person.ok("PATCH", f"/v1/goals/{goal['id']}", json=change)
    assert {name: changed[name] for name in change} == change


def test_headers_are_described_where_handlers_take_them(document):
    from api.app import FEATURES

    taken = {"idempotency_key": "Idempotency-Key", "wait": "Prefer"}
    wanted = {
        (handler.operation_id, header)
        for feature in FEATURES
        for handler in feature.HANDLERS
        for name, header in taken.items()
        if name in inspect.signature(handler.fn).parameters
    }
    given = {
        (operation["operationId"], header)
        for _, operation in operations(document)
        for header in taken.values()
        if parameter(operation, header)
    }
    assert {header for _, header in wanted} == set(taken.values())
    assert given == wanted
    for _, operation in operations(document):
        key = parameter(operation, "Idempotency-Key")
        if key:
            assert key["in"] == "header"
            assert not key["required"]
            assert key["schema"] == {"type": "string", "minLength": 1, "maxLength": 255}
            assert "409" in key["description"]


def test_every_list_says_its_bounds(document):
    from domain.kit.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, LONGEST_CURSOR

    lists = [operation for _, operation in operations(document) if parameter(operation, "limit")]
    assert len(lists) > 12
    for operation in lists:
        assert parameter(operation, "limit")["schema"] == {
            "type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT,
        }  # fmt: skip
        cursor = parameter(operation, "cursor")["schema"]
        assert cursor == {"type": "string", "minLength": 1, "maxLength": LONGEST_CURSOR}


def test_parameters_are_never_null(document):
    for name, operation in operations(document):
        for each in operation.get("parameters", ()):
            assert "null" not in json.dumps(each["schema"]), f"{name} {each['name']}"


async def test_what_the_document_allows_is_taken(document, person):
    for path, name in BOUNDED:
        schema = parameter(document["paths"][path]["get"], name)["schema"]
        for value in (schema["minimum"], schema["maximum"]):
            await person.ok("GET", path, params={name: value})


async def test_what_the_document_does_not_allow_is_refused(document, person):
    for path, name in BOUNDED:
        schema = parameter(document["paths"][path]["get"], name)["schema"]
        for value in (schema["minimum"] - 1, schema["maximum"] + 1):
            assert fields(await person("GET", path, params={name: value})) == [name]


async def test_the_default_is_the_one_that_holds(document, person):
    for path in ("/v1/insights/triggers", "/v1/insights/mood"):
        default = parameter(document["paths"][path]["get"], "days")["schema"]["default"]
        assert (await person.ok("GET", path))["days"] == default


async def test_every_way_of_sorting_is_taken(document, person):
    for way in parameter(document["paths"]["/v1/feed"]["get"], "sort")["schema"]["enum"]:
        await person.ok("GET", "/v1/feed", params={"sort": way})


def test_texts_that_are_needed_are_not_empty(document):
    shapes = document["components"]["schemas"]
    for name in ("NewPost", "PostChange", "NewComment", "CommentChange", "NewEntry", "EntryChange", "NewMessage"):
        body = shapes[name]["properties"]["body"]
        assert body["minLength"] == 1, name
        # In graphemes, which JSON Schema cannot count.
        assert "maxLength" not in body, name
        assert re.fullmatch(r"1 to [\d,]+ characters", body["description"]), name


def test_a_report_that_was_made_before_is_described(document):
    responses = document["paths"]["/v1/reports"]["post"]["responses"]
    assert responses["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Report"}
    assert responses["200"]["description"] != responses["201"]["description"]


def test_names_are_plain(document):
    shapes = document["components"]["schemas"]
    assert {"GoalPage", "TriggerPage", "PostPage"} <= set(shapes)
    for name, shape in shapes.items():
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name
        assert shape["title"] == name


def test_names_that_would_be_the_same_take_their_module_along():
    from api.shapes import plain_names

    assert plain_names(["Page_domain.a.live.Goal_", "Goal"]) == {"Page_domain.a.live.Goal_": "GoalPage", "Goal": "Goal"}
    assert plain_names(["Page_domain.a.x.Word_", "Page_domain.a.live.Goal_", "Page_domain.a.y.Word_"]) == {
        "Page_domain.a.x.Word_": "XWordPage", "Page_domain.a.live.Goal_": "GoalPage",
        "Page_domain.a.y.Word_": "YWordPage",
    }  # fmt: skip
    # Whichever comes first.
    assert plain_names(["GoalPage", "Page_domain.a.live.Goal_"])["Page_domain.a.live.Goal_"] == "LiveGoalPage"


def test_no_choice_is_among_one(document):
    for part in parts(document):
        for kind in ("oneOf", "anyOf", "allOf"):
            assert len(part.get(kind, (1, 2))) > 1, part


async def test_what_comes_in_one_answer_is_a_page_too(person):
    goal = await person.ok("POST", "/v1/goals", json={"kind": "custom", "target": 5})
    for path in ("/v1/triggers", "/v1/quizzes", f"/v1/goals/{goal['id']}/history", "/v1/me/consents",
                 "/v1/achievements"):  # fmt: skip
        page = await person.ok("GET", path)
        assert set(page) == {"items", "next_cursor"}, path
        assert page["next_cursor"] is None
