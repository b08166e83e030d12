"""Scrapy's HTTP download handler, with manners: a request goes out when its host's turn has come, and where it may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response, TextResponse

from crawler.politeness.perimeter import OutOfBounds, Perimeter, refusal
from crawler.politeness.turns import Turns, host_name

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class PoliteDownloadHandler:
    """Asks `Turns` before each request: the last place before the wire, whichever way the request came."""

    lazy = True
    """A backfill of archives asks nobody: it does without TLS, which is half of what Scrapy loads."""

    def __init__(self, crawler: Crawler) -> None:
        from crawler.politeness.download import BoundedHeads

        self._crawler = crawler
        self._wire = BoundedHeads(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the handler as Scrapy does, before the first request of its scheme."""
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """Return the answer to a request. Raises what `Turns.download` and Scrapy's handler raise."""
        turns, perimeter = self._crawler.get_extension(Turns), self._crawler.get_extension(Perimeter)
        if turns is None or perimeter is None:
            return as_coded(await self._wire.download_request(request))
        try:
            return as_coded(await turns.download(request, self._wire.download_request))
        except CannotResolveHostError as error:
            # Twisted tells a name whose address was refused from one that has none only by its log.
            if (answer := perimeter.refused.get(host_name(request.url))) is not None:
                raise OutOfBounds(refusal(host_name(request.url), answer)) from error
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def as_coded(response: Response) -> Response:
    """Return an answer whose body is still compressed as one that has no text; any other as it is.

    HttpCompressionMiddleware copies the answer, and with it what the text is encoded in: where no header says so, that
    is looked for in compressed bytes, for 5 ms. It decides anew what kind of answer it is once it has decoded it.
    """
    if not isinstance(response, TextResponse) or not response.headers.get("Content-Encoding"):
        return response
    return Response(**{name: getattr(response, name) for name in Response.attributes})
