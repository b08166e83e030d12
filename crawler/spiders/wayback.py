"""A backfill from the Wayback Machine: one capture of each page that a domain had in a span of time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawler.article import Failure, FailureReason, Fetch, Outcome, Rejection, RejectionReason, Via
from crawler.discovery.priority import priority_of
from crawler.discovery.spans import Span, span_asked
from crawler.discovery.wayback import (
    CaptureList,
    NoDomain,
    UnreadableCaptures,
    WaybackCapture,
    capture_url,
    captures_url,
    publishers_headers,
    read_captures,
    read_domains,
    redirected_to,
    shown_url,
)
from crawler.frontier.ledger import Discovery, Ticket
from crawler.frontier.patience import DatabaseLost
from crawler.politeness.robots import RobotsDenied
from crawler.politeness.turns import CrawlStopping, HostAway
from crawler.remote.file import NOT_KEPT, SLOW, TRIES
from crawler.spiders.elsewhere import use_base
from crawler.spiders.outcomes import outcome_of_error, outcome_of_status
from crawler.spiders.pages import ArgumentError, response_headers
from crawler.url import host_of

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.spiders.backfill import BackfillSpider

_HOPS = 5
"""Times that a capture may point to another one."""
_LISTINGS = 4
"""Times that a part of the list is asked for whose answer is none."""
_PAUSE = 1.0


class ListBroken(Exception):
    """The list of captures cannot be had to its end; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaybackPapers:
    """What `-a wayback=…` asks for."""

    domains: Sequence[str]
    """The domains; hosts below them are part of them."""
    span: Span
    """When pages are to have been captured."""


def read_wayback(arguments: Mapping[str, str]) -> WaybackPapers:
    """Return what the arguments ask for. Raises ArgumentError."""
    try:
        domains = read_domains(arguments["wayback"])
    except NoDomain as error:
        raise ArgumentError(str(error)) from error
    try:
        span = span_asked(arguments.get("since"), arguments.get("until"), today=datetime.now(UTC).date())
    except ValueError as error:
        raise ArgumentError(f"-a {error}") from error
    return WaybackPapers(domains=domains, span=span)


class Wayback:
    """Lists captures and asks for them, as fast as the archive likes."""

    def __init__(self, spider: BackfillSpider, papers: WaybackPapers) -> None:
        self._spider = spider
        self._papers = papers
        self._base: str = spider.settings["WAYBACK_BASE"]
        self._barred = False

    async def requests(self) -> AsyncIterator[Request]:
        """Yield requests for captures, no more at a time than there is room for."""
        if not use_base(self._spider, "WAYBACK_BASE", delay=self._spider.settings.getfloat("WAYBACK_DELAY")):
            return
        for domain in self._papers.domains:
            try:
                async for captures in self._listed(domain):
                    for request in await self._taken(captures):
                        yield request
                    await self._spider.scheduler_has_room()
                    if self._barred or self._spider.closing:
                        return
            except ListBroken as error:
                self._spider.problem(str(error))
            except CrawlStopping:
                return
            except DatabaseLost as error:
                raise self._spider.without_database(error) from error

    async def _listed(self, domain: str) -> AsyncGenerator[Sequence[WaybackCapture]]:
        """Yield the captures of a domain, a part of the list at a time. Raises ListBroken."""
        key, seen, number = None, set[str](), 0
        while True:
            part = await self._part(domain, key, number)
            number += len(part.captures)
            mine = [capture for capture in part.captures if is_of(capture.url, domain) and self._admits(capture.url)]
            self._spider.crawler.stats.inc_value("pages/out_of_scope", len(part.captures) - len(mine))
            self._spider.logger.info("%s: %d captures listed", domain, number)
            yield mine
            key = part.resume_key
            if key is None:
                return
            if key in seen:
                raise ListBroken(f"{domain}: the list of captures does not end: it resumes where it has been before")
            seen.add(key)

    async def _part(self, domain: str, key: str | None, number: int) -> CaptureList:
        url = captures_url(self._base, domain, self._papers.span, resume_key=key)
        where = f"{self._base}: the list of captures of {domain}, after {number} of them"
        for again in range(_LISTINGS):
            self._spider.asked += 1
            request = Request(
                url,
                meta={NOT_KEPT: True, "max_retry_times": TRIES, "download_timeout": SLOW},
                priority=1,
                callback=NO_CALLBACK,
                dont_filter=True,
            )
            try:
                response = await self._spider.crawler.engine.download_async(request)
                if response.status != 200:
                    raise ListBroken(f"{where}: HTTP {response.status}")
                part = read_captures(response.body)
            except (ListBroken, CrawlStopping, DatabaseLost):
                raise
            except UnreadableCaptures as error:
                if again == _LISTINGS - 1:
                    raise ListBroken(f"{where}: {error} ({_LISTINGS} tried)") from error
                self._spider.logger.info("%s: %s: asked for again", where, error)
                await asyncio.sleep(_PAUSE)
            except IgnoreRequest as error:
                raise ListBroken(f"{where}: {' '.join(str(error).split())}") from error
            except Exception as error:
                outcome = outcome_of_error(error, url)
                raise ListBroken(f"{where}: {outcome.reason} ({outcome.detail})") from error
            else:
                self._spider.got += 1
                return part
        raise AssertionError("unreachable")

    def _admits(self, url: str) -> bool:
        site = self._spider.index.find(url)
        return site is None or site.admits(url)

    async def _taken(self, captures: Sequence[WaybackCapture]) -> list[Request]:
        """Write the pages of captures down in the ledger; return requests for those that are to be read."""
        first: dict[str, WaybackCapture] = {}
        found = []
        for capture in captures:
            discovery = Discovery(
                url=capture.url, via=Via.WAYBACK, found_on=shown_url(self._base, capture), news_at=capture.at
            )
            # Of addresses that are one page, the earliest.
            try:
                known = first.get(discovery.page_id)
            except ValueError:
                self._spider.crawler.stats.inc_value("pages/not_a_url")
                continue
            if known is None or capture.at < known.at:
                first[discovery.page_id] = capture
                found.append(discovery)
        tickets = await self._spider.discover(found, revisit_after=None)
        return [self._request(ticket, first[ticket.page_id]) for ticket in tickets]

    def _request(self, ticket: Ticket, capture: WaybackCapture, *, hops: int = 0) -> Request:
        return Request(
            capture_url(self._base, capture),
            callback=self.arrived,
            errback=self.failed,
            cb_kwargs={"ticket": ticket, "capture": capture, "hops": hops},
            # Redirects are ours to judge: one that leaves the archive would lead to the publisher.
            meta={NOT_KEPT: True, "dont_redirect": True, "max_retry_times": TRIES},
            priority=priority_of(capture.at, seen=False, now=self._spider.session.now()) + hops,
            dont_filter=True,
        )

    async def arrived(
        self, response: Response, ticket: Ticket, capture: WaybackCapture, hops: int
    ) -> AsyncIterator[Outcome | Request]:
        """Yield what a capture led to: its outcome, or the request for the capture it points to."""
        spider = self._spider
        if 300 <= response.status < 400 and (location := response.headers.get("Location")):
            target = redirected_to(self._base, response.url, location.decode("latin-1"))
            if target is None or not any(is_of(target.url, domain) for domain in self._papers.domains):
                detail = f"the archive redirects to {location.decode('latin-1')}"
                spider.asked, spider.got = spider.asked + 1, spider.got + 1
                yield Rejection(requested_url=ticket.url, reason=RejectionReason.OFF_SITE, detail=detail[:300])
            elif hops == _HOPS:
                spider.asked += 1
                detail = f"one capture points to another, {hops} times, at last to {response.url}"
                yield Failure(requested_url=ticket.url, reason=FailureReason.REDIRECT_LOOP, detail=detail[:300])
            else:
                yield self._request(ticket, target, hops=hops + 1)
            return
        spider.asked += 1
        spider.crawler.stats.inc_value("pages/fetched")
        if not 200 <= response.status < 300:
            failure = outcome_of_status(response.status, ticket.url)
            yield Failure(
                requested_url=ticket.url,
                reason=failure.reason,
                detail=f"{failure.detail} at {response.url}"[:300],
                status=response.status,
            )
            return
        spider.got += 1
        fetch = Fetch(
            requested_url=ticket.url,
            via=Via.WAYBACK,
            status=response.status,
            bytes=len(response.body),
            at=capture.at,
        )
        headers = publishers_headers(response_headers(response))
        outcome = await spider.read(response.body, capture.url, headers, fetch)
        async for result in spider.conclude(outcome, ticket, brought=True):
            yield result

    async def failed(self, failure: TwistedFailure) -> AsyncIterator[Outcome]:
        """Yield how a page ends whose capture could not be had; it stays pending if the archive bars us."""
        if isinstance(failure.value, RobotsDenied):
            if not self._barred:
                self._barred = True
                self._spider.problem(f"{self._base} bars its captures from robots: {failure.value}")
            return
        if isinstance(failure.value, HostAway) and not self._barred:
            # There is no use in listing more.
            self._barred = True
            self._spider.problem(str(failure.value))
        outcomes: Any = self._spider.page_failed(failure)
        async for outcome in outcomes:
            yield outcome


def is_of(url: str, domain: str) -> bool:
    """Whether a URL stands on a domain or on a host below it."""
    host = host_of(url).rpartition(":")[0] or host_of(url)
    return host == domain or host.endswith("." + domain)
