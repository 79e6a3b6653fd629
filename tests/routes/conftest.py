"""What the tests of the HTTP conventions share."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.accounts.conftest import redis, redis_away, setting  # noqa: F401


class Lines:
    """The log lines since the test began."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["event"] == event]


@pytest.fixture
def lines(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What the app logs at level info, through the processors that it really uses."""
    from domain.kit.log import configure_logging

    before, caught = structlog.get_config(), Lines()
    with monkeypatch.context() as patches:
        patches.setattr(sys, "stdout", caught.text)
        configure_logging("info", "web")
    yield caught
    structlog.configure(**before)


def problem(response: Any, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of an answer that must be a problem with `status`, and `code` if given."""
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail", "code"))
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    if code is not None:
        assert body["code"] == code
    return body


def fields(response: Any) -> list[str]:
    """The names of the fields that a 400 complains of."""
    errors = problem(response, 400, "invalid_request")["errors"]
    assert errors
    assert all(set(error) == {"field", "message"} and error["message"] for error in errors)
    return [error["field"] for error in errors]
