"""Text-and-data-mining reservations of a whole host: /.well-known/tdmrep.json (TDMRep, W3C community group, 2024)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from scrapy.exceptions import IgnoreRequest

from crawler.article import Rights
from crawler.frontier.policies import PolicyState
from crawler.politeness.licences import licensed
from crawler.politeness.policy_files import OWN_REQUEST, PolicyFiles
from crawler.url import absolute_url

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawler.frontier.policies import Policy

WELL_KNOWN = "/.well-known/tdmrep.json"
SOURCE = "tdmrep.json"
"""`rights.source` of what was read there."""
RIGHTS = "rights"
"""Key in the meta of a request: the Rights its host's file gives the page."""
PAGE = "page"
"""Key in the meta of a request: it is for a page that may become an article."""
_MOST_RULES = 10_000


class Reserved(IgnoreRequest):
    """The host reserves the mining of this page, and nobody says that we have a licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """One rule of a tdmrep.json."""

    location: str
    """Pattern of paths, in which `*` stands for anything and a final `$` for the end."""
    reserved: bool
    """Whether mining is reserved there."""
    policy: str | None
    """URL under which a licence is offered."""

    def covers(self, path: str) -> bool:
        """Whether a path, with its query, lies where the rule holds."""
        return _matches(self.location, path)


def read_tdmrep(text: str, url: str) -> tuple[Reservation, ...]:
    """Return the rules of a tdmrep.json that stands at `url`; what is no rule is passed over, as is what is no JSON."""
    try:
        rules = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found = []
    for rule in rules[:_MOST_RULES] if isinstance(rules, list) else ():
        if not isinstance(rule, dict):
            continue
        location, value, policy = rule.get("location"), rule.get("tdm-reservation"), rule.get("tdm-policy")
        if isinstance(location, str) and str(value).strip() in ("0", "1") and not isinstance(value, bool):
            where = absolute_url(url, policy) if isinstance(policy, str) else None
            found.append(Reservation(location=location, reserved=str(value).strip() == "1", policy=where))
    return tuple(found)


def reservation_for(url: str, rules: Sequence[Reservation]) -> Reservation | None:
    """Return the rule that decides about a URL: the longest pattern, as in robots.txt; of equals one that reserves."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return max((r for r in rules if r.covers(path)), key=lambda rule: (len(rule.location), rule.reserved), default=None)


def _matches(pattern: str, path: str) -> bool:
    """Match as robots.txt does (RFC 9309, 2.2.3), piece by piece, so that no pattern takes more than linear time."""
    pattern = "/" + unquote(pattern).lstrip("/") if not pattern.startswith("*") else unquote(pattern)
    path = unquote(path)
    anchored = pattern.endswith("$")
    first, *rest = re.split(r"\*+", pattern.removesuffix("$"))
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not anchored or at == len(path)
    for piece in rest[:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    last = rest[-1]
    if anchored:
        return path.endswith(last) and len(path) - len(last) >= at
    return path.find(last, at) >= 0


class ReservationMiddleware:
    """Reads the tdmrep.json of each host that a page is asked of, and keeps us from pages it reserves.

    Setting TDM_OBEY: unset it where you have a licence for all you crawl, or name the sites in TDM_LICENSED or their
    tables; what is reserved is then still written into the rights of the article.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._files = PolicyFiles(crawler)
        self._rules: dict[str, tuple[Policy, tuple[Reservation, ...]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Note what is reserved in the request's meta. Raises Reserved; HostAway, CrawlStopping."""
        if OWN_REQUEST in request.meta or not request.meta.get(PAGE):
            return
        parts = urlsplit(request.url)
        policy = await self._files.get(f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}")
        rule = reservation_for(request.url, self._read(policy))
        if rule is None:
            request.meta.pop(RIGHTS, None)
            return
        request.meta[RIGHTS] = Rights(tdm_reserved=rule.reserved, source=SOURCE, tdm_policy=rule.policy)
        if rule.reserved and not licensed(request.url, self._crawler.settings, self._crawler.spider):
            self._crawler.stats.inc_value("politeness/tdm_reserved")
            where = f"; licences: {rule.policy}" if rule.policy else ""
            raise Reserved(f"{policy.url} reserves {rule.location}{where}")

    def _read(self, policy: Policy) -> tuple[Reservation, ...]:
        if policy.state is not PolicyState.FOUND:
            return ()
        known = self._rules.get(policy.url)
        if known is None or known[0] is not policy:
            known = self._rules[policy.url] = policy, read_tdmrep(policy.text, policy.url)
        return known[1]
