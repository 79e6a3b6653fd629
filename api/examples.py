"""Examples for the OpenAPI document, made from its own shapes: one body a request, so that none goes stale."""

from typing import Any

# What a field of this name looks like; the rest follows from its type.
_BY_NAME: dict[str, Any] = {
    "email": "mara@example.org", "new_email": "mara@example.net", "password": "a long way to walk",
    "current_password": "a long way to walk", "new_password": "a longer way to walk", "birth_date": "1993-04-02",
    "timezone": "Europe/Berlin", "locale": "en", "country": "DE", "username": "mara_walks", "started_on": "2026-11-01",
    "code": "402913", "why": "I want my evenings back.", "accepted_terms": True, "visibility": "anonymous",
    "body": "The evenings are the hardest.", "note": "A quiet day.", "triggers": ["boredom"], "mood": 4,
    "urge_level": 2, "daily_message_time": "09:00", "from": "22:00", "to": "07:00", "app_version": "1.4.0",
    "platform": "ios", "transport": "apns", "token_kind": "apns", "environment": "production", "token": "6f2c…",
    "client_id": "0d5f3c1e", "version": "2026-11", "granted": True, "helpful": True,
}  # fmt: skip


def add_examples(document: dict[str, Any]) -> None:
    """Put an example beside the shape of every JSON body that a request may have."""
    shapes = document.get("components", {}).get("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            content = body.get("content", {}).get("application/json")
            if content is not None and "example" not in content:
                content["example"] = _example(content.get("schema", {}), shapes)


def _example(shape: dict[str, Any], shapes: dict[str, Any], name: str = "") -> Any:
    if "$ref" in shape:
        return _example(shapes.get(shape["$ref"].rsplit("/", 1)[-1], {}), shapes, name)
    if "properties" not in shape and name in _BY_NAME:
        return _BY_NAME[name]
    for kind in ("oneOf", "anyOf"):
        if kind in shape:
            real = [one for one in shape[kind] if one.get("type") != "null"]
            return _example(real[0], shapes, name) if real else None
    if "enum" in shape:
        return shape["enum"][0]
    if "properties" in shape:
        needed = shape.get("required") or list(shape["properties"])
        return {key: _example(value, shapes, key) for key, value in shape["properties"].items() if key in needed}
    kinds = shape.get("type")
    plain = next((one for one in kinds if one != "null"), None) if isinstance(kinds, list) else kinds
    by_type = {"string": "…", "integer": shape.get("minimum", 1), "boolean": True, "array": [], "object": {}}
    return by_type.get(str(plain))
