"""This process as a node: it keeps its leases, reads the streams of its partitions, strikes out what is settled."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.frontier.cluster.connection import FrontierLost, connect
from crawler.frontier.cluster.keys import Keys, scope_of
from crawler.frontier.cluster.leases import Leases, Survey
from crawler.frontier.cluster.sharing import plan
from crawler.frontier.cluster.streams import Errand, Streams
from crawler.frontier.session import CrawlSession, session_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.frontier.ledger import Settlement

logger = logging.getLogger(__name__)

IN_HAND = 4
"""Entries of one partition that a node has in hand at most, from reading it to MongoDB's acknowledgement.

Enough to keep a host busy that is asked one thing at a time; few enough that a killed node has fetched little in vain.
"""
_ROUND = 0.25
"""Seconds between two looks at the cluster."""
_BLOCK = 100
"""Milliseconds to wait for the next entries; then partitions that have got room again are read as well."""
_AGAIN = 0.1
"""Seconds until a task that was cancelled, and goes on, is cancelled again."""
_LATER = 1.0
"""Seconds until something that another node may still have in hand is tried again."""


class Node:
    """A Scrapy extension, there where FRONTIER_REDIS_URL is set; the spider that shares its work has to `start` it."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._redis: Any = connect(settings["FRONTIER_REDIS_URL"])
        self._database: str = settings["MONGODB_DATABASE"]
        self._lease = settings.getfloat("FRONTIER_LEASE")
        self._patience = settings.getfloat("FRONTIER_REDIS_WAIT")
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None
        self._started_at = datetime.now(UTC)

        self._owned: set[int] = set()
        self._giving: set[int] = set()
        """Of these, those that are left to others once nothing of them is in hand."""
        self._in_hand: set[Errand] = set()
        self._by_page: dict[str, list[Errand]] = {}
        self._counts: Counter[int] = Counter()
        self._done: list[Errand] = []
        """Settled, and not struck out yet."""
        self._arrived: asyncio.Queue[Errand] = asyncio.Queue()
        self._postponed: deque[tuple[float, Errand]] = deque()
        self._shaping = asyncio.Lock()
        """Whoever makes a stream, or drops one with its partition, holds it: none may be made that nobody drops."""

        self._said_at = -self._lease
        self._silent_since: float | None = None
        self._missed_some = True
        """An answer got lost since the last look at the cluster: entries may be in our name that never arrived."""
        self.survey: Survey | None = None
        """The cluster as it was a moment ago."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension. Raises NotConfigured where this machine works alone."""
        if not crawler.settings["FRONTIER_REDIS_URL"]:
            raise NotConfigured
        node = cls(crawler)
        crawler.signals.connect(node.close, signal=signals.spider_closed)
        crawler.signals.connect(node.spider_error, signal=signals.spider_error)
        crawler.signals.connect(node.item_error, signal=signals.item_error)
        return node

    @property
    def _session(self) -> CrawlSession:
        return session_of(self._crawler)

    @property
    def started(self) -> bool:
        """Whether this run shares its work."""
        return bool(self._tasks)

    @property
    def idle(self) -> bool:
        """Whether it has nothing in hand."""
        return not self._in_hand

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do, here or elsewhere."""
        survey = self.survey
        return self.idle and survey is not None and survey.drained and not survey.owners

    def start(self, domains: Iterable[str], *helpers: Callable[[], Any]) -> None:
        """Join those who crawl the same domains. helpers: further tasks, which run as long as the node does."""
        keys = Keys(database=self._database, scope=scope_of(domains))
        name = str(self._session.run_id)
        self.leases = Leases(self._redis, keys, node=name, seconds=self._lease)
        self.streams = Streams(self._redis, keys, node=name)
        self._name = name
        self._session.ledger.when_settled = self._settled
        self._tasks = [asyncio.ensure_future(self._guard(task)) for task in (self._tend, self._read, *helpers)]

    async def entries(self) -> list[Errand]:
        """Return what there is to do now, after a moment nothing. Raises FrontierLost, and what a helper raised."""
        if self._failure is not None:
            raise self._failure
        if self._silent_since is not None and time.monotonic() - self._silent_since > self._patience:
            raise FrontierLost(f"Redis was away for {self._patience:g} seconds (FRONTIER_REDIS_WAIT)")
        found = []
        while self._postponed and self._postponed[0][0] <= time.monotonic():
            found.append(self._postponed.popleft()[1])
        try:
            found.append(await asyncio.wait_for(self._arrived.get(), 0 if found else _ROUND))
            while True:
                found.append(self._arrived.get_nowait())
        except (TimeoutError, asyncio.QueueEmpty):
            return found

    def postpone(self, entry: Errand) -> None:
        """Try an entry again in a second: another node may have it in hand still."""
        self._postponed.append((time.monotonic() + _LATER, entry))

    def done(self, entry: Errand) -> None:
        """Strike out an entry: what it points to is settled, or no business of the cluster any more."""
        if entry in self._in_hand:
            self._in_hand.discard(entry)
            self._counts[entry.partition] -= 1
            if entry.page is not None and (same := self._by_page.get(entry.page)):
                same.remove(entry)
                if not same:
                    del self._by_page[entry.page]
        self._done.append(entry)

    def _settled(self, settlements: Sequence[Settlement]) -> None:
        for settlement in settlements:
            self.let_go(settlement.page_id)

    def let_go(self, page_id: str) -> None:
        """Strike out a page; if it is not settled, it stays in this run's name until that ends."""
        for entry in list(self._by_page.get(page_id, ())):
            self.done(entry)

    def spider_error(self, failure: Any, response: Any) -> None:
        """Do not wait for a page at which the spider raised."""
        request = getattr(response, "request", None) or getattr(failure, "request", None)
        ticket = request.cb_kwargs.get("ticket") if request is not None else None
        if ticket is not None:
            self.let_go(ticket.page_id)

    def item_error(self, item: Any) -> None:
        """Do not wait for a page at which a pipeline raised."""
        self.let_go(item.page_id)

    async def close(self) -> None:
        """Leave what is not done to the others, and the cluster. A Redis that is away finds that out by itself."""
        from redis import RedisError

        left = set(self._tasks)
        while left:
            # Again where one got over it: redis-py (8.1) may answer a cancellation with an error, as if time were up.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_AGAIN)
        try:
            if self._tasks and self._silent_since is None:
                await self._strike_out()
                for partition in self._owned:
                    await self.leases.release(partition)
                await self.leases.stop_leading()
                await self.leases.leave()
        except RedisError as error:
            logger.warning("left without a word to Redis: %s", error)
        finally:
            await self._redis.aclose()

    async def _guard(self, task: Callable[[], Any]) -> None:
        """Run a task until the node is closed; Redis may come and go, whatever else goes wrong ends the crawl."""
        from redis import RedisError

        while True:
            try:
                await task()
            except RedisError as error:
                self._missed(error)
            except Exception as error:
                self._failure = error
                return
            await asyncio.sleep(_ROUND)

    def _heard(self) -> None:
        if self._silent_since is not None and not self._missed_some:
            logger.info("Redis answers again")
            self._silent_since = None

    def _missed(self, error: Exception) -> None:
        self._missed_some = True
        if self._silent_since is None:
            self._silent_since = time.monotonic()
            why = " ".join(str(error).split())[:200]
            logger.warning("Redis does not answer, giving up in %.0f s: %s", self._patience, why)

    async def _tend(self) -> None:
        """Keep the leases, take a fair share of what is at work, give away what is more."""
        # Whatever another task misses while this look is under way is for the next one.
        returning, self._missed_some = self._missed_some, False
        if returning:
            await self.leases.join(self._about())
        await self._strike_out()
        if time.monotonic() - self._said_at > self._lease / 4 or returning:
            await self.leases.say(self._about())
            self._lose(await self.leases.keep(self._owned))
            self._said_at = time.monotonic()
        survey = await self.leases.survey()
        await self._bury(survey)
        share = plan(me=self._name, nodes=survey.nodes, owners=survey.owners)
        if returning:
            # What an answer held that got lost is in our name, and nobody knows of it.
            for partition in tuple(self._owned):
                await self._take_over(partition)
        for partition in share.take:
            if await self.leases.take(partition):
                await self._take_over(partition)
        for partition, owner in survey.owners.items():
            if owner == self._name and partition not in self._owned:
                await self._take_over(partition)
        least_first = sorted(self._owned, key=lambda partition: (self._counts[partition], partition))
        self._giving = set(least_first[: share.give])
        await self._release()
        self.survey = survey
        self._heard()

    async def _take_over(self, partition: int) -> None:
        self._owned.add(partition)
        async with self._shaping:
            await self.streams.prepare(partition)
        for entry in await self.streams.claim(partition):
            self._arrive(entry)

    async def _release(self) -> None:
        resting = [partition for partition in self._owned if not self._counts[partition]]
        lengths = await self.streams.lengths(resting) if resting else {}
        for partition in resting:
            if partition in self._giving or not lengths[partition]:
                async with self._shaping:
                    self._lose({partition})
                    await self.leases.release(partition)

    def _lose(self, partitions: set[int]) -> None:
        self._owned -= partitions
        self._giving -= partitions

    async def _bury(self, survey: Survey) -> None:
        """Close the books of nodes that died, so that the ledger gives out what they had in hand."""
        session = self._session
        for node in survey.silent:
            if await session.ask(lambda node=node: session.runs.bury(node)):  # type: ignore[misc]
                await self.leases.forget(node)

    async def _strike_out(self) -> None:
        done, self._done = self._done, []
        try:
            if done:
                await self.streams.acknowledge(done)
        except BaseException:
            self._done = done + self._done
            raise

    async def _read(self) -> None:
        """Wait for entries of the partitions that have room; one round."""
        from redis import ResponseError

        half = IN_HAND // 2
        while True:
            room = [p for p in self._owned - self._giving if self._counts[p] <= half]
            if not room or self._silent_since is not None:
                return
            try:
                arrived = await self.streams.read(room, count=half, milliseconds=_BLOCK)
            except ResponseError as error:
                # A stream that was emptied and dropped meanwhile, or all of Redis was.
                if not any(word in str(error) for word in ("NOGROUP", "UNBLOCKED")):
                    raise
                async with self._shaping:
                    for partition in tuple(self._owned):
                        await self.streams.prepare(partition)
                return
            for entry in arrived:
                self._arrive(entry)

    def _arrive(self, entry: Errand) -> None:
        if entry in self._in_hand or entry in self._done:
            return
        self._in_hand.add(entry)
        self._counts[entry.partition] += 1
        if entry.page is not None:
            self._by_page.setdefault(entry.page, []).append(entry)
        self._arrived.put_nowait(entry)

    def _about(self) -> dict[str, Any]:
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": self._started_at.timestamp(),
        }
