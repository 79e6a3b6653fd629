"""The page for people: the phone, the mail, the model's calls, the stores and the switches for faults."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from domain.kit.clock import clock
from ops.sandbox.faults import Faults
from ops.sandbox.journal import Entry, Journal, fingerprint, timestamp
from ops.sandbox.wire import Answer, ControlHandler, Provider, Request, json_answer

SHOWN = 60
_FILE = Path(__file__).with_name("page.html")


def routes(journal: Journal, faults: Faults, providers: Sequence[Provider]) -> dict[tuple[str, str], ControlHandler]:
    """The page and the state that it asks for every second."""

    def page(_: Request) -> Answer:
        nonce = secrets.token_urlsafe(16)
        # A mail in its frame inherits all of this. It brings styles of its own; no script of its would run, and
        # nothing it names is fetched.
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return Answer(
            status=200,
            headers=[
                (b"content-type", b"text/html; charset=utf-8"),
                (b"content-security-policy", policy.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
                (b"cache-control", b"no-store"),
            ],
            body=_FILE.read_text().replace("NONCE", nonce).encode(),
        )

    def state(_: Request) -> Answer:
        pushes = sorted((*journal.recent("apns"), *journal.recent("fcm")), key=lambda entry: entry.seq)
        shown = {
            "seq": journal.seq,
            "pushes": [_push(entry) for entry in pushes[-SHOWN:]],
            "mails": [_mail(entry) for entry in journal.recent("smtp")[-SHOWN:]],
            "calls": [_call(entry) for entry in journal.recent("deepseek")[-SHOWN:]],
            "providers": sorted(faults.names),
            "faults": faults.armed(),
            "now": clock.now(),
            "shops": [shop for provider in providers if (shop := provider.shop()) is not None],
        }
        return json_answer(200, shown, [(b"cache-control", b"no-store")])

    return {("GET", "/"): page, ("GET", "/_page/state"): state}


def _push(entry: Entry) -> dict[str, Any]:
    """A push as a phone takes it in: what it shows, whom it is for, and what it replaces."""
    decode = _apns if entry.provider == "apns" else _fcm
    shown = {"seq": entry.seq, "at": timestamp(entry.at), "provider": entry.provider, "status": entry.status}
    return shown | decode(entry, _object(entry.body))


def _apns(entry: Entry, body: dict[str, Any]) -> dict[str, Any]:
    aps = _inner(body, "aps")
    alert = aps.get("alert")
    headers = dict(entry.headers)
    words = alert if isinstance(alert, dict) else {"body": alert}
    return {
        "title": words.get("title"),
        "body": words.get("body"),
        "device": fingerprint(entry.path.rpartition("/")[2])[-6:],
        "collapse": headers.get(b"apns-collapse-id", b"").decode("latin-1") or None,
        "kind": headers.get(b"apns-push-type", b"").decode("latin-1"),
        "environment": "development" if entry.path.startswith("/apns-development/") else "production",
        "data": {name: value for name, value in body.items() if name != "aps"},
    }


def _fcm(_: Entry, body: dict[str, Any]) -> dict[str, Any]:
    message = _inner(body, "message")
    android = _inner(message, "android")
    words = _inner(message, "notification") | _inner(android, "notification")
    target = message.get("fid") or message.get("token") or message.get("topic") or ""
    return {
        "title": words.get("title"),
        "body": words.get("body"),
        "device": fingerprint(str(target))[-6:],
        # A phone replaces what it shows by tag; the collapse key only merges what it has not received yet.
        "collapse": words.get("tag") or android.get("collapse_key"),
        "kind": "alert" if words else "data",
        "environment": "",
        "data": message.get("data") or {},
    }


def _mail(entry: Entry) -> dict[str, Any]:
    return {"seq": entry.seq, "at": timestamp(entry.at), "status": entry.status, **_object(entry.body)}


def _call(entry: Entry) -> dict[str, Any]:
    body = _object(entry.body)
    return {
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "status": entry.status,
        "path": entry.path.removeprefix("/deepseek"),
        "model": body.get("model"),
        "messages": body.get("messages") or [],
        "summary": entry.summary if isinstance(entry.summary, dict) else None,
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _inner(value: dict[str, Any], name: str) -> dict[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}
