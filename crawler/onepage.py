"""One page off the web, as a crawl gets it: redirects, robots.txt, proxies, limits; but no ledger and no items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from crawler.article import Failure, FailureReason, Rejection
from crawler.extraction import MAX_BYTES
from crawler.spiders.outcomes import outcome_of_error, outcome_of_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response
    from scrapy.settings import Settings
    from twisted.python.failure import Failure as TwistedFailure

TIMEOUT = 30
"""Seconds for the whole answer."""

# Scrapy's own machinery with the project's name and manners; what belongs to a crawl stays out.
_SETTINGS: dict[str, Any] = {
    "ITEM_PIPELINES": {},
    "EXTENSIONS": {},
    "DOWNLOADER_MIDDLEWARES": {},
    "SPIDER_MIDDLEWARES": {},
    "DOWNLOAD_HANDLERS": {},
    "TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingThreadedResolver",
    "LOG_FORMATTER": "scrapy.logformatter.LogFormatter",
    "DOWNLOAD_TIMEOUT": TIMEOUT,
    "DOWNLOAD_MAXSIZE": MAX_BYTES,
    "DOWNLOAD_DELAY": 0,
    "RETRY_ENABLED": False,
    "HTTPERROR_ALLOW_ALL": True,
}


class _OnePage(Spider):
    """Fetches one URL and keeps what came of it."""

    name = "one-page"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.result: Response | Failure | Rejection | None = None

    async def start(self) -> AsyncIterator[Any]:
        yield Request(self.url, callback=self.parse, errback=self.failed, dont_filter=True)

    def parse(self, response: Response, **kwargs: Any) -> None:
        if 200 <= response.status < 300:
            self.result = response
        else:
            self.result = outcome_of_status(response.status, self.url)

    def failed(self, failure: TwistedFailure) -> None:
        self.result = outcome_of_error(failure.value or Exception("unknown"), self.url)


def fetch_one(settings: Settings, url: str) -> Response | Failure | Rejection:
    """Return the answer to a GET for `url`, decompressed, or why there is none (a Rejection: robots.txt forbids).

    Runs Scrapy in this process, once: its reactor cannot be started a second time. Raises KeyboardInterrupt when
    somebody stopped it.
    """
    settings = settings.copy()
    settings.setdict(_SETTINGS, priority="spider")  # as a spider's own: `-s` still comes before
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(_OnePage)
    process.crawl(crawler, url=url)
    process.start()
    spider = crawler.spider
    if not isinstance(spider, _OnePage):
        return Failure(requested_url=url, reason=FailureReason.CONNECTION, detail="Scrapy did not start")
    if spider.result is None:
        raise KeyboardInterrupt
    return spider.result
