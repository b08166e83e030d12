"""`scrapy crawl backfill`: one-off jobs. URLs, saved pages, WARC files here or on the web, spans of papers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urljoin

from bson import ObjectId
from scrapy import Request

from crawler.article import Fetch, Outcome, Via
from crawler.discovery.inputs import UnknownInput, read_inputs
from crawler.discovery.lists import UnreadableInput, html_files, read_url_list, url_of_saved_page
from crawler.discovery.warc import Damage, NotAnArchive, Pause, read_gently
from crawler.frontier.captures import Capture, Captures
from crawler.frontier.ledger import Discovery, Ticket
from crawler.frontier.patience import DatabaseLost
from crawler.politeness.turns import CrawlStopping
from crawler.remote.file import RemoteFileError
from crawler.remote.stream import remote_lines
from crawler.sites import SiteIndex, known_sites
from crawler.spiders.elsewhere import ArchiveSource, NamedFiles, meant, read_ccnews
from crawler.spiders.kept import KeptPage
from crawler.spiders.pages import ArgumentError, positive_int
from crawler.spiders.remote_archives import RemoteArchives
from crawler.spiders.spans import CHOOSING, SPANNING, SpanSpider
from crawler.spiders.wayback import Wayback, WaybackPapers, read_wayback
from crawler.url import InvalidURL, article_id, site_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_LISTED_AT_ONCE = 500
_KEPT_AT_ONCE = 32
_READ_AT_ONCE = 16
"""Pages under way for each worker: so many that they are handed to it several at a time."""
_STORED_AT_ONCE = 112
"""Pages of files that wait to be stored, more than go at once (`store_writer.KEPT`). Scrapy starts so many tasks for
each answer: for pages that are fetched, one an answer, that were half a millisecond."""
_TOGETHER = 16
"""Outcomes that are looked through before others have their turn: two milliseconds."""
_SETTLING, _SETTLING_MAX = 0.05, 1.0  # seconds until it is asked again whether a page is settled; longer each time


_KINDS = {
    "warc": Via.WARC,
    "urls": Via.LIST,
    "html": Via.HTML,
    "ccnews": Via.WARC,
    "wayback": Via.WAYBACK,
}
"""What a job can be given, and how its pages are then discovered."""
_GOES_WITH = {
    "html": ("base_url",),
    "ccnews": ("sites", "country", "sites_file"),
    "wayback": ("since", "until"),
}


class BackfillSpider(SpanSpider):
    """Works through what it is given once; what is settled is never done again, so a killed job just runs again."""

    name = "backfill"
    known_arguments = (*_KINDS, "base_url", *CHOOSING, *SPANNING, "max_articles")
    custom_settings = {"READ_ALSO_DEPTH": 0}  # noqa: RUF012 - Scrapy declares it as an instance variable
    loads_in_bulk = True
    via: Via

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider as Scrapy does, which reads its settings anew afterwards."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider.reads_kept:
            crawler.settings.set("CONCURRENT_ITEMS", _STORED_AT_ONCE, priority="spider")
        return spider

    def read_arguments(self, arguments: Mapping[str, str]) -> None:
        """Find the input. Raises ArgumentError."""
        super().read_arguments(arguments)
        self.problems: list[str] = []
        limit = arguments.get("max_articles")
        self._max_articles = positive_int("max_articles", limit) if limit is not None else None
        self.paths: list[Path] = []
        """Files, or a folder, of this machine."""
        self.lists: list[str] = []
        """Lists of URLs on web servers."""
        self.archives: ArchiveSource | None = None
        """WARC files on web servers."""
        self.wayback: WaybackPapers | None = None
        self._named: tuple[str, ...] = ()
        given = [name for name in _KINDS if name in arguments]
        others = [name for name in (*CHOOSING, *SPANNING, "base_url") if name in arguments]
        if others and not given:
            if "base_url" in arguments:
                raise ArgumentError("-a base_url=… goes only together with -a html=DIR")
            self.via = Via.SITEMAP
            return self.read_span(arguments)
        if len(given) != 1:
            raise ArgumentError(
                "give one of -a warc=PATH|GLOB|URL, -a urls=FILE|URL, -a html=DIR, -a ccnews=MONTH, -a wayback=DOMAIN; "
                "or papers and a span, as in -a sites=nrc.nl -a since=2022-01 -a until=2022-03"
            )
        (kind,) = given
        if odd := [name for name in others if name not in _GOES_WITH.get(kind, ())]:
            raise ArgumentError(f"-a {odd[0]}=… does not go with -a {kind}=…: leave one of them out")
        self.via = _KINDS[kind]
        self.index = SiteIndex(())
        self.base_url = arguments.get("base_url")
        if self.base_url is not None and not site_of(self.base_url):
            raise ArgumentError(f"-a base_url={self.base_url}: give an http(s) URL")
        if kind == "ccnews":
            ccnews = read_ccnews(arguments)
            self.archives, self.index = ccnews, ccnews.index
        elif kind == "wayback":
            self.wayback, self.index = read_wayback(arguments), SiteIndex(known_sites())
        else:
            self._read_inputs(kind, arguments[kind])
        self.sites = known_sites()
        return None

    def _read_inputs(self, kind: str, value: str) -> None:
        """Find files, here and on the web. Raises ArgumentError."""
        try:
            inputs = read_inputs(value)
        except (UnknownInput, UnreadableInput) as error:
            raise ArgumentError(f"-a {kind}=…: {error}") from error
        elsewhere = (*inputs.urls, *inputs.lists)
        if kind == "html" and elsewhere:
            raise ArgumentError(f"-a html={value}: give a folder of this machine")
        if kind == "urls":
            self.lists = list(elsewhere)
        elif elsewhere:
            self.archives = NamedFiles(inputs)
        self.paths, self._named = list(inputs.paths), elsewhere
        for path in self.paths:
            if not path.exists():
                raise ArgumentError(f"-a {kind}={value}: no such file or folder")
            if path.is_dir() != (kind == "html"):
                raise ArgumentError(f"-a {kind}={value}: {path} is {'a folder' if path.is_dir() else 'no folder'}")

    @property
    def reads_kept(self) -> bool:
        """Whether pages come out of files, here or on the web, and nothing is asked of those who made them."""
        return self.span is None and self.wayback is None and self.via is not Via.LIST

    @property
    def max_articles(self) -> int | None:
        """After how many articles to stop; None: never."""
        return self._max_articles

    async def start(self) -> AsyncIterator[Any]:
        """Yield requests for the pages of a span, for listed URLs, or for the outcomes of kept pages."""
        await self.session.open()
        self.captures = Captures(self.session.ledger)
        self.mean(self._named)
        if self.reads_kept:
            # One request that stands for all the files: what a callback yields knows back-pressure, and is waited
            # for when the spider closes; items from start() (Scrapy 2.19) know neither.
            yield Request("data:,", callback=self.read_kept, dont_filter=True)
        elif self.wayback is not None:
            async for request in Wayback(self, self.wayback).requests():
                yield request
        elif self.via is Via.LIST:
            async for request in self._listed():
                yield request
        else:
            async for request in self.walk_papers():
                yield request

    async def _listed(self) -> AsyncIterator[Any]:
        for path in self.paths:
            try:
                for urls in _batches(read_url_list(path), _LISTED_AT_ONCE):
                    self.mean(urls)
                    for request in await self._requests(urls, path.name):
                        yield request
                    await self.scheduler_has_room()
            except UnreadableInput as error:
                self.problem(str(error))
        for url in self.lists:
            try:
                async with aclosing(remote_lines(self.crawler, url)) as batches:
                    async for urls in batches:
                        self.mean(meant(url, urls))
                        for request in await self._requests(urls, url):
                            yield request
                        await self.scheduler_has_room()
            except (UnreadableInput, RemoteFileError) as error:
                self.problem(str(error))
            except CrawlStopping:
                return
            except DatabaseLost as error:
                raise self.without_database(error) from error

    async def _requests(self, urls: Sequence[str], found_on: str) -> list[Request]:
        found = [Discovery(url=url, via=Via.LIST, found_on=found_on) for url in urls]
        return [self.page_request(ticket) for ticket in await self.discover(found, revisit_after=None)]

    async def _kept(self) -> AsyncGenerator[list[KeptPage]]:
        """Yield what is to be read, some at a time: files of this machine, then those of others."""
        async with aclosing(_ahead(_gently(self._pages(), _KEPT_AT_ONCE))) as here:
            async for batch in here:
                yield batch
        if self.archives is not None:
            reader = RemoteArchives(self, self.archives)
            async with aclosing(reader.batches()) as batches:
                async for batch in batches:
                    yield batch
            # Whoever reads it concludes what is in hand.
            yield []
            await reader.finish()

    async def read_kept(self, _: Response) -> AsyncIterator[Outcome | Request]:
        """Yield the outcomes of kept pages, in the order in which the workers are done with them."""
        reading: set[asyncio.Task[tuple[Outcome, Ticket]]] = set()
        kept = self._kept()
        try:
            async for batch in kept:
                if not batch:
                    async for result in self._concluded(reading):
                        yield result
                waiting, pause = [page for page in batch if self._has_url(page)], _SETTLING
                while waiting:
                    taken, waiting = await self._take(waiting)
                    for ticket, page in taken:
                        async for result in self._concluded(reading, leave=_READ_AT_ONCE * self.workers.processes):
                            yield result
                        # Asked to stop: what is not read stays pending.
                        if not self.crawler.engine.running:
                            return
                        reading.add(asyncio.ensure_future(self._read(ticket, page)))
                    if waiting:
                        # Another capture of the same page comes first, which may be in the hands of another process.
                        pause = _SETTLING if taken else min(2 * pause, _SETTLING_MAX)
                        async for result in self._concluded(reading):
                            yield result
                        if not self.crawler.engine.running:
                            return
                        await asyncio.sleep(pause)
            async for result in self._concluded(reading):
                yield result
        finally:
            await kept.aclose()
            for task in reading:
                task.cancel()

    async def _concluded(
        self, reading: set[asyncio.Task[tuple[Outcome, Ticket]]], *, leave: int = 0
    ) -> AsyncIterator[Outcome | Request]:
        """Yield what is read, until no more than `leave` are being read."""
        while len(reading) > leave:
            done, _ = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
            reading -= done
            for number, task in enumerate(done, start=1):
                if number % _TOGETHER == 0:
                    await asyncio.sleep(0)
                async for result in self.conclude(*task.result(), brought=True):
                    yield result

    def _has_url(self, page: KeptPage) -> bool:
        try:
            article_id(page.url)
        except InvalidURL as error:
            self.crawler.stats.inc_value("pages/not_a_url")
            self.logger.warning("%s: %s", page.found_on, error)
            return False
        return True

    async def _take(self, pages: Sequence[KeptPage]) -> tuple[list[tuple[Ticket, KeptPage]], list[KeptPage]]:
        """Return the pages to read now, and captures to ask for again once an earlier one of their page is settled."""
        first: dict[str, KeptPage] = {}
        others: list[KeptPage] = []
        for page in sorted(pages, key=lambda page: page.at.timestamp() if page.at else 0.0):
            if first.setdefault(article_id(page.url), page) is not page:
                others.append(page)
        found = {key: Discovery(url=p.url, via=self.via, found_on=p.found_on) for key, p in first.items()}
        if self.via is not Via.WARC:
            tickets: Sequence[Ticket] = await self.discover(found.values(), revisit_after=None)
            return [(ticket, first[ticket.page_id]) for ticket in tickets], []
        captures = [
            Capture(found=discovery, at=first[key].at, offset=first[key].offset) for key, discovery in found.items()
        ]
        now, claim = self.session.now(), ObjectId()
        taken = await self.ask(lambda: self.captures.take(captures, now=now, claim=claim))
        known = len(captures) - len(taken.tickets) - len(taken.in_hand) - len(taken.elsewhere)
        self.crawler.stats.inc_value("pages/known", known)
        self.crawler.stats.inc_value("records/elsewhere", len(taken.elsewhere))
        return (
            [(ticket, first[ticket.page_id]) for ticket in taken.tickets],
            [*(first[key] for key in taken.in_hand), *others],
        )

    async def _read(self, ticket: Ticket, page: KeptPage) -> tuple[Outcome, Ticket]:
        self.crawler.stats.inc_value("pages/fetched")
        fetch = Fetch(requested_url=ticket.url, via=self.via, status=page.status, bytes=len(page.body), at=page.at)
        return await self.read(page.body, page.url, page.headers, fetch), ticket

    def _pages(self) -> Iterator[KeptPage | Pause]:
        yield from self._archived() if self.via is Via.WARC else self._saved()

    def _archived(self) -> Iterator[KeptPage | Pause]:
        for path in self.paths:
            self.asked += 1
            pages = 0
            try:
                for found in read_gently(path):
                    if isinstance(found, Pause):
                        yield found
                        continue
                    if isinstance(found, Damage):
                        self.crawler.stats.inc_value("records/damaged")
                        self.logger.warning("%s, offset %d: %s", path, found.offset, found.what)
                        continue
                    pages += 1
                    yield KeptPage(
                        url=found.url,
                        body=found.body,
                        headers=found.headers,
                        status=found.status,
                        at=found.captured_at,
                        found_on=path.name,
                    )
            except (OSError, NotAnArchive) as error:
                self.problem(str(error) if isinstance(error, NotAnArchive) else f"{path}: {error.strerror or error}")
            else:
                self.got += bool(pages)

    def _saved(self) -> Iterator[KeptPage]:
        for folder in self.paths:
            for path in html_files(folder):
                self.asked += 1
                name = str(path.relative_to(folder))
                try:
                    body, changed = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
                except OSError as error:
                    self.problem(f"{path}: cannot be read ({error.strerror or error})")
                    continue
                url = urljoin(self.base_url, quote(name)) if self.base_url else url_of_saved_page(body)
                if url is None:
                    self.crawler.stats.inc_value("pages/not_a_url")
                    self.logger.warning("%s: names no canonical URL; give -a base_url=https://…", path)
                    continue
                self.got += 1
                yield KeptPage(url=url, body=body, headers={}, status=200, at=changed, found_on=name)


async def _gently(items: Iterable[Any], size: int) -> AsyncIterator[list[Any]]:
    """Yield items in batches, and let others have their turn after each one: a record takes a millisecond to read."""
    batch = []
    for item in items:
        if not isinstance(item, Pause):
            batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
        await asyncio.sleep(0)
    if batch:
        yield batch


async def _ahead(batches: AsyncIterator[list[Any]]) -> AsyncGenerator[list[Any], None]:
    """Yield batches; while one is worked on, the next is made."""
    coming = asyncio.ensure_future(anext(batches, None))
    try:
        while (batch := await coming) is not None:
            coming = asyncio.ensure_future(anext(batches, None))
            yield batch
    finally:
        coming.cancel()


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
