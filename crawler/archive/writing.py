"""WARC files (WARC/1.1, ISO 28500:2017): one series a run, a new file when one is full, each record whole or the last.

Each exchange is a response record and a request record; a payload that the run has already kept is a revisit record
that refers to it. Each record is a gzip member of its own, and an exchange is written by one call: a process that is
killed leaves at most one torn record, at the end of a file nobody writes to again.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import BaseWARCWriter

Headers = Sequence[tuple[str, str]]

VERSION = "1.1"
SUFFIX = ".warc.gz"
_SECRET = frozenset(["authorization", "proxy-authorization", "cookie", "cookie2", "set-cookie", "set-cookie2"])
"""Headers that are not kept: they are between one server and one client."""
_REMEMBERED = 50_000
"""Payloads of a run that can be referred to; some 10 MB."""


class ArchiveError(Exception):
    """The archive cannot be written. Its text is one sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and the answer to it."""

    url: str
    """What was asked for, absolute."""
    at: datetime
    """When the answer came, UTC."""
    method: str
    """HTTP method."""
    request_headers: Headers
    """As sent."""
    protocol: str
    """Version of HTTP: `HTTP/1.1`."""
    status: str
    """Status code and reason: `200 OK`."""
    headers: Headers
    """As received, transfer encodings undone."""
    body: bytes
    """As received: in the content encoding that the headers name."""


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """The first line and the headers of a message, bytes as they were: warcio would percent-encode some."""

    def to_ascii_bytes(self, header_filter: object = None) -> bytes:
        lines = [f"{self.protocol} {self.statusline}", *(f"{name}: {value}" for name, value in self.headers)]
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", errors="replace")


class Archive:
    """The series of files of one run. Not for several threads at a time."""

    def __init__(self, directory: Path, *, series: str, max_bytes: int, about: dict[str, str]) -> None:
        """series: names the files, and sorts after those of earlier runs; max_bytes: of one file; about: warcinfo."""
        self._directory = directory
        self._series = series
        self._max_bytes = max_bytes
        self._about = about
        self._builder = BaseWARCWriter(gzip=True, warc_version=VERSION)
        self._payloads: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._file: IO[bytes] | None = None
        self._files = 0
        self._size = 0
        self.records = 0
        """Records written, those that say what a file is not counted."""
        self.revisits = 0
        """Those of them that refer to a payload kept before."""

    def write(self, exchange: Exchange) -> None:
        """Keep an exchange. Raises ArchiveError; what is in the files then is whole."""
        data, payload, is_revisit = self._records(exchange)
        try:
            if self._file is None or self._size + len(data) > self._max_bytes:
                self._next_file()
            self._append(data)
        except OSError as error:
            raise ArchiveError(
                f"ARCHIVE_DIR: cannot write to {self._directory}: {error.strerror or error}; "
                "make room, or name another folder"
            ) from error
        self.records += 2
        self.revisits += is_revisit
        if payload and not is_revisit:
            self._payloads[payload] = (plain_url(exchange.url), instant(exchange.at))
            if len(self._payloads) > _REMEMBERED:
                self._payloads.popitem(last=False)

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        left = memoryview(data)
        try:
            while left:
                # A disk that is filling up takes a part, and only then says no.
                left = left[self._file.write(left) :]
        except OSError:
            # As far as the disk lets us, no half record is left behind.
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), self._size)
            raise
        self._size += len(data)

    def _next_file(self) -> None:
        self.close()
        name = f"{self._series}-{self._files:05}{SUFFIX}"
        self._directory.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what is written is the kernel's, whatever becomes of this process.
        self._file, self._size, self._files = (self._directory / name).open("xb", buffering=0), 0, self._files + 1
        info = self._builder.create_warcinfo_record(name, self._about)
        self._append(self._encoded(info))

    def _records(self, exchange: Exchange) -> tuple[bytes, str, bool]:
        """Return the records of an exchange, the digest of its payload (none: empty), and whether it is referred to."""
        url, date = plain_url(exchange.url), instant(exchange.at)
        dated = {"WARC-Date": date}
        headers = _Head(exchange.status, _kept(exchange.headers), protocol=exchange.protocol)
        response = self._builder.create_warc_record(
            url,
            "response",
            payload=BytesIO(exchange.body),
            length=len(exchange.body),
            http_headers=headers,
            warc_headers_dict=dict(dated),
        )
        payload = response.rec_headers.get_header("WARC-Payload-Digest") if exchange.body else ""
        known = self._payloads.get(payload)
        if known is not None:
            response = self._builder.create_revisit_record(
                url, payload, *known, http_headers=headers, warc_headers_dict=dict(dated)
            )
        parts = urlsplit(exchange.url)
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        host = [] if any(name.lower() == "host" for name, _ in exchange.request_headers) else [("Host", _host(url))]
        line = _Head(
            f"{target} {exchange.protocol}", [*host, *_kept(exchange.request_headers)], protocol=exchange.method
        )
        request = self._builder.create_warc_record(url, "request", http_headers=line, warc_headers_dict=dict(dated))
        response_id = response.rec_headers.get_header("WARC-Record-ID")
        request.rec_headers.add_header("WARC-Concurrent-To", response_id)
        return self._encoded(response) + self._encoded(request), payload, known is not None

    def _encoded(self, record: object) -> bytes:
        out = BytesIO()
        self._builder._write_warc_record(out, record)
        return out.getvalue()


def instant(at: datetime) -> str:
    """Return an instant as WARC-Date has it, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain_url(url: str) -> str:
    """Return a URL as it was asked for: without user and password, and without a fragment, which no server sees."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=_host(url), fragment="")) if "@" in parts.netloc or "#" in url else url


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _kept(headers: Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _SECRET]
