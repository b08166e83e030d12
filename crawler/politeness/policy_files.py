"""Asking a host for its robots.txt and its tdmrep.json: once a day, conditionally, and remembering a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawler.frontier.patience import DatabaseLost
from crawler.frontier.policies import Policy, PolicyState
from crawler.frontier.session import session_of
from crawler.politeness.backoff import pause_after
from crawler.politeness.perimeter import OutOfBounds
from crawler.politeness.turns import CrawlStopping, HostAway

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

MAX_BYTES = 500 << 10
"""As much of a policy file as is read (RFC 9309, 2.5)."""
OWN_REQUEST = "policy_file"
"""Key in the meta of requests for policy files themselves, with the URL that was asked for."""
_PRIORITY = 1000


class PolicyFiles:
    """The policy files of the hosts of a run: each asked for at most once at a time."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._lifetime = timedelta(seconds=crawler.settings.getfloat("POLICY_LIFETIME"))
        self._known: dict[str, Policy] = {}
        self._asking: dict[str, asyncio.Future[Policy]] = {}

    async def get(self, url: str, *, obey_robots: bool = True) -> Policy:
        """Return the policy file at `url`, from memory, from MongoDB, or from the host, in this order.

        Raises HostAway and CrawlStopping, which say nothing about the file; and DatabaseLost.
        """
        known = self._known.get(url)
        if known is not None and self._holds(known):
            return known
        asking = self._asking.get(url)
        if asking is None:
            asking = self._asking[url] = asyncio.ensure_future(self._found(url, obey_robots=obey_robots))
            asking.add_done_callback(lambda _: self._asking.pop(url, None))
        # Shielded: one of many who wait may be cancelled.
        return await asyncio.shield(asking)

    def _now(self) -> datetime:
        """Return the run's time, UTC: what is written down goes forward only."""
        return session_of(self._crawler).now()

    def _holds(self, policy: Policy) -> bool:
        return policy.holds(self._now(), longest=max(self._lifetime, timedelta(days=1)))

    async def _found(self, url: str, *, obey_robots: bool) -> Policy:
        session = session_of(self._crawler)
        before = await session.ask(lambda: session.policies.get(url))
        if before is not None and self._holds(before):
            self._known[url] = before
            return before
        policy = await self._asked(url, before, obey_robots=obey_robots)
        await session.ask(lambda: session.policies.keep(policy))
        self._known[url] = policy
        return policy

    async def _asked(self, url: str, before: Policy | None, *, obey_robots: bool) -> Policy:
        validators = (
            {"If-None-Match": before.etag, "If-Modified-Since": before.last_modified}
            if before is not None and before.state is PolicyState.FOUND
            else {}
        )
        request = Request(
            url,
            headers={name: value for name, value in validators.items() if value},
            meta={OWN_REQUEST: url, "dont_obey_robotstxt": not obey_robots},
            priority=_PRIORITY,
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        self._crawler.stats.inc_value("politeness/policy_files")
        try:
            response = await self._crawler.engine.download_async(request)
        except (HostAway, CrawlStopping, DatabaseLost):
            raise
        except OutOfBounds as error:
            return self._unreachable(url, before, str(error))
        except IgnoreRequest as error:
            # More redirects than anybody follows: unavailable (RFC 9309, 2.3.1.2). A longer answer than
            # DOWNLOAD_MAXSIZE: who knows.
            if "redirections" in str(error) or "robots.txt" in str(error):
                return self._answered(url, PolicyState.ABSENT)
            return self._unreachable(url, before, str(error))
        except Exception as error:
            return self._unreachable(url, before, " ".join(f"{type(error).__name__}: {error}".split())[:200])
        return self._judged(url, before, response)

    def _judged(self, url: str, before: Policy | None, response: Response) -> Policy:
        """Return what an answer means: RFC 9309, 2.3.1; a 429 is no permission, whatever its class."""
        if response.status == 304 and before is not None:
            now = self._now()
            return replace(before, asked_at=now, expires_at=now + self._lifetime, failures=0)
        if 200 <= response.status < 300:
            text = response.body[:MAX_BYTES].decode("utf-8-sig", "replace")
            etag, changed = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
            return replace(
                self._answered(url, PolicyState.FOUND),
                text=text,
                etag=etag.decode("latin-1") if etag else None,
                last_modified=changed.decode("latin-1") if changed else None,
            )
        if 300 <= response.status < 500 and response.status != 429:
            return self._answered(url, PolicyState.ABSENT)
        return self._unreachable(url, before, f"HTTP {response.status}")

    def _answered(self, url: str, state: PolicyState) -> Policy:
        now = self._now()
        return Policy(url=url, state=state, asked_at=now, expires_at=now + self._lifetime)

    def _unreachable(self, url: str, before: Policy | None, detail: str) -> Policy:
        now = self._now()
        failures = before.failures + 1 if before is not None else 1
        pause = min(timedelta(seconds=pause_after(failures, refused=False, limit=1)), self._lifetime)
        return Policy(
            url=url,
            state=PolicyState.UNREACHABLE,
            detail=detail,
            failures=failures,
            asked_at=now,
            expires_at=now + pause,
        )
