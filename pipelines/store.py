"""The last pipeline: gives every outcome to the writer, and waits until MongoDB has it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from scrapy.exceptions import CloseSpider, DropItem
from scrapy.utils.reactor import is_reactor_installed

from crawler.article import Article, FailureReason, Outcome
from crawler.frontier.ledger import PageState
from crawler.frontier.patience import DatabaseLost
from crawler.frontier.session import session_of
from crawler.url import InvalidURL
from pipelines.store_articles import ArticleStore
from pipelines.store_schema import SchemaError, prepare
from pipelines.store_writer import FETCHED, KEPT, StoreWriter

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

DATABASE_LOST = "database-lost"
"""Why the spider closes when MongoDB went away and did not come back within MONGODB_WAIT seconds."""


class StorePipeline:
    """Stores articles and settles the page of every outcome; an item is done when that is acknowledged.

    Stats: `store/<state>` and, where there is one, `store/<state>/<reason>` per page; `store/batches`;
    `store/unwritten`, the pages that stay pending because the run ended first.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._writer: StoreWriter | None = None
        self._closing: asyncio.Task[None] | None = None
        self._said_what_is_left = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Build the component. Setting TEXT_INDEX."""
        return cls(crawler)

    async def open_spider(self) -> None:
        """Prepare the database and start the writer. Raises CloseSpider where it is lost or too new."""
        session = session_of(self._crawler)
        try:
            await session.open()
            # What loads in bulk has it made in the end (`scrapy crawl`): at once it costs a fraction of what it does
            # entry by entry.
            in_bulk = getattr(self._crawler.spider, "loads_in_bulk", False)
            words = self._crawler.settings.getbool("TEXT_INDEX") and not in_bulk
            if await session.ask(lambda: prepare(session.database, words=words), lasting=True):
                logger.warning(
                    "%s has articles of an earlier schema version: run `scrapy migrate`. "
                    "Until then near-duplicates among those and the new ones are not found",
                    session.database.name,
                )
        except DatabaseLost as lost:
            logger.error("%s", lost)
            raise CloseSpider(DATABASE_LOST) from lost
        except SchemaError as error:
            logger.error("%s", error)
            raise CloseSpider("schema") from error
        self._writer = StoreWriter(
            ArticleStore(session.database),
            session.ledger,
            patience=session.patience,
            on_lost=self._lost,
            clock=session.now,
            gathering=KEPT if getattr(self._crawler.spider, "reads_kept", False) else FETCHED,
        )
        self._writer.start()
        if is_reactor_installed():
            from twisted.internet import reactor

            # The second Ctrl-C stops the reactor without closing the spider.
            cast("Any", reactor).addSystemEventTrigger("before", "shutdown", self._say_what_is_left)

    async def process_item(self, item: Outcome) -> Outcome:
        """Return the item once its page is settled. Raises DropItem where it is not stored, after saying why."""
        assert self._writer is not None
        assert self._crawler.stats is not None
        try:
            settlement = await self._writer.write(item)
        except DatabaseLost as lost:
            raise DropItem(f"not stored, its page stays pending: {lost}", log_level="DEBUG") from None
        except InvalidURL as error:
            logger.error("No page to settle: %s", error)
            raise DropItem(str(error), log_level="DEBUG") from None
        self._crawler.stats.inc_value(f"store/{settlement.state}")
        if settlement.reason:
            self._crawler.stats.inc_value(f"store/{settlement.state}/{settlement.reason}")
        if settlement.state is PageState.FAILED and settlement.reason == FailureReason.STORE:
            url = item.fetch.requested_url if isinstance(item, Article) else item.requested_url
            logger.error("Not stored: %r: %s", url, settlement.detail)
            raise DropItem(f"not stored: {settlement.detail}", log_level="DEBUG")
        return item

    async def close_spider(self) -> None:
        """Write what has queued up, or say how many pages stay pending."""
        if self._writer is None:
            return
        await self._writer.close()
        assert self._crawler.stats is not None
        self._crawler.stats.set_value("store/batches", self._writer.batches)
        self._say_what_is_left()

    def _lost(self, reason: str) -> None:
        session_of(self._crawler).say_lost(reason)
        engine = self._crawler.engine
        if engine is not None and engine.spider is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=DATABASE_LOST))

    def _say_what_is_left(self) -> None:
        left = self._writer.unwritten if self._writer is not None else 0
        if left and not self._said_what_is_left:
            self._said_what_is_left = True
            assert self._crawler.stats is not None
            self._crawler.stats.set_value("store/unwritten", left)
            logger.warning("%d pages were fetched and not stored; they stay pending", left)
