import gzip
from pathlib import Path

import pytest

from crawler.discovery.lists import UnreadableInput, html_files, read_url_list, url_of_saved_page

LIST = "\ufeff# dit is een lijst\nhttps://k.example/1\n\n   https://k.example/2  \r\n#https://k.example/3\n"


def test_comments_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text(LIST, encoding="utf-8")
    assert list(read_url_list(path)) == ["https://k.example/1", "https://k.example/2"]


def test_compressed_list(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt.gz"
    path.write_bytes(gzip.compress(LIST.encode(), mtime=0))
    assert list(read_url_list(path)) == ["https://k.example/1", "https://k.example/2"]


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"https://k.example/1\n" * 9999, mtime=0)[:60]])
def test_compressed_list_that_is_broken_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "urls.gz"
    path.write_bytes(content)
    with pytest.raises(UnreadableInput, match=r"urls\.gz: cannot be read"):
        list(read_url_list(path))


def test_saved_pages_are_found_below_the_folder(tmp_path: Path) -> None:
    for name in ("b.html", "a/c.HTM", "a/d.xhtml", "a/e.css", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in html_files(tmp_path)] == ["a/c.HTM", "a/d.xhtml", "b.html"]


@pytest.mark.parametrize(
    ("page", "url"),
    [
        ('<link rel="canonical" href="https://k.example/1">', "https://k.example/1"),
        ('<link rel="nofollow CANONICAL" href=" https://k.example/1 ">', "https://k.example/1"),
        ('<meta property="og:url" content="https://k.example/2">', "https://k.example/2"),
        ("<!-- saved from url=(0021)https://k.example/3 -->\n<html>", "https://k.example/3"),
        (
            '<link rel="canonical" href="/1"><meta property="og:url" content="https://k.example/4">',
            "https://k.example/4",
        ),
        ("<p>geen adres", None),
        ("", None),
        ("\x00", None),
    ],
)
def test_url_of_saved_page(page: str, url: str | None) -> None:
    assert url_of_saved_page(page.encode()) == url
