"""Tests of crawler.extraction.page: what is parsed, and what is refused before."""

import pytest

from crawler.article import RejectionReason
from crawler.extraction.page import MAX_ELEMENTS, Unreadable, parse

URL = "https://www.waterbode.example/nieuws/brug-123"


def test_text_in_its_own_encoding() -> None:
    page = parse("<html><body><p>geopend café</p></body></html>".encode("cp1252"), URL, charset="windows-1252")
    assert page.tree.findtext(".//p") == "geopend café"
    assert page.encoding == "cp1252"
    assert page.url == page.base_url == URL


def test_an_xml_declaration_with_another_encoding_does_no_harm() -> None:
    page = parse('<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>één</p></body></html>'.encode(), URL)
    assert page.tree.findtext(".//p") == "één"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ('<base href="/archief/">', "https://www.waterbode.example/archief/"),
        ('<base href="https://beeld.waterbode.example/x">', "https://beeld.waterbode.example/x"),
        ('<base target="_blank">', URL),
        ('<base href="javascript:void(0)">', URL),
    ],
)
def test_relative_links_start_from_the_base(base: str, expected: str) -> None:
    assert parse(f"<html><head>{base}</head><body></body></html>".encode(), URL).base_url == expected


def test_broken_markup_is_read() -> None:
    page = parse(b"<p>een<div>twee</p><b>drie<i>vier</b></i><table><p>vijf", URL)
    assert "".join(page.tree.itertext()) == "eentweedrieviervijf"


def test_nul_bytes_do_not_end_the_page() -> None:
    assert parse(b"<p>voor</p>\x00<p>na</p>", URL).tree.xpath("string()") == "voorna"


@pytest.mark.parametrize("data", [b"", b"   \n", b"\x00\x00", b"\xef\xbb\xbf \r\n"])
def test_nothing_is_empty(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(data, URL)
    assert caught.value.reason is RejectionReason.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7 <p>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0JFIF",
        b"GIF89a",
        b"PK\x03\x04rest",
        b"\x1f\x8b\x08compressed",
        b'{"headline": "Brug open"}',
        b"[1, 2]",
        b'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>',
        b'<?xml version="1.0"?>\n<!-- made by hand -->\n<urlset><url/></urlset>',
        b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>",
        b"just words, no mark-up",
        b"User-agent: *\nDisallow: /",
    ],
)
def test_other_formats_are_not_html(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(data, URL)
    assert caught.value.reason is RejectionReason.NOT_HTML
    assert str(caught.value)


def test_a_page_above_the_limit_is_too_large() -> None:
    with pytest.raises(Unreadable) as caught:
        parse(b"<p>" + b"x" * 1000, URL, max_bytes=1000)
    assert caught.value.reason is RejectionReason.TOO_LARGE
    assert "1003 bytes" in str(caught.value)


def test_a_page_of_too_many_elements_is_too_large() -> None:
    with pytest.raises(Unreadable) as caught:
        parse(b"<p>" + b"<br>" * (MAX_ELEMENTS + 1), URL)
    assert caught.value.reason is RejectionReason.TOO_LARGE


def test_ten_thousand_levels_are_read_or_refused() -> None:
    page = parse(b"<div>" * 10_000 + b"<p>diep</p>", URL)
    assert page.tree.tag == "html"
