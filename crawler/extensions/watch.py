"""What happened in a run besides pages: how it ended, what raised, which signal came."""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class FirstSignal:
    """The first signal that asked a run to stop; Scrapy obeys it and does not tell which it was."""

    def __init__(self) -> None:
        self.number: int | None = None
        """Its number; None as long as there was none."""

    def listen(self) -> None:
        """Stand before Scrapy's handlers. To be called as the first thing in the event loop, when these are there."""
        for number in (signal.SIGINT, signal.SIGTERM):
            scrapys = signal.getsignal(number)
            if callable(scrapys):
                signal.signal(number, self._noting(scrapys))

    def _noting(self, scrapys: Any) -> Any:
        def handler(number: int, frame: FrameType | None) -> None:
            self.number = self.number or number
            scrapys(number, frame)

        return handler


class RunWatch:
    """Remembers what the exit status of the run depends on."""

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the spider closed; None while it runs, and after an unclean stop."""
        self.spider_errors = 0
        """Exceptions that left a spider callback."""
        self.item_errors = 0
        """Exceptions that left a pipeline."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and listen."""
        watch = cls()
        crawler.signals.connect(watch.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(watch.spider_error, signal=signals.spider_error)
        crawler.signals.connect(watch.item_error, signal=signals.item_error)
        return watch

    def spider_closed(self, reason: str) -> None:
        """Keep the reason."""
        self.reason = reason

    def spider_error(self) -> None:
        """Count an exception of the spider."""
        self.spider_errors += 1

    def item_error(self) -> None:
        """Count an exception of a pipeline."""
        self.item_errors += 1
