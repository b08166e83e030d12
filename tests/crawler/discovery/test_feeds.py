import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import DatePrecision, DateSource
from crawler.discovery.entries import Entry, UnreadableListing
from crawler.discovery.feeds import parse_feed
from crawler.listed import Listed, from_row, to_row

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Krant</title><link>https://k.example/</link>
<item><title>Brug &amp; sluis</title><link>https://k.example/1</link>
<pubDate>Tue, 03 Mar 2026 08:30:00 +0100</pubDate></item>
<item><title>Relatief</title><link>/2</link><pubDate>gisteren</pubDate></item>
<item><title>Alleen guid</title><guid>https://k.example/3</guid></item>
<item><title>Geen adres</title><guid isPermaLink="false">tag:k,2026:4</guid></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Krant</title><entry><title>Een</title>
<link rel="alternate" href="https://k.example/1"/><link rel="enclosure" href="https://k.example/1.mp3"/>
<author><name>Door Anke de Vos</name></author><author><name>Bram Kuiper</name></author>
<published>2026-03-02T07:30:00+01:00</published><updated>2026-03-03T07:30:00Z</updated></entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Krant</title><dc:language>nl-BE</dc:language></channel>
<item rdf:about="https://k.example/1"><title>Een</title><link>https://k.example/1</link>
<dc:creator>Anke de Vos</dc:creator><dc:date>2026-03-03T08:30:00+01:00</dc:date></item></rdf:RDF>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "language": "nl",
    "items": [
        {
            "id": "1",
            "url": "/1",
            "title": "Een",
            "authors": [{"name": "Anke de Vos"}],
            "date_published": "2026-03-03T08:30:00+01:00",
            "date_modified": "2026-03-04T08:30:00+01:00",
        },
        {"id": "https://k.example/2", "title": 7, "author": {"name": "Bram Kuiper"}, "date_published": "ooit"},
        {"id": "zonder adres"},
        "geen item",
    ],
}


def listed(entry: Entry) -> Listed:
    assert entry.listed is not None
    return entry.listed


def test_rss() -> None:
    first, second, third = parse_feed(RSS, "https://k.example/rss")
    assert (first.url, listed(first).title) == ("https://k.example/1", "Brug & sluis")
    assert first.published_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    assert (listed(first).published_offset, listed(first).published_precision) == (60, DatePrecision.SECOND)
    assert (second.url, second.published_at) == ("https://k.example/2", None)
    assert third.url == "https://k.example/3"


@pytest.mark.parametrize("version", ["0.91", "0.92", "2.0"])
def test_every_rss_there_has_been(version: str) -> None:
    feed = f'<rss version="{version}"><channel><item><title>Een</title><link>https://k.example/1</link></item>'
    assert [entry.url for entry in parse_feed(feed.encode() + b"</channel></rss>", "https://k.example/rss")] == [
        "https://k.example/1"
    ]


def test_atom() -> None:
    (entry,) = parse_feed(ATOM, "https://k.example/atom")
    assert (entry.url, entry.published_at) == ("https://k.example/1", datetime(2026, 3, 2, 6, 30, tzinfo=UTC))
    assert (entry.changed_at, entry.dated_at) == (datetime(2026, 3, 3, 7, 30, tzinfo=UTC),) * 2
    assert listed(entry).authors == ("Anke de Vos", "Bram Kuiper")


def test_an_update_is_no_publication() -> None:
    feed = ATOM.replace(b"<published>2026-03-02T07:30:00+01:00</published>", b"")
    (entry,) = parse_feed(feed, "https://k.example/atom")
    assert (entry.published_at, entry.changed_at) == (None, datetime(2026, 3, 3, 7, 30, tzinfo=UTC))


def test_rdf() -> None:
    (entry,) = parse_feed(RDF, "https://k.example/rdf")
    assert listed(entry) == Listed(
        source=DateSource.FEED,
        title="Een",
        authors=("Anke de Vos",),
        published_at=datetime(2026, 3, 3, 7, 30, tzinfo=UTC),
        published_offset=60,
        published_precision=DatePrecision.SECOND,
        language="nl",
    )


def test_json_feed() -> None:
    first, second = parse_feed(b"\xef\xbb\xbf" + json.dumps(JSON).encode(), "https://k.example/feed.json")
    assert (first.url, listed(first).title, listed(first).authors) == ("https://k.example/1", "Een", ("Anke de Vos",))
    assert first.published_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    assert first.changed_at == datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
    assert (second.url, listed(second).title, second.published_at) == ("https://k.example/2", None, None)
    assert listed(second).language == "nl"


def test_mark_up_in_a_title_is_left_out() -> None:
    feed = RSS.replace(b"Brug &amp; sluis", b"Brug &lt;em&gt;en&lt;/em&gt;\n sluis: 3 &lt; 4")
    assert listed(parse_feed(feed, "https://k.example/rss")[0]).title == "Brug en sluis: 3 < 4"


def test_white_space_before_the_declaration_is_forgiven() -> None:
    assert len(parse_feed(b"\n  " + RSS, "https://k.example/rss")) == 3


def test_what_is_known_survives_the_ledger() -> None:
    for body in (RSS, ATOM, RDF, json.dumps(JSON).encode()):
        for entry in parse_feed(body, "https://k.example/"):
            assert from_row(to_row(listed(entry))) == entry.listed
    assert from_row(None) is None


def test_cut_off_feed_gives_what_is_there() -> None:
    assert [entry.url for entry in parse_feed(RSS[: RSS.index(b"Alleen")], "https://k.example/rss")][:2] == [
        "https://k.example/1",
        "https://k.example/2",
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>Aanmelden", b"{}", b'{"items": 3}', b"[" * 100_000, b"/etc/passwd", b"http://127.0.0.1:1/"],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableListing, match="not a feed"):
        parse_feed(body, "https://k.example/rss")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        entries = parse_feed(RSS[:120] + body, "https://k.example/rss")
    except UnreadableListing:
        return
    assert all(entry.url.startswith("http") for entry in entries)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_json_is_read_or_refused(value: object) -> None:
    feed = json.dumps({"items": [{"url": value, "authors": value, "title": value, "date_published": value}, value]})
    entries = parse_feed(feed.encode(), "https://k.example/feed.json")
    assert all(entry.url.startswith("http") for entry in entries)


@pytest.mark.parametrize("address", ["redactie@k.nl", "redactie@krant.example", "redactie@krant.amsterdam"])
def test_address_and_name_as_rss_writes_them(address: str) -> None:
    feed = RSS.replace(b"<title>Brug", f"<author>{address} (Anke de Vos)</author><title>Brug".encode())
    assert listed(parse_feed(feed, "https://k.example/rss")[0]).authors == ("Anke de Vos",)
