"""What happens to a crawl whose MongoDB is killed, steps down or runs out of disk: nothing acknowledged is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import PyMongoError

from crawler.mongodb.embedded import embedded_server, expected_uri
from crawler.url import article_id
from tests.faults.crawling import DATABASE, assert_settled_once, crawl, crawl_paper, own_mongod
from tests.faults.site import Paper
from tests.running import Ran

_TRY = re.compile(r"^\S+ \S+ WARNING MongoDB does not answer, giving up in \d+ s: \S.*$")


def assert_waited_politely(ran: Ran) -> None:
    """Check that the log has a line for each try and nothing of what lies under it."""
    lines = ran.stderr.splitlines()
    tries = [line for line in lines if "MongoDB does not answer" in line]
    assert tries, ran.stderr
    assert all(_TRY.match(line) for line in tries)
    assert "Traceback" not in ran.stderr
    assert " ERROR " not in ran.stderr


def test_killed_and_back_after_five_seconds(round_: int, tmp_path: Path, tally: Callable[..., None]) -> None:
    with own_mongod(tmp_path / "db") as server, Paper(160, pace=0.1, linked=80) as paper:
        with crawl_paper(paper, tmp_path, uri=server.uri) as running:
            running.wait_until(lambda: len(server.stored()) > 20)
            acknowledged = server.stored()
            server.kill()
            time.sleep(5)
            server.start()
            assert acknowledged <= server.stored()
            ran = running.end()
        with server.client() as client:
            assert ran.exit_code == 0, ran.stderr
            assert_settled_once(client[DATABASE], paper.urls, tally)
    assert ran.balance["stored"] == len(paper.urls)
    assert ran.balance["pending"] == 0
    assert_waited_politely(ran)


def test_killed_and_gone_for_longer_than_the_crawl_waits(
    round_: int, tmp_path: Path, tally: Callable[..., None]
) -> None:
    with own_mongod(tmp_path / "db") as server, Paper(240, pace=0.1) as paper:
        with crawl_paper(paper, tmp_path, uri=server.uri, MONGODB_WAIT=6) as running:
            running.wait_until(lambda: len(server.stored()) > 20)
            acknowledged = server.stored()
            server.kill()
            killed_at = time.monotonic()
            lost = running.end()
            # It waits once for all pages under way, and not for each of them.
            assert time.monotonic() - killed_at < 6 + 30
        server.start()
        assert acknowledged <= server.stored()
        with crawl_paper(paper, tmp_path, uri=server.uri) as running:
            repeated = running.end()
        with server.client() as client:
            assert repeated.exit_code == 0, repeated.stderr
            assert_settled_once(client[DATABASE], paper.urls, tally)
    assert lost.exit_code == 3
    assert re.fullmatch(
        r"scrapy crawl: the database was lost; \d+ pages stay pending for the next run", lost.stderr.splitlines()[-1]
    )
    assert lost.stderr.count("MongoDB was away for 6 seconds (MONGODB_WAIT)") == 1
    # One line a try, however many pages wait.
    assert 1 <= lost.stderr.count("MongoDB does not answer") <= 7
    assert "Traceback" not in lost.stderr


def test_stopped_at_once_while_it_is_gone(tmp_path: Path) -> None:
    with own_mongod(tmp_path / "db") as server, Paper(60, pace=0.1) as paper:
        with crawl_paper(paper, tmp_path, uri=server.uri) as running:
            running.wait_until(lambda: len(server.stored()) > 5)
            server.kill()
            running.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            stopped_at = time.monotonic()
            running.process.send_signal(signal.SIGINT)
            stopped = running.end()
            # The server is looked for once more, for a second; MONGODB_WAIT is a minute.
            assert time.monotonic() - stopped_at < 20
        server.start()
        with crawl_paper(paper, tmp_path, uri=server.uri) as running:
            repeated = running.end()
        with server.client() as client:
            assert repeated.exit_code == 0, repeated.stderr
            assert_settled_once(client[DATABASE], paper.urls)
    assert stopped.exit_code == 128 + signal.SIGINT
    assert "Traceback" not in stopped.stderr


def test_primary_steps_down(round_: int, tmp_path: Path, tally: Callable[..., None]) -> None:
    with own_mongod(tmp_path / "db") as server, Paper(160, pace=0.1, linked=80) as paper:
        with crawl_paper(paper, tmp_path, uri=server.uri) as running:
            running.wait_until(lambda: len(server.stored()) > 20)
            acknowledged = server.stored()
            with server.client() as client:
                client.admin.command({"replSetStepDown": 3, "force": True})
                assert not client.admin.command("hello")["isWritablePrimary"]
            ran = running.end()
        with server.client() as client:
            assert ran.exit_code == 0, ran.stderr
            assert_settled_once(client[DATABASE], paper.urls, tally)
            assert acknowledged <= {article_id(url) for url in paper.urls}
    assert_waited_politely(ran)


class TestFullDisk:
    """The embedded server on a disk of its own, and a log on one that takes nothing."""

    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        """Give a file system that is just large enough for an empty server; its journal takes 300 MB."""
        where = tmp_path / "disk"
        where.mkdir()
        try:
            mounting = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(where)]
            mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("no mount command here")
        if mounted.returncode:
            pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
        try:
            yield where
        finally:
            subprocess.run(["umount", "--lazy", str(where)], check=True)

    def fill(self, disk: Path) -> None:
        """Take all room but a page's, and have mongod write what it holds in memory, which it does once a minute."""
        with (disk / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(disk).free - 4096)
        with pymongo.MongoClient[dict[str, object]](expected_uri(disk / "db")) as client, pytest.raises(PyMongoError):
            client.admin.command("fsync")

    def stored(self, disk: Path) -> int:
        """Return how many articles the server of the crawl has by now; none before it runs."""
        if not (disk / "db" / "leesook.json").exists():
            return 0
        with pymongo.MongoClient[dict[str, object]](expected_uri(disk / "db"), serverSelectionTimeoutMS=500) as client:
            try:
                return int(client[DATABASE].articles.estimated_document_count())
            except PyMongoError:
                return 0

    def test_under_mongod(self, round_: int, disk: Path, tmp_path: Path, tally: Callable[..., None]) -> None:
        embedded = {"uri": "", "MONGODB_DATA_DIR": disk / "db", "MONGODB_WAIT": 10}
        with Paper(240, pace=0.1) as paper:
            with crawl_paper(paper, tmp_path, **embedded) as running:
                running.wait_until(lambda: self.stored(disk) > 20)
                self.fill(disk)
                lost = running.end()
            subprocess.run(["mount", "-o", "remount,size=600m", str(disk)], check=True)
            with crawl_paper(paper, tmp_path, **embedded) as running:
                repeated = running.end()
            assert repeated.exit_code == 0, repeated.stderr
            with (
                embedded_server(disk / "db") as server,
                pymongo.MongoClient[dict[str, object]](server.uri) as client,
            ):
                assert_settled_once(client[DATABASE], paper.urls, tally)
        assert lost.exit_code == 3, lost.stderr
        last = lost.stderr.splitlines()[-1]
        assert last.startswith("scrapy crawl: the database was lost; ")
        assert f"the disk of {disk / 'db'} is full (0 MB free): make room" in last
        assert "Traceback" not in lost.stderr

    def test_under_the_log(self, mongodb_uri: str, tmp_path: Path) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("no device that is always full here")
        name = f"full_log_{os.getpid()}"
        with Paper(20) as paper, pymongo.MongoClient[dict[str, object]](mongodb_uri) as client:
            try:
                sites = paper.sites_file(tmp_path)
                # Two lines for the log: feeds that are not there.
                sites.write_text(sites.read_text().replace("/rss", f'/rss", "{paper.address}/a", "{paper.address}/b'))
                arguments = ("news", "-a", f"sites_file={sites}", "--logfile", "/dev/full")
                with crawl(*arguments, uri=mongodb_uri, database=name) as running:
                    ran = running.end()
                assert_settled_once(client[name], paper.urls)
            finally:
                client.drop_database(name)
        assert ran.exit_code == 1, ran.stderr
        first, *_, last = ran.stderr.splitlines()
        assert first == "scrapy crawl: the log cannot be written (No space left on device); the crawl goes on"
        assert re.fullmatch(r"scrapy crawl: \d+ lines of the log could not be written .*; the pages were settled", last)
        assert "Traceback" not in ran.stderr
        assert ran.balance["stored"] == 20
