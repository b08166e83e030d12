"""Doing one's share: where several machines crawl the same papers, what a node fetches comes to it through Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from bson import ObjectId
from scrapy.exceptions import CloseSpider

from crawler.frontier.cluster.backlog import Backlog
from crawler.frontier.cluster.connection import FrontierLost
from crawler.frontier.cluster.feeder import Feeder
from crawler.frontier.listings import Listing, ListingKind
from crawler.frontier.patience import DatabaseLost
from crawler.spiders.listings import ListingSpider, Turn

if TYPE_CHECKING:
    from scrapy import Request

    from crawler.frontier.cluster.node import Node
    from crawler.frontier.cluster.streams import Errand


class SharingSpider(ListingSpider):
    """A spider that can share its work with others of its kind on other machines."""

    async def share(self, node: Node, lists: Sequence[Listing], sites: Sequence[str]) -> AsyncIterator[Request]:
        """Yield requests for what falls to this node, until nothing is left to do for any.

        lists: of the site tables; sites: registrable domains in scope. Other nodes must have the same.
        """
        self.node = node
        self._known = {one.url: one for one in lists}
        feeder = Feeder(
            node,
            self.session,
            lists=lists,
            sites=sites,
            revisits=self.settings.getint("REVISITS_PER_RUN"),
            read_also=self.read_also_left,
        )
        node.start([domain for site in self.sites for domain in site.domains], feeder.run)
        while not self.closing and not node.finished:
            try:
                entries = await node.entries()
            except DatabaseLost as error:
                raise self.without_database(error) from error
            except FrontierLost as error:
                self.logger.error("%s", error)
                raise CloseSpider("frontier-lost") from error
            for request in await self._pages_of(entries):
                yield request
            for entry in entries:
                if entry.url is not None:
                    for request in await self._lists_of(entry):
                        yield request

    async def _pages_of(self, entries: Sequence[Errand]) -> list[Request]:
        """Take pages up in the ledger, which alone knows whether there is anything left to do about them."""
        assert self.node is not None
        pages = {entry.page: entry for entry in entries if entry.page is not None}
        if not pages:
            return []
        session, now, claim = self.session, self.session.now(), ObjectId()
        tickets = await self.ask(lambda: session.ledger.take_up(list(pages), now=now, claim=claim))
        taken = {ticket.page_id for ticket in tickets}
        backlog = Backlog(session.database, session.runs, session.ledger)
        holders = await self.ask(lambda: backlog.holders([page for page in pages if page not in taken]))
        living = await self.ask(session.runs.living)
        for entry in entries:
            if entry.page is None or entry.page in taken:
                continue
            if entry.page not in holders or holders[entry.page] == session.run_id:
                self.node.done(entry)
            elif entry.again or holders[entry.page] not in living:
                self.node.postpone(entry)
            else:
                # A run has it in hand that is no node of ours, or has got it from another entry.
                self.node.done(entry)
        requests = []
        for ticket in tickets:
            if self.may_follow(ticket.url, ticket.via):
                requests.append(self.page_request(ticket))
            else:
                self.node.let_go(ticket.page_id)
        return requests

    async def _lists_of(self, entry: Errand) -> list[Request]:
        assert self.node is not None
        assert entry.url is not None
        assert entry.kind is not None
        url = entry.url
        listing = self._known.get(url) or Listing(url=url, kind=ListingKind(entry.kind))
        tickets = await self.due([listing])
        if not tickets and entry.again and await self.ask(lambda: self.session.listings.held(url)):
            self.node.postpone(entry)
            return []
        if not tickets and (entry.again or listing.kind is ListingKind.HOME):
            # What a home page has told before is looked at when it is due, whether or not the home page itself is;
            # and so is what an index has told to a node that died before it got to that.
            tickets = await self.children_due(url)
        if not tickets:
            self.node.done(entry)
        return [self.look(ticket, Turn(entry=entry)) for ticket in tickets]
