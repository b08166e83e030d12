"""A crawl that runs while a test does its worst to what the crawl depends on, and a mongod that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pymongo

from crawler.mongodb.embedded import embedded_server
from crawler.mongodb.process import serving_pid
from crawler.url import article_id
from tests.faults.site import Paper
from tests.processes import kill
from tests.running import ROOT, Ran, environment

DATABASE = "news"
MANY = 100
"""Requests at a time to a paper that answers slowly, so that much is under way when its fault comes."""


class OwnServer:
    """A mongod with a data directory of its own."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self.uri = ""
        self.start()

    def start(self) -> None:
        """Start it, on the port it had."""
        uri = self._stack.enter_context(embedded_server(self.directory)).uri
        assert self.uri in {"", uri}
        self.uri = uri

    def kill(self) -> None:
        """Kill it as the kernel does, and wait until it is gone."""
        pid = serving_pid(self.directory)
        assert pid
        kill(pid)
        assert serving_pid(self.directory) is None

    @contextmanager
    def client(self) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
        """Give a client of its own."""
        with pymongo.MongoClient[dict[str, Any]](self.uri, tz_aware=True, serverSelectionTimeoutMS=5_000) as client:
            yield client

    def stored(self) -> set[str]:
        """Return the articles that are in the journal, so that no crash may lose them."""
        with self.client() as client:
            majority = pymongo.read_concern.ReadConcern("majority")
            articles = client[DATABASE].get_collection("articles", read_concern=majority)
            return {article["_id"] for article in articles.find({}, {"_id": 1})}


@contextmanager
def own_mongod(directory: Path) -> Iterator[OwnServer]:
    """Give a running mongod; it is stopped in the end, whatever was done to it."""
    with ExitStack() as stack:
        yield OwnServer(directory, stack)


class Crawl:
    """A running `scrapy crawl`."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", *arguments],
            env=env, cwd=ROOT, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def wait_until(self, holds: Callable[[], bool], *, seconds: float = 600) -> None:
        """Return once it holds. Raises AssertionError, with what was said last, where the crawl ends or time is up."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self.process.poll() is not None:
                ended = self.end()
                raise AssertionError(f"it ended before that, status {ended.exit_code}: {ended.said}")
            if time.monotonic() > deadline:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise AssertionError(f"did not come about in {seconds:g} s: {self.end().said}")
            time.sleep(0.02)

    def end(self, timeout: float = 900) -> Ran:
        """Return how it ended. Raises AssertionError, with what it said last, where it hangs."""
        try:
            stdout, stderr = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"still at work after {timeout:g} s: {self.end().said}") from None
        return Ran(exit_code=self.process.returncode, stdout=stdout, stderr=stderr)


@contextmanager
def crawl(
    *arguments: str, uri: str, database: str = DATABASE, environ: Mapping[str, str] | None = None, **settings: object
) -> Iterator[Crawl]:
    """Give a crawl that has been started, `environ` in its environment; it is killed if it still runs in the end."""
    settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": MANY, **settings}
    options = [option for name, value in settings.items() for option in ("-s", f"{name}={value}")]
    running = Crawl([*arguments, *options], environment(mongodb_uri=uri, database=database) | dict(environ or {}))
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.communicate()


def crawl_paper(paper: Paper, folder: Path, *, uri: str, **settings: object) -> Any:
    """Give a crawl of a paper, as `crawl` does."""
    # The index of words is most of what an article costs mongod, and has no part in this.
    options = {"EXTRACTION_WORKERS": 1, "TEXT_INDEX": False, **settings}
    return crawl("news", "-a", f"sites_file={paper.sites_file(folder)}", uri=uri, **options)


def wait_until(holds: Callable[[], bool], *, seconds: float = 600) -> None:
    """Return once it holds. Raises AssertionError if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.02)


def counts(database: Any, urls: Sequence[str]) -> dict[str, int]:
    """Return how many pages there should be, and how many are not as they should be, in each way."""
    keys = {article_id(url) for url in urls}
    rows = list(database.pages.find())
    articles = list(database.articles.find({}, {"revision": 1}))
    return {
        "pages": len(keys),
        "pages_missing": len(keys - {row["_id"] for row in rows}),
        "pages_too_many": len({row["_id"] for row in rows} - keys),
        # A page whose article was written just before its run was killed is found unchanged by the next run.
        "not_settled": sum(row["state"] not in {"stored", "unchanged"} for row in rows),
        "settled_twice": sum(row["visits"] != 1 for row in rows),
        "articles_missing": len(keys - {article["_id"] for article in articles}),
        "articles_twice": len({a["_id"] for a in articles} - keys) + sum(a["revision"] != 1 for a in articles),
        "runs_left_open": database.crawls.count_documents({"ended_at": None}),
        "runs_unbalanced": database.crawls.count_documents({"balances": False}),
    }


def assert_settled_once(database: Any, urls: Sequence[str], tally: Callable[..., None] | None = None) -> None:
    """Check that every page has an article, was settled once, and that the books balance; tell `tally` first."""
    counted = counts(database, urls)
    if tally is not None:
        tally(**counted)
    odd = [row for row in database.pages.find() if row["state"] not in {"stored", "unchanged"} or row["visits"] != 1]
    assert counted == {**dict.fromkeys(counted, 0), "pages": len(urls)}, odd[:3]
    assert database.revisions.count_documents({}) == 0
