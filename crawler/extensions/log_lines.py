"""How Scrapy's own events read in the log: one short line each, whatever a page says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter, LogFormatterResult

from crawler.article import Article

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Response
    from twisted.python.failure import Failure


class LogLines(LogFormatter):
    """Names an item instead of printing all of it."""

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:
        """Return the line for an item that has passed the pipelines."""
        return {"level": logging.DEBUG, "msg": "%(outcome)s", "args": {"outcome": _short(item)}}

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Return the line for an item at which a pipeline raised."""
        what = " ".join(f"{type(exception).__name__}: {exception}".split())[:500]
        return {"level": logging.ERROR, "msg": "not stored: %(outcome)s: %(what)s",
                "args": {"outcome": _short(item), "what": what}}  # fmt: skip


def _short(item: Any) -> str:
    if isinstance(item, Article):
        return f"article {item.url!r}"
    url = getattr(item, "requested_url", None)
    return f"{type(item).__name__} {url!r} {getattr(item, 'reason', '')}".rstrip()
