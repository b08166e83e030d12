"""What a page costs as the collection grows: the same work with 1,000, 10,000 and 100,000 articles in it.

    python -m benchmarks.growth [--sizes 1000,10000,100000] [--pages N] [--no-text-index]

The collection is filled with invented articles and the rows of their pages (benchmarks/made_corpus.py), without the
index of words, which is made when they are there, as a backfill has it; then a backfill of invented pages that nobody
has seen before (benchmarks/storage.py) is measured, the same number at each size. The crawl's pace, CPU and memory are
to stay what they are; mongod's CPU is stated beside them.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
from bson import ObjectId

from benchmarks import made_corpus
from benchmarks.running import Cost, crawl, environment
from benchmarks.storage import write_made_archive
from crawler import text_search
from crawler.mongodb.embedded import embedded_server
from pipelines.store_schema import TEXT_INDEX

BAR = 0.10
"""So much a page may cost more with the largest collection than with the smallest."""
_AT_ONCE = 100
"""Articles inserted by one command."""
_FIRST = 10_000_000
"""Number of the first page that is measured: the texts of others are other."""


def fill(database: pymongo.database.Database[dict[str, Any]], documents: Iterator[dict[str, Any]], count: int) -> None:
    """Insert so many articles, and the rows of the pages they came from."""
    runs = [ObjectId() for _ in range(20)]
    words = text_search.INDEX in database["articles"].index_information()
    if words:
        database["articles"].drop_index(text_search.INDEX)
    while count > 0:
        batch = list(itertools.islice(documents, min(count, _AT_ONCE)))
        database["articles"].insert_many(batch, ordered=False)
        database["pages"].insert_many(made_corpus.pages(count, batch, runs), ordered=False)
        count -= len(batch)
    if words:
        database["articles"].create_indexes([TEXT_INDEX])


def main() -> int:
    """Measure at each size, print the table, and return 1 where a page costs too much more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000", help="articles in the collection")
    parser.add_argument("--pages", type=int, default=600, metavar="N", help="pages read at each size (default 600)")
    parser.add_argument("--no-text-index", action="store_true", help="without the index of words (TEXT_INDEX)")
    options = parser.parse_args()
    settings = ["TEXT_INDEX=False"] if options.no_text_index else []
    try:
        sizes = sorted(int(size) for size in options.sizes.split(","))
    except ValueError:
        print(f"benchmarks.growth: --sizes {options.sizes}: give numbers with commas between", file=sys.stderr)
        return 2
    documents = made_corpus.articles(1, sizes[-1], now=datetime.now(UTC))
    found: dict[int, Cost] = {}
    print(", ".join(f"{key} {value}" for key, value in environment().items()))
    print(f"{'articles':>10}{'pages/s':>9}{'CPU ms':>9}{'main':>8}{'mongod':>8}{'main MiB':>10}{'worker MiB':>12}")
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_server(Path(folder) / "mongodb") as server,
        pymongo.MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client,
    ):
        warc = Path(folder) / "made.warc.gz"
        write_made_archive(warc, 20, first=_FIRST - 20)
        # Creates the indexes, and pays for what a server does only once.
        crawl([f"warc={warc}"], client, server.uri, "growth", *settings)
        for number, size in enumerate(sizes):
            there = client["growth"]["articles"].estimated_document_count()
            fill(client["growth"], documents, size - there)
            # What the filling has left to be written is no cost of what comes.
            client.admin.command("fsync")
            write_made_archive(warc, options.pages, first=_FIRST + number * options.pages)
            found[size] = cost = crawl([f"warc={warc}"], client, server.uri, "growth", *settings)
            figures = ((cost.cpu, 9), (cost.main, 8), (cost.mongod, 8))
            print(
                f"{size:10,}{cost.pages / cost.wall:9.1f}"
                + "".join(f"{1000 * seconds / cost.pages:{width}.1f}" for seconds, width in figures)
                + f"{cost.main_bytes / (1 << 20):10.0f}{cost.worker_bytes / (1 << 20):12.0f}",
                flush=True,
            )
    small, large = found[sizes[0]], found[sizes[-1]]
    more = {
        "CPU a page": large.cpu / small.cpu - 1,
        "pages/s (slower)": large.wall / small.wall - 1,
        "memory of the main process": large.main_bytes / small.main_bytes - 1,
        "memory of a worker": large.worker_bytes / small.worker_bytes - 1,
    }
    for what, share in more.items():
        print(f"{what:28}{share:+7.1%}  at most {BAR:+.0%}  {'met' if share <= BAR else 'NOT MET'}")
    first, last = (1000 * cost.mongod / cost.pages for cost in (small, large))
    print(f"what grows: mongod's CPU a page, {first:.1f} to {last:.1f} ms (docs/scale.md says why)")
    return int(any(share > BAR for share in more.values()))


if __name__ == "__main__":
    raise SystemExit(main())
