"""What one run shares: its MongoDB client, its row in `crawls`, its ledger, its listings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bson import ObjectId
from pymongo import AsyncMongoClient
from scrapy import signals

from crawler.frontier.hosts import Hosts
from crawler.frontier.ledger import Ledger
from crawler.frontier.listings import Listings
from crawler.frontier.patience import Patience
from crawler.frontier.periods import Bounds
from crawler.frontier.policies import Policies
from crawler.frontier.revisits import Revisits, read_steps
from crawler.frontier.runs import Runs
from crawler.mongodb.connection import close_within
from crawler.setting_values import SettingError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)
T = TypeVar("T")

_LAST_WORDS = 5.0
"""Seconds that an answer of MongoDB is waited for when the run is over."""


class CrawlSession:
    """A Scrapy extension: opened by whoever needs it first, closed after the last pipeline has."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self.client: AsyncMongoClient[Mapping[str, Any]] = AsyncMongoClient(
            settings["MONGODB_URI"],
            tz_aware=True,
            serverSelectionTimeoutMS=5_000,
            connect=False,
            appname="leesook",
        )
        self.database: AsyncDatabase[Mapping[str, Any]] = self.client[settings["MONGODB_DATABASE"]]
        self.runs = Runs(self.database, part_of=part_of(settings))
        self.hosts = Hosts(self.database, self.runs)
        self.policies = Policies(self.database)
        self.revisits = Revisits(self.database, read_steps(settings.getlist("REVISITS")))
        self.ledger = Ledger(self.database, self.runs, self.revisits)
        bounds = Bounds(
            shortest=timedelta(seconds=settings.getfloat("LISTING_PERIOD_MIN")),
            longest=timedelta(seconds=settings.getfloat("LISTING_PERIOD_MAX")),
        )
        self.listings = Listings(self.database, self.runs, bounds)
        self.patience = Patience(settings.getfloat("MONGODB_WAIT"))
        self._opening: asyncio.Task[None] | None = None
        self._heart: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Future[Any]] = set()
        self._closing = asyncio.Event()
        self._said_lost = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CrawlSession:
        """Build the session as Scrapy builds extensions."""
        session = cls(crawler)
        crawler.signals.connect(session.close, signal=signals.spider_closed)
        return session

    @property
    def run_id(self) -> ObjectId:
        """`_id` of this run in `crawls`."""
        return self.runs.run_id

    def now(self) -> datetime:
        """Return the time for all that this run writes (`clock.Clock`), UTC."""
        return self.runs.clock.now()

    async def open(self) -> None:
        """Write the run's row and create the ledger's indexes, once however many ask. Raises DatabaseLost."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        await self._opening

    async def _open(self) -> None:
        await self.ask(self._write_row)
        # Over a large ledger of an earlier version, a new one takes minutes.
        await self.ask(self._create_indexes, lasting=True)

    async def _write_row(self) -> None:
        spider = self._crawler.spider
        assert spider is not None
        arguments: Mapping[str, str] = getattr(spider, "arguments", {})
        await self.runs.open(spider=spider.name, arguments=arguments, now=datetime.now(UTC))
        self._heart = self._heart or asyncio.ensure_future(self.runs.keep_beating(self._closing))

    async def _create_indexes(self) -> None:
        await self.ledger.create_indexes()
        await self.listings.create_indexes()

    async def ask(self, question: Callable[[], Awaitable[T]], *, lasting: bool = False) -> T:
        """Return what `question` returns, waiting out a lost server (`Patience`). Raises DatabaseLost.

        `question` must be safe to repeat. It is asked to its end even where whoever asks is stopped meanwhile: a page
        that was taken up and not counted would put the books out of balance. lasting: it may take the server longer
        than it may be away (MONGODB_WAIT).
        """
        asking = asyncio.ensure_future(self.patience.ask(question, ping=self._ping if lasting else None))
        self._asking.add(asking)
        asking.add_done_callback(self._asked)
        return await asyncio.shield(asking)

    async def _ping(self) -> None:
        await self.database.command("ping")

    def say_lost(self, why: str) -> None:
        """Say that the crawl ends since MongoDB is lost: once, however many wait for it."""
        if not self._said_lost:
            self._said_lost = True
            logger.error("The crawl ends: %s", why)

    def _asked(self, asking: asyncio.Future[Any]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            # Nobody may be there any more to whom it could be raised.
            asking.exception()

    async def close(self) -> None:
        """Stop the heartbeat and close the client; the row itself is closed with the balance sheet."""
        self._closing.set()
        last_words = 0.0 if self.patience.lost else _LAST_WORDS
        if self._asking:
            await asyncio.wait(self._asking, timeout=last_words)
        await close_within(_LAST_WORDS, self.client, goodbye=max(last_words, 0.1))


def part_of(settings: BaseSettings) -> ObjectId | None:
    """Return the run whose part this one is, by PART_OF_RUN. Raises SettingError."""
    whole = settings["PART_OF_RUN"]
    if whole and not ObjectId.is_valid(whole):
        raise SettingError(f"PART_OF_RUN={whole}: no _id of a run: leave it out, leesook gives it to its own processes")
    return ObjectId(whole) if whole else None


def session_of(crawler: Crawler) -> CrawlSession:
    """Return the session of a crawl; only once its extensions are built."""
    session = crawler.get_extension(CrawlSession)
    assert session is not None, "CrawlSession is missing from EXTENSIONS"
    return session
