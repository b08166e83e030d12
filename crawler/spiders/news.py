"""`scrapy crawl news`: the scheduled job. What papers list, and the read-also links from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bson import ObjectId

from crawler.article import Via
from crawler.frontier.cluster.node import Node
from crawler.frontier.listings import Listing, ListingKind
from crawler.sites import Site, SiteIndex, known_sites, read_site_file, select_sites
from crawler.spiders.pages import ArgumentError, positive_int
from crawler.spiders.shared import SharingSpider
from crawler.url import host_of, site_of

if TYPE_CHECKING:
    from crawler.frontier.ledger import Ticket

_LISTED = (Via.FEED, Via.SITEMAP, Via.SECTION)
_AT_ONCE = 500
_LOOK_AGAIN = 0.1
"""Seconds until the ledger is asked again for what lists have named since."""


class NewsSpider(SharingSpider):
    """Crawls the outlets of the site files; run again and again it fetches only what is new or due."""

    name = "news"
    known_arguments = ("sites", "country", "sites_file", "start", "max_articles")

    def read_arguments(self, arguments: Mapping[str, str]) -> None:
        """Choose the outlets. Raises ArgumentError, SiteFileError, UnknownSite."""
        super().read_arguments(arguments)
        self.sites = chosen_sites(arguments)
        self.index = SiteIndex(self.sites)
        limit = arguments.get("max_articles")
        self._max_articles = positive_int("max_articles", limit) if limit is not None else None

    @property
    def max_articles(self) -> int | None:
        """After how many articles to stop; None: never."""
        return self._max_articles

    def in_scope(self, url: str, *, page: bool = True) -> bool:
        """Whether one of the chosen outlets owns `url`, and, if it is a `page`, lets it be fetched."""
        site = self.index.find(url)
        return site is not None and (not page or site.admits(url))

    async def start(self) -> AsyncIterator[Any]:
        """Yield requests for the lists that are due, for what is pending, and for pages due again."""
        await self.session.open()
        listings = _listings(self.sites)
        domains = sorted({site_of(f"http://{domain}/") for site in self.sites for domain in site.domains})
        node = self.crawler.get_extension(Node)
        if node is not None:
            async for request in self.share(node, listings, domains):
                yield request
            return
        for listing in await self.due(listings):
            yield self.look(listing)
        # What a home page has told before is looked at when it is due, whether or not the home page itself is.
        for site in self.sites:
            if not site.listed:
                for listing in await self.children_due(site.home_page):
                    yield self.look(listing)
        # What earlier runs have left, and what the lists of this one name beyond what there is room for.
        while not self.closing:
            looking = self.looking
            tickets = await self._left_over(domains)
            for ticket in tickets:
                if self.may_follow(ticket.url, ticket.via):
                    yield self.page_request(ticket)
            if not tickets and not looking:
                break
            await (self.scheduler_has_room() if tickets else asyncio.sleep(_LOOK_AGAIN))
        left = self.settings.getint("REVISITS_PER_RUN")
        while left > 0 and not self.closing and (tickets := await self._due_again(domains, min(left, _AT_ONCE))):
            left -= len(tickets)
            for ticket in tickets:
                if self.may_follow(ticket.url, ticket.via):
                    yield self.page_request(ticket)
            await self.scheduler_has_room()

    async def _left_over(self, sites: Sequence[str]) -> list[Ticket]:
        ledger, now, claim = self.session.ledger, self.session.now(), ObjectId()
        tickets = await self.ask(
            lambda: ledger.left_over(sites=sites, vias=_LISTED, now=now, limit=_AT_ONCE, claim=claim)
        )
        # Only when nothing newer waits, and as far as the budget goes.
        if not tickets and (limit := min(self.read_also_left, _AT_ONCE)) > 0:
            self.read_also_left -= limit
            again, vias = ObjectId(), (Via.READ_ALSO,)
            tickets = await self.ask(
                lambda: ledger.left_over(sites=sites, vias=vias, now=now, limit=limit, claim=again)
            )
            self.read_also_left += limit - len(tickets)
        return tickets

    async def _due_again(self, sites: Sequence[str], limit: int) -> list[Ticket]:
        ledger, now, claim = self.session.ledger, self.session.now(), ObjectId()
        vias = (*_LISTED, Via.READ_ALSO)
        return await self.ask(lambda: ledger.due_again(sites=sites, vias=vias, now=now, limit=limit, claim=claim))


def chosen_sites(arguments: Mapping[str, str]) -> list[Site]:
    """Return the outlets that `sites`, `country`, `sites_file` or `start` ask for.

    Raises ArgumentError, SiteFileError, UnknownSite.
    """
    start = arguments.get("start")
    if start is not None:
        if others := [name for name in ("sites", "country", "sites_file") if name in arguments]:
            raise ArgumentError(f"-a start=… names the paper itself: leave out -a {others[0]}=…")
        return [_started_at(url) for url in start.split(",")]
    file = arguments.get("sites_file")
    return select_sites(
        read_site_file(Path(file)) if file else known_sites(),
        names=arguments.get("sites", "").split(","),
        country=arguments.get("country"),
    )


def _started_at(url: str) -> Site:
    """Return the outlet whose home page is `url`, of which nothing else is known. Raises ArgumentError."""
    url = url.strip()
    host = host_of(url)
    if urlsplit(url).scheme not in ("http", "https") or not host:
        raise ArgumentError(
            f"-a start={url}: give the home page of a paper in full, as in https://www.mypaper.example/"
        )
    # With its port where it has one: another port of this machine is another server.
    domain = host if ":" in host else site_of(url)
    return Site(key=domain, name=domain, domains=(domain,), home=url)


def _listings(sites: Sequence[Site]) -> list[Listing]:
    found = []
    for site in sites:
        found += [Listing(url=url, kind=ListingKind.FEED) for url in site.feeds]
        found += [Listing(url=url, kind=ListingKind.SITEMAP) for url in site.sitemaps]
        found += [Listing(url=url, kind=ListingKind.SECTION) for url in site.sections]
        if not site.listed:
            found.append(Listing(url=site.home_page, kind=ListingKind.HOME))
    return found
