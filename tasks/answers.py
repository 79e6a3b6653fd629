"""What a provider's answer means for the job: the one place that says when to try again."""

from __future__ import annotations

from domain.kit.log import log
from domain.kit.providers import Answer, Outcome
from tasks.actor import Retry

# Seconds. A wrong key or topic waits for a person, who will not have mended it within seconds.
_CONFIG_PAUSE = 300.0


def retry_unless_final(answer: Answer, provider: str, *, said: bool = False) -> None:
    """Raises Retry for an answer after which the same is to be tried again.

    What we have configured wrongly is no fault of the job, so such a try is forgiven; it is logged as an error of
    `provider`, unless it has been `said` already.
    """
    if answer.outcome is Outcome.CONFIG:
        if not said:
            log().error(f"{provider}.misconfigured", code=answer.code)
        raise Retry(answer.code, max(answer.retry_after or 0.0, _CONFIG_PAUSE), counts=False)
    if answer.outcome in (Outcome.TRANSIENT, Outcome.UNKNOWN_DELIVERY):
        raise Retry(answer.code, answer.retry_after)
