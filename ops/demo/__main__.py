"""`python -m ops.demo`: exit status 0 only if every step of the story held."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from ops.demo.life import Life
from ops.demo.story import play
from ops.demo.telling import StepFailed, chapter, tell
from ops.stack.errors import StackError
from ops.stack.ports import free_port
from ops.stack.stack import Stack


def main() -> int:
    # Inside the project: the embedded PostgreSQL must be able to reach its files.
    Path(".data").mkdir(exist_ok=True)
    data_dir = Path(tempfile.mkdtemp(prefix="demo-", dir=".data")).resolve()
    environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environ |= {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port(2)), "METRICS_PORT": str(free_port(3))}
    environ |= {"DATA_DIR": str(data_dir), "CLOCK_TICK_SECONDS": "0.2", "KUITTER_ENV": "development"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    began = time.monotonic()
    chapter("A system of our own is started")
    stack = Stack(environ, durable=False, say=tell)
    try:
        with stack:
            play(Life(stack))
            chapter(f"Every step held. ({time.monotonic() - began:.0f} s)")
            return 0
    except (StepFailed, StackError) as error:
        print(f"\nkuitter demo: this step did not hold: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
