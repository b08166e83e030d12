"""Asking papers as a crawl asks them, where nothing is to be stored: the same pace, robots.txt, perimeter and name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http.request import NO_CALLBACK

from crawler.article import FailureReason
from crawler.discovery.checking import Refusal
from crawler.discovery.entries import UnreadableListing
from crawler.discovery.finding import Answer
from crawler.extensions.verdict import FAILED, OK
from crawler.extraction.workers import WorkerCrash, Workers, WorkTimeout
from crawler.frontier.balance import balance_of, close_run
from crawler.frontier.patience import DatabaseLost
from crawler.frontier.policies import PolicyState
from crawler.frontier.session import session_of
from crawler.politeness.policy_files import PolicyFiles
from crawler.politeness.turns import CrawlStopping
from crawler.spiders.outcomes import outcome_of_error

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.settings import Settings

    from crawler.mongodb.connection import OpenDatabase
    from crawler.sites import Site

T = TypeVar("T")

_AT_ONCE = 8
"""Papers asked at the same time; each of them gets one request at a time, like every host."""
_PASSING = frozenset(
    [
        FailureReason.TIMEOUT,
        FailureReason.DNS,
        FailureReason.CONNECTION,
        FailureReason.BAD_RESPONSE,
        FailureReason.HOST_FAILING,
        FailureReason.ROBOTS_UNREACHABLE,
    ]
)
"""Why there was no answer that may come another time."""

# A crawl's own manners; what belongs to storing pages stays out.
_SETTINGS: dict[str, Any] = {
    "ITEM_PIPELINES": {},
    "EXTENSIONS": {
        "crawler.frontier.session.CrawlSession": 0,
        "crawler.politeness.perimeter.Perimeter": 10,
        "crawler.politeness.turns.Turns": 20,
    },
    "ARCHIVE_DIR": None,
    "DOWNLOAD_TIMEOUT": 30,
    "RETRY_TIMES": 1,
}


class Stopped(Exception):
    """Somebody stopped it before all was asked."""


class Inquirer(Spider):
    """Asks for what its job wants to know."""

    name = "sites"

    def __init__(self, sites: Sequence[Site], job: Callable[[Inquirer], Awaitable[None]]) -> None:
        """sites: whose delays hold, and which of this network's hosts may be asked."""
        super().__init__()
        self.sites = sites
        self.arguments: dict[str, str] = {}
        """What the run's row in `crawls` says it was asked."""
        self.done = False
        """The job came to its end."""
        self.error: Exception | None = None
        """What it raised instead."""
        self._job = job

    async def start(self) -> AsyncIterator[Any]:
        """Do the job, which asks for what it needs itself: there is nothing to yield."""
        settings = self.crawler.settings
        self._files = PolicyFiles(self.crawler)
        self._workers = Workers(
            1,
            timeout=settings.getfloat("EXTRACTION_TIMEOUT"),
            memory_bytes=settings.getint("EXTRACTION_MEMORY_MB") << 20,
            preload=["crawler.discovery.checking"],
        )
        try:
            await session_of(self.crawler).open()
            await self._job(self)
            self.done = True
        except CrawlStopping:
            pass
        except Exception as error:
            self.error = error
        finally:
            await asyncio.get_running_loop().run_in_executor(None, self._workers.stop)
        return
        yield  # what makes a generator of it

    def now(self) -> datetime:
        """Return the time, UTC."""
        return session_of(self.crawler).now()

    async def ask(self, url: str) -> Answer | Refusal:
        """Return what a URL answers, or why it does not. Raises CrawlStopping, DatabaseLost.

        A robots.txt is answered as crawls know it, which ask for it once a day.
        """
        try:
            if url.endswith("/robots.txt"):
                return await self._robots(url)
            request = Request(url, callback=NO_CALLBACK, dont_filter=True)
            response = await self.crawler.engine.download_async(request)
        except (CrawlStopping, DatabaseLost):
            raise
        except Exception as error:
            outcome = outcome_of_error(error, url)
            passing = outcome.reason in _PASSING
            return Refusal(why=f"{outcome.reason}: {outcome.detail}".strip(": "), passing=passing)
        return Answer(url=response.url, status=response.status, body=response.body)

    async def _robots(self, url: str) -> Answer | Refusal:
        policy = await self._files.get(url, obey_robots=False)
        if policy.state is PolicyState.UNREACHABLE:
            return Refusal(why=f"{policy.detail}: nothing of its host is asked for", passing=True)
        status = 200 if policy.state is PolicyState.FOUND else 404
        return Answer(url=url, status=status, body=policy.text.encode())

    async def read(self, parse: Callable[[bytes, str], Any], body: bytes, url: str) -> Any:
        """Return what a parser reads, in a worker process. Raises what it raises, UnreadableListing where that dies."""
        try:
            return await self._workers.run(parse, body, url)
        except (WorkTimeout, WorkerCrash) as error:
            raise UnreadableListing(str(error)) from error

    async def of_each(self, things: Iterable[T], question: Callable[[T], Awaitable[None]]) -> None:
        """Ask a question about each of some papers, a few papers at a time."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(thing: T) -> None:
            async with room:
                await question(thing)

        asking = [asyncio.ensure_future(one(thing)) for thing in things]
        try:
            await asyncio.gather(*asking)
        finally:
            for task in asking:
                task.cancel()


def inquire(
    settings: Settings, opened: OpenDatabase, sites: Sequence[Site], job: Callable[[Inquirer], Awaitable[None]]
) -> None:
    """Run a job that asks papers, in this process, once: Scrapy's reactor cannot be started a second time.

    sites: as for Inquirer. Raises Stopped, DatabaseLost, and what the job raises.
    """
    settings = settings.copy()
    settings.setdict(_SETTINGS, priority="spider")  # as a spider's own: `-s` still comes before
    settings.set("MONGODB_URI", opened.uri, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(Inquirer)
    process.crawl(crawler, sites=sites, job=job)
    process.start()
    spider = crawler.spider
    if not isinstance(spider, Inquirer):
        raise Stopped
    session = session_of(crawler)
    reason, exit_code = ("finished", OK) if spider.done else ("stopped", FAILED)
    nothing = balance_of(0, {})
    close_run(opened.database, session.run_id, nothing, reason=reason, exit_code=exit_code, now=session.now())
    if spider.error is not None:
        raise spider.error
    if not spider.done:
        raise Stopped
