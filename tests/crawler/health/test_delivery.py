from __future__ import annotations

import json
import logging
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crawler.health.alarms import Alarm
from crawler.health.delivery import DeliverySetting, check_settings, deliver, payload
from crawler.health.readings import Measure

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
ALARM = Alarm(site="nrc.nl", measure=Measure.TIME, healed=False, at=AT, hits=0, of=14, usual=0.98, message="m")
DATA = payload([ALARM], database="news", run="65f", at=AT)


class Hook:
    """A webhook; `status` and `pause` say how it behaves."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str | None, bytes]] = []
        self.status, self.pause = 200, 0.0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.path, self.headers["Content-Type"], body))
                time.sleep(hook.pause)
                self.send_response(hook.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/s3cret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_the_json_that_goes_out() -> None:
    assert json.loads(DATA) == {
        "text": "m",
        "database": "news",
        "run": "65f",
        "at": "2026-03-01T06:00:00Z",
        "alarms": [
            {
                "site": "nrc.nl",
                "measure": "time",
                "healed": False,
                "at": "2026-03-01T06:00:00Z",
                "hits": 0,
                "of": 14,
                "usual": 0.98,
                "message": "m",
            }
        ],
    }


def test_a_command_gets_it_on_its_stdin_and_no_shell_sees_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    program = (
        "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read() + sys.argv[2].encode())"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "got"), "$HOME;`id`"]
    deliver(DATA, command=shlex.join(words), webhook=None)
    assert (tmp_path / "got").read_bytes() == DATA + b"$HOME;`id`"
    assert complaints(caplog) == []


@pytest.mark.parametrize(
    ("program", "problem"),
    [("import sys; sys.exit(3)", "status 3"), ("import time; time.sleep(60)", "longer than 1 s")],
    ids=["fails", "hangs"],
)
def test_a_command_that_fails_or_hangs_is_a_line_in_the_log(
    program: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    deliver(DATA, command=shlex.join([sys.executable, "-c", program, "t0ken"]), webhook=None, seconds=1)
    assert time.monotonic() - began < 30
    (line,) = complaints(caplog)
    assert problem in line
    assert "t0ken" not in line


def test_a_command_that_is_not_there_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    deliver(DATA, command="/no/such/program --token=t0ken", webhook=None)
    (line,) = complaints(caplog)
    assert "No such file" in line
    assert "t0ken" not in line


def test_a_webhook_gets_it_as_json(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    deliver(DATA, command=None, webhook=hook.url)
    assert hook.got == [("/hooks/s3cret", "application/json", DATA)]
    assert complaints(caplog) == []


@pytest.mark.parametrize(("status", "pause"), [(500, 0.0), (302, 0.0), (200, 20.0)], ids=["500", "redirect", "slow"])
def test_a_webhook_that_fails_is_a_line_in_the_log_without_its_secret(
    hook: Hook, status: int, pause: float, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status, hook.pause = status, pause
    deliver(DATA, command=None, webhook=hook.url, seconds=1)
    assert len(hook.got) == 1
    (line,) = complaints(caplog)
    assert "HEALTH_WEBHOOK_URL" in line
    assert "s3cret" not in line


def test_a_webhook_nobody_answers_is_a_line_in_the_log(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    hook.server.shutdown()
    hook.server.server_close()
    deliver(DATA, command=None, webhook=hook.url, seconds=5)
    (line,) = complaints(caplog)
    assert "could not be reached" in line


@pytest.mark.parametrize(
    ("command", "webhook"),
    [("echo 'half", None), ("  ", None), (None, "ftp://a/b"), (None, "https:///x"), (None, "https://a b/")],
)
def test_settings_that_cannot_be_used_are_refused(command: str | None, webhook: str | None) -> None:
    with pytest.raises(DeliverySetting):
        check_settings(command=command, webhook=webhook)
