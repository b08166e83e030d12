"""The name we give: a User-Agent by which publishers can tell who asks, and whom to write to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from crawler.politeness.perimeter import is_local_name
from crawler.politeness.turns import host_name

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)


def user_agent(settings: BaseSettings) -> str:
    """Return the User-Agent of a crawl: USER_AGENT, with CONTACT in it wherever that was set."""
    agent: str = settings["USER_AGENT"]
    contact = " ".join(str(settings["CONTACT"] or "").split())
    if not contact or contact in agent:
        return agent
    return f"{agent[:-1]}; +{contact})" if agent.endswith(")") else f"{agent} (+{contact})"


class ContactMiddleware:
    """Names us in every request, and tells the user once if nobody can be reached."""

    def __init__(self, crawler: Crawler) -> None:
        self._agent = user_agent(crawler.settings)
        self._silent = not crawler.settings["CONTACT"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Set the User-Agent; warn before the first request that leaves this network without a contact."""
        request.headers.setdefault("User-Agent", self._agent)
        if self._silent and (host := host_name(request.url)) and not is_local_name(host):
            self._silent = False
            logger.warning(
                "%s and others cannot reach you: set CONTACT to a mail address or a URL, "
                "in the environment or with -s CONTACT=…",
                host,
            )
