"""429 and 503: asked again when the host wants it; the pause itself is kept by `Turns` (RFC 9110, 10.2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.retry import get_retry_request

from crawler.politeness.backoff import REFUSALS

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class RetryAfterMiddleware:
    """Puts a refused request back into the queue, RETRY_TIMES times; it waits for its host's turn like any other."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Return the answer, or a request to be sent when the host wants it."""
        if response.status not in REFUSALS:
            return response
        spider = self._crawler.spider
        assert spider is not None
        again = get_retry_request(request, spider=spider, reason=f"HTTP {response.status}", give_up_log_level="INFO")
        return again or response
