import gzip
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import DatePrecision
from crawler.discovery.entries import MOST_ENTRIES, UnreadableListing
from crawler.discovery.sitemaps import parse_sitemap, parse_w3c_datetime

NEWS = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://k.example/1 </loc><lastmod>2026-03-04</lastmod><news:news><news:publication><news:name>K</news:name>
<news:language>nl</news:language></news:publication><news:publication_date>2026-03-03T08:30:00+01:00</news:publication_date>
<news:title>Brug open</news:title></news:news></url>
<url><lastmod>2026-03-04</lastmod></url><url><loc>mailto:a@b</loc></url>
</urlset>"""
INDEX = (
    b"""<sitemapindex><sitemap><loc>/a.xml.gz</loc><lastmod>2026-03-04T10:00:00Z</lastmod></sitemap></sitemapindex>"""
)
PICTURED = b"""<urlset><url><image:image xmlns:image="i"><image:loc>https://k.example/1.jpg</image:loc>
<image:title>Foto</image:title></image:image><loc>https://k.example/1</loc><lastmod>2026-03-04T10:00Z</lastmod>
<!-- geen nieuws --></url></urlset>"""
BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<urlset><url><loc>https://k.example/&b;</loc></url></urlset>"""
EXTERNAL = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>https://k.example/&a;</loc></url></urlset>"""


def test_news_sitemap() -> None:
    (entry,) = parse_sitemap(NEWS, "https://k.example/sitemap.xml").entries
    assert entry.url == "https://k.example/1"
    assert entry.changed_at == datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
    assert entry.listed is not None
    assert (entry.listed.title, entry.listed.language, entry.listed.published_offset) == ("Brug open", "nl", 60)
    assert entry.listed.published_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    assert entry.listed.published_precision is DatePrecision.SECOND


def test_lastmod_is_no_publication() -> None:
    (entry,) = parse_sitemap(PICTURED, "https://k.example/sitemap.xml").entries
    assert (entry.url, entry.listed, entry.published_at) == ("https://k.example/1", None, None)
    assert entry.dated_at == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("pack", [bytes, lambda body: gzip.compress(body, mtime=0)], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfhttps://k.example/1\r\n\r\nhttps://k.example/2\r\nmailto:a@k.example\r\n",
        b"<rss version='2.0'><channel><item><link>https://k.example/1</link></item>"
        b"<item><link>https://k.example/2</link></item></channel></rss>",
    ],
    ids=["text", "feed"],
)
def test_text_and_feeds_are_sitemaps_too(body: bytes, pack: Callable[[bytes], bytes]) -> None:
    entries = parse_sitemap(pack(body), "https://k.example/sitemap.txt").entries
    assert [entry.url for entry in entries] == ["https://k.example/1", "https://k.example/2"]


@pytest.mark.parametrize("line", ["<url><loc>https://k.example/{}</loc></url>", "https://k.example/{}\n"])
def test_a_sitemap_without_end_is_read_to_the_limit(line: str) -> None:
    listed = "".join(line.format(number) for number in range(MOST_ENTRIES + 2_000))
    whole = f"<urlset>{listed}</urlset>" if "<" in line else listed
    sitemap = parse_sitemap(gzip.compress(whole.encode(), mtime=0), "https://k.example/s")
    assert len(sitemap.entries) == MOST_ENTRIES
    assert sitemap.cut


@pytest.mark.parametrize("body", [INDEX, gzip.compress(INDEX, mtime=0)])
def test_index(body: bytes) -> None:
    sitemap = parse_sitemap(body, "https://k.example/sitemap.xml")
    assert not sitemap.entries
    assert [entry.url for entry in sitemap.sitemaps] == ["https://k.example/a.xml.gz"]


def test_cut_off_sitemap_gives_what_is_there() -> None:
    assert len(parse_sitemap(NEWS[:-40], "https://k.example/s").entries) == 1


@pytest.mark.parametrize("body", [b"", b"<html><p>weg", b"\x1f\x8bgarbage", gzip.compress(NEWS, mtime=0)[:80], b"\x00"])
def test_what_is_no_sitemap_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableListing):
        parse_sitemap(body, "https://k.example/s")


def test_decompression_bomb_is_refused() -> None:
    with pytest.raises(UnreadableListing, match="more than"):
        parse_sitemap(gzip.compress(bytes(80 << 20), mtime=0), "https://k.example/s")


@pytest.mark.parametrize("body", [BOMB, EXTERNAL])
def test_entities_are_not_expanded(body: bytes) -> None:
    urls = [entry.url for entry in parse_sitemap(body, "https://k.example/s").entries]
    assert not any("aaaa" in url or "root" in url for url in urls)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-03T08:30:00+01:00", datetime(2026, 3, 3, 7, 30, tzinfo=UTC)),
        ("2026-03-03T08:30Z", datetime(2026, 3, 3, 8, 30, tzinfo=UTC)),
        ("2026-03-03", datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)),
        ("2026-02", datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999", None),
        ("2026-13", None),
        ("gisteren", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
    ],
)
def test_w3c_datetime(text: str, instant: datetime | None) -> None:
    assert parse_w3c_datetime(text) == instant


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        sitemap = parse_sitemap(b"<urlset>" + body, "https://k.example/s")
    except UnreadableListing:
        return
    assert all(entry.url.startswith("http") for entry in (*sitemap.entries, *sitemap.sitemaps))
