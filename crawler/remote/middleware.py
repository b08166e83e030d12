"""Parts of files are handed on as they came off the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.remote.file import PIECE

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response


class PieceMiddleware:
    """A downloader middleware below HttpCompression.

    Servers call the gzip of a `.warc.gz` a content coding at times. A part of it cannot be decoded, and need not be.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the answer, without the name of a coding that is the file's own."""
        if request.meta.get(PIECE):
            response.headers.pop("Content-Encoding", None)
        return response
