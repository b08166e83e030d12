"""The download handler: Scrapy's own, with an end to what a server may send before the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

HEAD_MAX_BYTES = 256 << 10
"""More than any browser or server takes: Apache 8 KiB, nginx 32 KiB, Chromium 256 KiB."""
_BEFORE_BODY = ("STATUS", "HEADER")


class HeadTooLarge(DownloadCancelledError):
    """A server sent more than HEAD_MAX_BYTES of status line and headers."""


class BoundedHeads(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, on connections that end where headers do not.

    Twisted limits the length of a header line, not their number: a server that never stops sending them fills memory
    until DOWNLOAD_TIMEOUT.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Take over Scrapy's connection pool, and have it make our connections."""
        super().__init__(crawler)
        self._pool._factory = _BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """Return the answer. Raises what Scrapy's handler does, and HeadTooLarge."""
        try:
            return await super().download_request(request)
        except DownloadFailedError as error:
            reasons = getattr(error.__cause__, "reasons", ())
            if any(reason.check(HeadTooLarge) for reason in reasons):
                raise HeadTooLarge(f"more than {HEAD_MAX_BYTES} bytes of headers") from error
            raise


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """A connection that counts what comes before a body."""

    _head = 0

    def request(self, request: Any) -> Any:
        self._head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if self._parser is not None and self._parser.state in _BEFORE_BODY:
            self._head += len(data)
            if self._head > HEAD_MAX_BYTES:
                self._giveUp(Failure(HeadTooLarge()))  # type: ignore[no-untyped-call]


class _BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes such connections."""

    def buildProtocol(self, addr: Any) -> _BoundedProtocol:
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
