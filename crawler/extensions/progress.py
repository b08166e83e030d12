"""The progress of a run: a live line on a terminal, a line in the log every half minute elsewhere."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import signals
from scrapy.utils.log import get_scrapy_root_handler

from crawler.frontier.ledger import PageState
from crawler.frontier.session import CrawlSession, session_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_LIVE_SECONDS = 0.25
_LOG_SECONDS = 30.0
_RATE_SECONDS = 10.0


def progress_line(fetched: int, states: dict[str, int], pending: int, rate: float) -> str:
    """Return one line: pages fetched, settled by state, pending, and fetched a second of late."""
    settled = ", ".join(f"{state} {pages}" for state, pages in states.items())
    return f"fetched {fetched}, {settled}, pending {pending}, {rate:.1f} pages/s"


class Progress:
    """Shows how far the run is."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._task: asyncio.Task[None] | None = None
        self._live: Live | None = None
        self._seen: list[tuple[float, int]] = [(time.monotonic(), 0)]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and listen."""
        progress = cls(crawler)
        crawler.signals.connect(progress.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(progress.spider_closed, signal=signals.spider_closed)
        return progress

    def line(self) -> str:
        """Return the progress as of now."""
        session: CrawlSession = session_of(self._crawler)
        settled = session.ledger.settled
        states = {str(state): 0 for state in list(PageState)[1:]}
        for (state, _), pages in settled.items():
            states[state] += pages
        fetched = self._crawler.stats.get_value("pages/fetched", 0)
        pending = session.ledger.claimed - sum(states.values())
        return progress_line(fetched, states, pending, self._rate(fetched))

    def _rate(self, fetched: int) -> float:
        now = time.monotonic()
        self._seen.append((now, fetched))
        while len(self._seen) > 2 and self._seen[1][0] < now - _RATE_SECONDS:
            self._seen.pop(0)
        since, before = self._seen[0]
        return (fetched - before) / (now - since) if now > since else 0.0

    def spider_opened(self) -> None:
        """Start showing."""
        handler = get_scrapy_root_handler()
        if sys.stderr.isatty() and not self._crawler.settings["LOG_FILE"]:
            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
            # Live has put itself before sys.stderr; log lines must go through it, or they would tear the line.
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
        self._task = asyncio.ensure_future(self._show())

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(_LIVE_SECONDS if self._live else _LOG_SECONDS)
            line = self.line()
            if self._live:
                self._live.update(Text(line, overflow="ellipsis", no_wrap=True), refresh=True)
            else:
                logger.info("%s", line)

    def spider_closed(self, **_: Any) -> None:
        """Stop showing; the balance sheet says the rest."""
        self.stop()

    def stop(self) -> None:
        """Give the terminal back, also after an unclean stop."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._live is not None:
            self._live.stop()
            self._live = None
            handler = get_scrapy_root_handler()
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
