"""CPU of other extractors on the pages of a WARC, as JSON. Run with the Python of `make bench-peers`, which has them.

    .venv-peers/bin/python benchmarks/peers.py PAGES.warc.gz

news-please as its `from_html` is called, newspaper4k by `Article.parse`; both from bytes, each page in turn, without
the web, where they would look for more (pictures). Needs nothing of this project: only what news-please brings along.
"""

from __future__ import annotations

import json
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NoReturn

warnings.simplefilter("ignore")

import newspaper  # noqa: E402 - both warn on import
from newsplease import NewsPlease  # noqa: E402
from warcio.archiveiterator import ArchiveIterator  # noqa: E402

WARM_UP = 3


def news_please(html: bytes, url: str) -> None:
    """Read a page with news-please."""
    NewsPlease.from_html(html, url=url)


def newspaper4k(html: bytes, url: str) -> None:
    """Read a page with newspaper4k."""
    article = newspaper.Article(url)
    article.download(input_html=html.decode(errors="replace"))
    article.parse()


def pages_of(path: str) -> Iterator[tuple[bytes, str]]:
    """Yield the pages of a WARC with their URLs."""
    with open(path, "rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                yield record.content_stream().read(), record.rec_headers.get_header("WARC-Target-URI")


def offline(*_: object, **__: object) -> NoReturn:
    """Find no host: in place of `socket.getaddrinfo`, which may take its time before it says so."""
    raise socket.gaierror(socket.EAI_NONAME, "offline")


def timed(read: Callable[[bytes, str], None], html: bytes, url: str) -> float:
    """Return the CPU seconds of one page; one that cannot be read has taken its time as well."""
    start = time.process_time()
    try:
        read(html, url)
    except Exception as error:
        print(f"{url}: {type(error).__name__}: {error}"[:200], file=sys.stderr)
    return time.process_time() - start


def main() -> None:
    """Print, for each extractor, its CPU seconds on each page."""
    socket.getaddrinfo = offline
    pages = list(pages_of(sys.argv[1]))
    readers = {"news-please": news_please, "newspaper4k": newspaper4k}
    for read in readers.values():
        for page in pages[:WARM_UP]:
            timed(read, *page)
    times: dict[str, list[float]] = {name: [] for name in readers}
    for page in pages:
        for name, read in readers.items():
            times[name].append(timed(read, *page))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
