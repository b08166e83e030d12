"""A redirect out of the chosen sites is not followed: nobody there is asked for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from scrapy.exceptions import IgnoreRequest

from crawler.politeness.tdm import PAGE

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class OffSite(IgnoreRequest):
    """A page redirects to a site that is not part of this crawl."""


class ScopeMiddleware:
    """Checks where a redirect leads before the request is made, by what the spider may follow."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise OffSite for a page's redirect out of scope."""
        if request.meta.get(PAGE) and request.meta.get("redirect_urls"):
            spider: Any = self._crawler.spider
            if not spider.may_follow(request.url, request.cb_kwargs["ticket"].via):
                raise OffSite(f"redirected to {request.url}")
