"""Makes `.venv` and installs the locked packages and the project into it: `python -I ops/stack/install.py`.

Called by the Makefile with whatever Python there is, before anything is installed: the standard library has to do.
"""

from __future__ import annotations

import fcntl
import platform
import shutil
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed"
UNFINISHED = VENV / ".unfinished"
INPUTS = (Path("requirements-dev.lock"), Path("pyproject.toml"))
PIP = [str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
INSTALL = [*PIP, "install", "--root-user-action=ignore"]


def main() -> int:
    """Install what is missing; 1 with a line that says so if that fails."""
    # A file that is there anyway serves as the lock: two installations into one folder would ruin each other.
    with INPUTS[1].open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _say("another make is installing into .venv; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_fresh():
            return 0
        try:
            _install()
        except subprocess.CalledProcessError as error:
            _say(f"the installation failed (status {error.returncode}); the next make begins it anew")
            return 1
    return 0


def _is_fresh() -> bool:
    return STAMP.exists() and all(file.stat().st_mtime <= STAMP.stat().st_mtime for file in INPUTS)


def _install() -> None:
    # pip does not mend what an interruption left of a package, so an unfinished folder is made anew.
    if UNFINISHED.exists() or not _has_pip():
        _say(f"making .venv with Python {platform.python_version()} ({sys.executable})")
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    _say("installing the locked packages into .venv: a minute or two the first time, seconds after a change")
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    subprocess.run([*INSTALL, "--require-hashes", "--requirement", str(INPUTS[0])], check=True)
    subprocess.run([*INSTALL, "--no-deps", "--no-build-isolation", "--editable", "."], check=True)
    STAMP.touch()
    UNFINISHED.unlink()


def _has_pip() -> bool:
    try:
        return subprocess.run([*PIP, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _say(line: str) -> None:
    print(f"kuitter: {line}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
