"""The pipelines in a real crawl, in a process of its own that may be interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from crawler.mongodb.embedded import EmbeddedServer, embedded_server, serving_pid
from tests.processes import standing_still
from tests.running import with_load

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("crawl.py")


class Crawl:
    """A crawl in a process of its own."""

    def __init__(self, uri: str, directory: Path, *, pages: int, settings: tuple[str, ...] = (), old: int = 0) -> None:
        """old: articles of many words, from before there was an index of them."""
        self.database = f"test_{uuid.uuid4().hex}"
        self._uri = uri
        with pymongo.MongoClient[Any](uri) as client:
            for number in range(old):
                words = (f"{number % 7}{word:x}{number:x}" for word in range(5_000))
                client[self.database].articles.insert_one({"search_language": "nl", "text": " ".join(words)})
        self._log = directory / "crawl.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), uri, self.database, str(pages), *settings],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait(self, seconds: float) -> dict[str, Any]:
        """Return the stats of the crawl once it has ended."""
        output, _ = self.process.communicate(timeout=seconds)
        stats: dict[str, Any] = json.loads(output.splitlines()[-1])
        return stats

    def wait_until_stored(self, number: int) -> None:
        with pymongo.MongoClient[Any](self._uri) as client:
            while client[self.database].articles.estimated_document_count() < number:
                assert self.process.poll() is None, self.log
                time.sleep(0.01)

    def states(self) -> Counter[str]:
        with pymongo.MongoClient[Any](self._uri) as client:
            return Counter(page["state"] for page in client[self.database].pages.find())


@contextmanager
def crawl(uri: str, directory: Path, *, pages: int, settings: tuple[str, ...] = (), old: int = 0) -> Iterator[Crawl]:
    running = Crawl(uri, directory, pages=pages, settings=settings, old=old)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()
        with pymongo.MongoClient[Any](uri) as client:
            client.drop_database(running.database)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Give a mongod that a test may do to what it likes."""
    with embedded_server(tmp_path / "db") as server:
        yield server


def test_every_outcome_goes_through_and_is_settled(mongodb_uri: str, tmp_path: Path) -> None:
    with crawl(mongodb_uri, tmp_path, pages=20) as running:
        stats = running.wait(60)
        assert stats["finish_reason"] == "finished"
        counts = {name: stats[name] for name in stats if name.startswith("store/")}
        assert counts.pop("store/batches") >= 1
        assert counts == {
            "store/stored": 20,
            "store/rejected": 2,
            "store/rejected/video-page": 1,
            "store/rejected/invalid": 1,
            "store/failed": 2,
            "store/failed/http-status": 1,
            "store/failed/store": 1,
        }
        assert running.states() == {"stored": 20, "rejected": 2, "failed": 2}
        with pymongo.MongoClient[Any](mongodb_uri) as client:
            document = client[running.database].articles.find_one()
            assert document is not None
            assert (document["language"], document["language_source"]) == ("nl", "langdetect")
            assert len(document["content_hash"]) == 24
            page = client[running.database].pages.find_one({"reason": "invalid"})
            assert page is not None
            assert page["detail"] == "title: empty"
        assert "Traceback" not in running.log


def test_database_that_does_not_come_back_ends_the_crawl(own_server: EmbeddedServer, tmp_path: Path) -> None:
    with crawl(own_server.uri, tmp_path, pages=4000, settings=("MONGODB_WAIT=4",)) as running:
        running.wait_until_stored(50)
        pid = serving_pid(tmp_path / "db")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        stats = running.wait(40)
        with embedded_server(tmp_path / "db"):
            states = running.states()
        assert stats["finish_reason"] == "database-lost"
        assert "The crawl ends: MongoDB was away for 4 seconds (MONGODB_WAIT)" in running.log
        assert re.search(r"\d+ pages were fetched and not stored; they stay pending", running.log)
        assert states["stored"] >= stats["store/stored"]
        assert states["pending"] >= stats["store/unwritten"] >= 1


def test_an_index_may_take_longer_than_mongodb_may_be_away(mongodb_uri: str, tmp_path: Path) -> None:
    with crawl(mongodb_uri, tmp_path, pages=5, settings=("MONGODB_WAIT=1", "TEXT_INDEX=1"), old=300) as running:
        stats = running.wait(120)
        assert "MongoDB is still at what it was asked 1 s ago" in running.log
        assert (stats["finish_reason"], stats["store/stored"]) == ("finished", 5)
        with pymongo.MongoClient[Any](mongodb_uri) as client:
            assert "words" in client[running.database].articles.index_information()


def test_interrupted_once_writes_what_it_has(mongodb_uri: str, tmp_path: Path) -> None:
    with crawl(mongodb_uri, tmp_path, pages=4000) as running:
        running.wait_until_stored(50)
        running.process.send_signal(signal.SIGINT)
        stats = running.wait(30)
        assert stats["finish_reason"] == "shutdown"
        assert running.states()["stored"] == stats["store/stored"]
        assert "stay pending" not in running.log
        assert "Traceback" not in running.log


def test_interrupted_twice_ends_at_once_even_if_mongod_hangs(own_server: EmbeddedServer, tmp_path: Path) -> None:
    with crawl(own_server.uri, tmp_path, pages=4000) as running:
        running.wait_until_stored(50)
        pid = serving_pid(tmp_path / "db")
        assert pid is not None
        with standing_still(pid):
            running.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            running.process.send_signal(signal.SIGINT)
            started = time.monotonic()
            running.wait(10)
            assert time.monotonic() - started < with_load(2)
        assert re.search(r"\d+ pages were fetched and not stored; they stay pending", running.log)
        states = running.states()
        assert states["stored"] + states["pending"] + states["rejected"] + states["failed"] == 4004
        assert states["pending"] >= 3000
