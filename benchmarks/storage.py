"""What articles cost: bytes in MongoDB, index by index, CPU a page of crawl and server, pages a second, memory.

    python -m benchmarks.storage [WARC ...] [--made N] [--no-text-index]      (default: --made 10000)

Every WARC, and N invented articles written as one (benchmarks/made_news.py), goes through `scrapy crawl backfill` into
a database of its own on the embedded MongoDB; then the server says what its collections and indexes take (collStats).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pymongo

from benchmarks.made_news import paragraphs, sentences
from benchmarks.running import warc_record
from crawler.mongodb.embedded import embedded_server

_COLLECTIONS = ("articles", "revisions", "pages")
_PAPERS = 20
MEGABYTE = 1 << 20


def write_made_archive(path: Path, count: int) -> None:
    """Write a WARC of so many invented articles, each with two read-also links, over twenty papers and a year."""
    random = Random("0")
    start = datetime(2025, 1, 1, 6, tzinfo=UTC)
    with path.open("wb") as file:
        for number in range(count):
            published = start + timedelta(minutes=number % 500_000)
            file.write(made_record(number, made_page(random, number, published), captured_at=published))


def made_record(number: int, page: bytes, *, captured_at: datetime) -> bytes:
    """Return an invented article as a compressed record of a WARC, captured at an instant (UTC)."""
    return warc_record(address(number), page, content_type="text/html; charset=utf-8", captured_at=captured_at)


def address(number: int) -> str:
    """Return the URL of an invented article."""
    return f"https://www.dagblad-{number % _PAPERS:02}.example/nieuws/{number}/een-bericht-uit-de-streek"


def made_page(random: Random, number: int, published: datetime) -> bytes:
    """Return the page of an invented article, as a paper would serve it."""
    title, lead = sentences(random, 2)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs(random))
    related = "".join(
        f'<li><a href="{address(earlier)}">Over {random.randint(3, 90)} huizen in de streek</a></li>'
        for earlier in (max(0, number - _PAPERS), max(0, number - 2 * _PAPERS))
    )
    return (
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="canonical" href="{address(number)}"><meta property="og:type" content="article">'
        f'<meta name="description" content="{lead}"><meta name="author" content="Redactie streek">'
        f'<meta property="article:published_time" content="{published.isoformat()}"></head><body>'
        f"<nav><a href='/'>Voorpagina</a> <a href='/streek'>Streek</a></nav><article><h1>{title}</h1>{body}"
        f"<h3>Lees ook</h3><ul>{related}</ul></article><footer>Dagblad van de streek</footer></body></html>"
    ).encode()


@dataclass(slots=True, kw_only=True)
class Cost:
    """What a crawl took."""

    seconds: float = 0.0
    """Wall clock, start-up included."""
    main_bytes: int = 0
    """Most memory (RSS) of the main process."""
    worker_bytes: int = 0
    """Most memory of one of the processes it started."""
    crawl_cpu: float = 0.0
    """CPU seconds of them all, start-up included."""
    mongod_cpu: float = 0.0
    """CPU seconds of the server meanwhile."""


def crawl(archive: Path, uri: str, database: str, *, text_index: bool, mongod: psutil.Process) -> Cost:
    """Run the backfill, and watch over it and the server."""
    command = [sys.executable, "-m", "scrapy", "crawl", "backfill", "-a", f"warc={archive}"]
    command += ["-s", f"TEXT_INDEX={text_index}", "--loglevel", "ERROR"]
    env = os.environ | {"MONGODB_URI": uri, "MONGODB_DATABASE": database}
    before, started = _cpu(mongod), time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    main = psutil.Process(process.pid)
    cost, cpu = Cost(), dict[int, float]()
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            cost.main_bytes = max(cost.main_bytes, main.memory_info().rss)
            cpu[main.pid] = _cpu(main)
            for worker in main.children(recursive=True):
                cost.worker_bytes = max(cost.worker_bytes, worker.memory_info().rss)
                cpu[worker.pid] = _cpu(worker)
        time.sleep(0.1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    cost.seconds = time.monotonic() - started
    cost.crawl_cpu, cost.mongod_cpu = sum(cpu.values()), _cpu(mongod) - before
    return cost


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a collection takes on the disk, in bytes, without the room in its files that is free for reuse."""

    rows: int
    """How many documents it has."""
    document: int
    """A document on average, as BSON."""
    documents: int
    """All documents, compressed."""
    indexes: dict[str, int]
    """Each index."""


def sizes(database: pymongo.database.Database[dict[str, Any]], collection: str) -> Sizes:
    """Ask the server (collStats), after a checkpoint."""
    # Without it the newest pages are in memory only, and count for nothing.
    database.client.admin.command("fsync")
    stats = database.command("collStats", collection, indexDetails=True)
    return Sizes(
        rows=stats["count"],
        document=stats.get("avgObjSize", 0),
        documents=stats["storageSize"] - _free(stats["wiredTiger"]),
        indexes={name: size - _free(stats["indexDetails"][name]) for name, size in stats["indexSizes"].items()},
    )


def _free(stats: dict[str, Any]) -> int:
    return int(stats["block-manager"]["file bytes available for reuse"])


def report(name: str, database: pymongo.database.Database[dict[str, Any]], cost: Cost) -> None:
    """Print what one archive led to."""
    found = {collection: sizes(database, collection) for collection in _COLLECTIONS}
    articles, pages = found["articles"].rows, found["pages"].rows
    print(f"\n{name}: {pages:,} pages, {articles:,} articles, {pages / cost.seconds:.1f} pages/s")
    print(
        f"  CPU a page: {1000 * cost.crawl_cpu / pages:.1f} ms of the crawl, "
        f"{1000 * cost.mongod_cpu / pages:.1f} ms of mongod; memory: {cost.main_bytes / MEGABYTE:.0f} MiB "
        f"the main process, {cost.worker_bytes / MEGABYTE:.0f} MiB a worker"
    )
    if not articles:
        return
    total = sum(each.documents + sum(each.indexes.values()) for each in found.values())
    print(f"  {total / articles:,.0f} bytes an article on the disk, its share of all collections and indexes")
    for collection, each in found.items():
        if not each.rows:
            continue
        print(
            f"  {collection} ({each.rows:,} rows): document {each.document:,} bytes, on the disk "
            f"{each.documents / each.rows:,.0f}, indexes {sum(each.indexes.values()) / each.rows:,.0f} bytes a row"
        )
        for index, size in sorted(each.indexes.items(), key=lambda item: -item[1]):
            print(f"    {index:<44}{size / each.rows:>8,.0f} bytes a row")


def main() -> int:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("archives", nargs="*", type=Path, metavar="WARC")
    parser.add_argument("--made", type=int, default=None, metavar="N", help="invented articles")
    parser.add_argument("--no-text-index", action="store_true", help="without the index of words")
    options = parser.parse_args()
    made = options.made if options.made is not None else 0 if options.archives else 10_000
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "mongodb") as server:
        archives = list(options.archives)
        if made:
            archives.append(Path(folder) / f"made-{made}.warc.gz")
            write_made_archive(archives[-1], made)
        with pymongo.MongoClient[dict[str, Any]](server.uri) as client:
            for number, archive in enumerate(archives):
                name = f"storage_{number}"
                mongod = psutil.Process(client.admin.command("serverStatus")["pid"])
                text_index = not options.no_text_index
                cost = crawl(archive.resolve(), server.uri, name, text_index=text_index, mongod=mongod)
                report(archive.name, client[name], cost)
                client.drop_database(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
