"""Log lines: JSON, one an event, with the request and the job they belong to.

Fields are ids, codes and numbers. A journal or chat text, an e-mail address, a token or a receipt never is one;
exceptions are logged by class and place, because their texts may quote such things.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)


def _where(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, variable in (("request_id", request_id), ("job_id", job_id)):
        value = variable.get()
        if value is not None:
            event.setdefault(name, value)
    return event


def _error_without_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("error", None)
    event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        state = getattr(error, "sqlstate", None)
        if state:
            event["sqlstate"] = state
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        event["at"] = [f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno}" for frame in frames]
    elif error is not None:
        event["error"] = error
    return event


class _LibraryLines(logging.Handler):
    """Lines of libraries: their logger, level and the template's first line, never the arguments.

    The first line alone, because asyncio puts an exception's text into those after it.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            template=str(record.msg).partition("\n")[0][:200],
            error=error,
        )


def configure_logging(level: str, process: str) -> None:
    """Set up logging for this process (`web`, `worker`, `clock`, `cli`); lines go to standard output."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            _where,
            _error_without_text,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_LibraryLines()], level=logging.WARNING, force=True)
    structlog.contextvars.clear_contextvars()
    global _process
    _process = process


_process = "test"


def log() -> Any:
    """The logger: `log().info("sessions.revoked", user_id=…)`; an exception is passed as `error=`."""
    return structlog.get_logger(process=_process)
