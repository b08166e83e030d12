"""One file on a web server: asked for in pieces (Range, RFC 9110, section 14), through the crawl's own downloader.

That keeps what holds for every request: whose turn it is at the host, Retry-After and back-off, robots.txt, the
User-Agent, and that nothing leads into our own network. A connection that breaks costs what had not come yet.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawler.frontier.patience import DatabaseLost
from crawler.politeness.turns import CrawlStopping, HostAway
from crawler.spiders.outcomes import outcome_of_error

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

NOT_KEPT = "not_kept"
"""Key in the meta of a request whose answer comes out of an archive: ARCHIVE_DIR keeps no copy of a copy."""
PIECE = "piece"
"""Key in the meta of a request for a part of a file: its bytes are taken as they come off the wire."""
TRIES = 10
"""How often an archive is asked again that refuses or fails, as long as its host is not left for a later run."""
SLOW = 300
"""Seconds that an answer of an archive may take: a part of a file over a slow line, or a list that it has to make."""
_IN_VAIN = 5
"""Connections in a row that may break before a single byte has come."""
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.IGNORECASE)

_NO_RANGE = re.compile(r"bytes\s+\*/(\d+)", re.IGNORECASE)


class RemoteFileError(Exception):
    """A file that cannot be had; the message names it. No OSError, which readers would take for damage in it."""

    def __init__(self, message: str, *, away: bool = False) -> None:
        """away: its host is left for a later run, whatever else was wanted from there."""
        super().__init__(message)
        self.away = away


class RemoteFile:
    """A file at a URL. What was asked for last is followed by a look ahead, so that reading need not wait."""

    def __init__(self, crawler: Crawler, url: str) -> None:
        self._crawler = crawler
        self.url = url
        self._piece_bytes = max(int(crawler.settings.getfloat("REMOTE_PIECE_MB") * 1_000_000), 1)
        self._max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self.size: int | None = None
        """Its size in bytes, once it is known."""
        self.validator: str | None = None
        """What tells this version of it from another: ETag or Last-Modified, and the size; null before an answer."""
        self._whole: bytes | None = None
        self._ahead: tuple[int, asyncio.Task[bytes]] | None = None

    async def piece(self, start: int) -> bytes:
        """Return bytes from offset `start` on, REMOTE_PIECE_MB of them where there are as many; none at the end.

        Raises RemoteFileError, CrawlStopping, DatabaseLost.
        """
        if self._ahead is not None and self._ahead[0] == start:
            body = await self._ahead[1]
        else:
            self.close()
            body = await self._piece(start)
        following = start + len(body)
        self._ahead = None
        if body and self._whole is None and self.size is not None and following < self.size:
            self._ahead = following, asyncio.ensure_future(self._piece(following))
            # Whoever stops reading never asks what became of it.
            self._ahead[1].add_done_callback(lambda task: task.cancelled() or task.exception())
        return body

    def close(self) -> None:
        """Ask for no more."""
        if self._ahead is not None:
            self._ahead[1].cancel()
            self._ahead = None

    async def _piece(self, start: int) -> bytes:
        got, in_vain = bytearray(), 0
        while len(got) < self._piece_bytes and not self._ends_at(start + len(got)):
            part, broken = await self._part(start + len(got), start + self._piece_bytes - 1)
            if not part and not broken:
                break
            in_vain = 0 if part else in_vain + 1
            if in_vain == _IN_VAIN:
                raise self._error(f"the connection broke {in_vain} times in a row at byte {start + len(got)}")
            if broken:
                self._crawler.stats.inc_value("remote/resumed")
            got += part
        self._crawler.stats.inc_value("remote/bytes", len(got))
        return bytes(got[: self._piece_bytes])

    def _ends_at(self, offset: int) -> bool:
        return self.size is not None and offset >= self.size

    async def _part(self, first: int, last: int) -> tuple[bytes, bool]:
        """Return what comes of the bytes from `first` to `last`, and whether the connection broke in between."""
        if self._whole is not None:
            return self._whole[first : last + 1], False
        response = await self._ask(first, last)
        broken = "dataloss" in response.flags
        named = (response.headers.get("Content-Range") or b"").decode("latin-1").strip()
        if response.status == 416:
            # Nothing from here on.
            total = _NO_RANGE.fullmatch(named)
            self._is_version(response, int(total[1]) if total else self.size or 0)
            return b"", False
        if response.status == 206:
            sent = _RANGE.fullmatch(named)
            if sent is None or int(sent[1]) != first:
                raise self._error(f"asked for bytes {first}-{last}, its server sent others")
            self._is_version(response, None if sent[3] == "*" else int(sent[3]))
            if sent[3] == "*" and not broken and len(response.body) <= last - first:
                self.size = first + len(response.body)
            return response.body, broken
        if response.status != 200:
            raise self._error(f"HTTP {response.status}")
        # A server that knows no parts: all of it, or nothing.
        if broken:
            return b"", True
        self._is_version(response, len(response.body))
        self._whole = response.body
        return self._whole[first : last + 1], False

    async def _ask(self, first: int, last: int) -> Response:
        most = max(self._max_bytes, 2 * self._piece_bytes)
        try:
            request = Request(
                self.url,
                # No content coding: what is wanted are the bytes of the file.
                headers={"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"},
                meta={
                    PIECE: True,
                    NOT_KEPT: True,
                    "download_fail_on_dataloss": False,
                    "download_maxsize": most,
                    "download_timeout": SLOW,
                    "max_retry_times": TRIES,
                },
                callback=NO_CALLBACK,
                dont_filter=True,
            )
            return await self._crawler.engine.download_async(request)
        except (CrawlStopping, DatabaseLost):
            raise
        except HostAway as error:
            raise self._error(str(error), away=True) from error
        except DownloadCancelledError as error:
            raise self._error(
                f"more than {most // 1_000_000} MB, and its server sends no parts of files (Range): "
                "download it first, and give the path"
            ) from error
        except IgnoreRequest as error:
            raise self._error(" ".join(str(error).split()) or "not asked for") from error
        except Exception as error:
            outcome = outcome_of_error(error, self.url)
            raise self._error(f"{outcome.reason} ({outcome.detail})") from error

    def _is_version(self, response: Response, size: int | None) -> None:
        """Note which version of the file an answer is of. Raises RemoteFileError if it is another than before."""
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or b""
        validator = f"{tag.decode('latin-1')} {'?' if size is None else size}"
        if self.validator is not None and validator != self.validator:
            raise self._error("changed while it was read: run again")
        self.validator = validator
        self.size = size if size is not None else self.size

    def _error(self, what: str, *, away: bool = False) -> RemoteFileError:
        return RemoteFileError(f"{self.url}: {what}", away=away)
