"""WARC files on web servers: their pages, some at a time, and how far each file has been read."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.discovery.warc import ArchivedPage, Damage, NotAnArchive, Repeat, Unwanted, read_stream
from crawler.frontier.archives import EVERYTHING, Archives, RecordKey, Standing
from crawler.frontier.captures import milliseconds
from crawler.frontier.patience import DatabaseLost
from crawler.politeness.turns import CrawlStopping, host_name
from crawler.remote.file import RemoteFile, RemoteFileError
from crawler.remote.stream import RemoteStream, in_thread
from crawler.spiders.kept import KeptPage
from crawler.url import InvalidURL, article_id

if TYPE_CHECKING:
    from crawler.spiders.backfill import BackfillSpider
    from crawler.spiders.elsewhere import ArchiveSource

_PAGES_AT_ONCE = 64
_BYTES_AT_ONCE = 16 << 20
_SECONDS_AT_ONCE = 1.0
"""After which a look at records that nobody wants is interrupted, so that the run can say how far it is."""
_NOTED = 1.0
"""Seconds between two notes of how far a file has been read."""
_SAID = 30.0
"""Seconds between two lines in the log of how far a file has been read."""
_SETTLING = 0.05
_PATIENCE = 15.0
"""Seconds without any progress after which the last pages of a file are left to the next run."""

_Found = ArchivedPage | Repeat | Damage | Unwanted | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArchive:
    """A file to read."""

    url: str
    """Where it is."""
    place: str = ""
    """Its place among others, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Some records in a row."""

    records: tuple[RecordKey, ...]
    then: Standing
    """How far the file has been read once they are dealt with, and all before."""


class RemoteArchives:
    """Reads archives one after the other, each as a stream."""

    def __init__(self, spider: BackfillSpider, source: ArchiveSource) -> None:
        self._spider = spider
        self._source = source
        self._archives = Archives(spider.session.database)
        self._scope = source.scope
        self._stretches: dict[str, deque[_Stretch]] = {}
        """By file, what has been handed out and may not be dealt with yet, in the order of the file."""
        self._noted_at = 0.0
        self._left: dict[str, int] = {}

    async def batches(self) -> AsyncGenerator[list[KeptPage]]:
        """Yield their pages, some at a time, in order; none now and then, while it looks for more."""
        try:
            async for archive in self._source.archives(self._spider):
                host = host_name(archive.url)
                if host in self._left:
                    self._left[host] += 1
                    continue
                try:
                    async with aclosing(self._read(archive)) as batches:
                        async for batch in batches:
                            yield batch
                            await self._note()
                except (RemoteFileError, NotAnArchive) as error:
                    self._spider.problem(str(error))
                    if isinstance(error, RemoteFileError) and error.away:
                        self._left[host] = 0
        except CrawlStopping:
            return
        except DatabaseLost as error:
            raise self._spider.without_database(error) from error
        for host, number in self._left.items():
            if number:
                self._spider.problem(f"{host}: {number} more archives are left for a later run")

    async def finish(self) -> None:
        """Wait until all that was handed out is dealt with, and write down how far each file has been read."""
        until = time.monotonic() + _PATIENCE
        while self._stretches and time.monotonic() < until and self._spider.crawler.engine.running:
            before = sum(map(len, self._stretches.values()))
            await self._note(at_once=True)
            if sum(map(len, self._stretches.values())) < before:
                until = time.monotonic() + _PATIENCE
            else:
                await asyncio.sleep(_SETTLING)

    async def _read(self, archive: NamedArchive) -> AsyncGenerator[list[KeptPage]]:
        """Yield the pages of a file from where it has been read to. Raises RemoteFileError, NotAnArchive."""
        spider, url = self._spider, archive.url
        before = await spider.ask(lambda: self._archives.standing(url, self._scope))
        if before.done and self._source.unchanging:
            self._known(url)
            return
        spider.asked += 1
        file, start = RemoteFile(spider.crawler, url), before.offset
        try:
            opening = await file.piece(start)
            if before.validator not in (None, file.validator):
                spider.logger.info("%s: not what it was when it was read before: begun anew", url)
                file.close()
                file, start = RemoteFile(spider.crawler, url), 0
                opening = await file.piece(start)
            elif before.done:
                spider.got += 1
                self._known(url)
                return
            stream = RemoteStream(spider.crawler, file, asyncio.get_running_loop())
            stream.hold(start, opening)
            async with aclosing(self._records(archive, file, stream, start)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            file.close()

    async def _records(
        self, archive: NamedArchive, file: RemoteFile, stream: RemoteStream, start: int
    ) -> AsyncGenerator[list[KeptPage]]:
        spider, url = self._spider, archive.url
        last, records, pages, said_at = start, 0, 0, time.monotonic()
        place = f" ({archive.place})" if archive.place else ""
        if start:
            spider.logger.info("%s%s: goes on at byte %d", url, place, start)
        wanted = None if self._scope == EVERYTHING else self._source.wanted
        found = read_stream(stream, url, start=start, wanted=wanted)  # type: ignore[arg-type]
        async with aclosing(in_thread(found, _take)) as batches:
            async for batch in batches:
                kept = [page for one in batch if (page := self._kept(one, url)) is not None]
                last = max((one.offset for one in batch if not isinstance(one, Damage | Exception)), default=last)
                records, pages = records + len(batch), pages + len(kept)
                yield kept
                self._handed_out(url, kept, Standing(offset=last, validator=file.validator))
                if isinstance(batch[-1], Exception):
                    raise batch[-1]
                if time.monotonic() - said_at > _SAID:
                    said_at = time.monotonic()
                    whole = f" of {file.size / 1e6:,.0f}" if file.size else ""
                    spider.logger.info("%s%s: %s%s MB, %d pages", url, place, f"{last / 1e6:,.0f}", whole, pages)
        self._handed_out(url, [], Standing(offset=last, validator=file.validator, done=True))
        spider.got += bool(records)
        size = f"{(file.size or 0) / 1e6:,.1f} MB"
        spider.logger.info("%s%s: read to its end, %s, %d records, %d pages", url, place, size, records, pages)

    def _kept(self, found: _Found, url: str) -> KeptPage | None:
        if isinstance(found, Damage):
            self._spider.crawler.stats.inc_value("records/damaged")
            self._spider.logger.warning("%s, offset %d: %s", url, found.offset, found.what)
        if not isinstance(found, ArchivedPage):
            return None
        return KeptPage(
            url=found.url,
            body=found.body,
            headers=found.headers,
            status=found.status,
            at=found.captured_at,
            found_on=url,
            offset=found.offset,
        )

    def _known(self, url: str) -> None:
        self._spider.crawler.stats.inc_value("archives/known")
        self._spider.logger.debug("%s: read to its end before", url)

    def _handed_out(self, url: str, pages: list[KeptPage], then: Standing) -> None:
        keys = []
        for page in pages:
            try:
                keys.append(RecordKey(page_id=article_id(page.url), at=milliseconds(page.at)))
            except InvalidURL:
                continue
        self._stretches.setdefault(url, deque()).append(_Stretch(records=tuple(keys), then=then))

    async def _note(self, *, at_once: bool = False) -> None:
        """Write down how far files have been read, now and then: as far as all before is dealt with."""
        if not at_once and time.monotonic() - self._noted_at < _NOTED:
            return
        self._noted_at = time.monotonic()
        for url, stretches in list(self._stretches.items()):
            reached = None
            while stretches and await self._is_dealt_with(stretches[0]):
                reached = stretches.popleft().then
            if not stretches:
                del self._stretches[url]
            if reached is not None:
                await self._write_down(url, reached)

    async def _write_down(self, url: str, reached: Standing) -> None:
        now = self._spider.session.now()
        await self._spider.ask(lambda: self._archives.note(url, self._scope, reached, now=now))

    async def _is_dealt_with(self, stretch: _Stretch) -> bool:
        return await self._spider.ask(lambda: self._archives.dealt_with(stretch.records))


def _take(found: Iterator[ArchivedPage | Repeat | Damage | Unwanted]) -> list[_Found]:
    """Return what comes next, as much as is handed out at once; an error comes as the last of it."""
    taken: list[_Found] = []
    pages, size, until = 0, 0, time.monotonic() + _SECONDS_AT_ONCE
    try:
        for one in found:
            taken.append(one)
            if isinstance(one, ArchivedPage):
                pages, size = pages + 1, size + len(one.body)
            if pages == _PAGES_AT_ONCE or size > _BYTES_AT_ONCE or time.monotonic() > until:
                break
    except Exception as error:
        taken.append(error)
    return taken
