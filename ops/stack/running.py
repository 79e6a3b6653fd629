"""How `kuitter` finds the local system: a running stack leaves its variables in DATA_DIR, for this person only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path

_FILE = "environment.json"


def leave(data_dir: Path, environ: Mapping[str, str]) -> None:
    """Write the variables of the running stack, readable by their owner alone: there are passwords in them."""
    file = data_dir / _FILE
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(dict(environ), out)


def take_away(data_dir: Path) -> None:
    """The stack has ended."""
    with suppress(FileNotFoundError):
        (data_dir / _FILE).unlink()


def adopt(environ: MutableMapping[str, str]) -> None:
    """Take the variables of the stack that runs in DATA_DIR, unless a database was named or this is production.

    What is set already stays.
    """
    if environ.get("DATABASE_URL", "").strip() or environ.get("KUITTER_ENV") == "production":
        return
    file = Path(environ.get("DATA_DIR", "").strip() or ".data") / _FILE
    with suppress(FileNotFoundError, json.JSONDecodeError, PermissionError):
        for name, value in json.loads(file.read_text()).items():
            if name.isupper() and not environ.get(name, "").strip():
                environ[name] = value
