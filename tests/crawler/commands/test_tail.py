from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from crawler.article import to_document
from crawler.export.shapes import json_lines
from crawler.mongodb.embedded import embedded_server, serving_pid
from crawler.url import article_id
from tests.running import ROOT, environment, scrapy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    from crawler.article import Article

    Documents = Callable[..., dict[str, Any]]

PATIENCE = 300.0


def until(condition: Callable[[], Any]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to it"
        time.sleep(0.05)


class Tail:
    """`scrapy tail` at work, writing to a file and remembering its place in another."""

    def __init__(self, directory: Path, env: dict[str, str], *options: str) -> None:
        self.output, self.place, self.errors = directory / "out.jsonl", directory / "place", directory / "stderr"
        self.command = [sys.executable, "-m", "scrapy", "tail", "--resume-file", str(self.place)]
        self.command += ["-o", str(self.output), *options]
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*self.command, *options], cwd=ROOT, env=self.env, stderr=errors, stdin=subprocess.DEVNULL
            )

    def started(self, *options: str) -> None:
        """Start, and wait until it follows: it then notes where it is."""
        before = self.place.stat().st_mtime_ns if self.place.exists() else 0
        self.start(*options)
        until(lambda: self.place.exists() and self.place.stat().st_mtime_ns > before)

    def end(self, number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written, up to the last whole line."""
        text = self.output.read_text() if self.output.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def noted(self) -> dict[str, Any]:
        """Return what it remembers of its place."""
        return dict(json.loads(self.place.read_text()))

    def erased(self) -> list[str]:
        """Return of which articles it has told that they are erased."""
        return [line["_id"] for line in self.lines() if line.get("deleted")]

    def said(self) -> str:
        return self.errors.read_text()


@pytest.fixture
def tails(mongodb_uri: str, database: Database[dict[str, Any]], tmp_path: Path) -> Iterator[Callable[..., Tail]]:
    """Return a function that makes a tail of the test's database; what is still at work is ended."""
    made: list[Tail] = []

    def make(*options: str, uri: str = mongodb_uri, **settings: str) -> Tail:
        env = environment(mongodb_uri=uri, database=database.name) | settings
        made.append(Tail(tmp_path, env, *options))
        return made[-1]

    yield make
    for tail in made:
        if tail.process is not None:
            with contextlib.suppress(ProcessLookupError):
                tail.process.kill()
            tail.process.wait()


@pytest.fixture
def document(make_article: Callable[..., Article]) -> Documents:
    """Return a function that makes the document with a number."""

    def make(number: int, **fields: Any) -> dict[str, Any]:
        return to_document(make_article(f"https://www.polderbode.example/{number}", **fields))

    return make


def test_new_and_changed_articles_come_as_an_export_writes_them(
    database: Database[dict[str, Any]], tails: Callable[..., Tail], document: Documents
) -> None:
    database.articles.insert_one(document(0))
    tail = tails()
    tail.started()
    one = document(1)
    database.articles.insert_one(one)
    database.articles.update_one({"_id": one["_id"]}, {"$set": {"last_seen_at": None, "fetch.etag": "x"}})
    until(tail.lines)
    database.articles.update_one({"_id": one["_id"]}, {"$set": {"title": "Anders", "revision": 2}})
    until(lambda: len(tail.lines()) > 1)
    database.articles.delete_one({"_id": one["_id"]})
    until(lambda: len(tail.lines()) > 2)
    assert tail.end() == 0
    first, second, third = tail.output.read_text().splitlines(keepends=True)
    assert first == next(json_lines([one]))
    assert json.loads(second) == json.loads(first) | {
        "title": "Anders",
        "revision": 2,
        "fetch": json.loads(second)["fetch"],
    }
    at = datetime.fromisoformat(json.loads(third)["deleted_at"])
    assert json.loads(third) == {"_id": one["_id"], "deleted": True, "deleted_at": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    assert tail.said() == ""


def test_only_the_languages_and_sites_chosen(
    database: Database[dict[str, Any]], tails: Callable[..., Tail], document: Documents
) -> None:
    tail = tails("--language", "nl", "--site", "polderbode.example", "--from-start")
    database.articles.insert_many([document(0, language="fy"), document(1)])
    tail.started()
    database.articles.insert_many([document(2, language="fy"), document(3, site="nrc.nl"), document(4)])
    until(lambda: len(tail.lines()) >= 2)
    assert tail.end(signal.SIGTERM) == 0
    assert [line["url"][-1] for line in tail.lines()] == ["1", "4"]
    tail.command = tail.command[:-5]
    tail.start()
    assert tail.process is not None
    assert tail.process.wait(PATIENCE) == 1
    assert "is of the database" in tail.said()


def test_killed_again_and_again_it_neither_misses_nor_repeats(
    database: Database[dict[str, Any]], tails: Callable[..., Tail], document: Documents
) -> None:
    """Articles come, change and go all the time; the tail is killed at random moments, six times."""
    dice = random.Random(4)
    database.articles.insert_many([document(n) for n in range(1500)])
    over = threading.Event()

    def crawl() -> None:
        for n in range(1500, 4000):
            database.articles.insert_one(document(n))
            changed = document(dice.randrange(n), title=f"Veranderd {n}")
            database.articles.update_one({"_id": changed["_id"]}, {"$set": {"title": changed["title"]}})
            if n % 5 == 0:
                database.articles.delete_one({"_id": document(dice.randrange(n))["_id"]})
            time.sleep(0.004)
            if over.is_set():
                break

    writer = threading.Thread(target=crawl)
    writer.start()
    tail = tails("--from-start")
    try:
        for _ in range(6):
            tail.started()
            time.sleep(dice.uniform(0, 1.5))
            tail.end(signal.SIGKILL)
    finally:
        over.set()
        writer.join()
    tail.started()
    until(lambda: not tail.noted()["scanning"])
    last = database.articles.find_one()
    assert last is not None
    database.articles.delete_one({"_id": last["_id"]})
    mark = document(9999)
    database.articles.insert_one(mark)
    until(lambda: tail.lines()[-1]["_id"] == mark["_id"])
    assert tail.end() == 0
    lines = tail.lines()
    newest = {line["_id"]: line for line in lines}
    gone = {key for key, line in newest.items() if line.get("deleted")}
    assert last["_id"] in gone
    assert database.articles.count_documents({"_id": {"$in": list(gone)}}) == 0
    stored = {d["_id"]: json.loads(line) for d in database.articles.find() for line in json_lines([d])}
    assert {key: line for key, line in newest.items() if key not in gone} == stored
    repeated = [n for n in Counter((line["_id"], line.get("title")) for line in lines).values() if n > 1]
    assert repeated == []


def test_an_erasure_is_told_after_a_pause_and_once(
    database: Database[dict[str, Any]], tails: Callable[..., Tail], document: Documents
) -> None:
    """One article is forgotten while nobody follows; another, of a site not chosen, while somebody does."""
    database.articles.insert_many([document(0), document(1), document(2, site="nrc.nl")])
    tail = tails("--from-start", "--site", "polderbode.example")
    tail.started()
    until(lambda: not tail.noted()["scanning"])
    assert len(tail.lines()) == 2
    assert tail.end(signal.SIGKILL) == -signal.SIGKILL
    assert scrapy("forget", document(0)["url"], "--yes", env=tail.env).exit_code == 0
    tail.started()
    until(lambda: tail.erased() == [document(0)["_id"]])
    assert scrapy("forget", document(2)["_id"], "--yes", env=tail.env).exit_code == 0
    until(lambda: tail.erased() == [document(0)["_id"], document(2)["_id"]])
    assert tail.end() == 0
    tail.started()
    database.articles.insert_one(document(3))
    until(lambda: tail.lines()[-1]["_id"] == document(3)["_id"])
    assert tail.end() == 0
    assert tail.erased() == [document(0)["_id"], document(2)["_id"]]


def test_it_waits_for_a_mongod_that_was_killed(
    tmp_path: Path, tails: Callable[..., Tail], document: Documents, database: Database[dict[str, Any]]
) -> None:
    data_dir = tmp_path / "mongodb"
    with embedded_server(data_dir) as server:
        tail = tails("--from-start", uri=server.uri)
        # As it is closed, it looks for the server once more.
        with pymongo.MongoClient[dict[str, Any]](server.uri, serverSelectionTimeoutMS=1_000) as client:
            client[database.name].articles.insert_many([document(n) for n in range(3)])
            tail.started()
            until(lambda: len(tail.lines()) == 3)
            pid = serving_pid(data_dir)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            until(lambda: "MongoDB does not answer, trying again" in tail.said())
    with embedded_server(data_dir) as server, pymongo.MongoClient[dict[str, Any]](server.uri) as client:
        client[database.name].articles.insert_one(document(3))
        until(lambda: len(tail.lines()) == 4)
        assert tail.end() == 0
    assert sorted(line["url"][-1] for line in tail.lines()) == ["0", "1", "2", "3"]


def test_it_does_not_wait_for_ever(tmp_path: Path, tails: Callable[..., Tail]) -> None:
    data_dir = tmp_path / "mongodb"
    with embedded_server(data_dir) as server:
        tail = tails("-s", "MONGODB_WAIT=1", uri=server.uri)
        tail.started()
        pid = serving_pid(data_dir)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert tail.process is not None
        assert tail.process.wait(PATIENCE) == 1
    assert "MongoDB did not answer for" in tail.said().splitlines()[-1]
    assert "Traceback" not in tail.said()


def test_a_place_that_the_oplog_has_left_behind(
    tmp_path: Path, tails: Callable[..., Tail], document: Documents, database: Database[dict[str, Any]]
) -> None:
    with (
        embedded_server(tmp_path / "mongodb") as server,
        pymongo.MongoClient[dict[str, Any]](server.uri) as client,
    ):
        tail = tails(uri=server.uri)
        tail.started()
        assert tail.end() == 0
        client[database.name].articles.insert_many([document(1), document(2)])
        forgotten = document(2)["url"]
        assert scrapy("forget", forgotten, "--yes", env=tail.env).exit_code == 0
        noise, oldest = client[database.name].noise, client.local["oplog.rs"].find_one(sort=[("$natural", 1)])
        assert oldest is not None
        # It keeps what it would need after a crash, that is all since its last checkpoint, and makes one a minute: all
        # that can be done is to give it twice what it is to keep, and to wait.
        deadline = time.monotonic() + PATIENCE
        for _ in range(8):
            noise.insert_many([{"noise": os.urandom(1 << 20)} for _ in range(16)])
        while client.local["oplog.rs"].find_one(sort=[("$natural", 1)]) == oldest:
            assert time.monotonic() < deadline, "the oplog kept all it ever had"
            noise.insert_one({"noise": os.urandom(1 << 20)})
            time.sleep(1)
        tail.start()
        assert tail.process is not None
        assert tail.process.wait(PATIENCE) == 1
        assert tail.said() == (
            f"scrapy tail: the server's oplog no longer reaches back to where {tail.place} stopped: give --from-start "
            "for all stored articles, or --since-now to skip what is lost\n"
        )
        tail.start("--from-start")
        until(lambda: len(tail.lines()) == 2)
        assert tail.end() == 0
    told = {line["_id"]: line.get("deleted", False) for line in tail.lines()}
    assert told == {article_id(forgotten): True, document(1)["_id"]: False}


def test_a_reader_that_has_seen_enough(
    database: Database[dict[str, Any]], mongodb_uri: str, document: Documents
) -> None:
    database.articles.insert_many([document(n) for n in range(3000)])
    env = environment(mongodb_uri=mongodb_uri, database=database.name)
    command = f"{sys.executable} -m scrapy tail --from-start | head -2"
    done = subprocess.run(command, shell=True, cwd=ROOT, env=env, capture_output=True, timeout=60, check=True)
    assert (len(done.stdout.splitlines()), done.stderr) == (2, b"")


def test_what_is_no_resume_file(tails: Callable[..., Tail]) -> None:
    tail = tails()
    tail.place.write_text('{"version": 1}')
    tail.start()
    assert tail.process is not None
    assert tail.process.wait(PATIENCE) == 1
    assert f"{tail.place} is no resume file of scrapy tail" in tail.said()


def test_an_output_from_which_something_was_taken(
    database: Database[dict[str, Any]], tails: Callable[..., Tail], document: Documents
) -> None:
    database.articles.insert_one(document(0))
    tail = tails("--from-start")
    tail.started()
    until(tail.lines)
    tail.end()
    tail.output.write_text("")
    tail.start()
    assert tail.process is not None
    assert tail.process.wait(PATIENCE) == 1
    assert "something was taken from it" in tail.said()
