"""How far the archives are: bars on a terminal, a line in the log every half minute elsewhere."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scrapy.utils.log import get_scrapy_root_handler

logger = logging.getLogger(__name__)

_LIVE_SECONDS, _LOG_SECONDS, _RATE_SECONDS = 0.5, 30.0, 30.0


class Tally:
    """Pages settled, file by file, as those who read them tell. A file tried again starts anew; its pages do not."""

    def __init__(self) -> None:
        self._before = 0
        self._now: dict[str, int] = {}

    def tell(self, path: str, pages: int) -> None:
        """Take what a reader of this file has settled so far."""
        last = self._now.get(path, 0)
        if pages < last:
            self._before += last
        self._now[path] = pages

    def close(self, path: str) -> None:
        """Nothing more comes of this file."""
        self._before += self._now.pop(path, 0)

    @property
    def pages(self) -> int:
        """Pages settled in all."""
        return self._before + sum(self._now.values())


class TaskProgress:
    """Shows the progress while it is entered."""

    def __init__(self, *, files: int, to_terminal: bool) -> None:
        """files: how many there are; to_terminal: whether stderr, if it is a terminal, is for us."""
        self._files = files
        self._closed = 0
        self._tally = Tally()
        self._seen: list[tuple[float, int]] = [(time.monotonic(), 0)]
        self._bars: Progress | None = None
        if to_terminal and sys.stderr.isatty():
            self._bars = Progress(
                TextColumn("archives"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
                console=Console(stderr=True),
                transient=True,
                auto_refresh=False,
            )

    def __enter__(self) -> Self:
        """Take the terminal."""
        if self._bars is not None:
            self._bars.start()
            self._bars.add_task("", total=self._files)
            # rich has put itself before sys.stderr; log lines must go through it, or they would tear the bar.
            _log_to_stderr()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        if self._bars is not None:
            self._bars.stop()
            _log_to_stderr()

    def pages_done(self, path: str, pages: int) -> None:
        """Take what a reader of this file has settled so far."""
        self._tally.tell(path, pages)

    def file_done(self, path: str) -> None:
        """Nothing more comes of this file."""
        self._tally.close(path)
        self._closed += 1

    def line(self, at_once: int | None) -> str:
        """Return the progress as of now, in words. at_once: archives the workers read at once, None: not known."""
        who = "no answer from the scheduler" if at_once is None else f"{at_once} at once"
        if at_once == 0:
            who = "no worker (start one: dask worker ADDRESS)"
        return f"{self._tally.pages} pages, {self._rate():.1f} pages/s, {who}"

    async def show(self, at_once: Callable[[], Awaitable[int | None]]) -> None:
        """Show it until cancelled. at_once: as in `line`, as of now."""
        while True:
            await asyncio.sleep(_LIVE_SECONDS if self._bars else _LOG_SECONDS)
            line = self.line(await at_once())
            if self._bars is not None:
                self._bars.update(self._bars.task_ids[0], completed=self._closed, description=line)
                self._bars.refresh()
            else:
                logger.info("%d of %d archives, %s", self._closed, self._files, line)

    def _rate(self) -> float:
        now, pages = time.monotonic(), self._tally.pages
        self._seen.append((now, pages))
        while len(self._seen) > 2 and self._seen[1][0] < now - _RATE_SECONDS:
            self._seen.pop(0)
        since, before = self._seen[0]
        return (pages - before) / (now - since) if now > since else 0.0


def _log_to_stderr() -> None:
    handler = get_scrapy_root_handler()
    if isinstance(handler, logging.StreamHandler):
        handler.setStream(sys.stderr)
