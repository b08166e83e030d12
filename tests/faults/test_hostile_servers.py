"""What servers do to crawlers: each page ends with its own reason, and memory stays bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest

from crawler.url import article_id
from tests.faults.hostile import WAYS, hostile_server
from tests.running import ROOT, SCRAPY_WITH_PEAK, environment

MEBIBYTE = 1 << 20

ENDS = {
    "mid-body": [("failed", "connection")],
    # What was promised is what is read.
    "less": [("rejected", None)],
    "endless": [("failed", "response-too-large")],
    "headers": [("failed", "response-too-large")],
    "silence": [("failed", "timeout")],
    "trickle": [("failed", "timeout")],
    "gzip-name": [("failed", "bad-response")],
    "bomb": [("failed", "response-too-large")],
    "no-http": [("failed", "connection"), ("failed", "bad-response")],
    "loop": [("failed", "redirect-loop")],
    "nowhere": [("failed", None), ("rejected", None)],
    "empty": [("rejected", "empty")],
}


@pytest.fixture(scope="module")
def crawled(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Any]]:
    """Give the server's address, the crawl's output, and its database."""
    name = f"hostile_{os.getpid()}"
    listed = tmp_path_factory.mktemp("hostile") / "urls.txt"
    with hostile_server() as address, pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
        listed.write_text("\n".join(f"{address}/{way}" for way in WAYS))
        options = ["-s", "DOWNLOAD_DELAY=0", "-s", "DOWNLOAD_TIMEOUT=15", "-s", "RETRY_TIMES=0"]
        # Each page is to fail in its own way, not all of them with their host.
        options += ["-s", "HOST_FAILURES=0"]
        options += ["-s", "CONCURRENT_REQUESTS_PER_DOMAIN=4", "-s", f"DOWNLOAD_MAXSIZE={8 * MEBIBYTE}"]
        done = subprocess.run(
            [sys.executable, "-c", SCRAPY_WITH_PEAK, "crawl", "backfill", "-a", f"urls={listed}", *options],
            env=environment(mongodb_uri=mongodb_uri, database=name), cwd=ROOT, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        yield address, done.stdout, client[name]
        client.drop_database(name)


def test_every_way_is_expected_to_end() -> None:
    assert ENDS.keys() == WAYS.keys()


@pytest.mark.parametrize("way", ENDS)
def test_each_ends_with_its_reason(crawled: tuple[str, str, Any], way: str) -> None:
    address, output, database = crawled
    row = database.pages.find_one({"_id": article_id(f"{address}/{way}")})
    assert row is not None, output
    ends = [(state, reason or row["reason"]) for state, reason in ENDS[way]]
    assert (row["state"], row["reason"]) in ends, row["detail"]


def test_the_crawl_goes_on_to_its_end(crawled: tuple[str, str, Any]) -> None:
    _, output, database = crawled
    assert "Traceback" not in output
    assert database.pages.count_documents({"state": "pending"}) == 0
    assert database.crawls.find_one()["balances"]


def test_memory_stays_bounded(crawled: tuple[str, str, Any]) -> None:
    _, output, _ = crawled
    peak = int(output.rpartition("peak ")[2].split()[0])
    assert peak < 600 * MEBIBYTE, f"{peak / MEBIBYTE:.0f} MiB"
