"""The mongod process of a data directory: which one it is, whether it is ours, and its end."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from crawler.mongodb.locks import is_locked

logger = logging.getLogger(__name__)

STOP_TIMEOUT = 60.0
"""Seconds between SIGTERM and SIGKILL; a second is usual, a last checkpoint on a slow disk takes longer."""

_KILL_TIMEOUT = 10.0
_POLL = 0.05  # seconds
_PROC = Path("/proc")


def serving_pid(data_dir: Path) -> int | None:
    """Return the process id of the mongod that has a data directory open, whoever started it; None if none has.

    0 is a server that is just coming up or going down. mongod keeps a lock on `mongod.lock` while it lives, and its
    process id in it; after a crash the number is still there, the lock is not.
    """
    lock = data_dir / "mongod.lock"
    try:
        if not is_locked(lock):
            return None
        return int(lock.read_text(encoding="ascii").strip() or 0)
    except (OSError, ValueError):
        return None


def started_by_us(pid: int, data_dir: Path) -> bool:
    """Whether a process is a mongod that was started here: a number alone may by now be anybody's."""
    arguments = _command_line(pid)
    return "mongod" in arguments and f"--dbpath {data_dir} " in arguments


def stop(data_dir: Path) -> None:
    """Stop the server of a data directory if it was started here: SIGTERM, and SIGKILL after `STOP_TIMEOUT`.

    Returns when the process is gone, its port with it. A server that somebody else started is left alone.
    """
    for number, patience in ((signal.SIGTERM, STOP_TIMEOUT), (signal.SIGKILL, _KILL_TIMEOUT)):
        told = 0
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            pid = serving_pid(data_dir)
            if pid and pid != told:
                if not started_by_us(pid, data_dir):
                    return
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
                told = pid
            elif pid is None and (not told or _has_ended(told)):
                if told:
                    logger.info("MongoDB in %s stopped", data_dir)
                return
            time.sleep(_POLL)
        logger.warning("MongoDB in %s does not stop on %s", data_dir, signal.Signals(number).name)


def _command_line(pid: int) -> str:
    """Return the arguments of a process with spaces between; empty if it is gone, or a zombie."""
    if not _PROC.joinpath("self").exists():
        return _ps(pid, "command=")
    try:
        return _PROC.joinpath(str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="surrogateescape")
    except OSError:
        return ""


def _has_ended(pid: int) -> bool:
    """Whether a process is gone; a zombie, which some containers keep for ever, is."""
    if not _PROC.joinpath("self").exists():
        return _ps(pid, "stat=").strip()[:1] in {"", "Z"}
    try:
        # proc(5): the state follows the name, which is in brackets and may hold any character.
        return _PROC.joinpath(str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _ps(pid: int, column: str) -> str:
    ps = ["ps", "-ww", "-o", column, "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout
