"""How fast the pages of the dashboard are, on a database as years of crawling leave it; and what its text index costs.

    python -m benchmarks.dashboard [--articles 100000] [--data-dir DIR] [--rounds 10]

Fills a database of the embedded MongoDB, unless the data directory named has one of that size, runs `scrapy dashboard`
on it, and asks for each page over HTTP. Prints the milliseconds that the server itself took (its Server-Timing header):
the first time, the median, and the slowest of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo import AsyncMongoClient

from benchmarks.made_corpus import articles, crawls, pages, revisions, vocabulary
from crawler.frontier.ledger import INDEXES, PAGES
from crawler.frontier.runs import DURABLE
from crawler.mongodb.embedded import embedded_server
from crawler.text_search import INDEX
from pipelines.store_schema import ARTICLE_INDEXES, TEXT_INDEX, prepare
from tests.running import ROOT, environment

if TYPE_CHECKING:
    from pymongo.database import Database

DATABASE = "made"
_BATCH = 2_000


def fill(uri: str, count: int) -> None:
    """Make the database, unless it is there with so many articles."""
    with pymongo.MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        database = client[DATABASE]
        if database["articles"].estimated_document_count() == count:
            return
        client.drop_database(DATABASE)
        now = datetime.now(UTC)
        database[PAGES].create_indexes(list(INDEXES))
        database["crawls"].create_index([("started_at", -1)])
        rows = list(crawls(1, now=now))
        database["crawls"].insert_many(rows)
        runs = [row["_id"] for row in rows]
        started = time.monotonic()
        for number, batch in enumerate(_batches(articles(1, count, now=now))):
            database["articles"].insert_many(batch, ordered=False)
            if earlier := list(revisions(batch)):
                database["revisions"].insert_many(earlier)
            database[PAGES].insert_many(list(pages(number, batch, runs)))
        made = time.monotonic()
        asyncio.run(_prepare(uri))
        sizes = database.command("collstats", "articles", scale=2**20)["indexSizes"]
        print(
            f"{count:,} articles made in {made - started:.0f} s, all their indexes in {time.monotonic() - made:.0f} s"
        )
        print(f"the text index has {sizes[INDEX]} MiB, all indexes together {sum(sizes.values())} MiB")


async def _prepare(uri: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        await prepare(client[DATABASE])


def _batches(documents: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(documents, _BATCH)):
        yield batch


def insert_cost(uri: str, *, words: bool, count: int = 4_000) -> float:
    """Return the milliseconds it takes to insert an article, durably and fifty at once, with or without its words."""
    name = f"{DATABASE}_cost"
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(name)
        indexes = [*ARTICLE_INDEXES, *([TEXT_INDEX] if words else [])]
        client[name]["articles"].create_indexes(indexes)
        durable = client[name].get_collection("articles", write_concern=DURABLE)
        documents = list(articles(2, count, now=datetime.now(UTC)))
        started = time.monotonic()
        for at in range(0, count, 50):
            durable.insert_many(documents[at : at + 50], ordered=False)
        took = time.monotonic() - started
        client.drop_database(name)
    return 1000 * took / count


def paths(database: Database[dict[str, Any]]) -> dict[str, str]:
    """Return what to ask for, by what it is called."""
    middle = database["articles"].find_one({"related.2": {"$exists": True}, "revision": 2}, sort=[("published_at", -1)])
    largest = database["articles"].find_one({"site": "dagblad-00.example"}) or {}
    words = vocabulary("nl").words
    assert middle is not None
    return {
        "overview": "/",
        "articles": "/articles",
        "articles, a site": "/articles?site=dagblad-00.example",
        "articles, three filters": "/articles?language=nl&paywall=closed&links=yes",
        "articles, a rare kind": "/articles?kind=video&repeats=hide",
        "articles, a month long ago": "/articles?until=2025-12",
        "search, a common word": f"/articles?q={words[3]}",
        "search, a rare word": f"/articles?q={words[-3]}",
        "search, a rare and a common word": f"/articles?q={words[-3]}+{words[3]}",
        "search, three common words": f"/articles?q={words[3]}+{words[9]}+{words[15]}",
        "search, a word of a site": f"/articles?q={words[400]}&site=dagblad-19.example",
        "article": f"/articles/{middle['_id']}",
        "graph": f"/articles/{middle['_id']}/graph",
        "sites": "/sites",
        "site, the largest": f"/sites/{largest['site']}",
        "site, the smallest": "/sites/dagblad-19.example",
    }


@contextmanager
def _dashboard(uri: str) -> Iterator[str]:
    command = [sys.executable, "-m", "scrapy", "dashboard", "--port", "0"]
    env = environment(mongodb_uri=uri, database=DATABASE)
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.terminate()


def _milliseconds(url: str) -> float:
    with urllib.request.urlopen(url) as answer:
        answer.read()
        found = re.search(r"dur=([\d.]+)", answer.headers["Server-Timing"])
    assert found is not None
    return float(found[1])


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, embedded_server(options.data_dir or Path(folder)) as server:
        fill(server.uri, options.articles)
        costs = [insert_cost(server.uri, words=words) for words in (False, True)]
        print("milliseconds to insert an article without and with its words: " + ", ".join(f"{c:.2f}" for c in costs))
        with pymongo.MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client:
            asked = paths(client[DATABASE])
        print(f"{'page':<34}{'first':>8}{'median':>8}{'slowest':>8}   milliseconds")
        with _dashboard(server.uri) as base:
            for name, path in asked.items():
                first, *times = (_milliseconds(base + path) for _ in range(options.rounds + 1))
                print(f"{name:<34}{first:>8.0f}{statistics.median(times):>8.0f}{max(times):>8.0f}", flush=True)


if __name__ == "__main__":
    main()
