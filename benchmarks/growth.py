"""What a page costs as the collection grows: the same work with 1,000, 10,000 and 100,000 articles in it.

    python -m benchmarks.growth [WARC] [--sizes 1000,10000,100000] [--turns N] [--no-text-index]

A collection for each size is filled with invented articles and the rows of their pages (benchmarks/made_corpus.py),
without the index of words, which is made when they are there, as a backfill has it. Then the pages of the WARC are
backfilled into each by turns, every time from hosts and with texts that nobody has seen before; the median is taken,
without what a crawl of one page takes. The crawl's pace, CPU and memory are to stay what they are; mongod's CPU is
stated beside them.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
from bson import ObjectId

from benchmarks import made_corpus
from benchmarks.plain import Saved, pages_of
from benchmarks.running import PAGES, Cost, crawl, environment, minus, write_warc
from crawler import text_search
from crawler.mongodb.embedded import embedded_server
from crawler.url import site_of
from pipelines.store_schema import TEXT_INDEX

BAR = 0.10
"""So much a page may cost more with the largest collection than with the smallest."""
_FLAT = {
    "cpu": "CPU a page",
    "wall": "pages/s (slower)",
    "main_bytes": "memory of the main process",
    "worker_bytes": "memory of a worker",
}
"""What is to stay what it is."""
_AT_ONCE = 100
"""Articles inserted by one command."""
_LEFT_ALONE = re.compile(rb"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>")
_PROSE = 40
"""Bytes of a text from which on it is made another one: labels stay what they are."""


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


def elsewhere(page: Saved, turn: int) -> tuple[str, bytes]:
    """Return a page as another paper would have it: its address, and its HTML with that paper's name and other texts.

    A word is put before every third one, so that no run of three is one of the page, and none of another turn.
    """
    name = f"nieuws{turn}".encode()

    def other(text: bytes) -> bytes:
        if len(text) < _PROSE:
            return text
        words = text.split(b" ")
        return b" ".join(name + b" " + word if number % 3 == 0 else word for number, word in enumerate(words))

    parts, at = [], 0
    for tag in _LEFT_ALONE.finditer(page.html):
        parts += [other(page.html[at : tag.start()]), tag.group()]
        at = tag.end()
    parts.append(other(page.html[at:]))
    site = site_of(page.url)
    label, _, suffix = site.partition(".")
    there = f"{label}-{turn}.{suffix}"
    return page.url.replace(site, there), b"".join(parts).replace(site.encode(), there.encode())


def main() -> int:
    """Measure at each size, print the table, and return 1 where a page costs too much more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", nargs="?", type=Path, default=PAGES, metavar="WARC")
    parser.add_argument("--sizes", default="1000,10000,100000", help="articles in the collection")
    parser.add_argument("--turns", type=int, default=3, metavar="N", help="backfills into each (default 3)")
    parser.add_argument("--no-text-index", action="store_true", help="without the index of words (TEXT_INDEX)")
    options = parser.parse_args()
    settings = ["TEXT_INDEX=False"] if options.no_text_index else []
    try:
        sizes = sorted(int(size) for size in options.sizes.split(","))
    except ValueError:
        print(f"benchmarks.growth: --sizes {options.sizes}: give numbers with commas between", file=sys.stderr)
        return 2
    try:
        pages = list(pages_of(options.warc, None))
    except OSError as error:
        print(f"benchmarks.growth: {options.warc}: {error.strerror or error}", file=sys.stderr)
        return 2
    if not pages:
        print(f"benchmarks.growth: {options.warc}: no response records", file=sys.stderr)
        return 2
    found: dict[int, dict[str, float]] = {}
    print(f"{len(pages)} pages; " + ", ".join(f"{key} {value}" for key, value in environment().items()))
    print(f"{'articles':>10}{'pages/s':>9}{'CPU ms':>9}{'main':>8}{'mongod':>8}{'main MiB':>10}{'worker MiB':>12}")
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_server(Path(folder) / "mongodb") as server,
        pymongo.MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client,
    ):
        warc, turns = Path(folder) / "elsewhere.warc.gz", itertools.count(1)

        def backfill(chosen: Sequence[Saved], size: int) -> Cost:
            # What was written before is no cost of what comes.
            client.admin.command("fsync")
            turn = next(turns)
            write_warc((elsewhere(page, turn) for page in chosen), warc)
            return crawl([f"warc={warc}"], client, server.uri, f"growth_{size}", *settings)

        for size in sizes:
            # Creates the indexes, and pays for what a server does only once.
            backfill(pages[:1], size)
            fill(client[f"growth_{size}"], made_corpus.articles(1, size, now=datetime.now(UTC)), size)
        starts = {size: backfill(pages[:1], size) for size in sizes}
        costs = defaultdict[int, list[Cost]](list)
        # By turns, as a machine has moods.
        for _ in range(options.turns):
            for size in sizes:
                costs[size].append(backfill(pages, size))
        for size in sizes:
            net = [minus(cost, starts[size]) for cost in costs[size]]
            found[size] = {what: statistics.median(cost[what] for cost in net) / net[0]["pages"] for what in net[0]}
            found[size] |= {
                "main_bytes": max(cost.main_bytes for cost in costs[size]),
                "worker_bytes": max(cost.worker_bytes for cost in costs[size]),
            }
            rates = "".join(
                f"{1000 * found[size][of]:{width}.1f}" for of, width in (("cpu", 9), ("main", 8), ("mongod", 8))
            )
            print(
                f"{size:10,}{1 / found[size]['wall']:9.1f}{rates}"
                f"{found[size]['main_bytes'] / (1 << 20):10.0f}{found[size]['worker_bytes'] / (1 << 20):12.0f}",
                flush=True,
            )
    small, large = found[sizes[0]], found[sizes[-1]]
    more = {name: large[what] / small[what] - 1 for what, name in _FLAT.items()}
    for name, share in more.items():
        print(f"{name:28}{share:+7.1%}  at most {BAR:+.0%}  {'met' if share <= BAR else 'NOT MET'}")
    first, last = 1000 * small["mongod"], 1000 * large["mongod"]
    print(f"what grows: mongod's CPU a page, {first:.1f} to {last:.1f} ms (docs/scale.md says why)")
    return int(any(share > BAR for share in more.values()))


if __name__ == "__main__":
    raise SystemExit(main())
