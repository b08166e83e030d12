"""A real Scrapy crawl whose spider makes its outcomes up: `python crawl.py URI DATABASE PAGES [SETTING=VALUE …]`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import scrapy
from conftest import new_article
from scrapy.crawler import CrawlerProcess

from crawler.article import Article, Failure, FailureReason, NotModified, Outcome, Rejection, RejectionReason, Via
from crawler.frontier.ledger import Discovery
from crawler.frontier.session import session_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SITE = "https://krant.example"
TEXT = "De brug over de Linde blijft dicht. Dat zei de wethouder vrijdag na overleg met de monteurs. Bericht {}."


class MadeUpSpider(scrapy.Spider):
    """Gives one of each outcome that is no article, then as many articles as it is told."""

    name = "made-up"

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Put the pages into the ledger, then ask for them; a data: URL stands for each."""
        outcomes = self.outcomes()
        urls = [o.fetch.requested_url if isinstance(o, Article) else o.requested_url for o in outcomes]
        found = [Discovery(url=url, via=Via.LIST) for url in urls]
        await session_of(self.crawler).ledger.discover(found, now=datetime.now(UTC), revisit_after=None)
        for number, outcome in enumerate(outcomes):
            yield scrapy.Request(f"data:,{number}", cb_kwargs={"outcome": outcome})

    def parse(self, response: Any, *, outcome: Outcome) -> Iterator[Outcome]:
        """Give what the page is."""
        yield outcome

    def outcomes(self) -> list[Outcome]:
        """Return what the crawl finds."""
        others: list[Outcome] = [
            Rejection(requested_url=f"{SITE}/video", reason=RejectionReason.VIDEO_PAGE),
            Failure(requested_url=f"{SITE}/weg", reason=FailureReason.HTTP_STATUS, status=404),
            NotModified(requested_url=f"{SITE}/oud", at=datetime.now(UTC)),
            new_article(f"{SITE}/leeg", title=""),
        ]
        return [*others, *(new_article(f"{SITE}/{n}", text=TEXT.format(n)) for n in range(int(self.pages)))]


def crawl(uri: str, database: str, pages: str, *settings: str) -> dict[str, Any]:
    """Run the crawl and return its stats."""
    process = CrawlerProcess(
        {
            "MONGODB_URI": uri,
            "MONGODB_DATABASE": database,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "INFO",
            "STATS_DUMP": False,
            "EXTENSIONS": {"crawler.frontier.session.CrawlSession": 0},
            "ITEM_PIPELINES": {
                "pipelines.validate.ValidatePipeline": 100,
                "pipelines.language.LanguagePipeline": 200,
                "pipelines.dedupe.DedupePipeline": 300,
                "pipelines.store.StorePipeline": 400,
            },
            **dict(setting.split("=") for setting in settings),
        }
    )
    crawler = process.create_crawler(MadeUpSpider)
    process.crawl(crawler, pages=pages)
    process.start()
    assert crawler.stats is not None
    return crawler.stats.get_stats()


if __name__ == "__main__":
    print(json.dumps(crawl(*sys.argv[1:]), default=str))
