"""The control routes that every provider shares: what was sent, faults, forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

import msgspec

from ops.sandbox.faults import Fault, Faults
from ops.sandbox.journal import Journal
from ops.sandbox.wire import Answer, ControlHandler, Provider, Request, json_answer, problem


def routes(journal: Journal, faults: Faults, providers: Sequence[Provider]) -> dict[tuple[str, str], ControlHandler]:
    """The handlers by method and path; `/*` stands for one more segment."""

    def sent(request: Request) -> Answer:
        query = parse_qs(request.query)
        provider = query.get("provider", [None])[0]
        if provider is not None and provider not in faults.names:
            return _unknown(provider)
        try:
            since = int(query.get("since", ["0"])[0])
            limit = int(query["limit"][0]) if "limit" in query else None
            if since < 0 or (limit is not None and limit < 1):
                raise ValueError
        except ValueError:
            return problem(400, "Bad query", "since counts from 0 and limit from 1.")
        return json_answer(200, {"items": journal.sent(provider, since, limit)})

    def put_fault(request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        if name not in faults.names:
            return _unknown(name)
        try:
            fault = msgspec.json.decode(request.body, type=Fault)
        except (msgspec.DecodeError, RecursionError) as error:
            return problem(400, "Bad fault", str(error))
        if fault == Fault():
            return problem(400, "Bad fault", "This changes nothing; DELETE switches a fault off.")
        faults.put(name, fault)
        return json_answer(200, fault)

    def delete_fault(request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        if name not in faults.names:
            return _unknown(name)
        faults.remove(name)
        return Answer(status=204)

    def forget(_: Request) -> Answer:
        journal.forget()
        faults.forget()
        for provider in providers:
            provider.forget()
        return Answer(status=204)

    def _unknown(name: str) -> Answer:
        return problem(404, "Unknown provider", f"{name!r} is none of {', '.join(sorted(faults.names))}.")

    return {
        ("GET", "/_control/sent"): sent,
        ("PUT", "/_control/faults/*"): put_fault,
        ("DELETE", "/_control/faults/*"): delete_fault,
        ("DELETE", "/_control"): forget,
    }
