"""Looking at lists: feeds, sitemaps, section pages, and home pages that say where those are."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler.article import Via
from crawler.discovery.entries import MOST_ENTRIES, Entry, UnreadableListing
from crawler.discovery.feeds import parse_feed
from crawler.discovery.finding import Answer, FoundLists, find_lists
from crawler.discovery.priority import LISTING, news_at
from crawler.discovery.recent import recent_pages, recent_sitemaps
from crawler.discovery.sections import SectionPage, parse_section
from crawler.discovery.sitemaps import Sitemap, parse_sitemap
from crawler.extraction.workers import WorkerCrash, WorkTimeout
from crawler.frontier.ledger import Discovery
from crawler.frontier.listings import Listing, ListingKind, ListingTicket, body_hash
from crawler.frontier.patience import DatabaseLost
from crawler.politeness.policy_files import PolicyFiles
from crawler.politeness.turns import CrawlStopping
from crawler.spiders.outcomes import outcome_of_error
from crawler.spiders.pages import PageSpider, header
from crawler.url import site_of

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.frontier.cluster.streams import Errand

_SITEMAP_DEPTH = 3
"""Indexes in indexes; the protocol knows one level, and one that names itself knows no end."""
_UNDATED_SITEMAPS = 10
"""Of an index that dates nothing, this many sitemaps are read: some from either end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where a look at a list stands in a chain of them."""

    level: int = 0
    """Sitemap indexes above it."""
    page: int = 1
    """Which page of a section it is."""
    stale: int = 0
    """Pages of that section in a row that brought nothing new."""
    entry: Errand | None = None
    """What a cluster has it looked at for; done when the whole chain is."""


class ListingSpider(PageSpider):
    """A spider that finds its pages in lists, each of which it remembers (`crawler.frontier.listings`)."""

    def __init__(self, **arguments: str) -> None:
        """Check the arguments. Raises ArgumentError, SiteFileError, UnknownSite."""
        super().__init__(**arguments)
        self.looking = 0
        """Lists asked for that have not been read to the end."""
        self._chains: Counter[Errand] = Counter()
        """The same by entry, in a cluster."""

    async def due(self, listings: Sequence[Listing]) -> list[ListingTicket]:
        """Write lists down; return tickets for those to look at now."""
        known, now, claim = self.session.listings, self.session.now(), ObjectId()
        due = await self.ask(lambda: known.due(listings, now=now, claim=claim))
        self.crawler.stats.inc_value("listings/not_due", len(listings) - len(due))
        return due

    async def children_due(self, parent: str) -> list[ListingTicket]:
        """Return tickets for the lists that an index or a home page is known to name, as far as they are due."""
        known, now, claim = self.session.listings, self.session.now(), ObjectId()
        return await self.ask(lambda: known.children_due(parent, now=now, claim=claim))

    def look(self, listing: ListingTicket, turn: Turn | None = None) -> Request:
        """Return the request for a list, conditional where an earlier answer left validators."""
        arrived: dict[ListingKind, Callable[..., Any]] = {
            ListingKind.FEED: self.feed_arrived,
            ListingKind.SITEMAP: self.sitemap_arrived,
            ListingKind.SECTION: self.section_arrived,
            ListingKind.HOME: self.home_arrived,
        }
        headers = {"If-None-Match": listing.etag, "If-Modified-Since": listing.last_modified}
        turn = turn or Turn()
        self.looking += 1
        if turn.entry is not None:
            self._chains[turn.entry] += 1
        return Request(
            listing.url,
            callback=self.listing_arrived,
            errback=self.listing_failed,
            headers={name: value for name, value in headers.items() if value},
            cb_kwargs={"listing": listing, "turn": turn, "read": arrived[listing.kind]},
            priority=LISTING,
            dont_filter=True,  # `due` lets each through once
        )

    async def listing_arrived(
        self, response: Response, listing: ListingTicket, turn: Turn, read: Callable[..., AsyncIterator[Request]]
    ) -> AsyncIterator[Request]:
        """Yield requests for what a list names."""
        try:
            self.asked += 1
            async for request in read(response, listing, turn):
                yield request
        finally:
            self._looked_at(turn)

    def _looked_at(self, turn: Turn) -> None:
        self.looking -= 1
        if turn.entry is not None and self.node is not None:
            self._chains[turn.entry] -= 1
            if not self._chains[turn.entry]:
                del self._chains[turn.entry]
                self.node.done(turn.entry)

    async def feed_arrived(self, response: Response, listing: ListingTicket, _: Turn) -> AsyncIterator[Request]:
        """Yield requests for the entries of a feed that are new or due."""
        entries: list[Entry] | None = await self._read(response, listing, parse_feed)
        if entries is not None:
            found = recent_pages(entries, since=None, undated=0)
            async for request in self._pages(found, Via.FEED, listing, response):
                yield request

    async def sitemap_arrived(self, response: Response, listing: ListingTicket, turn: Turn) -> AsyncIterator[Request]:
        """Yield requests for what a sitemap lists: pages, or further sitemaps, of the last SITEMAP_DAYS days."""
        sitemap: Sitemap | None = await self._read(response, listing, parse_sitemap)
        children: Sequence[ListingTicket] = ()
        if turn.level < _SITEMAP_DEPTH:
            if sitemap is None:
                # As it was: what it names may have changed all the same.
                children = await self.children_due(listing.url)
            elif sitemap.sitemaps:
                named = recent_sitemaps(sitemap.sitemaps, since=self._since(), undated=_UNDATED_SITEMAPS)
                children = await self.due(
                    [
                        Listing(url=e.url, kind=ListingKind.SITEMAP, parent=listing.url, changed_at=e.changed_at)
                        for e in named
                    ]
                )
        for child in children:
            yield self.look(child, Turn(level=turn.level + 1, entry=turn.entry))
        if sitemap is not None:
            if sitemap.cut:
                self.logger.warning("%s names more than %d pages: the rest is left out", listing.url, MOST_ENTRIES)
            undated = self.settings.getint("SITEMAP_UNDATED")
            found = recent_pages(sitemap.entries, since=self._since(), undated=undated)
            async for request in self._pages(found, Via.SITEMAP, listing, response):
                yield request

    async def section_arrived(self, response: Response, listing: ListingTicket, turn: Turn) -> AsyncIterator[Request]:
        """Yield requests for the articles a section page points to, and for its next page while that brings news."""
        # The first page is a list of its own; the further ones are only read on from there.
        section: SectionPage | None = await self._read(response, listing, parse_section)
        if section is None:
            return
        before = self._new
        async for request in self._pages(section.entries, Via.SECTION, listing, response, keep=turn.page == 1):
            yield request
        stale = turn.stale + 1 if self._new == before else 0
        enough = turn.page >= self.settings.getint("SECTION_PAGES") or stale >= self.settings.getint("SECTION_STALE")
        if section.next_page is not None and not enough and self.in_scope(section.next_page, page=False):
            following = ListingTicket(
                url=section.next_page,
                kind=ListingKind.SECTION,
                parent=listing.url,
                etag=None,
                last_modified=None,
                body_hash=None,
            )
            yield self.look(following, Turn(page=turn.page + 1, stale=stale, entry=turn.entry))

    async def home_arrived(self, response: Response, listing: ListingTicket, turn: Turn) -> AsyncIterator[Request]:
        """Yield requests for the lists of a paper that is known by its home page only."""
        known = await self.ask(lambda: self.session.listings.named_by(listing.url))
        if response.status == 304 or known:
            # Looked for once, they are found; a feed that is new at a paper that has others can wait.
            unchanged = response.status == 304
            etag, changed = header(response, "ETag"), header(response, "Last-Modified")
            await self._looked(listing, not_modified=unchanged, etag=etag, last_modified=changed)
            self.got += 1
            for child in await self.children_due(listing.url):
                yield self.look(child, Turn(entry=turn.entry))
            return
        found = await self._find(response, listing)
        if found is None:
            return
        kinds = (
            (ListingKind.FEED, found.feeds),
            (ListingKind.SITEMAP, found.sitemaps),
            (ListingKind.SECTION, found.sections),
        )
        lists = [Listing(url=url, kind=kind, parent=listing.url) for kind, urls in kinds for url in urls]
        counts = ", ".join(f"{len(urls)} {kind}s" for kind, urls in kinds if urls)
        self.logger.info("%s: found %s", listing.url, counts or "no lists at all")
        for child in await self.due(lists):
            yield self.look(child, Turn(entry=turn.entry))
        await self._looked(listing, etag=header(response, "ETag"), last_modified=header(response, "Last-Modified"))

    async def _find(self, response: Response, listing: ListingTicket) -> FoundLists | None:
        """Return the lists of the paper whose home page has arrived; None, and a complaint, where it has not."""
        if response.status != 200:
            await self._complain(listing, f"HTTP {response.status}")
            return None
        if not self.in_scope(response.url, page=False):
            site = site_of(response.url)
            await self._complain(listing, f"redirects to {response.url}, another site: start there, or name {site}")
            return None
        try:
            home = Answer(url=response.url, status=200, body=response.body)
            found = await find_lists(home, fetch=self._answer, read=self.workers.run)
        except (WorkTimeout, WorkerCrash) as error:
            await self._complain(listing, str(error))
            return None
        self.got += 1
        return found

    async def _answer(self, url: str) -> Answer | None:
        """Return what is at a place where a list may be; None where nothing can be had."""
        request = Request(url, callback=NO_CALLBACK, priority=LISTING, dont_filter=True)
        try:
            if url.endswith("/robots.txt"):
                # It has been asked for before the home page was.
                policy = await PolicyFiles(self.crawler).get(url, obey_robots=False)
                return Answer(url=url, status=200, body=policy.text.encode())
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            self.logger.debug("%s: %s", url, error)
            return None
        return Answer(url=response.url, status=response.status, body=response.body)

    async def _read(self, response: Response, listing: ListingTicket, parse: Callable[[bytes, str], Any]) -> Any:
        """Return what a list holds, read in a worker; None where it is as it was, or cannot be had."""
        same = response.status == 200 and body_hash(response.body) == listing.body_hash
        if response.status == 304 or same:
            self.got += 1
            self.crawler.stats.inc_value("listings/unchanged")
            await self._looked(listing, not_modified=True)
            return None
        if response.status != 200:
            await self._complain(listing, f"HTTP {response.status}")
            return None
        try:
            listed = await self.workers.run(parse, response.body, response.url)
        except (UnreadableListing, WorkTimeout, WorkerCrash) as error:
            await self._complain(listing, str(error))
            return None
        self.got += 1
        self.crawler.stats.inc_value("listings/read")
        return listed

    async def _looked(self, listing: ListingTicket, **what: Any) -> None:
        known, now = self.session.listings, self.session.now()
        await self.ask(lambda: known.looked(listing, now=now, **what))

    async def _complain(self, listing: ListingTicket, why: str) -> None:
        self.crawler.stats.inc_value("listings/failed")
        self.logger.warning("cannot read %s: %s", listing.url, why)
        known, now = self.session.listings, self.session.now()
        await self.ask(lambda: known.failed(listing, now=now, reason=why))

    def _since(self) -> datetime | None:
        days = self.settings.getfloat("SITEMAP_DAYS")
        return self.session.now() - timedelta(days=days) if days else None

    _new = 0
    """Pages that lists of this run named and nobody knew before."""

    async def _pages(
        self, entries: Sequence[Entry], via: Via, listing: ListingTicket, response: Response, *, keep: bool = True
    ) -> AsyncIterator[Request]:
        """Yield requests for the pages a list names, those it has room for; the ledger keeps the others for later.

        Entries are in the order in which they are wanted. keep: remember this look once all of it is in the ledger.
        """
        now, new = self.session.now(), 0
        in_scope = [entry for entry in entries if self.in_scope(entry.url)]
        self.crawler.stats.inc_value("pages/out_of_scope", len(entries) - len(in_scope))
        found = [
            Discovery(
                url=entry.url,
                via=via,
                found_on=response.url,
                news_at=news_at(via, entry.dated_at, now=now),
                listed=entry.listed,
            )
            for entry in in_scope
        ]
        room = self.room()
        for ticket in await self.discover(found[:room], revisit_after=self.session.revisits.listed_after):
            new += not ticket.visits
            yield self.page_request(ticket)
        new += await self.note(found[room:])
        self._new += new
        if keep:
            await self._looked(
                listing,
                new=new,
                etag=header(response, "ETag"),
                last_modified=header(response, "Last-Modified"),
                body=body_hash(response.body),
            )

    async def listing_failed(self, failure: TwistedFailure) -> None:
        """Say which list could not be had, and why; one that was not even asked for is still due."""
        request: Request = failure.request  # type: ignore[attr-defined]
        assert failure.value is not None
        try:
            if isinstance(failure.value, CrawlStopping):
                return
            if isinstance(failure.value, DatabaseLost):
                raise self.without_database(failure.value)
            self.asked += 1
            outcome = outcome_of_error(failure.value, request.url)
            await self._complain(request.cb_kwargs["listing"], f"{outcome.reason} {outcome.detail}".strip())
        finally:
            self._looked_at(request.cb_kwargs["turn"])
