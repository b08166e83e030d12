"""The pace of each host: one delay whatever way a URL came in, the outlet's own or the one robots.txt asks for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from crawler.politeness.turns import Turns, host_name

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.sites import Site

logger = logging.getLogger(__name__)


class PaceMiddleware:
    """Knows the delay of each host, and keeps requests from hosts that are away.

    The delay itself, and how many requests go out at a time, is kept by `Turns`: Scrapy's slots know only their own
    process, measure from the start of one request to the start of the next, are forgotten after a minute without
    requests, and stay with a request that is redirected to another host.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._default: float = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._longest: float = crawler.settings.getfloat("CRAWL_DELAY_MAX")
        turns = crawler.get_extension(Turns)
        assert turns is not None, "Turns is missing from EXTENSIONS"
        self._turns = turns

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """See to it that the request waits for its own host, with that host's delay. Raises HostAway."""
        self._turns.check(request)
        request.meta.pop("download_slot", None)
        host = host_name(request.url)
        if host and host not in self._turns.delays:
            self._set(host, self._own_delay(request.url))

    def slow_down(self, url: str, asked: float) -> None:
        """Keep the delay in seconds that the robots.txt of a URL's host asks of us, where it is the longer one."""
        host = host_name(url)
        delay = asked
        if delay > self._longest:
            logger.warning("%s asks for a crawl-delay of %g s; CRAWL_DELAY_MAX allows %g s", host, delay, self._longest)
            delay = self._longest
        self._set(host, max(delay, self._own_delay(url)))

    def _own_delay(self, url: str) -> float:
        sites: Sequence[Site] = getattr(self._crawler.spider, "sites", ())
        return next((s.delay for s in sites if s.delay is not None and s.owns(url)), self._default)

    def _set(self, host: str, delay: float) -> None:
        self._turns.delays[host] = delay
        downloader = self._crawler.engine.downloader
        downloader.per_slot_settings[host] = {"delay": 0.0}
        if host in downloader.slots:
            downloader.slots[host].delay = 0.0
