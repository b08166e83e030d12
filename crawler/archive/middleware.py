"""Keeps every answer in the archive, as it came off the wire, before anybody decodes it."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import NotConfigured

from crawler.archive import ARCHIVED_AT
from crawler.archive.writing import Archive, ArchiveError, Exchange, Headers
from crawler.article import Rights
from crawler.extraction import EXTRACTOR
from crawler.extraction.head import read_head
from crawler.extraction.page import Unreadable, parse
from crawler.extraction.rights import read_rights
from crawler.frontier.session import session_of
from crawler.politeness.licences import licensed
from crawler.politeness.tdm import RIGHTS
from crawler.politeness.turns import CrawlStopping
from crawler.remote.file import NOT_KEPT

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers as ScrapyHeaders
    from scrapy.http import Response

logger = logging.getLogger(__name__)

ARCHIVE_FULL = "archive"
"""Why the spider closes when the archive cannot be written."""
_RESERVING = re.compile(rb"tdm-reservation|noai|noml|noarchive", re.IGNORECASE)


class ArchiveMiddleware:
    """A downloader middleware below HttpCompression, so that headers and body agree.

    An answer goes on only when its records are in the file; they are made in a thread of their own. Pages whose text
    may not be kept are left out. Stats: `archive/records`, `archive/revisits`, `archive/reserved`.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._noarchive = settings.getbool("NOARCHIVE_OBEY")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive")
        self._decoder = HttpCompressionMiddleware(crawler=crawler)
        self._max_bytes = settings.getint("DOWNLOAD_MAXSIZE")
        self._failed = False
        about = {
            "software": f"leesook/{EXTRACTOR.version}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            "operator": settings["CONTACT"] or "",
            "http-header-user-agent": settings["USER_AGENT"],
        }
        started = session_of(crawler).now()
        self._archive = Archive(
            Path(settings["ARCHIVE_DIR"]),
            series=f"leesook-{started:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}",
            max_bytes=int(settings.getfloat("ARCHIVE_FILE_MB") * 1_000_000),
            about=about,
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware where ARCHIVE_DIR is set."""
        if not crawler.settings["ARCHIVE_DIR"]:
            raise NotConfigured
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    async def process_response(self, request: Request, response: Response) -> Response:
        """Return the answer once it is kept. Raises CrawlStopping, its page then stays pending, where it cannot be."""
        if not response.url.startswith(("http://", "https://")) or request.meta.get(NOT_KEPT):
            return response
        at = session_of(self._crawler).now()
        try:
            if self._failed:
                raise CrawlStopping
            loop = asyncio.get_running_loop()
            kept = await loop.run_in_executor(self._thread, self._keep, request, response, at)
        except ArchiveError as error:
            self._stop(error)
            raise CrawlStopping(str(error)) from error
        if kept:
            request.meta[ARCHIVED_AT] = at
        else:
            request.meta.pop(ARCHIVED_AT, None)
            self._crawler.stats.inc_value("archive/reserved")
        return response

    def _keep(self, request: Request, response: Response, at: Any) -> bool:
        """Write an exchange, unless its text may not be kept; return whether it was. Raises ArchiveError."""
        if not self._permitted(request, response):
            return False
        try:
            reason = HTTPStatus(response.status).phrase
        except ValueError:
            reason = ""
        self._archive.write(
            Exchange(
                url=response.url,
                at=at,
                method=request.method,
                request_headers=_pairs(request.headers),
                protocol=response.protocol or "HTTP/1.1",
                status=f"{response.status} {reason}".rstrip(),
                headers=_pairs(response.headers),
                body=response.body,
            )
        )
        return True

    def _permitted(self, request: Request, response: Response) -> bool:
        """Whether the text of an answer may be kept, as far as its headers, its host and its own head say."""
        host: Rights | None = request.meta.get(RIGHTS)
        rights = self._rights(response)
        reserved = rights.tdm_reserved if rights.tdm_reserved is not None or host is None else host.tdm_reserved
        if reserved and not licensed(response.url, self._crawler.settings, self._crawler.spider):
            return False
        return not (self._noarchive and "noarchive" in rights.robots)

    def _rights(self, response: Response) -> Rights:
        headers = {name.lower(): value for name, value in _pairs(response.headers)}
        if b"html" not in (response.headers.get("Content-Type") or b"html").lower():
            return Rights()
        body = self._decoded(response)
        if not _RESERVING.search(body) and not ({"tdm-reservation", "x-robots-tag"} & headers.keys()):
            return Rights()
        try:
            return read_rights(read_head(parse(body, response.url).tree), headers, url=response.url)
        except Unreadable:
            return Rights()

    def _decoded(self, response: Response) -> bytes:
        """Return a body without its content encoding, as Scrapy will undo it; as it is where that fails."""
        encodings = response.headers.getlist("Content-Encoding")
        try:
            # Not its process_response, which guesses at the charset of the page for five milliseconds.
            body, _ = self._decoder._handle_encoding(response.body, encodings, self._max_bytes)
        except Exception:  # whatever a codec makes of it, Scrapy will say so in its turn
            return response.body
        return body

    def _stop(self, error: ArchiveError) -> None:
        if self._failed:
            return
        self._failed = True
        logger.error("%s", error)
        engine = self._crawler.engine
        if engine is not None and engine.spider is not None:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=ARCHIVE_FULL))

    async def spider_closed(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._archive.close)
        self._thread.shutdown()
        self._crawler.stats.set_value("archive/records", self._archive.records)
        self._crawler.stats.set_value("archive/revisits", self._archive.revisits)


def _pairs(headers: ScrapyHeaders) -> Headers:
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values or ()
    ]
