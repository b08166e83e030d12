"""A server that misbehaves in every way a crawl must survive; each path is one way."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import threading
import time
from collections.abc import Iterator

_PAGE = b"<html><head><title>Een pagina</title></head><body><p>" + b"Er is tekst. " * 200
_ZEROS = gzip.compress(bytes(16 << 20), mtime=0)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"


def _closes_mid_body(out: socket.socket) -> None:
    out.sendall(_OK + b"Content-Length: 90000\r\n\r\n" + _PAGE)


def _promises_less(out: socket.socket) -> None:
    out.sendall(_OK + b"Content-Length: 30\r\n\r\n" + _PAGE)


def _endless_bytes(out: socket.socket) -> None:
    out.sendall(_OK + b"\r\n")
    for _ in range(4_000):
        out.sendall(b"<p>nog meer</p>" * 4_000)


def _endless_headers(out: socket.socket) -> None:
    out.sendall(_OK)
    for number in itertools.count():
        out.sendall(f"X-{number}: x\r\n".encode() * 400)


def _silence(out: socket.socket) -> None:
    time.sleep(20)


def _trickle(out: socket.socket) -> None:
    out.sendall(_OK + b"\r\n")
    for _ in range(200):
        out.sendall(b"x")
        time.sleep(0.1)


def _gzip_in_name_only(out: socket.socket) -> None:
    out.sendall(_OK + f"Content-Encoding: gzip\r\nContent-Length: {len(_PAGE)}\r\n\r\n".encode() + _PAGE)


def _bomb(out: socket.socket) -> None:
    # Members one behind another are one stream: a gigabyte in a megabyte, made at once.
    body = _ZEROS * 64
    out.sendall(_OK + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def _no_http(out: socket.socket) -> None:
    out.sendall(b"220 mail.example ESMTP\r\n" * 3)


def _loop(out: socket.socket) -> None:
    out.sendall(b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _to_nowhere(out: socket.socket) -> None:
    out.sendall(b"HTTP/1.1 302 Found\r\nLocation: gopher://x/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def _empty(out: socket.socket) -> None:
    out.sendall(_OK + b"Content-Length: 0\r\n\r\n")


WAYS = {
    "mid-body": _closes_mid_body,
    "less": _promises_less,
    "endless": _endless_bytes,
    "headers": _endless_headers,
    "silence": _silence,
    "trickle": _trickle,
    "gzip-name": _gzip_in_name_only,
    "bomb": _bomb,
    "no-http": _no_http,
    "loop": _loop,
    "nowhere": _to_nowhere,
    "empty": _empty,
}


@contextlib.contextmanager
def hostile_server() -> Iterator[str]:
    """Serve the ways on loopback; give the address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            asked = connection.recv(65536).split(b" ", 2)
            # Whoever gives up before having asked has no path.
            path = asked[1].decode().strip("/") if len(asked) > 2 else ""
            if path not in WAYS:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                WAYS[path](connection)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
