"""Plain trafilatura on the pages of a WARC: what others are measured beside, and a program that does nothing else.

    python -m benchmarks.plain WARC

It loads nothing of this project, so that its start is what a user of trafilatura pays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType


class Saved(NamedTuple):
    """One page of the archive."""

    url: str
    headers: dict[str, str]
    html: bytes


def pages_of(warc: Path, limit: int | None) -> Iterator[Saved]:
    """Yield the pages of a WARC in order, the first `limit` of them."""
    with warc.open("rb") as stream:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        for count, record in enumerate(records):
            if count == limit:
                return
            yield Saved(record.headers["WARC-Target-URI"], dict(record.http_headers or {}), record.reader.read())


def theirs(page: Saved) -> None:
    """Read a page with trafilatura alone."""
    trafilatura.bare_extraction(page.html, url=page.url, with_metadata=True, include_comments=False)


if __name__ == "__main__":
    for saved in pages_of(Path(sys.argv[1]), None):
        theirs(saved)
