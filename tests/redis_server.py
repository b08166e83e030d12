"""A redis-server of a test's own, which may be stopped, killed and started again on the port it had."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

PASSWORD = "wachtwoord"


class RedisServer:
    """It appends to a file what it is told, so that a restart forgets nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        folder = str(self._folder)
        self._process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder,
             "--requirepass", PASSWORD, "--appendonly", "yes", "--save", ""],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with self.client() as client:
            deadline = time.monotonic() + 30
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    assert time.monotonic() < deadline, "redis-server does not answer"
                    time.sleep(0.05)
                else:
                    return

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it by a signal, and return when it is gone."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def client(self) -> redis.Redis:
        """Return a client, to be used in a `with` statement."""
        return redis.Redis.from_url(self.url, decode_responses=True, protocol=2)


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Give a running server."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.fail("neither redis-server nor valkey-server is installed: apt-get install redis-server")
    server = RedisServer(program, folder)
    try:
        yield server
    finally:
        server.stop()
