"""Running the real `scrapy` command from a test, as a person would: its own process, exit status, output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

SCRAPY_WITH_PEAK = """
import resource, runpy, sys

def peak():
    # Linux carries ru_maxrss over from the process that started this one; VmHWM is this program's own.
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

sys.argv = ["scrapy", *sys.argv[1:]]
try:
    runpy.run_module("scrapy", run_name="__main__")
finally:
    print("peak", peak())
"""
"""For `python -c`: the command, and at its end a line with the most memory it had, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended."""

    exit_code: int
    """Its exit status."""
    stdout: str
    """What it printed."""
    stderr: str
    """What it logged or complained about."""

    @property
    def said(self) -> str:
        """The end of both, for the message of a test that failed."""
        return f"{self.stdout[-500:]}\n{self.stderr[-2_000:]}"

    @property
    def balance(self) -> dict[str, int]:
        """Pages by state, from the balance sheet of a crawl."""
        found = re.findall(
            r"^  (discovered|stored|unchanged|duplicate|rejected|failed|pending) +(\d+)", self.stdout, re.M
        )
        return {state: int(pages) for state, pages in found}


def environment(*, mongodb_uri: str, database: str, proxy: str | None = None) -> dict[str, str]:
    """Return the environment of a command that works with a test's database and the fixtures' server."""
    ours = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": database, "no_proxy": "", "NO_PROXY": ""}
    if proxy is not None:
        ours["http_proxy"] = proxy
    return os.environ | ours


def scrapy(*arguments: str, env: dict[str, str], timeout: float = 300) -> Ran:
    """Run `scrapy` with these arguments in the project."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def with_load(seconds: float) -> float:
    """Return how long something may take with as much else to do as there is now."""
    return seconds * max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)
