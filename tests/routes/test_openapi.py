"""The OpenAPI document and the page to read it."""

import asyncio
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.routes.table import TABLE

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(stranger):
    response = await stranger("GET", "/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def rows(document):
    """Operations with their rows; test_identities.py complains of those that have none."""
    return [(name, operation, TABLE[name]) for name, operation in operations(document) if name in TABLE]


def test_it_is_openapi_3_1(document):
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]


def test_every_reference_leads_somewhere(document):
    def look(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for part in value.values():
                yield from look(part)
        elif isinstance(value, list):
            for part in value:
                yield from look(part)

    references = set(look(document))
    assert references
    for reference in references:
        place = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def test_every_schema_is_a_json_schema(document):
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        # And can be used as one, with all that it refers to.
        whole = {**schema, "components": document["components"]}
        jsonschema_rs.Draft202012Validator(whole)
        assert name


def test_every_route_is_described(document):
    described = {name for name, _ in operations(document)}
    assert set(TABLE) <= described


def test_every_operation_says_who_it_is(document):
    seen = set()
    for name, operation in operations(document):
        assert operation["operationId"] not in seen, name
        seen.add(operation["operationId"])
        assert operation["summary"], name
        assert operation["tags"], name
        assert operation["description"], name


def test_every_operation_says_whether_it_is_open(document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for name, operation, row in rows(document):
        assert operation["security"] == ([] if row.open else [{"bearer": []}]), name


def test_path_parameters_are_described(document):
    for name, operation in operations(document):
        wanted = set(re.findall(r"{(\w+)}", name))
        given = {part["name"] for part in operation.get("parameters", ()) if part["in"] == "path"}
        assert given == wanted, name
        assert all(part["required"] for part in operation.get("parameters", ()) if part["in"] == "path"), name


def test_the_status_of_success_is_the_one_that_is_given(document):
    for name, operation, row in rows(document):
        assert str(row.owner) in operation["responses"], name


def test_errors_are_described_as_problems(document):
    for name, operation, row in rows(document):
        assert "429" in operation["responses"], name
        assert "401" in operation["responses"] or row.open, name
        for status, answer in operation["responses"].items():
            assert answer["description"], f"{name} {status}"
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], f"{name} {status}"


def test_bodies_refuse_what_they_do_not_know(document):
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for schema in content["schema"].get("oneOf", [content["schema"]]):
                if "$ref" in schema:
                    shape = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                    assert shape.get("additionalProperties") is False, name


async def test_real_answers_fit_the_document(document, person, stranger):
    jsonschema_rs = pytest.importorskip("jsonschema_rs")

    def check(name, response):
        method, path = name.split(" ")
        answer = document["paths"][path][method.lower()]["responses"][str(response.status_code)]
        (content,) = answer["content"].values()
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(response.json())

    for name in ("GET /v1/me", "GET /v1/me/consents", "GET /v1/auth/sessions", "GET /v1/streak", "GET /v1/me/dashboard",
                 "GET /v1/notifications", "GET /v1/me/preferences", "GET /v1/anchor/quota"):  # fmt: skip
        response = await person("GET", name.split(" ")[1])
        assert response.status_code == 200
        check(name, response)
    check("GET /v1/auth/sessions", await person("GET", "/v1/auth/sessions?limit=0"))
    check("GET /v1/me", await stranger("GET", "/v1/me"))


async def test_it_says_nothing_of_the_place_it_runs_at(stranger):
    text = (await stranger("GET", "/openapi.json")).text
    for word in (
        str(Path(__file__).parents[2]),
        str(Path.home()),
        "127.0.0.1",
        "localhost",
        "site-packages",
        "litestar",
    ):
        assert word.lower() not in text.lower()


async def test_the_command_prints_the_same(document):
    command = [sys.executable, "-m", "ops.cli", "openapi"]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=os.environ)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(printed) == document


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses = set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action", "data", "srcset")]


async def test_the_page_is_html_and_needs_no_other_host(stranger, document):
    response = await stranger("GET", "/docs")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    page = Links()
    page.feed(response.text)
    assert {"html", "title", "h1"} <= page.tags
    assert not {"script", "iframe", "link", "object", "embed", "img"} & page.tags
    assert page.addresses
    assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in page.addresses)
    assert not re.search(r"url\(|@import", response.text)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for path in document["paths"]:
        assert path in response.text


async def test_every_json_body_has_an_example(stranger):
    document = (await stranger("GET", "/openapi.json")).json()
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(bodies) > 10
    assert all(body["example"] for body in bodies)
