"""Processes that a test makes stand still, as if they hung, or kills; a signal by itself returns before they do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

_LONGEST = 60
"""Seconds after which a process that has not stopped never will."""


def stop(pid: int) -> None:
    """Stop a process, and return when it stands still.

    One thread of the process has to run first: on a busy machine a mongod answered for up to 20 ms after SIGSTOP, in
    which a whole batch was stored.
    Raises ProcessLookupError where there is none, and AssertionError where it does not stop.
    """
    os.kill(pid, signal.SIGSTOP)
    if not _waited(pid, lambda process: process.status() == psutil.STATUS_STOPPED):
        raise ProcessLookupError(pid)


def go_on(pid: int) -> None:
    """Let a process that stands still go on."""
    os.kill(pid, signal.SIGCONT)


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Have a process stand still meanwhile. Raises as `stop`; one that was killed meanwhile is no error."""
    stop(pid)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            go_on(pid)


def kill(pid: int) -> None:
    """Kill a process as the kernel does, and return when it has let go of all it had. Raises as `stop`."""
    os.kill(pid, signal.SIGKILL)
    _waited(pid, lambda _: False)


def _waited(pid: int, holds: Callable[[psutil.Process], bool]) -> bool:
    """Wait until something holds of a process, and return True; False once it has ended, with all of its threads."""
    give_up = time.monotonic() + _LONGEST
    try:
        process = psutil.Process(pid)
        while not holds(process):
            # What has ended stays a zombie where nobody asks for its exit status.
            if process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1:
                return False
            assert time.monotonic() < give_up, f"process {pid} is still {process.status()}"
            time.sleep(0.001)
    except psutil.NoSuchProcess:
        return False
    return True
