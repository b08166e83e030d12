"""WARC files: the pages in them, and the places where a file is damaged."""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, cast

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

_GZIP_MEMBER = b"\x1f\x8b\x08"
_PLAIN_RECORD = b"WARC/1."
_SEARCH_BYTES = 1 << 20
_MAX_RECORD_BYTES = 64 << 20
"""A single page larger than this is not a page; reading it would only cost memory."""
_PART = 1 << 19
"""Bytes of a record that are read in one go: a millisecond and a half."""
_Decoding = Literal["all", "transfer", "content", "none"]
_DECODINGS: tuple[_Decoding, ...] = "all", "transfer", "content", "none"
"""Archives differ in whether they keep the encodings that the headers name."""
_LOST = "unreadable up to the next whole record"
_ORDINARY_HEAD = re.compile(rb"HTTP/[^\r\n]+\r\n(?:[^\r\n]+\r\n)*\r\n")
_HTML = re.compile(r"\b(?:x?html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPage:
    """An HTML answer kept in a WARC file."""

    url: str
    """WARC-Target-URI."""
    body: bytes
    """The payload, transfer and content encodings undone."""
    status: int
    """HTTP status."""
    headers: dict[str, str]
    """HTTP headers as sent."""
    captured_at: datetime | None
    """WARC-Date, UTC."""
    offset: int
    """Where the record starts in the file, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """An answer whose payload an earlier record holds (a revisit record, identical payload digest)."""

    url: str
    """WARC-Target-URI."""
    captured_at: datetime | None
    """WARC-Date, UTC."""
    of_url: str
    """WARC-Refers-To-Target-URI: the URL of the record that holds the payload."""
    of_date: str
    """WARC-Refers-To-Date of that record, as written."""
    offset: int
    """Where the record starts in the file, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A place where the file could not be read."""

    offset: int
    """In bytes from the start of the file."""
    what: str
    """What was wrong, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """An answer that was asked to be passed over: its content has not been looked at."""

    offset: int
    """Where the record starts in the file, in bytes."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A part of a large record has been read: who shares a thread with others may let them have their turn."""


_Found = ArchivedPage | Repeat | Damage | Unwanted | Pause
_PAUSE = Pause()


class NotAnArchive(ValueError):
    """The file is not a WARC file."""


def read_archive(path: Path) -> Iterator[ArchivedPage | Damage]:
    """Yield the HTML responses of a WARC file (plain or gzip by record), in order, and each damaged place.

    After a damaged place reading goes on at the next record that can be read. Responses that are not 2xx or not
    HTML are passed over. Raises OSError where the file cannot be opened, NotAnArchive where it holds no record.
    """
    for found in read_gently(path):
        if not isinstance(found, Pause):
            yield found


def read_gently(path: Path) -> Iterator[ArchivedPage | Damage | Pause]:
    """Yield what `read_archive` does, and pauses within large records. Raises the same."""
    for found in _read_file(path, 0):
        if not isinstance(found, Repeat | Unwanted):
            yield found


def read_captures(path: Path, *, start: int = 0) -> Iterator[ArchivedPage | Repeat | Damage]:
    """Yield the same from a record on (its offset in bytes), and the answers whose payload stands in another record.

    Raises what `read_archive` does.
    """
    for found in _read_file(path, start):
        if not isinstance(found, Unwanted | Pause):
            yield found


def _read_file(path: Path, start: int) -> Iterator[_Found]:
    with path.open("rb") as stream:
        magic = _magic(stream.read(_SEARCH_BYTES))
        if magic is None:
            raise NotAnArchive(f"{path}: not a WARC file (no WARC record at its start)")
        yield from _records(stream, magic, start, None)


def read_stream(
    stream: BinaryIO, name: str, *, start: int = 0, wanted: Callable[[str], bool] | None = None
) -> Iterator[ArchivedPage | Repeat | Damage | Unwanted]:
    """Yield what `read_captures` does, from a file that need not be on this machine's disk, read forward.

    stream: takes `read`, `seek` and `tell`; what these raise, unless it is an OSError or a ValueError, comes through.
    name: the file's, for messages. start: the offset of a record, before which nothing is asked for. wanted: whether
    an answer is to be looked at, given its URL; the others are passed over unread. Raises NotAnArchive.
    """
    stream.seek(start)
    magic = _magic(stream.read(_SEARCH_BYTES))
    if magic is None:
        raise NotAnArchive(f"{name}: not a WARC file (no WARC record at {f'byte {start}' if start else 'its start'})")
    for found in _records(stream, magic, start, wanted):
        if not isinstance(found, Pause):
            yield found


def _magic(opening: bytes) -> bytes | None:
    """Return how records start in a file that starts like this; None where none does. The first may be damaged."""
    if opening.startswith(_PLAIN_RECORD):
        return _PLAIN_RECORD
    at = opening.find(_GZIP_MEMBER)
    while at >= 0:
        try:
            if zlib.decompressobj(wbits=31).decompress(opening[at:], 64).startswith(_PLAIN_RECORD):
                return _GZIP_MEMBER
        except zlib.error:
            pass
        at = opening.find(_GZIP_MEMBER, at + 1)
    return _PLAIN_RECORD if b"\n" + _PLAIN_RECORD in opening else None


def _records(stream: BinaryIO, magic: bytes, first: int, wanted: Callable[[str], bool] | None) -> Iterator[_Found]:
    start: int | None = first
    lost_at: int | None = None
    before = 0
    while start is not None:
        stream.seek(start)
        # `last` is the newest record whose head was read; `whole` says whether its content was, too.
        last, whole, broken = start, False, False
        try:
            for record in ArchiveIterator(stream, WarcRecordType.any_type, parse_http=False):
                last, whole = record.stream_pos, False
                found = yield from _page(record, last, wanted)
                whole = True
                if lost_at is not None:
                    # Reading goes on where the damage was thought to start: it is what stands before that.
                    at, what = (before, "unreadable data behind this record") if lost_at == start else (lost_at, _LOST)
                    yield Damage(offset=at, what=what)
                    lost_at = None
                if found is not None:
                    yield found
        except (OSError, EOFError, ValueError):
            broken = True
        after = _find(stream, magic, last + 1)
        if not broken:
            if magic == _GZIP_MEMBER and after is not None and _is_cut_off(stream, after):
                yield Damage(offset=after, what="truncated record: the file ends in its head")
            return
        if lost_at is None:
            before, lost_at = last, after if whole and after is not None else last
        start = after
    if lost_at is not None:
        yield Damage(offset=lost_at, what="unreadable to the end of the file")


def _is_cut_off(stream: BinaryIO, offset: int) -> bool:
    """Whether the gzip member at `offset` is a record of which only the first bytes are there."""
    stream.seek(offset)
    rest = stream.read(_SEARCH_BYTES)
    try:
        head = zlib.decompressobj(wbits=31).decompress(rest, 64)
    except zlib.error:
        return False
    return _PLAIN_RECORD.startswith(head[: len(_PLAIN_RECORD)])


def _find(stream: BinaryIO, magic: bytes, start: int) -> int | None:
    """Return the offset of the next place at or after `start` where a record could begin."""
    stream.seek(start)
    offset, tail = start, b""
    while chunk := stream.read(_SEARCH_BYTES):
        window = tail + chunk
        at = window.find(magic)
        if at >= 0:
            return offset - len(tail) + at
        tail = window[-(len(magic) - 1) :]
        offset += len(chunk)
    return None


def _page(
    record: WarcRecord, position: int, wanted: Callable[[str], bool] | None
) -> Generator[Pause, None, ArchivedPage | Repeat | Damage | Unwanted | None]:
    """Yield a pause after each part of a large record; return what the record is."""
    url = record.headers.get("WARC-Target-URI")
    if wanted is not None and not (url and wanted(url.strip("<>"))):
        return Unwanted(offset=position)
    if record.record_type == WarcRecordType.revisit and url:
        return _repeat(record, url.strip("<>"), position)
    if record.record_type != WarcRecordType.response or not url:
        return None
    declared = record.content_length
    if declared > _MAX_RECORD_BYTES:
        return Damage(offset=position, what=f"record of {declared} bytes, more than {_MAX_RECORD_BYTES}")
    parts, size = list[bytes](), 0
    while size < declared and (part := record.reader.read(_PART)):
        parts.append(part)
        size += len(part)
        if declared > _PART:
            yield _PAUSE
    if size < declared:
        return Damage(offset=position, what=f"truncated record: {size} of {declared} bytes")
    return _answer(b"".join(parts), url.strip("<>"), _date(record), position)


def _repeat(record: WarcRecord, url: str, position: int) -> Repeat | None:
    of_url, of_date = (record.headers.get(f"WARC-Refers-To-{name}") for name in ("Target-URI", "Date"))
    if not of_url or not of_date or "identical-payload-digest" not in (record.headers.get("WARC-Profile") or ""):
        return None
    return Repeat(url=url, captured_at=_date(record), of_url=of_url.strip("<>"), of_date=of_date, offset=position)


def _date(record: WarcRecord) -> datetime | None:
    try:
        return cast("datetime | None", record.record_date)
    except ValueError:
        return None


def _answer(block: bytes, url: str, captured_at: datetime | None, position: int) -> ArchivedPage | Damage | None:
    """Read the HTTP message in a record."""
    read = _read_message(block)
    if read is None:
        return Damage(offset=position, what="response record whose HTTP message cannot be read")
    headers, body = read
    if headers.status_code is None:
        return Damage(offset=position, what="response record without an HTTP status line")
    content_type = headers.get("Content-Type") or ""
    if not 200 <= headers.status_code < 300 or (content_type and not _HTML.search(content_type)):
        return None
    return ArchivedPage(
        url=url,
        body=body,
        status=headers.status_code,
        headers=headers.to_dict(),
        captured_at=captured_at,
        offset=position,
    )


def _read_message(message: bytes) -> tuple[HeaderMap, bytes] | None:
    """Return the headers of an HTTP message and its body, encodings undone; None where it cannot be read."""
    try:
        if head := _ORDINARY_HEAD.match(message):
            headers, _ = _parsed(head.group(), "none")
            if not any(name in headers for name in ("Content-Encoding", "Transfer-Encoding")):
                # Most messages; a reader would copy such a body three times.
                return headers, message[head.end() :]
    except (OSError, ValueError):
        return None
    for decoding in _DECODINGS:
        with contextlib.suppress(OSError, ValueError):
            return _parsed(message, decoding)
    return None


def _parsed(message: bytes, decoding: _Decoding) -> tuple[HeaderMap, bytes]:
    record = WarcRecord()
    record.set_bytes_content(message)
    record.is_http = True
    # Quirks: heads whose lines end in LF alone.
    record.parse_http(auto_decode=decoding, quirks_mode=True)
    return record.http_headers, record.reader.read()
