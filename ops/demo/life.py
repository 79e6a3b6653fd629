"""The person of the story: her app's calls, her phones as the sandbox sees them, and the days that pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from ops.demo.telling import StepFailed
from ops.stack.stack import Stack

ZONE = "Europe/Berlin"


class Life:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx2.Client(base_url=stack.url, trust_env=False, timeout=40)
        self._sandbox = httpx2.Client(base_url=stack.sandbox_url, trust_env=False, timeout=10)
        self._offset = timedelta()

    def somebody_else(self) -> Life:
        """Another person with an app and phones of their own, at the same time."""
        other = Life(self._stack)
        other._offset = self._offset
        return other

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The JSON of an answer. Raises StepFailed unless it is a success."""
        answer = self.try_to(method, path, body, headers)
        if answer.status_code >= 300:
            raise StepFailed(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def try_to(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """The answer, whatever it is. Days that pass in a second meet the limit of requests a minute, and wait."""
        while True:
            answer = self._http.request(method, path, json=body, headers=headers)
            if answer.status_code != 429 or answer.json()["code"] != "rate_limited":
                return answer
            time.sleep(int(answer.headers["Retry-After"]))

    def sign_up(self, **fields: Any) -> dict[str, Any]:
        signed_in: dict[str, Any] = self.call("POST", "/v1/auth/register", fields)
        self._http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        user: dict[str, Any] = signed_in["user"]
        return user

    def register_phones(self) -> None:
        """An iPhone on APNs and an Android phone on FCM."""
        common = {"environment": "production", "app_version": "1.0.0"}
        self.call("PUT", "/v1/me/devices/iphone", {
            "platform": "ios", "transport": "apns", "token": os.urandom(32).hex(), "token_kind": "apns", **common,
        })  # fmt: skip
        self.call("PUT", "/v1/me/devices/pixel", {
            "platform": "android", "transport": "fcm", "token": f"demo-{os.urandom(12).hex()}", "token_kind": "fid",
            **common,
        })  # fmt: skip

    def listen(self, reply_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of a reply as they stream in: (event, data)."""
        with self._http.stream("GET", f"/v1/anchor/messages/{reply_id}/stream") as answer:
            yield from _events(answer)

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
        """What the person's app is told live, while the block lasts: (event, data)."""
        with self._http.stream("GET", "/v1/events") as answer:
            yield _events(answer)

    def now(self) -> datetime:
        """What the clock shows in Berlin, with the time that has been travelled."""
        return (datetime.now(UTC) + self._offset).astimezone(ZoneInfo(ZONE))

    def today(self) -> date:
        return self.now().date()

    def sleep_until_tomorrow(self, hour: int) -> None:
        """Let time pass until it is `hour` o'clock on the next day."""
        now = self.now()
        then = now.replace(hour=hour, minute=0, second=5, microsecond=0) + timedelta(days=1)
        self.sleep(int((then - now).total_seconds()))

    def sleep(self, seconds: int) -> None:
        """Let time pass."""
        subprocess.run(
            [sys.executable, "-m", "ops.cli", "time", "travel", f"+{seconds}s"],
            env=self._stack.environ, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self._offset += timedelta(seconds=seconds)

    def in_store(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        """What she or he does in a store's app, which tells us of it by itself: the sandbox's answer. Raises
        StepFailed unless it is a success."""
        answer = self._sandbox.post(f"/_control/{path}", json=order)
        if answer.status_code != 200:
            raise StepFailed(f"{path} answered {answer.status_code}: {answer.text}")
        done: dict[str, Any] = answer.json()
        if not all(status is not None and status < 300 for status in done.get("statuses", ())):
            raise StepFailed(f"{path}: we did not take the store's notification: {done['statuses']}")
        return done

    def sent(self, provider: str, since: int = 0) -> list[dict[str, Any]]:
        """What reached a provider after the item numbered `since`."""
        answer = self._sandbox.get("/_control/sent", params={"provider": provider, "since": since})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def pushes(self, provider: str, deep_link: str) -> list[dict[str, Any]]:
        """The pushes on one of her phones (apns: the iPhone, fcm: the other) that open a place in the app."""
        return [item for item in self.sent(provider) if _deep_link(provider, item).startswith(deep_link)]


def _deep_link(provider: str, item: dict[str, Any]) -> str:
    holder = item["body"] if provider == "apns" else item["body"].get("message", {}).get("data", {})
    return str(holder.get("deep_link", ""))


def _events(answer: httpx2.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    event = ""
    for line in answer.iter_lines():
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            yield event, json.loads(line[5:])
