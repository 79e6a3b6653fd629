"""Asking a process over HTTP whether it is ready."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def http_status(url: str, seconds: float = 2.0) -> int | None:
    """The status of a GET, None if there is no answer. Without proxies: the address is on this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
