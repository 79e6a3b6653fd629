"""The purchases whose place a purchase of Google Play took: an upgrade of an upgrade names only the last one before it.

If we never heard of that one, the one before it would go on giving access: so Google is asked, link by link, until we
come to a purchase that we know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from domain.billing.applying import key_hash
from domain.billing.report import StoreReport
from domain.kit.database import fetch_value
from domain.kit.log import log
from domain.kit.providers import Answer, Outcome

# More changes of plan than this between two looks of ours are no person's.
_LONGEST = 10


async def with_predecessors(report: StoreReport, ask: Callable[[str], Awaitable[StoreReport | Answer]]) -> StoreReport:
    """The report with those of its predecessors that we do not know, oldest first.

    What cannot be had now is left out: the purchase itself counts more, and is asked about again some day.
    """
    found: list[StoreReport] = []
    seen = {report.store_key}
    link = report.linked_key
    while link is not None and link not in seen and len(found) < _LONGEST and not await _is_known(link):
        seen.add(link)
        answer = await ask(link)
        if isinstance(answer, Answer):
            if answer.outcome not in (Outcome.REJECTED, Outcome.TOKEN_DEAD):
                log().warning("google_play.predecessor_not_asked", code=answer.code)
            break
        found.append(answer)
        link = answer.linked_key
    return msgspec.structs.replace(report, predecessors=tuple(reversed(found))) if found else report


async def _is_known(token: str) -> bool:
    known: bool = await fetch_value(
        "SELECT EXISTS (SELECT FROM purchases WHERE store = 'google_play' AND store_key_hash = $1)", key_hash(token)
    )
    return known
