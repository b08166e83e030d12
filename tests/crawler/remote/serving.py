"""A web server for archives: files with Range, a CDX server over captures, and the faults that such hosts have."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server saw it."""

    at: float
    """When its head had been read, in seconds of the monotonic clock."""
    path: str
    """Path and query."""
    range: str | None
    """Range header."""
    agent: str
    """User-Agent header."""


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the server sends, apart from what HTTP adds."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Bytes after which the connection breaks."""


class ArchiveHost:
    """The server, on a loopback port of its own, for use in a `with` statement."""

    def __init__(self) -> None:
        self.whole: set[str] = set()
        """Paths of which it knows no parts (Range)."""
        self.files: dict[str, bytes] = {}
        """By path; sent with an ETag."""
        self.first: dict[str, list[Answer]] = {}
        """By path, what is answered before the real answer, one a request."""
        self.breaks: dict[str, int] = {}
        """By path, bytes of each answer after which the connection breaks."""
        self.handle: Callable[[str], Answer | None] = lambda _: None
        """Answers what is no file, given path and query; None: there is no such thing."""
        self.headers: dict[str, dict[str, str]] = {}
        """Sent with a file, by path."""
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        """Return the paths asked for so far, but for policy files."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]

    def bytes_asked(self, path: str) -> list[int]:
        """Return the first bytes of the parts of a file that were asked for, in order."""
        return [int(_RANGE.fullmatch(one.range)[1]) for one in self.asked if one.path == path and one.range]  # type: ignore[index]

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, wanted: str | None) -> Answer:
        """Return what a request gets."""
        with self.lock:
            if self.first.get(path):
                return self.first[path].pop(0)
        if path not in self.files:
            return self.handle(path) or Answer(status=404, body=b"<h1>Not here</h1>")
        body = self.files[path]
        headers = {"ETag": f'"{len(body)}-{hash(body)}"', **self.headers.get(path, {})}
        range_ = _RANGE.fullmatch(wanted or "")
        if path in self.whole or range_ is None:
            return Answer(body=body, headers=headers, cut_after=self.breaks.get(path))
        start, end = int(range_[1]), min(int(range_[2] or len(body)), len(body) - 1)
        if start >= len(body):
            return Answer(status=416, headers={**headers, "Content-Range": f"bytes */{len(body)}"})
        part = body[start : end + 1]
        headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        return Answer(status=206, body=part, headers=headers, cut_after=self.breaks.get(path))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: ArchiveHost) -> None:
        self.host = host
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients that are killed hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def do_GET(self) -> None:
        host, wanted = self.server.host, self.headers.get("Range")
        agent = self.headers.get("User-Agent", "")
        with host.lock:
            host.asked.append(Asked(at=time.monotonic(), path=self.path, range=wanted, agent=agent))
        answer = host.answer(self.path, wanted)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.cut_after is not None and answer.cut_after < len(answer.body):
            self.wfile.write(answer.body[: answer.cut_after])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: `asked` says it all."""
