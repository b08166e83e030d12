from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.running import ROOT

COMMAND = """
import argparse, asyncio, threading, time
from scrapy.utils.project import get_project_settings
from crawler.console import QuietCommand, run_interruptibly


def asleep_and_locked():
    lock = threading.Lock()
    try:
        print("ready", flush=True)
        time.sleep(600)
    finally:
        # As when a signal has come between the taking of a lock and the block that lets it go.
        lock.acquire()
        with lock:
            pass


async def in_a_loop():
    print("ready", flush=True)
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise


class Command(QuietCommand):
    def short_desc(self):
        return ""

    def execute(self, args, opts):
        return DOING


command = Command()
command.settings = get_project_settings()
command.run([], argparse.Namespace())
raise SystemExit(command.exitcode)
"""
LOCKED = COMMAND.replace("DOING", "asleep_and_locked()")
CANCELLED = COMMAND.replace("DOING", "run_interruptibly(in_a_loop())")


@contextmanager
def started(script: str) -> Iterator[subprocess.Popen[str]]:
    """Give the process of a script that has said that it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "status", "says"),
    [(signal.SIGINT, 130, "scrapy __main__: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_a_command_that_waits_for_a_lock_on_its_way_out_gets_there(
    number: signal.Signals, status: int, says: str
) -> None:
    with started(LOCKED) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (status, says)


def test_what_runs_in_an_event_loop_is_cancelled_first() -> None:
    with started(CANCELLED) as process:
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert printed == "cancelled\n"
    assert (process.returncode, said) == (130, "scrapy __main__: interrupted\n")


def test_a_command_that_was_told_to_ignore_ctrl_c_does() -> None:
    with started(f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{LOCKED}") as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
