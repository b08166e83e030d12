from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.archive.reading import Place, files, pages
from crawler.archive.writing import Archive, ArchiveError, Exchange, Headers, plain_url
from crawler.discovery.warc import ArchivedPage, Damage, read_archive
from tests.running import ROOT

AT = datetime(2026, 3, 1, 6, 0, 0, 123_000, tzinfo=UTC)
HTML = [("Content-Type", "text/html")]


def exchange(number: int, *, body: bytes | None = None, headers: Headers = HTML) -> Exchange:
    return Exchange(
        url=f"http://www.polderbode.example/nieuws/{number}",
        at=AT + timedelta(seconds=number),
        method="GET",
        request_headers=[("User-Agent", "leesook")],
        protocol="HTTP/1.1",
        status="200 OK",
        headers=headers,
        body=b"<p>bericht %d</p>" % number if body is None else body,
    )


def archive(directory: Path, *, series: str = "leesook-1", max_bytes: int = 1_000_000) -> Archive:
    return Archive(directory, series=series, max_bytes=max_bytes, about={"software": "leesook"})


def found(directory: Path, after: Place | None = None) -> list[ArchivedPage | Damage]:
    return [one.what for one in pages(files(directory), after=after)]


@given(
    st.binary(max_size=300),
    st.lists(
        st.tuples(st.sampled_from(["X-A", "ETag"]), st.text("aé =\"'\x80", max_size=9).map(str.strip)), max_size=4
    ),
)
def test_any_body_and_header_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, headers: list[tuple[str, str]]
) -> None:
    directory = tmp_path_factory.mktemp("warc")
    kept = archive(directory)
    kept.write(exchange(1, body=body, headers=[*HTML, *headers]))
    kept.close()
    (path,) = files(directory)
    with path.open("rb") as stream:
        response = next(
            record for record in ArchiveIterator(stream, no_record_parse=True) if record.rec_type == "response"
        )
        head, _, payload = response.raw_stream.read().partition(b"\r\n\r\n")
    assert payload == body
    assert head.decode("latin-1").split("\r\n") == ["HTTP/1.1 200 OK", *(f"{n}: {v}" for n, v in [*HTML, *headers])]


def test_secrets_stay_out(tmp_path: Path) -> None:
    secret = [(name, "s3cret") for name in ("Cookie", "authorization", "Proxy-Authorization", "SET-COOKIE")]
    kept = archive(tmp_path)
    kept.write(
        Exchange(
            url="https://user:s3cret@www.polderbode.example/a?b#s3cret",
            at=AT,
            method="GET",
            request_headers=[*secret, ("Host", "www.polderbode.example")],
            protocol="HTTP/1.1",
            status="200 OK",
            headers=[*HTML, *secret],
            body=b"x",
        )
    )
    kept.close()
    raw = gzip.decompress(files(tmp_path)[0].read_bytes())
    assert b"s3cret" not in raw
    assert b"WARC-Target-URI: https://www.polderbode.example/a?b\r\n" in raw
    assert b"GET /a?b HTTP/1.1\r\nHost: www.polderbode.example\r\n" in raw


def test_what_was_kept_before_is_referred_to_and_found(tmp_path: Path) -> None:
    kept = archive(tmp_path, max_bytes=1_500)
    for number in range(6):
        kept.write(exchange(number, body=b"<p>het zelfde</p>"))
    kept.close()
    assert (kept.records, kept.revisits) == (12, 5)
    assert len(files(tmp_path)) > 1
    read = found(tmp_path)
    assert [page.body for page in read if isinstance(page, ArchivedPage)] == [b"<p>het zelfde</p>"] * 6
    assert [page.captured_at for page in read if isinstance(page, ArchivedPage)] == [exchange(n).at for n in range(6)]
    # The file alone gives what it holds: a revisit is no page of its own.
    assert sum(isinstance(page, ArchivedPage) for path in files(tmp_path) for page in read_archive(path)) == 1


def test_an_empty_answer_repeats_nothing(tmp_path: Path) -> None:
    kept = archive(tmp_path)
    for number in range(2):
        kept.write(exchange(number, body=b""))
    kept.close()
    assert kept.revisits == 0


def test_reading_goes_on_behind_any_place(tmp_path: Path) -> None:
    for series in ("leesook-1", "leesook-2"):
        kept = archive(tmp_path, series=series, max_bytes=2_500)
        for number in range(12):
            kept.write(exchange(number, body=b"<p>%d</p>" % (number // 2)))
        kept.close()
    whole = list(pages(files(tmp_path)))
    assert len(whole) == 24
    for at, one in enumerate(whole):
        assert list(pages(files(tmp_path), after=one.place)) == whole[at + 1 :]


def test_a_torn_record_costs_itself_and_a_new_run_starts_a_new_file(tmp_path: Path) -> None:
    kept = archive(tmp_path)
    for number in range(4):
        kept.write(exchange(number))
    kept.close()
    (path,) = files(tmp_path)
    last = list(pages([path]))[-1].place.offset
    whole = path.read_bytes()
    for cut in range(last + 1, len(whole), 97):
        path.write_bytes(whole[:cut])
        read = [page for page in found(tmp_path) if isinstance(page, ArchivedPage)]
        assert [page.body for page in read][:3] == [b"<p>bericht %d</p>" % number for number in range(3)]
    path.write_bytes(whole[: last + 40])
    again = archive(tmp_path, series="leesook-2")
    again.write(exchange(9))
    again.close()
    assert [page.body for page in found(tmp_path) if isinstance(page, ArchivedPage)][-1] == b"<p>bericht 9</p>"
    assert len(files(tmp_path)) == 2


def test_a_file_that_is_there_is_never_written_to(tmp_path: Path) -> None:
    kept = archive(tmp_path)
    kept.write(exchange(1))
    kept.close()
    with pytest.raises(ArchiveError, match="File exists"):
        archive(tmp_path).write(exchange(2))


FULL = """
import resource, sys
from pathlib import Path
from tests.crawler.archive.test_writing import archive, exchange
from crawler.archive.writing import ArchiveError
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
kept = archive(Path(sys.argv[1]))
try:
    for number in range(1_000):
        kept.write(exchange(number))
except ArchiveError as error:
    print(number, error)
"""


def test_where_there_is_no_room_the_file_stays_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    number, _, line = done.stdout.partition(" ")
    assert line.startswith(f"ARCHIVE_DIR: cannot write to {tmp_path}: File too large; make room"), done.stderr
    assert [page.body for page in found(tmp_path) if isinstance(page, ArchivedPage)] == [
        b"<p>bericht %d</p>" % n for n in range(int(number))
    ]
    assert not any(isinstance(page, Damage) for page in found(tmp_path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="ARCHIVE_DIR"):
        archive(tmp_path / "file" / "warc").write(exchange(1))


def test_a_url_without_its_secrets() -> None:
    assert plain_url("https://a:b@x.example:8/p?q=@#f") == "https://x.example:8/p?q=@"
    assert plain_url("https://x.example/p") == "https://x.example/p"
