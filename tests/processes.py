"""Processes that a test makes stand still, as if they hung."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_LONGEST = 60
"""Seconds after which a process that has not stopped never will."""


def stop(pid: int) -> None:
    """Stop a process, and return when it stands still.

    SIGSTOP by itself returns before that: one thread of the process has to run first, and on a busy machine a mongod
    answered for up to 20 ms more, in which a whole batch was stored.
    Raises ProcessLookupError where there is none, and AssertionError where it does not stop.
    """
    os.kill(pid, signal.SIGSTOP)
    give_up = time.monotonic() + _LONGEST
    with _lookup_error(pid):
        process = psutil.Process(pid)
        while (status := process.status()) != psutil.STATUS_STOPPED:
            if status == psutil.STATUS_ZOMBIE:
                raise ProcessLookupError(pid)
            assert time.monotonic() < give_up, f"process {pid} does not stop: {status}"
            time.sleep(0.001)


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


@contextmanager
def _lookup_error(pid: int) -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess as gone:
        raise ProcessLookupError(pid) from gone
