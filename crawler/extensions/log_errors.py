"""A log that cannot be written, its disk full: said once, counted, and no reason to stop."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Self

from scrapy import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class LogErrors:
    """A Scrapy extension; it stands in for `Handler.handleError`, which prints a traceback for each line of the log."""

    def __init__(self) -> None:
        self.lines = 0
        """Lines that did not get into the log."""
        self.why = ""
        """What the system said to the first of them."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension; it sets to work when the spider opens, as Scrapy replaces its handlers until then."""
        errors = cls()
        crawler.signals.connect(errors.spider_opened, signal=signals.spider_opened)
        return errors

    def spider_opened(self) -> None:
        """Watch over the handlers of the log."""
        for handler in logging.root.handlers:
            self.watch(handler)

    def watch(self, handler: logging.Handler) -> None:
        """Take note of what `handler` cannot write."""
        pythons = handler.handleError

        def take_note(record: logging.LogRecord) -> None:
            error = sys.exc_info()[1]
            if not isinstance(error, OSError):
                pythons(record)
                return
            if isinstance(handler, logging.FileHandler):
                _reopen_next_time(handler)
            self.lines += 1
            if not self.why:
                self.why = error.strerror or type(error).__name__
                # It may be stderr itself that is gone.
                with contextlib.suppress(OSError):
                    print(f"scrapy crawl: the log cannot be written ({self.why}); the crawl goes on", file=sys.stderr)

        handler.handleError = take_note  # type: ignore[method-assign]


def _reopen_next_time(handler: logging.FileHandler) -> None:
    """Drop what the stream still holds: it could never be flushed, and closing the log would raise in the end."""
    stream, handler.stream, handler.mode = handler.stream, None, "a"
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.close()
