"""robots.txt (RFC 9309): obeyed, kept between runs, and where it cannot be read, its host is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from protego import Protego
from scrapy.exceptions import IgnoreRequest, NotConfigured

from crawler.frontier.policies import PolicyState
from crawler.politeness.pace import PaceMiddleware
from crawler.politeness.policy_files import PolicyFiles

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.frontier.policies import Policy


class RobotsDenied(IgnoreRequest):
    """robots.txt asks not to fetch this URL."""


class RobotsUnreachable(IgnoreRequest):
    """Whether robots.txt allows it cannot be told, which counts as no (RFC 9309, 2.3.1.4)."""

    def __init__(self, detail: str, *, until: datetime) -> None:
        """until: when robots.txt is asked for again, UTC."""
        super().__init__(detail)
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a robots.txt says to us."""

    allows: Callable[[str], bool]
    """Whether a URL of its host may be fetched."""
    delay: float | None
    """Seconds it wants between two requests: its Crawl-delay, or what its Request-rate comes to."""


def read_rules(text: str, agent: str) -> Rules:
    """Return what a robots.txt says to the crawler whose product token is `agent`.

    By protego: the group of the longest matching User-agent, the longest matching rule, `*` and `$`. A Request-rate
    that holds for some hours of the day counts for all of it.
    """
    parsed = Protego.parse(text)
    delay, rate = parsed.crawl_delay(agent), parsed.request_rate(agent)
    asked = [float(delay)] if delay is not None else []
    if rate is not None and rate.requests > 0:
        asked.append(rate.seconds / rate.requests)
    return Rules(allows=lambda url: bool(parsed.can_fetch(url, agent)), delay=max(asked, default=None))


class RobotsMiddleware:
    """Lets a request pass that robots.txt allows, and slows its host down to what that asks for.

    Instead of Scrapy's, which takes an unreadable robots.txt for a permission and asks for it in every run.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["BOT_NAME"]
        self._files = PolicyFiles(crawler)
        self._rules: dict[str, tuple[Policy, Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise RobotsDenied or RobotsUnreachable where the request may not be made; HostAway, CrawlStopping."""
        parts = urlsplit(request.url)
        if request.meta.get("dont_obey_robotstxt") or parts.scheme not in ("http", "https"):
            return
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        policy = await self._files.get(url, obey_robots=False)
        if policy.state is PolicyState.UNREACHABLE:
            self._crawler.stats.inc_value("politeness/robots_unreachable")
            raise RobotsUnreachable(f"{url}: {policy.detail}", until=policy.expires_at)
        if policy.state is PolicyState.FOUND and not self._read(policy).allows(request.url):
            self._crawler.stats.inc_value("politeness/robots_denied")
            raise RobotsDenied(f"{url} disallows it")

    def _read(self, policy: Policy) -> Rules:
        known = self._rules.get(policy.url)
        if known is not None and known[0] is policy:
            return known[1]
        rules = read_rules(policy.text, self._agent)
        self._rules[policy.url] = policy, rules
        if rules.delay is not None:
            pace = self._crawler.get_downloader_middleware(PaceMiddleware)
            if pace is not None:
                pace.slow_down(policy.url, rules.delay)
        return rules
