"""What the spiders share: fetch a page of the ledger, have it read by a worker, hand its outcome to the pipelines."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from bson import ObjectId
from scrapy import Request, Spider, signals
from scrapy.exceptions import CloseSpider

from crawler.archive import ARCHIVED_AT
from crawler.article import (
    Article,
    Failure,
    FailureReason,
    Fetch,
    NotModified,
    Outcome,
    Rejection,
    RejectionReason,
    Via,
)
from crawler.discovery.priority import news_at, priority_of
from crawler.extraction.work import read_page
from crawler.extraction.workers import PRELOADED, WorkerCrash, Workers, WorkTimeout
from crawler.frontier.ledger import Discovery, Ticket
from crawler.frontier.patience import DatabaseLost
from crawler.frontier.session import CrawlSession, session_of
from crawler.politeness.licences import licensed
from crawler.politeness.perimeter import Perimeter
from crawler.politeness.tdm import PAGE, RIGHTS
from crawler.politeness.turns import CrawlStopping
from crawler.sites import SiteIndex
from crawler.spiders.outcomes import outcome_of_error, outcome_of_status
from crawler.spiders.rights import as_permitted, with_host_rights
from crawler.spiders.steps import Steps, steps_of
from crawler.url import InvalidURL

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.frontier.cluster.node import Node
    from crawler.listed import Listed
    from crawler.sites import Site

T = TypeVar("T")
MEGABYTE = 1 << 20
_QUEUED = 1_000
_AT_ONCE = 5_000


class ArgumentError(ValueError):
    """A spider argument that cannot be used; the message names it and the remedy."""


class PageSpider(Spider):
    """A spider whose pages come from the ledger and whose outcomes go back to it."""

    known_arguments: ClassVar[tuple[str, ...]] = ()
    """Names accepted with -a."""
    sites: Sequence[Site] = ()
    """The outlets in scope; their delays hold for their hosts."""
    index = SiteIndex(())
    """The same, by domain."""
    node: Node | None = None
    """Where work is shared with other machines: what this one does comes through it."""
    loads_in_bulk = False
    """It brings what there has been, and not what comes: an index that is not there yet is made when it is done."""
    closing = False
    """The run ends early: nothing more is taken up."""

    def __init__(self, **arguments: str) -> None:
        """Check the arguments. Raises ArgumentError, SiteFileError, UnknownSite."""
        super().__init__()
        self.arguments = arguments
        self.read_arguments(arguments)
        self.asked = 0
        """Feeds, sitemaps, pages and files this run has tried to get."""
        self.got = 0
        """Those of them that came."""
        self.articles = 0
        """Articles handed to the pipelines."""
        self.read_also_left = 0
        """How many more pages of read-also links this run takes up."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider as Scrapy does, and its workers from the settings."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        settings = crawler.settings
        spider.steps = steps_of(settings)
        spider.read_also_left = settings.getint("READ_ALSO_BUDGET") or sys.maxsize
        spider.workers = Workers(
            settings.getint("EXTRACTION_WORKERS") or os.cpu_count() or 1,
            timeout=settings.getfloat("EXTRACTION_TIMEOUT"),
            memory_bytes=settings.getint("EXTRACTION_MEMORY_MB") * MEGABYTE,
            preload=(*PRELOADED, *spider.steps.modules),
        )
        crawler.signals.connect(spider.stop_workers, signal=signals.spider_closed)
        return spider

    workers: Workers
    steps: Steps

    def read_arguments(self, arguments: Mapping[str, str]) -> None:
        """Check `arguments` and keep what they mean. Raises ArgumentError."""
        for name in arguments:
            if name not in self.known_arguments:
                known = ", ".join(self.known_arguments)
                raise ArgumentError(f"unknown argument -a {name}=…; the {self.name} spider knows: {known}")

    async def stop_workers(self) -> None:
        """End the worker processes, off the event loop: it takes them a moment."""
        await asyncio.get_running_loop().run_in_executor(None, self.workers.stop)

    @property
    def session(self) -> CrawlSession:
        """What this run shares with the pipelines."""
        return session_of(self.crawler)

    @property
    def max_articles(self) -> int | None:
        """After how many articles to stop; None: never."""
        return None

    def in_scope(self, url: str, *, page: bool = True) -> bool:
        """Whether this crawl may fetch `url`: whatever it is led to, unless a spider knows its limits.

        page: it is an article's, to which the outlet's own rules apply, and not a list's.
        """
        return True

    def may_follow(self, url: str, via: Via) -> bool:
        """Whether this crawl may fetch a page it was led to `via` that kind of pointer."""
        return self.in_scope(url) or (via is Via.READ_ALSO and self.settings.getbool("READ_ALSO_ANYWHERE"))

    def mean(self, urls: Iterable[str]) -> None:
        """Note URLs that the user named, so that those of this machine or its network may be asked (`Perimeter`)."""
        perimeter = self.crawler.get_extension(Perimeter)
        if perimeter is not None:
            perimeter.mean(urls)

    async def discover(self, found: Iterable[Discovery], *, revisit_after: timedelta | None) -> list[Ticket]:
        """Write URLs down in the ledger; return tickets for those to fetch now. What is no URL is counted and left."""
        valid = []
        for discovery in found:
            try:
                _ = discovery.page_id
            except InvalidURL as error:
                self.crawler.stats.inc_value("pages/not_a_url")
                self.logger.debug("%s", error)
            else:
                valid.append(discovery)
        now, claim = self.session.now(), ObjectId()
        ledger = self.session.ledger
        tickets = await self.ask(lambda: ledger.discover(valid, now=now, revisit_after=revisit_after, claim=claim))
        self.crawler.stats.inc_value("pages/known", len({d.page_id for d in valid}) - len(tickets))
        return tickets

    async def note(self, found: Sequence[Discovery]) -> int:
        """Write URLs down in the ledger for when there is room; return how many nobody knew."""
        ledger, now, new = self.session.ledger, self.session.now(), 0
        for start in range(0, len(found), _AT_ONCE):
            batch = [discovery for discovery in found[start : start + _AT_ONCE] if _is_url(discovery)]
            new += await self.ask(lambda batch=batch: ledger.note(batch, now=now))  # type: ignore[misc]
        return new

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return what `question` to MongoDB returns, waiting out a lost server; close the spider if it stays lost."""
        try:
            return await self.session.ask(question)
        except DatabaseLost as error:
            raise self.without_database(error) from error

    def without_database(self, error: DatabaseLost) -> CloseSpider:
        """Say that MongoDB is lost, and return what ends the crawl."""
        self.session.say_lost(str(error))
        return CloseSpider("database-lost")

    def room(self) -> int:
        """Return for how many more requests there is room in Scrapy's queue, which holds them in memory.

        None where work is shared: what is found waits in the ledger for the node that owns its host.
        """
        if self.node is not None:
            return 0
        scheduler = self.crawler.engine.scheduler
        return max(0, 2 * _QUEUED - (len(scheduler) if scheduler is not None else 0))  # type: ignore[arg-type]

    async def scheduler_has_room(self) -> None:
        """Wait until Scrapy's queue is nearly empty."""
        while self.room() < _QUEUED:
            await asyncio.sleep(0.05)

    def page_request(self, ticket: Ticket) -> Request:
        """Return the request for a page, conditional where an earlier answer left validators (RFC 9110, 13.1)."""
        headers = {"If-None-Match": ticket.etag, "If-Modified-Since": ticket.last_modified}
        return Request(
            ticket.url,
            callback=self.parse_page,
            errback=self.page_failed,
            headers={name: value for name, value in headers.items() if value},
            cb_kwargs={"ticket": ticket},
            meta={PAGE: True},
            priority=priority_of(ticket.news_at, seen=ticket.visits > 0, now=self.session.now()),
            # The ledger lets every page through once; Scrapy's own filter would keep a second set of them in memory.
            dont_filter=True,
        )

    async def parse_page(self, response: Response, ticket: Ticket) -> AsyncIterator[Outcome | Request]:
        """Yield what a page led to, and requests for what its read-also links point to."""
        self.asked += 1
        self.crawler.stats.inc_value("pages/fetched")
        # The archive has dated the answer already: by that its article is found again (`scrapy replay`).
        now = response.meta.get(ARCHIVED_AT) or self.session.now()
        if response.status == 304:
            self.got += 1
            yield NotModified(requested_url=ticket.url, at=now)
        elif not self.may_follow(response.url, ticket.via):
            self.got += 1
            detail = f"redirected to {response.url}"
            yield Rejection(requested_url=ticket.url, reason=RejectionReason.OFF_SITE, detail=detail)
        elif not 200 <= response.status < 300:
            yield outcome_of_status(response.status, ticket.url)
        else:
            self.got += 1
            fetch = Fetch(
                requested_url=ticket.url,
                via=ticket.via,
                status=response.status,
                etag=header(response, "ETag"),
                last_modified=header(response, "Last-Modified"),
                bytes=len(response.body),
                at=now,
            )
            outcome = await self.read(response.body, response.url, response_headers(response), fetch, ticket.listed)
            outcome = with_host_rights(outcome, response.meta.get(RIGHTS))
            async for result in self.conclude(outcome, ticket):
                yield result

    async def conclude(
        self, outcome: Outcome, ticket: Ticket, *, brought: bool = False
    ) -> AsyncIterator[Outcome | Request]:
        """Yield an outcome, and requests for the read-also links of an article that may be kept.

        brought: the user has the page already, or an archive has: what its publisher reserves is stored with it, and
        keeps nobody from reading it.
        """
        if isinstance(outcome, Article):
            outcome = as_permitted(
                outcome,
                licensed=brought or licensed(outcome.fetched_url, self.settings, self),
                obey_noarchive=self.settings.getbool("NOARCHIVE_OBEY"),
            )
        if isinstance(outcome, Article):
            if self.max_articles is not None and self.articles >= self.max_articles:
                self.closing = True
                raise CloseSpider("max-articles")
            self.articles += 1
            # Before the article is settled: were we killed in between, its links would never be found again.
            for linked in await self.follow(outcome, ticket):
                yield linked
        yield outcome

    async def read(
        self, body: bytes, url: str, headers: Mapping[str, str], fetch: Fetch, listed: Listed | None = None
    ) -> Outcome:
        """Return what extraction makes of a page, in a worker process; `listed` is what a list said of it."""
        site = self.index.find(url)
        known = {"headers": dict(headers), "fetch": fetch, "listed": listed, "css": site.css if site else None}
        try:
            return await self.workers.run_then(self.steps.functions, read_page, body, url, **known)
        except WorkTimeout as error:
            reason, detail = FailureReason.EXTRACTION_TIMEOUT, str(error)
        except WorkerCrash as error:
            reason, detail = FailureReason.EXTRACTION_CRASH, str(error)
        except Exception as error:
            reason, detail = FailureReason.EXTRACTION_ERROR, " ".join(f"{type(error).__name__}: {error}".split())
            self.logger.error("extraction failed on %r: %s", url, detail)
        return Failure(requested_url=fetch.requested_url, reason=reason, detail=detail[:300], status=fetch.status)

    async def follow(self, article: Article, ticket: Ticket) -> list[Request]:
        """Write an article's read-also links down; return requests for those new and in scope."""
        if ticket.depth >= self.settings.getint("READ_ALSO_DEPTH") or "nofollow" in article.rights.robots:
            return []
        now = self.session.now()
        found = [
            Discovery(
                url=link.url,
                via=Via.READ_ALSO,
                found_on=article.id,
                depth=ticket.depth + 1,
                news_at=news_at(Via.READ_ALSO, None, now=now),
            )
            for link in article.related
            if self.may_follow(link.url, Via.READ_ALSO)
        ]
        # Set aside first, given back what was known: other articles do the same meanwhile.
        left = min(len(found), self.read_also_left) if self.node is None else 0
        self.read_also_left -= left
        tickets = await self.discover(found[:left], revisit_after=None)
        self.read_also_left += left - len(tickets)
        # Beyond the budget they wait in the ledger for a later run.
        await self.note(found[left:])
        return [self.page_request(linked) for linked in tickets]

    async def page_failed(self, failure: TwistedFailure) -> AsyncIterator[Outcome]:
        """Yield how a page ends that could not be downloaded; it stays pending if it was not even asked for."""
        if isinstance(failure.value, CrawlStopping):
            return
        if isinstance(failure.value, DatabaseLost):
            raise self.without_database(failure.value)
        self.asked += 1
        ticket: Ticket = failure.request.cb_kwargs["ticket"]  # type: ignore[attr-defined]
        assert failure.value is not None
        outcome = outcome_of_error(failure.value, ticket.url)
        self.logger.info("%s: %s", ticket.url, f"{outcome.reason} {outcome.detail}".strip())
        yield outcome


def response_headers(response: Response) -> dict[str, str]:
    """Return the headers of an answer by name; of those sent twice the last, of X-Robots-Tag all, one a line."""
    return {
        name.decode("latin-1"): (b"\n".join(values) if name == b"X-Robots-Tag" else values[-1]).decode("latin-1")
        for name, values in response.headers.items()
        if values
    }


def header(response: Response, name: str) -> str | None:
    """Return a header of an answer as sent; None where it has none."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def _is_url(discovery: Discovery) -> bool:
    try:
        return bool(discovery.page_id)
    except InvalidURL:
        return False


def positive_int(name: str, value: str) -> int:
    """Return the number an argument gives. Raises ArgumentError unless it is whole and above zero."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentError(f"-a {name}={value}: give a whole number above 0")
    return number
