"""Shortening, collapse ids and what a repr gives away."""

import uuid
from datetime import timedelta

import msgspec
import pytest

from domain.push.apns import payload
from domain.push.message import PushMessage, collapse_key, fitted, seconds_left
from tests.push.conftest import android

FAMILY = "👨‍👩‍👧‍👦"


def body_size(message: PushMessage) -> int:
    return len(message.body.encode())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ten bytes!", "ten bytes!"),
        ("eleven byte", "eleven…"),
        (FAMILY, "…"),
        ("ab" + FAMILY, "ab…"),
        ("éééééé", "ééé…"),
    ],
)
def test_a_long_body_is_cut_between_characters(message: PushMessage, text: str, kept: str) -> None:
    assert fitted(msgspec.structs.replace(message, body=text), body_size, 10).body == kept


@pytest.mark.parametrize("character", ["x", "é", FAMILY, '"', "e\u0301\u0302"])
def test_apns_payload_never_exceeds_4096_bytes(message: PushMessage, character: str) -> None:
    for title, body in (("t", character * 5000), (character * 5000, "b"), (character * 5000, character * 5000)):
        encoded = payload(msgspec.structs.replace(message, title=title, body=body))
        assert len(encoded) <= 4096
        assert len(encoded) > 4000, "no more is cut than must be"
        alert = msgspec.json.decode(encoded)["aps"]["alert"]
        assert set(alert["body"].replace(character, "")) <= {"b", "…"}


@pytest.mark.parametrize("text", ["x" * 65, "über", "a\r\nb", " a", "💌"])
def test_a_collapse_id_that_no_header_can_hold_becomes_one_that_can(message: PushMessage, text: str) -> None:
    key = collapse_key(msgspec.structs.replace(message, collapse_id=text))
    assert len(key) == 64
    assert key == collapse_key(msgspec.structs.replace(message, collapse_id=text))
    assert key != collapse_key(msgspec.structs.replace(message, collapse_id=text + "x"))


def test_a_collapse_id_that_fits_stays(message: PushMessage) -> None:
    fits = str(uuid.uuid4()) + "x" * 28
    assert collapse_key(msgspec.structs.replace(message, collapse_id=fits)) == fits


def test_seconds_left(message: PushMessage) -> None:
    assert seconds_left(message, message.expires_at - timedelta(seconds=90)) == 90
    assert seconds_left(message, message.expires_at + timedelta(seconds=90)) == 0


def test_reprs_hold_neither_token_nor_text(message: PushMessage) -> None:
    shown = repr([android("secret-token"), message])
    assert "secret-token" not in shown
    assert message.body not in shown
    assert message.title not in shown
