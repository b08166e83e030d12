"""The process that reads one archive: a backfill of its own, told what to do on stdin, telling the rest on stdout.

    python -c "from crawler.archive_tasks.part import main; main()"

stdin: one line of JSON, `path` and `settings`; then nothing, until its end, which asks the part to stop. That is also
how it ends with whoever started it, however that one died. stdout: a line of JSON for each thing there is to tell,
`pages` (settled so far), `log` (warnings), `report`, and at the end `end`. Nothing secret is on its command line.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler.commands.crawl import Command
from crawler.frontier.parts import reader_of
from crawler.frontier.session import session_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.extensions.report import Report
    from crawler.extensions.verdict import Verdict
    from crawler.mongodb.connection import OpenDatabase

GRACE_SECONDS = 20
"""How long a part that is asked to stop may take to finish the pages in hand and close its books."""
_TELL_SECONDS = 1.0
_PROGRESS = "crawler.extensions.progress.Progress"


class _Teller:
    """Writes what there is to tell, each thing on a line of its own, from whichever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.stream: IO[str] = sys.stdout

    def tell(self, **what: Any) -> None:
        # If nobody listens any more, stdin has ended as well.
        with self._lock, contextlib.suppress(OSError):
            print(json.dumps(what), file=self.stream, flush=True)


_teller = _Teller()


class _LogLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _teller.tell(log=record.getMessage(), level=record.levelno)


class Pace:
    """A Scrapy extension in the place of the progress line: tells how many pages are settled."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._telling: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and listen."""
        pace = cls(crawler)
        crawler.signals.connect(pace.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(pace.spider_closed, signal=signals.spider_closed)
        return pace

    def spider_opened(self) -> None:
        """Start telling."""
        self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        pages = 0
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            # Less than it was while a page that was settled before is read again.
            pages = max(pages, session_of(self._crawler).ledger.settled.total())
            _teller.tell(pages=pages)

    def spider_closed(self) -> None:
        """Tell no more."""
        if self._telling is not None:
            self._telling.cancel()


class PartCommand(Command):
    """`scrapy crawl`, which tells its report instead of printing it."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def before_crawl(self, database: OpenDatabase) -> None:
        """Wait until nobody else reads this file: a try before this one, on a worker that was thought dead."""
        told = False
        while host := reader_of(database.database, self._path, now=datetime.now(UTC)):
            if not told:
                _teller.tell(log=f"{self._path}: waits for an earlier try on {host} to end", level=logging.INFO)
                told = True
            time.sleep(1)

    def tell(self, report: Report, end: Verdict) -> None:
        """Tell the report; `end` follows from it."""
        _teller.tell(report=report.to_json())

    def _end(self, exit_code: int, line: str) -> None:
        self.exitcode = exit_code
        _teller.tell(end={"exit_code": exit_code, "line": line})


def main() -> None:
    """Read the archive that stdin names, and exit as `scrapy crawl` does."""
    # Whatever else is printed, by whomever, and by the processes started from here, goes to the log of the worker.
    _teller.stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.setdict(job["settings"], priority="cmdline")
    extensions = settings.getdict("EXTENSIONS") | {_PROGRESS: None, f"{__name__}.{Pace.__name__}": 500}
    settings.set("EXTENSIONS", extensions, priority="cmdline")
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    logging.root.addHandler(_LogLines(logging.WARNING))
    command = PartCommand(job["path"])
    command.settings = settings
    command.crawler_process = AsyncCrawlerProcess(settings)
    command.run(["backfill"], argparse.Namespace(spargs={"warc": job["path"]}, loglevel=None))
    sys.exit(command.exitcode)


def _end_with_stdin() -> None:
    sys.stdin.read()
    # As if asked by a person: once, politely.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
