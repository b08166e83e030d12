"""A Scrapy add-on that writes down what each step of a worker costs, in the crawl itself.

    -s 'ADDONS={"benchmarks.worker_steps.Timing": 0}', with WORKER_STEPS_DIR naming a folder

In a crawl, processes take from each other's caches, so that a step costs more there than in a loop of its own. Each
worker appends to a file of its own, as it may be killed at any moment.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crawler.extraction.workers import Workers

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

Step = Callable[..., Any]
FOLDER = "WORKER_STEPS_DIR"
SETTING = 'ADDONS={"benchmarks.worker_steps.Timing": 0}'


class Timing:
    """The add-on."""

    def update_settings(self, _: BaseSettings) -> None:
        """Have the workers given timed steps."""
        run_then = Workers.run_then

        async def run_timed(workers: Workers, steps: Sequence[Step], work: Step, *args: Any, **known: Any) -> Any:
            timed = [Timed(step.__name__, step) for step in steps]
            return await run_then(workers, timed, Timed(work.__name__, work), *args, **known)

        Workers.run_then = run_timed  # type: ignore[assignment, method-assign]


@dataclass(frozen=True, slots=True)
class Timed:
    """A step of a worker that writes down its CPU seconds."""

    name: str
    """Of the function."""
    step: Step
    """What is timed."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take the step."""
        start = time.thread_time()
        try:
            return self.step(*args, **kwargs)
        finally:
            _file(os.getpid()).write(f"{self.name} {time.thread_time() - start:.6f}\n")


@cache
def _file(pid: int) -> IO[str]:
    return (Path(os.environ[FOLDER]) / f"{pid}.txt").open("a", buffering=1, encoding="ascii")


def read(folder: Path) -> Counter[str]:
    """Return the CPU seconds of each step that workers have written down, and take the files away."""
    used: Counter[str] = Counter()
    for path in folder.iterdir():
        for line in path.read_text(encoding="ascii").splitlines():
            name, seconds = line.split()
            used[name] += float(seconds)  # type: ignore[assignment]
        path.unlink()
    return used
