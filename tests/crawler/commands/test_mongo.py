from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pymongo
import pytest

from crawler.mongodb.embedded import embedded_server, expected_uri
from crawler.mongodb.process import serving_pid
from tests.running import ROOT, scrapy

if TYPE_CHECKING:
    from pathlib import Path


def environment_of(data_dir: Path) -> dict[str, str]:
    """Return the environment of a user without a server of their own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MONGODB_")}
    return {**env, "MONGODB_DATA_DIR": str(data_dir)}


class Foreground:
    """`scrapy mongo` in a terminal of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "mongo"],
            cwd=ROOT,
            env=environment_of(data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def announcement(self) -> str:
        """Return the three lines it starts with."""
        assert self.process.stdout
        return "".join(self.process.stdout.readline() for _ in range(3))

    def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal to its process group, as a terminal does; return status, stdout and stderr."""
        os.killpg(self.process.pid, number)
        stdout, stderr = self.process.communicate(timeout=90)
        return self.process.returncode, stdout, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_somebody_says_stop(tmp_path: Path, number: signal.Signals) -> None:
    foreground = Foreground(tmp_path)
    said = foreground.announcement()
    found = re.match(r"MongoDB runs at (\S+)\ndatabase news, data in (\S+), ", said)
    assert found, said
    assert found[2] == str(tmp_path)
    assert "Ctrl-C stops it" in said
    with pymongo.MongoClient(found[1]) as client:
        assert client.admin.command("hello")["isWritablePrimary"]
    assert foreground.stop(number) == (0, "MongoDB stopped.\n", "")
    assert serving_pid(tmp_path) is None


def test_it_joins_a_server_that_runs_already(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        foreground = Foreground(tmp_path)
        said = foreground.announcement()
        assert f"MongoDB was already running at {server.uri}" in said
        status, stdout, _ = foreground.stop(signal.SIGINT)
        assert status == 0
        assert "another process uses it" in stdout
        assert serving_pid(tmp_path) == server.pid


def test_it_keeps_a_server_alive_whose_starter_has_left(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        foreground = Foreground(tmp_path)
        foreground.announcement()
    assert serving_pid(tmp_path) == server.pid
    assert foreground.stop(signal.SIGINT)[0] == 0
    assert serving_pid(tmp_path) is None


def test_it_says_when_the_server_has_died(tmp_path: Path) -> None:
    foreground = Foreground(tmp_path)
    foreground.announcement()
    pid = serving_pid(tmp_path)
    assert pid
    os.kill(pid, signal.SIGKILL)
    _, stderr = foreground.process.communicate(timeout=60)
    assert foreground.process.returncode == 1
    assert stderr == f"scrapy mongo: MongoDB ended by itself: see {tmp_path}/mongod.log\n"


def test_the_hint_starts_nothing(tmp_path: Path) -> None:
    ran = scrapy("mongo", "--shell-hint", env=environment_of(tmp_path / "data"))
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.count(expected_uri(tmp_path / "data")) == 4
    assert not (tmp_path / "data").exists()


def test_the_hint_for_a_named_server_keeps_the_password(tmp_path: Path) -> None:
    env = {**environment_of(tmp_path), "MONGODB_URI": "mongodb://me:geheim@host.example/", "MONGODB_DATABASE": "krant"}
    ran = scrapy("mongo", "--shell-hint", env=env)
    assert ran.exit_code == 0
    assert "mongodb://me:***@host.example/" in ran.stdout
    assert "use krant" in ran.stdout
    assert "geheim" not in ran.stdout


@pytest.mark.parametrize(
    ("options", "variables", "status", "says"),
    [
        (["now"], {}, 2, "'now' is not an option"),
        (["--colour"], {}, 2, "there is no option --colour"),
        ([], {"MONGODB_URI": "mongodb://me:geheim@host/"}, 1, "names another server, mongodb://me:***@host/: unset it"),
        ([], {"MONGODB_DATABASE": "a.b"}, 1, "MONGODB_DATABASE: 'a.b'"),
        ([], {"MONGODB_DATA_DIR": "/dev/null/x"}, 1, "cannot write in the data directory /dev/null/x"),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path, options: list[str], variables: dict[str, str], status: int, says: str
) -> None:
    ran = scrapy("mongo", *options, env={**environment_of(tmp_path), **variables})
    assert ran.exit_code == status
    (line,) = ran.stderr.splitlines()
    assert line.startswith("scrapy mongo: ")
    assert says in line
    assert "geheim" not in line
