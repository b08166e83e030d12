"""One request at a time to each host, with its delay in between, across all crawls; and rest for who needs it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from bson import ObjectId
from scrapy import exceptions
from scrapy.exceptions import IgnoreRequest

from crawler.frontier.session import CrawlSession
from crawler.politeness.backoff import FAULTS, REFUSALS, pause_after, retry_after_seconds

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.frontier.hosts import Turn

logger = logging.getLogger(__name__)

_AWAKE = 0.25
"""Seconds after which who waits looks whether the crawl is being stopped."""
_SHORTEST_POLL, _LONGEST_POLL = 0.02, 0.5
"""Seconds between two looks at a host that another crawl is asking just now."""
_SEEN = 0.25
"""Seconds for which holds what was seen of the hosts without a delay: each page would ask anew, for half a ms."""
_GRACE = 10.0
"""Seconds that a turn outlasts the longest download."""

_FAILURES = (
    exceptions.CannotResolveHostError,
    exceptions.DownloadTimeoutError,
    exceptions.DownloadConnectionRefusedError,
    exceptions.DownloadFailedError,
)


class HostAway(IgnoreRequest):
    """The host is left alone for longer than this run will wait: it asked for that, or keeps failing."""

    def __init__(self, detail: str, *, until: datetime) -> None:
        """until: when it may be asked again, UTC."""
        super().__init__(detail)
        self.until = until


class CrawlStopping(IgnoreRequest):
    """The crawl is being stopped; what was waiting for its turn is not asked for any more."""


class Turns:
    """A Scrapy extension: the download handlers ask it before each request, and tell it how that went."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._longest = crawler.settings.getfloat("RETRY_AFTER_MAX")
        self._limit = crawler.settings.getint("HOST_FAILURES")
        self._timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._default_delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._at_once = max(crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"), 1)
        self._lanes: dict[tuple[str, int], asyncio.Semaphore] = {}
        self.delays: dict[str, float] = {}
        """Seconds between two requests to each host, as PaceMiddleware knows them."""
        self._away: dict[str, HostAway] = {}
        self._failing: set[str] = set()
        """Hosts whose row counts failures."""
        self._seen: Mapping[str, Turn] = {}
        """What was last seen of the hosts without a delay."""
        self._seen_at = 0.0
        self._looking = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    @property
    def _session(self) -> CrawlSession:
        session = self._crawler.get_extension(CrawlSession)
        assert session is not None, "CrawlSession is missing from EXTENSIONS"
        return session

    def check(self, request: Request) -> None:
        """Raise HostAway for a host that this run knows to be left alone for long."""
        away = self._away.get(host_name(request.url))
        if away is not None:
            if away.until > datetime.now(UTC):
                raise HostAway(str(away), until=away.until)
            del self._away[host_name(request.url)]

    async def download(self, request: Request, fetch: Callable[[Request], Awaitable[Response]]) -> Response:
        """Return what `fetch` makes of a request when its host's turn has come.

        The delay runs from the end of one answer to the next request, so that no gap that the host sees between two
        requests is shorter. Raises HostAway, CrawlStopping, DatabaseLost, and what `fetch` raises.
        """
        host, token = host_name(request.url), ObjectId()
        async with self._lane(host, 1 if self._delay(host) else self._at_once):
            delay = self._delay(host)
            await self._turn(request, host, delay, token)
            try:
                try:
                    response = await fetch(request)
                except _FAILURES as error:
                    await self._failed(host, type(error).__name__.removesuffix("Error"))
                    raise
                await self._answered(host, response)
                return response
            finally:
                if delay:
                    hosts = self._session.hosts
                    await self._session.ask(lambda: hosts.give_back(host, token=token, delay=delay))

    def _delay(self, host: str) -> float:
        return self.delays.get(host, self._default_delay)

    def _lane(self, host: str, width: int) -> asyncio.Semaphore:
        """Return what lets so many requests to a host pass at a time.

        Scrapy's slots (2.19) count a request from when its task runs: of those that come to one in the same step of
        the event loop, as all do that have waited for a robots.txt, they start every one.
        """
        return self._lanes.setdefault((host, width), asyncio.Semaphore(width))

    async def _turn(self, request: Request, host: str, delay: float, token: ObjectId) -> None:
        hosts = self._session.hosts
        seconds = float(request.meta.get("download_timeout") or self._timeout) + _GRACE
        while True:
            self._check_running()
            self.check(request)
            if delay:
                turn = await self._session.ask(lambda: hosts.take(host, token=token, seconds=seconds))
            else:
                turn = await self._look(host)
            if turn.failures:
                self._failing.add(host)
            if turn.granted:
                return
            if turn.rests > self._longest:
                self._leave(host, turn.rests, turn.reason)
                continue
            wait = turn.wait
            if turn.holder is not None:
                if turn.holder not in await self._session.ask(self._session.runs.living):
                    await self._session.ask(partial(hosts.release, host, turn.holder))
                wait = max(wait, min(max(delay / 2, _SHORTEST_POLL), _LONGEST_POLL))
            await self._sleep(wait)

    async def _look(self, host: str) -> Turn:
        """Return whether a host without a delay may be asked: all of them are looked at together, now and then."""
        async with self._looking:
            if host not in self._seen or time.monotonic() - self._seen_at > _SEEN:
                hosts = {host, *(name for name, delay in self.delays.items() if not delay)}
                self._seen = await self._session.ask(lambda: self._session.hosts.look(hosts))
                self._seen_at = time.monotonic()
            return self._seen[host]

    async def _sleep(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + max(seconds, 0.001)
        while (left := until - asyncio.get_running_loop().time()) > 0:
            self._check_running()
            await asyncio.sleep(min(left, _AWAKE))

    def _check_running(self) -> None:
        if not self._crawler.engine.running:
            raise CrawlStopping("the crawl was stopped before this was asked for")

    async def _answered(self, host: str, response: Response) -> None:
        if response.status in REFUSALS:
            header = response.headers.get("Retry-After")
            asked = retry_after_seconds(header.decode("latin-1") if header else None, now=datetime.now(UTC))
            self._crawler.stats.inc_value("politeness/refused")
            await self._rest(host, f"HTTP {response.status}", refused=True, asked=asked)
        elif response.status in FAULTS:
            await self._failed(host, f"HTTP {response.status}")
        elif host in self._failing:
            self._failing.discard(host)
            hosts = self._session.hosts
            async with self._looking:
                await self._session.ask(lambda: hosts.recovered(host))
                self._seen = {}

    async def _failed(self, host: str, how: str) -> None:
        if self._limit:
            await self._rest(host, how, refused=False, asked=None)

    async def _rest(self, host: str, how: str, *, refused: bool, asked: float | None) -> None:
        """Leave a host alone for the time it asked for, or longer with each failure in a row."""
        hosts = self._session.hosts
        failures = (await self._session.ask(lambda: hosts.look([host])))[host].failures + 1
        pause = asked if asked is not None else pause_after(failures, refused=refused, limit=self._limit)
        if asked is not None:
            reason = f"{how}, which asked for {asked:.0f} s"
        else:
            reason = f"{how}, {failures} times in a row" if failures > 1 else how
        self._failing.add(host)
        async with self._looking:
            await self._session.ask(lambda: hosts.rest(host, pause, reason=reason, failures=failures))
            self._seen = {}
        if pause > self._longest:
            self._leave(host, pause, reason)
        else:
            logger.info("%s: %s: left alone for %.1f s", host, reason, pause)

    def _leave(self, host: str, seconds: float, reason: str) -> None:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        if host not in self._away:
            logger.warning("%s is left for a later run, for %.0f s: %s", host, seconds, reason)
            self._crawler.stats.inc_value("politeness/left")
        self._away[host] = HostAway(f"{host} is left alone until {until:%Y-%m-%d %H:%M:%S} UTC: {reason}", until=until)


def host_name(url: str) -> str:
    """Return the host of a URL as pace counts it: its name or address, without a port; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
