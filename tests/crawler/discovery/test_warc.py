import gzip
import random
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.warc import ArchivedPage, Damage, NotAnArchive, Pause, read_archive, read_gently

HTML = [("Content-Type", "text/html; charset=utf-8")]


def archive(
    records: list[tuple[str, str, list[tuple[str, str]], bytes]],
    *,
    compressed: bool,
    date: str = "2026-03-03T12:00:00Z",
) -> tuple[bytes, list[int]]:
    """Write (url, status line, headers, body) as WARC 1.0 has it, all of one date; return it and their offsets."""
    file, offsets = b"", []
    for url, status, headers, body in records:
        offsets.append(len(file))
        http = "".join(f"{line}\r\n" for line in [f"HTTP/1.1 {status}", *map(": ".join, headers), ""]).encode() + body
        head = [
            "WARC/1.0",
            "WARC-Type: response",
            f"WARC-Target-URI: {url}",
            f"WARC-Date: {date}",
            f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url)}>",
            "Content-Type: application/http; msgtype=response",
            f"Content-Length: {len(http)}",
        ]
        record = "\r\n".join([*head, "", ""]).encode() + http + b"\r\n\r\n"
        file += gzip.compress(record, mtime=0) if compressed else record
    return file, offsets


def six_pages(*, compressed: bool) -> tuple[bytes, list[int]]:
    noise = random.Random(1)
    bodies = [("".join(noise.choice("abcdefgh ") for _ in range(3000))).encode() for _ in range(6)]
    return archive([(f"http://k.example/{n}", "200 OK", HTML, b) for n, b in enumerate(bodies)], compressed=compressed)


def read(path: Path, content: bytes) -> tuple[list[str], list[Damage]]:
    path.write_bytes(content)
    found = list(read_archive(path))
    return [f.url[-1] for f in found if isinstance(f, ArchivedPage)], [f for f in found if isinstance(f, Damage)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pages.warc"


@pytest.mark.parametrize("compressed", [True, False])
def test_whole_archive(path: Path, compressed: bool) -> None:
    content, offsets = six_pages(compressed=compressed)
    path.write_bytes(content)
    pages = [page for page in read_archive(path) if isinstance(page, ArchivedPage)]
    assert [page.offset for page in pages] == offsets
    assert [len(page.body) for page in pages] == [3000] * 6
    assert all(page.captured_at is not None and page.captured_at.tzinfo is not None for page in pages)


@pytest.mark.parametrize("compressed", [True, False])
def test_truncated_record_is_named_by_its_offset(path: Path, compressed: bool) -> None:
    content, offsets = six_pages(compressed=compressed)
    pages, damages = read(path, content[:-700])
    assert pages == list("01234")
    assert [damage.offset for damage in damages] == [offsets[5]]
    assert "truncated" in damages[0].what


def test_compressed_archive_that_ends_in_the_head_of_a_record(path: Path) -> None:
    content, offsets = six_pages(compressed=True)
    pages, damages = read(path, content[: offsets[5] + 5])
    assert pages == list("01234")
    assert [damage.offset for damage in damages] == [offsets[5]]


def test_damaged_body_costs_that_record_only(path: Path) -> None:
    content, offsets = six_pages(compressed=True)
    broken = bytearray(content)
    broken[offsets[2] + 900 : offsets[2] + 950] = bytes(50)
    pages, damages = read(path, bytes(broken))
    assert pages == list("01345")
    assert [damage.offset for damage in damages] == [offsets[2]]


@pytest.mark.parametrize("compressed", [True, False])
def test_damaged_head_costs_that_record_only(path: Path, compressed: bool) -> None:
    content, offsets = six_pages(compressed=compressed)
    broken = bytearray(content)
    broken[offsets[2] : offsets[2] + 30] = b"\xff" * 30
    pages, damages = read(path, bytes(broken))
    assert pages == list("01345")
    assert len(damages) == 1
    assert offsets[1] <= damages[0].offset <= offsets[2]


@pytest.mark.parametrize("compressed", [True, False])
def test_damaged_first_record(path: Path, compressed: bool) -> None:
    content, _ = six_pages(compressed=compressed)
    pages, damages = read(path, content[:6] + b"\xff" * 120 + content[126:])
    assert pages == list("12345")
    assert len(damages) == 1


@given(st.integers(0, 11_000), st.integers(1, 400), st.integers(0, 255))
def test_damage_anywhere_never_loses_more_than_it_touches(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, byte: int
) -> None:
    content, offsets = six_pages(compressed=True)
    broken = bytearray(content)
    broken[start : start + length] = bytes([byte]) * len(broken[start : start + length])
    ends = [*offsets[1:], len(content)]
    untouched = [
        str(n) for n, (a, b) in enumerate(zip(offsets, ends, strict=True)) if b <= start or a >= start + length
    ]
    pages, _ = read(tmp_path_factory.mktemp("warc") / "x.warc.gz", bytes(broken))
    # A record before the damage may be cut short by it only if the damage reaches into it.
    assert set(untouched) <= set(pages)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"no archive at all" * 50, gzip.compress(b"plain text" * 90, mtime=0)]
)
def test_what_is_no_archive_is_said_to_be_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(NotAnArchive, match=r"pages\.warc: not a WARC file"):
        list(read_archive(path))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Content-Encoding", "gzip")], gzip.compress(b"<p>hallo", mtime=0)),
        ([("Content-Encoding", "gzip")], b"<p>hallo"),
        ([("Transfer-Encoding", "chunked")], b"8\r\n<p>hallo\r\n0\r\n\r\n"),
        ([("Transfer-Encoding", "chunked")], b"<p>hallo"),
        ([("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")], gzip.compress(b"<p>hallo", mtime=0)),
        ([], b"<p>hallo"),
    ],
)
def test_encodings_named_in_the_headers_may_or_may_not_have_been_undone(
    path: Path, headers: list[tuple[str, str]], body: bytes
) -> None:
    path.write_bytes(archive([("http://k.example/1", "200 OK", [*HTML, *headers], body)], compressed=True)[0])
    (page,) = read_archive(path)
    assert isinstance(page, ArchivedPage)
    assert page.body == b"<p>hallo"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\nContent-Type: text/html\nX-Note: een\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\nX-Note: een\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Note:\r\n een\r\n\r\n",
        b"HTTP/1.1 200 \r\nX-Note: een\r\ncontent-type:text/html\r\nno header\r\n\r\n",
    ],
)
def test_heads_as_servers_have_written_them(path: Path, head: bytes) -> None:
    message = head + b"<p>hallo\n\n<p>daar\r\n\r\n<p>allemaal"
    record = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://k.example/1\r\n"
    path.write_bytes(record + b"Content-Length: %d\r\n\r\n" % len(message) + message + b"\r\n\r\n")
    (page,) = read_archive(path)
    assert isinstance(page, ArchivedPage)
    assert (page.status, page.body) == (200, b"<p>hallo\n\n<p>daar\r\n\r\n<p>allemaal")
    assert page.headers["X-Note"].strip() == "een"


def test_a_head_without_end_costs_that_record_only(path: Path) -> None:
    content, _ = archive(
        [
            ("http://k.example/1", "200 OK", [("X-Long", "a" * 200_000), *HTML], b"<p>een"),
            ("http://k.example/2", "200 OK", HTML, b"<p>twee"),
        ],
        compressed=True,
    )
    pages, damages = read(path, content)
    assert pages == ["2"]
    assert "HTTP" in damages[0].what


@pytest.mark.parametrize("compressed", [True, False])
def test_within_a_large_record_others_may_have_their_turn(path: Path, compressed: bool) -> None:
    bodies = b"<p>klein", b"<p>" + random.Random(2).randbytes(1_500_000)
    answers = [(f"http://k.example/{n}", "200 OK", HTML, body) for n, body in enumerate(bodies)]
    content, offsets = archive(answers, compressed=compressed)
    path.write_bytes(content)
    found = list(read_gently(path))
    assert [type(one) for one in found] == [ArchivedPage, Pause, Pause, Pause, ArchivedPage]
    assert [one for one in found if not isinstance(one, Pause)] == list(read_archive(path))
    assert [one.body for one in read_archive(path) if isinstance(one, ArchivedPage)] == list(bodies)
    # One that breaks off is as damaged as a small one.
    path.write_bytes(content[:-400_000])
    *_, last = read_gently(path)
    assert isinstance(last, Damage)
    assert last.offset == offsets[1]


def test_only_successful_html_answers_are_pages(path: Path) -> None:
    content, _ = archive(
        [
            ("http://k.example/1", "200 OK", HTML, b"<p>een"),
            ("http://k.example/2", "404 Not Found", HTML, b"<p>weg"),
            ("http://k.example/3", "301 Moved", [*HTML, ("Location", "/1")], b""),
            ("http://k.example/4", "200 OK", [("Content-Type", "image/png")], b"\x89PNG"),
            ("http://k.example/5", "200 OK", [], b"<p>zonder type"),
            ("http://k.example/6", "200 OK", [("Content-Type", "application/xhtml+xml")], b"<p>xhtml"),
        ],
        compressed=True,
    )
    assert read(path, content) == (list("156"), [])
