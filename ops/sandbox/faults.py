"""Faults that a tester switches on: what a provider does instead of answering well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ops.sandbox.wire import JSON_TYPE, Answer, Provider, Request


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One fault of one provider. What is left out stays as it would have been; an empty `body` is "".

    With `truncate_after` a stream ends after that many pieces and before its proper end; `status` then is the error
    that the provider writes into the stream, and `drop` cuts the connection there instead of ending it cleanly.
    """

    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    headers: dict[str, str] = {}
    body: Any = None
    delay_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 0
    drop: bool = False
    truncate_after: Annotated[int, Meta(ge=0)] | None = None
    times: Annotated[int, Meta(ge=1)] | None = None
    match: str = ""

    def hits(self, request: Request) -> bool:
        """Whether the request's path or body contains `match`."""
        return not self.match or self.match in request.path or self.match.encode() in request.body

    @property
    def replaces_answer(self) -> bool:
        """Whether the provider's own answer is not wanted at all."""
        if self.drop and self.truncate_after is None:
            return True
        if self.body is not None:
            return True
        return self.status is not None and self.status >= 300 and self.truncate_after is None

    @property
    def status_in_stream(self) -> int | None:
        """The error that the provider writes into its stream after `truncate_after` pieces, if any."""
        return self.status if self.truncate_after is not None and (self.status or 0) >= 400 else None

    def answer(self, provider: Provider, request: Request) -> Answer:
        """The answer of `provider` to `request` under this fault."""
        if not self.replaces_answer:
            answer = provider.answer(request)
            if self.status is not None and self.truncate_after is None:
                answer.status = self.status
        elif self.body is not None:
            answer = Answer(status=self.status or 200, summary="fault")
            if isinstance(self.body, str):
                answer.headers, answer.body = [(b"content-type", b"text/plain; charset=utf-8")], self.body.encode()
            else:
                answer.headers, answer.body = [JSON_TYPE], msgspec.json.encode(self.body)
        else:
            answer = provider.refusal(self.status or 500, request)
            answer.summary = "fault"
        if self.headers:
            given = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in self.headers.items()}
            answer.headers = [pair for pair in answer.headers if pair[0] not in given] + list(given.items())
        return answer


class Faults:
    """The fault of each provider, at most one."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._armed: dict[str, Fault] = {}

    def put(self, name: str, fault: Fault) -> None:
        """Switch a fault on in place of the one before."""
        self._armed[name] = fault

    def remove(self, name: str) -> None:
        """Switch the provider's fault off."""
        self._armed.pop(name, None)

    def take(self, name: str, request: Request) -> Fault | None:
        """The fault that hits this request, counting it down."""
        fault = self._armed.get(name)
        if fault is None or not fault.hits(request):
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                del self._armed[name]
        return fault

    def armed(self) -> dict[str, Fault]:
        """Every fault that is on, by provider."""
        return dict(self._armed)

    def forget(self) -> None:
        """Switch everything off."""
        self._armed.clear()
