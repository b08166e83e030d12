"""Remote files for readers that know nothing of the event loop: a stream, and the thread in which they read it."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from crawler.discovery.lists import read_url_stream
from crawler.politeness.turns import CrawlStopping
from crawler.remote.file import RemoteFile

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

T = TypeVar("T")
U = TypeVar("U")

_HELD_BYTES = 2 << 20
"""At least the piece that is read and as much before it: who looks how a file begins, or a damaged record ends, goes
back a little."""
_LINES = 500
_BUFFER = 64 << 10
_LOOK_UP = 0.5
"""Seconds after which a reader who waits for a piece looks whether the crawl is being stopped."""


class RemoteStream(io.RawIOBase):
    """A remote file as a stream that can be read and sought, but for its end.

    For one thread that is not the event loop's. Raises what `RemoteFile.piece` does.
    """

    def __init__(self, crawler: Crawler, file: RemoteFile, loop: asyncio.AbstractEventLoop) -> None:
        """loop: the one in which the crawl runs."""
        self._crawler = crawler
        self._file = file
        self._loop = loop
        self._at = 0
        self._held: list[tuple[int, bytes]] = []

    def hold(self, start: int, body: bytes) -> None:
        """Take a piece that is there already."""
        self._held.append((start, body))
        while len(self._held) > 2 and sum(len(piece) for _, piece in self._held[1:]) > _HELD_BYTES:
            del self._held[0]

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on at an offset from the start, or from here."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the end of a remote file is not known")
        self._at = offset if whence == io.SEEK_SET else self._at + offset
        return self._at

    def readinto(self, buffer: object) -> int:
        """Fill a buffer as far as the piece in hand goes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        start, body = self._piece()
        found = body[self._at - start : self._at - start + len(view)]
        view[: len(found)] = found
        self._at += len(found)
        return len(found)

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        found = bytearray()
        while size < 0 or len(found) < size:
            start, body = self._piece()
            more = body[self._at - start :][: None if size < 0 else size - len(found)]
            if not more:
                break
            found += more
            self._at += len(more)
        return bytes(found)

    def _piece(self) -> tuple[int, bytes]:
        """Return a piece that holds the next byte, and its offset; an empty one at the end."""
        for start, body in self._held:
            if start <= self._at < start + len(body):
                return start, body
        body = self._fetch(self._at)
        self.hold(self._at, body)
        return self._at, body

    def _fetch(self, start: int) -> bytes:
        piece = asyncio.run_coroutine_threadsafe(self._file.piece(start), self._loop)
        while not wait([piece], timeout=_LOOK_UP).done:
            if not self._crawler.engine.running:
                piece.cancel()
                raise CrawlStopping("the crawl was stopped before this was read")
        return piece.result()


async def in_thread(found: Iterator[T], take: Callable[[Iterator[T]], list[U]]) -> AsyncGenerator[list[U]]:
    """Yield what `take` takes of an iterator at a time, in a thread of its own, until it takes nothing.

    While one lot is worked on, the next is made.
    """
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remote")

    def begin() -> asyncio.Future[list[U]]:
        coming = loop.run_in_executor(thread, take, found)
        # Whoever reads no further never asks how it ended.
        coming.add_done_callback(lambda future: future.cancelled() or future.exception())
        return coming

    coming = begin()
    try:
        while taken := await coming:
            coming = begin()
            yield taken
    finally:
        coming.cancel()
        thread.shutdown(wait=False, cancel_futures=True)


async def remote_lines(crawler: Crawler, url: str) -> AsyncGenerator[list[str]]:
    """Yield the lines of a list on a web server, as `read_url_list` has them, some at a time.

    Raises UnreadableInput, and what `RemoteFile.piece` does.
    """
    file = RemoteFile(crawler, url)
    stream = io.BufferedReader(RemoteStream(crawler, file, asyncio.get_running_loop()), _BUFFER)
    try:
        found = in_thread(read_url_stream(stream, url), lambda lines: list(itertools.islice(lines, _LINES)))
        async with aclosing(found) as batches:
            async for lines in batches:
                yield lines
    finally:
        file.close()
