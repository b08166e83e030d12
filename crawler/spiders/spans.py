"""A backfill of papers: what their sitemaps list of a span of time. One paper beside the other, each newest first."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler.article import Article, DatePrecision, Outcome, Via
from crawler.console import printable
from crawler.discovery.autodiscovery import robots_sitemaps
from crawler.discovery.entries import UnreadableListing
from crawler.discovery.finding import Answer, first_sitemap
from crawler.discovery.priority import LISTING, news_at
from crawler.discovery.sitemaps import MAX_BYTES as SITEMAP_BYTES
from crawler.discovery.spans import Span, span_asked
from crawler.discovery.walking import NoAnswer, Walked, walk
from crawler.extraction.workers import WorkerCrash, WorkTimeout
from crawler.frontier.ledger import Discovery
from crawler.frontier.patience import DatabaseLost
from crawler.frontier.policies import PolicyState
from crawler.politeness.policy_files import PolicyFiles
from crawler.politeness.turns import CrawlStopping, HostAway
from crawler.sites import SiteIndex
from crawler.spiders.news import chosen_sites
from crawler.spiders.outcomes import outcome_of_error
from crawler.spiders.pages import ArgumentError, PageSpider

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.frontier.ledger import Ticket
    from crawler.sites import Site

CHOOSING = ("sites", "country", "sites_file", "start")
"""Arguments that choose papers, as those of `scrapy crawl news` do."""
SPANNING = ("since", "until", "undated")
"""Arguments that say which of their pages."""

_WAITING = 1_000
"""Requests that wait for their hosts, of all papers together; memory holds them."""
_FEWEST, _MOST = 10, 200
"""Of one paper, between these."""
_PAPERS = 50
"""Papers walked at once: more would only hold more of their sitemaps in memory."""
_LOOK_AGAIN = 0.05
"""Seconds until a paper looks again whether it has room."""


class SpanSpider(PageSpider):
    """A spider that can walk the sitemaps of papers for the pages of a span of time."""

    span: Span | None = None
    """The span asked for; None where the job is another one."""
    undated = True
    """Whether pages are taken too that the span may hold, but that no date says so of."""
    problems: list[str]
    """What could not be read at all, one line each."""

    def read_span(self, arguments: Mapping[str, str]) -> None:
        """Choose the papers and the span. Raises ArgumentError, SiteFileError, UnknownSite."""
        self.sites = chosen_sites(arguments)
        self.index = SiteIndex(self.sites)
        try:
            self.span = span_asked(arguments.get("since"), arguments.get("until"), today=datetime.now(UTC).date())
        except ValueError as error:
            raise ArgumentError(f"-a {error}") from None
        wanted = arguments.get("undated", "yes")
        if wanted not in ("yes", "no"):
            raise ArgumentError(f"-a undated={wanted}: say yes or no")
        self.undated = wanted == "yes"
        self._out = Counter[str]()
        self._paper_of: dict[str, str] = {}

    def in_scope(self, url: str, *, page: bool = True) -> bool:
        """Whether `url` belongs to one of the papers chosen, and, if it is a `page`, that lets it be fetched."""
        if self.span is None:
            return super().in_scope(url, page=page)
        site = self.index.find(url)
        return site is not None and (not page or site.admits(url))

    async def walk_papers(self) -> AsyncIterator[Request]:
        """Yield requests for the pages of the span, of many papers in turn."""
        papers = asyncio.Semaphore(_PAPERS)
        requests: asyncio.Queue[Request | None] = asyncio.Queue(maxsize=_FEWEST)
        walks = [asyncio.ensure_future(self._walk_one(site, papers, requests)) for site in self.sites]
        ended = asyncio.gather(*walks)
        # Stopped at once, nobody may be left to hear how it ended.
        ended.add_done_callback(lambda all_of_it: all_of_it.cancelled() or all_of_it.exception())
        done = asyncio.ensure_future(self._say_when(ended, requests))
        try:
            while (request := await requests.get()) is not None:
                yield request
            await ended
        finally:
            for task in (*walks, done):
                task.cancel()

    @staticmethod
    async def _say_when(ended: asyncio.Future[list[None]], requests: asyncio.Queue[Request | None]) -> None:
        await asyncio.wait([ended])
        await requests.put(None)

    async def _walk_one(self, site: Site, papers: asyncio.Semaphore, requests: asyncio.Queue[Request | None]) -> None:
        async with papers:
            try:
                await self._walk(site, requests)
            except CrawlStopping:
                # What is not in the ledger yet, the next run finds again in its sitemap.
                return
            except DatabaseLost as error:
                raise self.without_database(error) from error

    async def _walk(self, site: Site, requests: asyncio.Queue[Request | None]) -> None:
        assert self.span is not None
        sitemaps = await self._sitemaps(site)
        found = 0
        async for walked in walk(sitemaps, self.span, undated=self.undated, ask=self._ask_for, read=self._read_list):
            if isinstance(walked, NoAnswer):
                self.problem(f"{walked.url}: {walked.why}")
                continue
            found += len(walked.pages)
            self.crawler.stats.inc_value("listings/read")
            self.crawler.stats.inc_value("listings/outside_span", walked.passed)
            async for request in self._pages_of(site, walked):
                await requests.put(request)
            if self._stopping():
                return
        self.logger.info("%s: %d pages listed that %s may hold", site.domains[0], found, self.span.days)

    async def _sitemaps(self, site: Site) -> Sequence[str]:
        """Return the sitemaps of a paper: those of its table and of robots.txt, else the first at the usual paths."""
        files = PolicyFiles(self.crawler)
        hosts = dict.fromkeys(urljoin(url, "/robots.txt") for url in (*site.sitemaps, site.home_page, *site.feeds[:1]))
        named = list(site.sitemaps)
        why = ""
        for url in hosts:
            if not self.in_scope(url, page=False):
                continue
            try:
                policy = await files.get(url, obey_robots=False)
            except HostAway as error:
                why = str(error)
                continue
            if policy.state is PolicyState.FOUND:
                named += robots_sitemaps(policy.text.encode(), url)
            elif policy.state is PolicyState.UNREACHABLE:
                why = f"{url}: {policy.detail}"
        if not named:
            named += await first_sitemap(site.home_page, fetch=self._may_have, read=self._read_list)
        if not named:
            nowhere = "no sitemap is named by its table or its robots.txt, and none stands at the usual paths"
            self.problem(f"{site.domains[0]}: {nowhere}" + (f" ({why})" if why else ""))
        return named

    async def _pages_of(self, site: Site, walked: Walked) -> AsyncIterator[Request]:
        """Yield requests for the pages that a sitemap lists, as many at a time as the paper has room for."""
        now = self.session.now()
        found = iter(walked.pages)
        share = max(_FEWEST, min(_MOST, _WAITING // len(self.sites)))
        while batch := list(itertools.islice(found, share)):
            inside = [entry for entry in batch if self.in_scope(entry.url)]
            self.crawler.stats.inc_value("pages/out_of_scope", len(batch) - len(inside))
            while self._out[site.key] >= share:
                if self._stopping():
                    return
                await asyncio.sleep(_LOOK_AGAIN)
            if self._stopping():
                return
            discovered = [
                Discovery(
                    url=entry.url,
                    via=Via.SITEMAP,
                    found_on=walked.url,
                    news_at=news_at(Via.SITEMAP, entry.dated_at, now=now),
                    listed=entry.listed,
                )
                for entry in inside
            ]
            for ticket in await self.discover(discovered, revisit_after=None):
                self._out[site.key] += 1
                self._paper_of[ticket.page_id] = site.key
                yield self.page_request(ticket)

    def _stopping(self) -> bool:
        return self.closing or not self.crawler.engine.running

    def _settled(self, ticket: Ticket) -> None:
        if self.span is not None and (key := self._paper_of.pop(ticket.page_id, None)) is not None:
            self._out[key] -= 1

    async def parse_page(self, response: Response, ticket: Ticket) -> AsyncIterator[Outcome | Request]:
        """Yield what a page led to; then its paper has room for another."""
        try:
            async for result in super().parse_page(response, ticket):
                yield result
        finally:
            self._settled(ticket)

    async def page_failed(self, failure: TwistedFailure) -> AsyncIterator[Outcome]:
        """Yield how a page ends that could not be downloaded; then its paper has room for another."""
        try:
            async for result in super().page_failed(failure):
                yield result
        finally:
            self._settled(failure.request.cb_kwargs["ticket"])  # type: ignore[attr-defined]

    async def conclude(
        self, outcome: Outcome, ticket: Ticket, *, brought: bool = False
    ) -> AsyncIterator[Outcome | Request]:
        """Yield an outcome; an article of another time than was asked for is kept, and counted."""
        async for result in super().conclude(outcome, ticket, brought=brought):
            if self.span is not None and isinstance(result, Article) and not is_of(result, self.span):
                self.crawler.stats.inc_value("pages/outside_span")
            yield result

    async def _ask_for(self, url: str) -> Answer | NoAnswer:
        """Return what a list's address answers. Raises CrawlStopping, DatabaseLost."""
        self.asked += 1
        meta = {"download_maxsize": SITEMAP_BYTES}
        request = Request(url, callback=NO_CALLBACK, meta=meta, priority=LISTING, dont_filter=True)
        try:
            response = await self.crawler.engine.download_async(request)
        except (CrawlStopping, DatabaseLost):
            raise
        except Exception as error:
            outcome = outcome_of_error(error, url)
            return NoAnswer(url=url, why=f"{outcome.reason} {outcome.detail}".strip())
        self.got += response.status == 200
        return Answer(url=response.url, status=response.status, body=response.body)

    async def _may_have(self, url: str) -> Answer | None:
        answer = await self._ask_for(url)
        return answer if isinstance(answer, Answer) else None

    async def _read_list(self, parse: Callable[[bytes, str], Any], body: bytes, url: str) -> Any:
        try:
            return await self.workers.run(parse, body, url)
        except (WorkTimeout, WorkerCrash) as error:
            raise UnreadableListing(str(error)) from error

    def problem(self, line: str) -> None:
        """Note what could not be read at all: the run has not done all that was asked."""
        self.problems.append(printable(line))
        self.logger.error("%s", printable(line))


def is_of(article: Article, span: Span) -> bool:
    """Whether an article was published in a span of days, by its publisher's own clock; one without a date may be."""
    at = article.published_at
    if at is None:
        return True
    if article.published_precision is DatePrecision.MONTH:
        return span.start - timedelta(days=31) < at < span.end
    offset = article.published_offset if article.published_precision is not DatePrecision.DAY else 0
    return span.holds(at + timedelta(minutes=offset or 0))
