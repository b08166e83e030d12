from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import ROOT, environment, scrapy

COMMAND = [sys.executable, "-m", "scrapy", "dashboard", "--port", "0"]


@contextmanager
def running(env: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; give the process and the address it prints."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *options], env=env, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.fixture
def env(mongodb_uri: str) -> dict[str, str]:
    """Return the environment of a command on an empty database."""
    return environment(mongodb_uri=mongodb_uri, database="test_dashboard_command")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_somebody_says_stop(env: dict[str, str], number: signal.Signals) -> None:
    with running(env) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert "leesook" in answer.read().decode()
        assert process.stdout is not None
        assert "of the database test_dashboard_command at mongodb://127.0.0.1:" in process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert out.splitlines()[-1] == "Dashboard ended."


def test_opens_the_browser(env: dict[str, str], tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    browser.chmod(0o755)
    with running(env | {"BROWSER": str(browser)}, "--open") as (_, address):
        deadline = time.monotonic() + 30
        while not opened.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert opened.read_text().strip() == address


def test_a_port_that_is_taken(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = scrapy("dashboard", "--port", str(port), env=env)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"scrapy dashboard: port {port} is taken by another program: name another with --port, "
        "or 0 for any that is free\n"
    )


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--port", "65536"), 2, "--port: give a number from 0 to 65535"),
        (("now",), 2, "'now' is not an option"),
        (("--host", "192.0.2.1", "--port", "0"), 1, "cannot listen on 192.0.2.1 port 0"),
        (("--host", "no-such-host.invalid", "--port", "0"), 1, "--host: no-such-host.invalid is no address"),
    ],
)
def test_what_cannot_be_done_is_said(env: dict[str, str], options: tuple[str, ...], status: int, said: str) -> None:
    ran = scrapy("dashboard", *options, env=env)
    assert ran.exit_code == status
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_no_database(env: dict[str, str]) -> None:
    ran = scrapy("dashboard", "--port", "0", env=env | {"MONGODB_URI": "mongodb://me:geheim@127.0.0.1:9/"})
    assert ran.exit_code == 1
    assert "no contact with MongoDB at mongodb://me:***@127.0.0.1:9/" in ran.stderr


def test_without_the_extra(env: dict[str, str], tmp_path: Path) -> None:
    # As if it were not installed: what Python finds first in its place raises as Python does.
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('No module named uvicorn', name='uvicorn')")
    shadowed = env | {"PYTHONPATH": os.pathsep.join([str(tmp_path), env.get("PYTHONPATH", "")])}
    ran = scrapy("dashboard", "--port", "0", env=shadowed)
    assert ran.exit_code == 1
    assert ran.stderr == (
        "scrapy dashboard: the package uvicorn is not installed: pip install 'leesook[dashboard]', or make setup\n"
    )
    assert "dashboard" in scrapy("--help", env=shadowed).stdout
