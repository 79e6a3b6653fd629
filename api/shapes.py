"""The shapes of the OpenAPI document, once Litestar has made them: plainer, and with the bounds that it cannot know."""

import re
from collections import Counter
from typing import Any

from domain.kit.ids import LONGEST_CLIENT_ID
from domain.kit.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, LONGEST_CURSOR

_COMPONENTS = "#/components/schemas/"
_GENERIC = re.compile(r"(\w+?)_([\w.]+)_")
_NOT_EMPTY = re.compile(r"1 to [\d,]+ characters")

# What every list takes (domain/kit/pagination.py).
_LIST_PARAMETERS: dict[str, dict[str, Any]] = {
    "limit": {
        "description": "How many items",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
    },
    "cursor": {
        "description": "`next_cursor` of the page before",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_CURSOR},
    },
}

# What every body that may be repeated has (domain/kit/ids.py); counted in code points.
_CLIENT_ID = {
    "description": "The app's own id of it: a retry is the same",
    "minLength": 1,
    "maxLength": LONGEST_CLIENT_ID,
}


def make_plain(document: dict[str, Any]) -> None:
    """Give the document's shapes names without dots, and say everything that may be said plainly so."""
    shapes = document["components"]["schemas"]
    names = plain_names(list(shapes))
    document["components"]["schemas"] = {names[name]: {**shape, "title": names[name]} for name, shape in shapes.items()}
    for part in _parts(document):
        if len(part.get("oneOf", ())) == 1:
            # A field that may be left out: for Litestar a choice among one.
            part.update(part.pop("oneOf")[0])
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith(_COMPONENTS):
            part["$ref"] = _COMPONENTS + names[reference.removeprefix(_COMPONENTS)]
        if part.get("type") == "string" and _NOT_EMPTY.match(str(part.get("description", ""))):
            # How long it may be is said in words alone: JSON Schema counts code points, we count what people see.
            part["minLength"] = 1
        if part.get("additionalProperties") is False and "client_id" in part.get("properties", ()):
            part["properties"]["client_id"].update(_CLIENT_ID)
        for parameter in part.get("parameters", ()):
            _plain_parameter(parameter)


def plain_names(names: list[str]) -> dict[str, str]:
    """What each component is called: `GoalPage` for `Page_domain.goals.live.Goal_`.

    Where two would be called the same, their modules join in, and nobody else's: `LiveGoalPage`.
    """
    words = dict.fromkeys(names, 1)
    for _ in range(10):
        plain = {name: _plain_name(name, words[name]) for name in names}
        taken = Counter(plain.values())
        clashing = [name for name in names if taken[plain[name]] > 1]
        if not clashing:
            return plain
        words.update({name: words[name] + 1 for name in clashing})
    raise ValueError("two shapes have one name")


def _plain_name(name: str, words: int) -> str:
    generic = _GENERIC.fullmatch(name)
    if generic is None:
        return name
    path = re.split(r"[._]", generic[2])
    return "".join(part[0].upper() + part[1:] for part in path[-words:] if part) + generic[1]


def _plain_parameter(parameter: dict[str, Any]) -> None:
    """What is not given in a query or a header is left out; there is no null."""
    schema = parameter["schema"]
    if "oneOf" in schema:
        (one,) = (one for one in schema.pop("oneOf") if one.get("type") != "null")
        schema.update({**one, **schema})
    if isinstance(schema.get("type"), list):
        (schema["type"],) = (one for one in schema["type"] if one != "null")
    if None in schema.get("enum", ()):
        schema["enum"] = [one for one in schema["enum"] if one is not None]
    # It is said once, beside the schema.
    if schema.get("description") == parameter.get("description"):
        schema.pop("description", None)
    if parameter["in"] == "query" and parameter["name"] in _LIST_PARAMETERS:
        parameter.update(_LIST_PARAMETERS[parameter["name"]])


def _parts(value: Any) -> list[dict[str, Any]]:
    """Every object in the document once, the outer before the inner."""
    found: dict[int, dict[str, Any]] = {}
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict) and id(part) not in found:
            found[id(part)] = part
            left += part.values()
        elif isinstance(part, list):
            left += part
    return list(found.values())
