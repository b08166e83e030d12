from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import Any

from crawler.extensions.watch import FirstSignal
from tests.running import ROOT, environment


def test_the_first_signal_is_kept_and_scrapys_handlers_are_called() -> None:
    called: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def scrapys(number: int, _frame: Any) -> None:
        called.append(number)

    try:
        for number in before:
            signal.signal(number, scrapys)
        first = FirstSignal()
        first.listen()
        assert first.number is None
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert (first.number, called) == (signal.SIGTERM, [signal.SIGTERM, signal.SIGINT])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_ctrl_c_before_the_crawl_has_begun_is_one_line() -> None:
    """While it waits for a MongoDB that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"mongodb://127.0.0.1:{silent.getsockname()[1]}/"
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "news", "-a", "start=https://www.mypaper.example/"],
            env=environment(mongodb_uri=uri, database="x"), cwd=ROOT, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        connection, _ = silent.accept()
        with connection:
            os.killpg(process.pid, signal.SIGINT)
            output, _ = process.communicate(timeout=300)
    assert (process.returncode, output) == (130, "scrapy crawl: stopped by SIGINT before it began\n")
