"""The health of the outlets: counts what comes out of the pipelines, and says at the end of a run what has changed."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.article import Article
from crawler.console import printable
from crawler.frontier.health import numbers, take_stock
from crawler.health.delivery import check_settings, deliver, payload
from crawler.health.metrics import write_file
from crawler.health.readings import Tally
from crawler.spiders.news import NewsSpider
from crawler.url import InvalidURL, canonical_url, site_of

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from crawler.article import Outcome

logger = logging.getLogger(__name__)


class HealthWatch:
    """Counts the outcomes of scheduled runs by outlet; a backfill says nothing about how an outlet is today."""

    def __init__(self, settings: BaseSettings) -> None:
        self.tallies: dict[str, Tally] = {}
        """What was counted, by site."""
        self._command: str | None = settings["HEALTH_COMMAND"]
        self._webhook: str | None = settings["HEALTH_WEBHOOK_URL"]
        self._metrics_file: str | None = settings["METRICS_FILE"]
        check_settings(command=self._command, webhook=self._webhook)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and listen. Raises DeliverySetting."""
        watch = cls(crawler.settings)
        if not issubclass(crawler.spidercls, NewsSpider) and not watch._metrics_file:
            raise NotConfigured
        if issubclass(crawler.spidercls, NewsSpider):
            crawler.signals.connect(watch.item_scraped, signal=signals.item_scraped)
        return watch

    def item_scraped(self, item: Outcome) -> None:
        """Count an outcome that has passed the pipelines."""
        url = item.fetch.requested_url if isinstance(item, Article) else item.requested_url
        try:
            site = site_of(canonical_url(url))
        except InvalidURL:
            return
        self.tallies.setdefault(site, Tally()).add(item)

    def conclude(
        self, spider: Any, database: Database[dict[str, Any]], run_id: ObjectId, *, finished: bool, now: datetime
    ) -> None:
        """Judge the outlets, raise alarms, write the metrics; whatever goes wrong is a line in the log.

        finished: the run looked for all there was. now: when it ended, UTC.
        """
        try:
            if isinstance(spider, NewsSpider):
                self._judge(spider, database, run_id, finished=finished, now=now)
            if self._metrics_file:
                write_file(self._metrics_file, numbers(database))
        except PyMongoError as error:
            logger.error("health: the outlets could not be judged: %s", printable(str(error)))
        except (KeyError, TypeError, ValueError) as error:
            what = printable(f"{type(error).__name__}: {error}")
            logger.error("health: a row of `health` or `outlets` is not as leesook writes it (%s): remove it", what)
        except OSError as error:
            logger.error("METRICS_FILE: cannot write %s: %s", self._metrics_file, error.strerror or error)

    def _judge(
        self, spider: NewsSpider, database: Database[dict[str, Any]], run_id: ObjectId, *, finished: bool, now: datetime
    ) -> None:
        scope = {site_of(f"http://{domain}/") for site in spider.sites for domain in site.domains}
        # A page somewhere else, to which an article pointed, makes nobody an outlet of ours.
        tallies = {site: tally for site, tally in self.tallies.items() if site in scope}
        alarms = take_stock(database, run_id, tallies, looked_at=scope if finished else (), now=now)
        for alarm in alarms:
            logger.log(logging.INFO if alarm.healed else logging.WARNING, "health: %s", printable(alarm.message))
        if alarms:
            data = payload(alarms, database=database.name, run=str(run_id), at=now)
            deliver(data, command=self._command, webhook=self._webhook)
