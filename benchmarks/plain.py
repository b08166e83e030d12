"""Plain trafilatura as a program: reads the pages of a WARC, metadata included, and keeps nothing of them.

python -m benchmarks.plain WARC
"""

from __future__ import annotations

import sys
from pathlib import Path

import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecordType


def main() -> int:
    """Read all pages."""
    with Path(sys.argv[1]).open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            url, html = record.headers["WARC-Target-URI"], record.reader.read()
            trafilatura.bare_extraction(html, url=url, with_metadata=True, include_comments=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
