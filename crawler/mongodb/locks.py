"""Locks between processes that share one data directory.

All are `flock` locks: the kernel lets go of them when their process ends, however it ends, so that nobody ever
meets a lock whose owner is dead.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.mongodb.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform != "win32":  # where `embedded_server` refuses before it comes here
    import fcntl

_POLL = 0.05  # seconds


@contextmanager
def exclusive(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the lock file `path` alone, waiting at most `timeout` seconds for whoever has it.

    Raises DatabaseUnavailable when the time is over, and OSError where the file cannot be made.
    """
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + timeout
        while not _lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"another process has been starting or stopping MongoDB in {path.parent} "
                    f"for {timeout:.0f} seconds: end it, and try again"
                )
            time.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)


class Usage:
    """A mark that this process uses something; the last to take its mark away is told so."""

    def __init__(self, path: Path) -> None:
        self._descriptor = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def end(self) -> bool:
        """Take the mark away, and say whether it was the last one.

        Between two processes that end together this is only right while both hold an `exclusive` lock in turn.
        """
        try:
            return _lock(self._descriptor, fcntl.LOCK_EX)
        finally:
            os.close(self._descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds a `flock` lock on an existing file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
