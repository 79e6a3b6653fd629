"""Problem details as the OpenAPI document describes them; api/problems.py writes them."""

from http import HTTPStatus
from typing import Any

from api.problems import CODES, PROBLEM_MEDIA_TYPE
from domain.kit.errors import (
    Conflict,
    ConsentRequired,
    DomainError,
    InvalidRequest,
    NotFound,
    RuleBroken,
    TooMany,
    Unauthenticated,
    Unavailable,
)

PROBLEM_SHAPES: dict[str, dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457. Some codes bring further fields, such as the `kind` of `consent_required`.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": "Stable, for machines."},
            "request_id": {"type": ["string", "null"]},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        },
    },
    "FieldError": {
        "type": "object",
        "title": "FieldError",
        "description": "A field that cannot be accepted; `field` in dots.",
        "required": ["field", "message"],
        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
    },
}

# What such an answer may be; of the statuses without one only the status is told.
_SAMPLES: dict[int, DomainError] = {
    sample.status: sample
    for sample in (
        InvalidRequest("must lie between 1 and 100", field="limit"),
        Unauthenticated(),
        ConsentRequired("terms"),
        NotFound(),
        Conflict(),
        RuleBroken(),
        TooMany(retry_after=1),
        Unavailable(),
    )
}


def problem_answer() -> dict[str, Any]:
    """An answer that is a problem; its example comes with all the others."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "Problem details", "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}}}


def problem_example(status: int) -> dict[str, Any]:
    """A problem as it is answered with `status`."""
    phrase = HTTPStatus(status).phrase
    sample = _SAMPLES.get(status) or DomainError(phrase, code=CODES.get(status))
    return {
        "type": "about:blank", "title": phrase, "status": status, "detail": sample.detail, "code": sample.code,
        "request_id": "0193f0c5-7c5e-7b3a-8f43-3d1c5a2b9c77", **sample.extra,
    }  # fmt: skip
