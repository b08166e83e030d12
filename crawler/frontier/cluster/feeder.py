"""Filling the streams from the ledger: one node at a time does it, any of them can."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler.article import Via
from crawler.frontier.cluster.backlog import Backlog, Waiting
from crawler.frontier.cluster.keys import partition_of

if TYPE_CHECKING:
    from crawler.frontier.cluster.leases import Survey
    from crawler.frontier.cluster.node import Node
    from crawler.frontier.listings import Listing
    from crawler.frontier.session import CrawlSession

LISTED = (Via.FEED, Via.SITEMAP, Via.SECTION)
_AT_ONCE = 500
_FULL = 10_000
"""Entries in all streams, beyond which the rest waits in the ledger, where the newest comes first."""
_PAUSE = 0.25
"""Seconds between two looks into the ledger."""


class Feeder:
    """Puts lists and pending pages into the streams, and says when nothing is left."""

    def __init__(
        self,
        node: Node,
        session: CrawlSession,
        *,
        lists: Sequence[Listing],
        sites: Sequence[str],
        revisits: int,
        read_also: int,
    ) -> None:
        """lists: of the site tables; sites: registrable domains in scope.

        revisits, read_also: how many pages due again, and how many that articles point to, are taken up at most.
        """
        self._node = node
        self._session = session
        self._backlog = Backlog(session.database, session.runs, session.ledger)
        self._lists = lists
        self._sites = sites
        self._revisits = revisits
        self._read_also = read_also
        self._served = ""
        """Generation of the streams into which the lists were put."""

    async def run(self) -> None:
        """Feed as long as Redis answers. Raises redis.RedisError, DatabaseLost."""
        while True:
            if self._node.survey is not None:
                generation = await self._node.leases.generation()
                await self._serve_lists(generation)
                if await self._node.leases.lead():
                    await self._feed(generation)
            await asyncio.sleep(_PAUSE)

    async def _serve_lists(self, generation: str) -> None:
        # By every node: one that comes later, in a crawl that goes on, finds lists that are due again.
        if generation != self._served:
            await self._node.streams.push_lists((partition_of(one.url), one.url, one.kind) for one in self._lists)
            self._served = generation

    async def _feed(self, generation: str) -> None:
        survey = await self._node.leases.survey()
        lengths = await self._node.streams.lengths(list(survey.owners))
        room = _FULL - sum(lengths.values())
        if room <= 0:
            return
        idle = not survey.owners
        waiting = await self._waiting(min(room, _AT_ONCE), None if idle else generation)
        if waiting:
            await self._node.streams.push_pages((partition_of(page.url), page.page_id) for page in waiting)
            await self._session.ask(lambda: self._backlog.queued(waiting, generation=generation))
        elif not await self._put_due(survey) and idle:
            # What was in nobody's stream was in nobody's hand either, and the ledger has nothing more.
            await self._node.leases.conclude(survey.joins)

    async def _waiting(self, limit: int, generation: str | None) -> list[Waiting]:
        backlog, sites = self._backlog, self._sites
        found = await self._session.ask(
            lambda: backlog.waiting(sites=sites, vias=LISTED, limit=limit, generation=generation)
        )
        # Only when nothing newer waits, and as far as the budget goes.
        if not found and (limit := min(limit, self._read_also)) > 0:
            found = await self._session.ask(
                lambda: backlog.waiting(sites=sites, vias=(Via.READ_ALSO,), limit=limit, generation=generation)
            )
            self._read_also -= len(found)
        return found

    async def _put_due(self, survey: Survey) -> int:
        """Let pages that are due again wait with the others, once all lists are read: the new ones come first."""
        limit = min(self._revisits, _AT_ONCE)
        if limit <= 0 or (survey.lists and survey.owners):
            return 0
        now, vias = self._session.now(), (*LISTED, Via.READ_ALSO)
        put = await self._session.ask(lambda: self._backlog.put_due(sites=self._sites, vias=vias, now=now, limit=limit))
        self._revisits = self._revisits - put if put else 0
        return put
