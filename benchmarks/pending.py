"""How a crawl behaves on a ledger with many pending pages: seconds to its first page, and peak memory.

    python -m benchmarks.pending [ROWS ...]        (default: 10000 100000 1000000)

For each number an empty database of the embedded MongoDB gets that many pending rows, as a run that was killed leaves
them. Then `scrapy crawl news` fetches 200 of them from a server on loopback, and `scrapy crawl backfill` 200 more, with
all their URLs in its list. Last, with every page settled, the same list is gone through once more: seconds and peak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pymongo
from bson import ObjectId

from crawler.article import Via
from crawler.frontier.ledger import INDEXES, PageState
from crawler.mongodb.embedded import embedded_server
from crawler.url import article_id
from tests.faults.site import Paper
from tests.running import SCRAPY_WITH_PEAK


def rows(address: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield rows of `pages` as a run that was killed leaves them."""
    run, start = ObjectId(), datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(number):
        url = f"{address}/nieuws/artikel-{n}"
        yield {
            "_id": article_id(url),
            "url": url,
            "site": "127.0.0.1",
            "state": PageState.PENDING,
            "via": Via.FEED,
            "depth": 0,
            "found_on": f"{address}/rss",
            "news_at": start + timedelta(milliseconds=n),
            "discovered_at": start + timedelta(milliseconds=n),
            "run": run,
            "claim": run,
            "visits": 0,
        }


def crawl(uri: str, name: str, paper: Paper, *arguments: str) -> str:
    """Crawl, and return how it went: seconds to the first page and to the end, peak memory, pages settled."""
    paper.requests.clear()
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRAPY_WITH_PEAK, "crawl", *arguments],
        env=os.environ | {"MONGODB_URI": uri, "MONGODB_DATABASE": name},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    first: float | None = None
    while process.poll() is None:
        if first is None and any(path.startswith("/nieuws/") for path in list(paper.requests)):
            first = time.monotonic() - started
        time.sleep(0.01)
    output, errors = process.communicate()
    if process.returncode:
        print(errors)
    peak = int(output.rpartition("peak ")[2]) / (1 << 20)
    begun = "no page to fetch" if first is None else f"first page after {first:5.1f} s"
    return f"{begun}, ended after {time.monotonic() - started:5.1f} s, peak {peak:4.0f} MiB"


def measure(uri: str, number: int, folder: Path) -> None:
    """Fill a database, crawl three times, print a line each."""
    name = f"pending_{number}"
    with pymongo.MongoClient[dict[str, Any]](uri) as client, Paper(0, pace=0) as paper:
        pages = client[name].pages
        pages.create_indexes(list(INDEXES))
        remaining = rows(paper.address, number)
        with (folder / "urls.txt").open("w") as urls:
            while part := list(islice(remaining, 10_000)):
                pages.insert_many(part, ordered=False)
                urls.writelines(f"{row['url']}\n" for row in part)
        news = ("news", "-a", f"sites_file={paper.sites_file(folder)}", "-a", "max_articles=200")
        backfill = ("backfill", "-a", f"urls={folder / 'urls.txt'}")
        delay = ("-s", "DOWNLOAD_DELAY=0")
        for what, arguments in (("news", news), ("backfill", (*backfill, "-a", "max_articles=200", *delay))):
            print(f"{number:>9,} pending, {what:<8}: {crawl(uri, name, paper, *arguments)}", flush=True)
        pages.update_many({"state": PageState.PENDING}, {"$set": {"state": PageState.FAILED, "reason": "http-status"}})
        print(f"{number:>9,} settled, backfill: {crawl(uri, name, paper, *backfill)}", flush=True)
        client.drop_database(name)


def main() -> int:
    """Measure each number of rows asked for."""
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "mongodb") as server:
        for number in map(int, sys.argv[1:] or ("10000", "100000", "1000000")):
            measure(server.uri, number, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
