"""Questions of a quiz, and what counts as an answer to each kind of them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from domain.kit.errors import InvalidRequest
from domain.kit.text import clean_text

Kind = Literal["choice", "choices", "scale", "number", "text"]
# By kind: the value of one option, the values of several, a whole number for scale and number, a text.
Value: TypeAlias = int | str | list[str]

_LONGEST_TEXT = 1000


class Option(msgspec.Struct, frozen=True):
    """One of the answers to choose from. `value` is a stable word for machines, `label` is for people."""

    value: str
    label: str


class Question(msgspec.Struct, frozen=True):
    """A question with the person's present answer, null if there is none.

    `options` belong to choice and choices; `smallest` and `largest`, both included, to scale and number.
    """

    id: str
    kind: Kind
    prompt: str
    hint: str | None
    required: bool
    options: list[Option]
    smallest: int | None
    largest: int | None
    value: Value | None


def checked_value(question: Question, value: Value, *, field: str) -> Value:
    """`value` as it is kept: texts made tidy, several choices in the order of the options.

    Raises InvalidRequest for `field` when it is no answer to this question.
    """
    if question.kind == "text":
        if not isinstance(value, str):
            raise InvalidRequest("must be a text", field=field)
        return clean_text(value, field=field, longest=_LONGEST_TEXT)
    if question.kind in ("scale", "number"):
        return _number(question, value, field)
    options = [option.value for option in question.options]
    if question.kind == "choice":
        if not isinstance(value, str) or value not in options:
            raise InvalidRequest("must be the value of one of the options", field=field)
        return value
    return _choices(options, value, field)


def _number(question: Question, value: Value, field: str) -> int:
    if not isinstance(value, int):
        raise InvalidRequest("must be a whole number", field=field)
    # The table has a range for each of these.
    assert question.smallest is not None
    assert question.largest is not None
    if not question.smallest <= value <= question.largest:
        raise InvalidRequest(f"must lie between {question.smallest} and {question.largest}", field=field)
    return value


def _choices(options: list[str], value: Value, field: str) -> list[str]:
    if not isinstance(value, list):
        raise InvalidRequest("must be a list of values of the options", field=field)
    if not value:
        raise InvalidRequest("must name at least one option, or be null to take the answer back", field=field)
    chosen = set(value)
    if len(chosen) < len(value):
        raise InvalidRequest("must name each option once", field=field)
    if not chosen <= set(options):
        raise InvalidRequest("must name nothing but values of the options", field=field)
    return [option for option in options if option in chosen]
