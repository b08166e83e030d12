from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pymongo
import pytest

from crawler.mongodb.binary import find_mongod
from crawler.mongodb.embedded import (
    EmbeddedServer,
    default_port,
    embedded_server,
    expected_uri,
    prepared,
    rotate_log,
    uri_of,
)
from crawler.mongodb.errors import DatabaseUnavailable
from crawler.mongodb.log import LOG_BYTES
from crawler.mongodb.process import serving_pid

ROOT = Path(__file__).parents[3]

# A process of its own that opens the server of a directory, says which, and keeps it until its stdin ends.
USER = """
import sys
from pathlib import Path
from crawler.mongodb.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as server:
    print(server.pid, server.port, server.started_here, flush=True)
    sys.stdin.read()
"""


class User:
    """A process that uses a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def answer(self) -> tuple[int, int, bool]:
        """Return the server's process id, its port, and whether this process started it."""
        assert self.process.stdout
        pid, port, started = self.process.stdout.readline().split()
        return int(pid), int(port), started == "True"

    def leave(self) -> None:
        self.process.communicate(timeout=90)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def client_of(server: EmbeddedServer) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(server.uri, serverSelectionTimeoutMS=5000)


def test_it_is_a_primary_that_keeps_what_it_is_given_and_its_port(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as first, client_of(first) as client:
        assert first.started_here
        assert client.admin.command("hello")["setName"] == "rs0"
        client.news.articles.with_options(write_concern=pymongo.WriteConcern(w=1, j=True)).insert_one({"_id": 1})
        with client.start_session() as session, session.start_transaction():
            client.news.articles.insert_one({"_id": 2}, session=session)
    assert serving_pid(tmp_path) is None
    with embedded_server(tmp_path) as second, client_of(second) as client:
        assert second.port == first.port
        assert second.uri == expected_uri(tmp_path)
        assert client.news.articles.count_documents({}) == 2


def test_it_listens_on_loopback_only_and_takes_no_zlib(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server, client_of(server) as client:
        net = client.admin.command("getCmdLineOpts")["parsed"]["net"]
        assert net["bindIp"] == "127.0.0.1"
        assert net["compression"]["compressors"] == "snappy,zstd"
        assert net["unixDomainSocket"]["enabled"] is False


def test_two_that_start_at_once_get_one_server_and_the_last_to_leave_stops_it(tmp_path: Path) -> None:
    users = [User(tmp_path), User(tmp_path), User(tmp_path)]
    answers = [user.answer() for user in users]
    assert len({(pid, port) for pid, port, _ in answers}) == 1
    assert sorted(started for *_, started in answers) == [False, False, True]
    starter = next(user for user, answer in zip(users, answers, strict=True) if answer[2])
    starter.leave()
    assert serving_pid(tmp_path) == answers[0][0]
    for user in users:
        if user is not starter:
            assert serving_pid(tmp_path) == answers[0][0]
            user.leave()
    assert serving_pid(tmp_path) is None


def test_an_orphan_is_used_and_then_stopped(tmp_path: Path) -> None:
    parent = User(tmp_path)
    pid, port, _ = parent.answer()
    parent.kill()
    assert serving_pid(tmp_path) == pid
    with embedded_server(tmp_path) as server:
        assert (server.pid, server.port, server.started_here) == (pid, port, False)
    assert serving_pid(tmp_path) is None


def test_a_ctrl_c_at_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    user = User(tmp_path)
    pid, _, _ = user.answer()
    assert os.getpgid(pid) != os.getpgid(user.process.pid)
    os.killpg(user.process.pid, signal.SIGINT)
    user.process.communicate(timeout=90)
    # The user unwound its stack, and that is what stopped the server.
    assert user.process.returncode == -signal.SIGINT
    assert serving_pid(tmp_path) is None


def test_a_killed_server_comes_back_with_what_was_acknowledged(tmp_path: Path) -> None:
    journaled = pymongo.WriteConcern(w=1, j=True)
    with embedded_server(tmp_path) as server:
        with client_of(server) as client:
            articles = client.news.get_collection("articles", write_concern=journaled)
            articles.insert_many({"_id": number} for number in range(500))
            os.kill(server.pid, signal.SIGKILL)
            wait_until_gone(tmp_path)
        assert (tmp_path / "mongod.lock").read_text().strip() == str(server.pid)  # stale, and not believed
        with embedded_server(tmp_path) as again, client_of(again) as client:
            assert again.started_here
            assert again.port == server.port
            assert client.news.articles.count_documents({}) == 500


def wait_until_gone(data_dir: Path) -> None:
    deadline = time.monotonic() + 30
    while serving_pid(data_dir) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def stranger_at(port: int) -> Iterator[None]:
    """Run a web server on a port; one that somebody else has taken already has its stranger."""
    deadline = time.monotonic() + 20
    while True:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)
            break
        except OSError:
            # A mongod that has just ended may hold it for a moment.
            if time.monotonic() > deadline:
                yield
                return
            time.sleep(0.1)
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_it_moves_when_a_stranger_has_its_port(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with embedded_server(tmp_path) as server, client_of(server) as client:
        client.news.articles.insert_one({"_id": 1})
    with stranger_at(server.port), embedded_server(tmp_path) as moved, client_of(moved) as client:
        assert moved.port != server.port
        assert client.news.articles.count_documents({}) == 1
        client.news.articles.insert_one({"_id": 2})
        members = client.admin.command("replSetGetConfig")["config"]["members"]
        assert [member["host"] for member in members] == [f"127.0.0.1:{moved.port}"]
    assert "taken by another program" in caplog.text
    with embedded_server(tmp_path) as still:
        assert still.port == moved.port


def test_the_server_of_a_copied_directory_is_another_one(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with embedded_server(original):
        pass
    subprocess.run(["cp", "-r", original, copy], check=True)
    with embedded_server(original) as first, embedded_server(copy) as second:
        assert first.port != second.port
        assert first.pid != second.pid


@pytest.mark.parametrize("state", ["", "not json", "[]", '{"port": "x"}', '{"port": 99999999}', '{"port": null}'])
def test_a_spoilt_state_file_costs_nothing(tmp_path: Path, state: str) -> None:
    (tmp_path / "leesook.json").write_text(state)
    assert expected_uri(tmp_path) == uri_of(default_port(tmp_path))


def test_a_running_server_is_found_without_the_state_file(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        (tmp_path / "leesook.json").unlink()
        with embedded_server(tmp_path) as again:
            assert again.pid == server.pid


def test_the_port_is_below_those_for_outgoing_connections(tmp_path: Path) -> None:
    ports = {default_port(tmp_path / str(number)) for number in range(500)}
    assert all(27100 <= port < 32000 for port in ports)
    assert len(ports) > 450


def test_a_server_that_somebody_else_runs_on_the_directory_is_left_alone(tmp_path: Path) -> None:
    prepared(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [find_mongod(), "--dbpath", ".", "--port", str(port), "--nounixsocket", "--logpath", "own.log"]
    theirs = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        with pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/") as client:
            client.admin.command("ping")
        with (
            pytest.raises(DatabaseUnavailable, match=f"process {theirs.pid}.*set MONGODB_URI"),
            embedded_server(tmp_path),
        ):
            pass
        assert serving_pid(tmp_path) == theirs.pid
        assert theirs.poll() is None
    finally:
        theirs.terminate()
        theirs.wait(30)


def test_a_directory_that_cannot_be_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DatabaseUnavailable, match=r"cannot write in .*MONGODB_DATA_DIR"),
        embedded_server(tmp_path / "file" / "x"),
    ):
        pass


@pytest.mark.parametrize("spoilt", ["WiredTiger.turtle", "_mdb_catalog.wt"])
def test_damaged_data_end_in_one_sentence_with_the_way_out(tmp_path: Path, spoilt: str) -> None:
    with embedded_server(tmp_path):
        pass
    (tmp_path / spoilt).write_bytes(b"x" * 5000)
    with pytest.raises(DatabaseUnavailable) as caught, embedded_server(tmp_path):
        pass
    assert "\n" not in str(caught.value)
    assert f"the data in {tmp_path} are damaged: restore them from a backup" in str(caught.value)
    assert "Got signal" not in str(caught.value)
    assert serving_pid(tmp_path) is None


def test_the_log_is_set_aside_when_it_has_grown(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server, client_of(server) as client:
        for number in range(4):
            with server.log_file.open("ab") as log:
                log.write(b"%d" % number * (LOG_BYTES + 1))
            rotate_log(server)
            assert server.log_file.stat().st_size < LOG_BYTES
        logs = sorted(path.name for path in tmp_path.glob("mongod.log*"))
        assert logs == ["mongod.log", "mongod.log.1", "mongod.log.2"]
        client.admin.command("logRotate", "server")  # which makes it write a line
        time.sleep(0.2)
        assert server.log_file.stat().st_size > 0


def test_the_state_file_holds_the_port(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        assert json.loads((tmp_path / "leesook.json").read_text()) == {"port": server.port}
