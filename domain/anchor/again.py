"""How the work of a job says that it is to be tried again; what carries it out is the actor's business."""

from __future__ import annotations


class TryAgain(Exception):
    """Not now. `code` is a machine's word, `retry_after` in seconds, None for the usual back-off."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
