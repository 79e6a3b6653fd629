"""Examples for the OpenAPI document, made from its own shapes, so that none goes stale: one a body, one an answer."""

import re
from typing import Any

from api.example_values import ANSWERS, BODIES, FORMATS, VALUES
from api.problem_shapes import problem_example
from api.problems import PROBLEM_MEDIA_TYPE

_DIGITS = re.compile(r"[0-9a-f]")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def add_examples(document: dict[str, Any]) -> None:
    """Put an example beside the shape of every JSON body, answer and problem."""
    shapes = document.get("components", {}).get("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            if not isinstance(operation, dict):
                continue
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                body.setdefault("example", _Maker(shapes, whole=False).of(body["schema"]))
            for status, answer in operation.get("responses", {}).items():
                for media_type, content in answer.get("content", {}).items():
                    if media_type == PROBLEM_MEDIA_TYPE:
                        content.setdefault("example", problem_example(int(status)))
                    elif media_type == "application/json":
                        example = _Maker(shapes, whole=True).of(content["schema"])
                        if (special := ANSWERS.get(operation.get("operationId", ""))) is not None:
                            example = {**example, **special}
                        content.setdefault("example", example)


class _Maker:
    """Makes examples with every field, or without `whole` only with those that a body needs, if it needs any."""

    def __init__(self, shapes: dict[str, Any], *, whole: bool) -> None:
        self._shapes, self._whole = shapes, whole

    def of(self, shape: dict[str, Any], name: str = "", owner: str = "") -> Any:
        """An example of `shape`, which is the field `name` of the shape `owner`."""
        if "$ref" in shape:
            called = shape["$ref"].rsplit("/", 1)[-1]
            if called in BODIES and not self._whole:
                return BODIES[called]
            return self.of(self._shapes[called], name, called)
        choices = shape.get("oneOf") or shape.get("anyOf") or [shape]
        if "properties" not in shape:
            for known in (f"{owner}.{name}", name):
                if known in VALUES and any(_fits(VALUES[known], one, self._shapes) for one in choices):
                    return VALUES[known]
        if choices != [shape]:
            return self.of(next(one for one in choices if one.get("type") != "null"), name, owner)
        return self._by_type(shape, name, owner)

    def _by_type(self, shape: dict[str, Any], name: str, owner: str) -> Any:
        if "enum" in shape or "const" in shape:
            return shape["enum"][0] if "enum" in shape else shape["const"]
        if "properties" in shape:
            fields = shape["properties"]
            shown = fields if self._whole else shape.get("required") or fields
            return {field: self.of(fields[field], field, owner) for field in fields if field in shown}
        kind = next(one for one in _kinds(shape) if one != "null") if _kinds(shape) else "object"
        if kind == "string":
            return FORMATS.get(shape.get("format", ""), "…")
        if kind == "array":
            return [self.of(shape["items"], name, owner)] if self._whole and "items" in shape else []
        return {"integer": shape.get("minimum", 1), "number": 1.5, "boolean": True, "object": {}}[kind]


def _fits(value: Any, shape: dict[str, Any], shapes: dict[str, Any]) -> bool:
    """Whether a known value may stand where `shape` is asked for: fields of one name may be of several kinds."""
    if "$ref" in shape:
        shape = shapes[shape["$ref"].rsplit("/", 1)[-1]]
    if "enum" in shape:
        return value in shape["enum"]
    if not any(type(value) in _TYPES[kind] for kind in _kinds(shape)):
        return False
    if isinstance(value, str) and shape.get("format") in FORMATS:
        return _DIGITS.sub("0", value) == _DIGITS.sub("0", FORMATS[shape["format"]])
    if isinstance(value, list) and value:
        return _fits(value[0], shape.get("items", {}), shapes)
    return True


def _kinds(shape: dict[str, Any]) -> list[str]:
    kinds = shape.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]
