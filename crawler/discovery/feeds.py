"""Feeds: RSS, RDF, Atom and JSON Feed bytes in, entries out. Pure."""

from __future__ import annotations

from calendar import timegm
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from crawler.article import DatePrecision, DateSource
from crawler.discovery.entries import MOST_ENTRIES, Entry, UnreadableListing, bare_language, headline, opening
from crawler.discovery.json_feed import looks_like_json, parse_json_feed
from crawler.extraction.authors import names_in
from crawler.extraction.dates import parse
from crawler.listed import Listed
from crawler.url import absolute_url

_ONE_DATE = ("rss10", "rss090", "cdf")
"""Kinds of feed that have one date for an item, dc:date, and mean its publication."""


def parse_feed(body: bytes, url: str) -> list[Entry]:
    """Return the entries of a feed in its order, MOST_ENTRIES at most; relative links are resolved against `url`.

    A broken feed gives what feedparser can still read of it. Raises UnreadableListing where it is no feed.
    """
    if looks_like_json(body):
        return parse_json_feed(body, url)
    # A stream, never the bytes themselves: feedparser would take a short body for a file name or a URL.
    # White space before the XML declaration makes it another document, and is the commonest fault of all.
    feed = feedparser.parse(BytesIO(body.lstrip()), response_headers={"content-location": url}, sanitize_html=False)
    if not feed.get("version") and not feed.entries:
        raise UnreadableListing(f"not a feed: {opening(body)}")
    base = absolute_url(url, feed.feed.get("link") or "") or url
    entries = []
    for entry in feed.entries[:MOST_ENTRIES]:
        written = entry.get("link") or _guid(entry)
        # Links are relative to the feed's address (RFC 3986); where that leads out of the paper, to its home page.
        link = absolute_url(url, written) or absolute_url(base, written) if written else None
        if link is not None:
            entries.append(_entry(entry, link, feed))
    return entries


def _entry(entry: feedparser.FeedParserDict, link: str, feed: feedparser.FeedParserDict) -> Entry:
    # Not get("updated") alone: feedparser answers it with the other one, and a deprecation warning.
    updated = (entry["updated"], entry["updated_parsed"]) if "updated_parsed" in entry else (None, None)
    published = (entry.get("published"), entry.get("published_parsed"))
    if not any(published) and feed.get("version", "") in _ONE_DATE:
        published = updated
    at, offset, precision = _instant(*published)
    names = [author.get("name", "") for author in entry.get("authors", ())] or [entry.get("author", "")]
    return Entry(
        url=link,
        changed_at=_instant(*updated)[0],
        listed=Listed(
            source=DateSource.FEED,
            title=headline(entry.get("title")),
            authors=names_in([_name(name) for name in names if name]),
            published_at=at,
            published_offset=offset,
            published_precision=precision,
            language=bare_language(entry.get("language") or feed.feed.get("language")),
        ),
    )


def _name(author: str) -> str:
    # RSS writes `address (name)`; of an address with a long ending feedparser leaves the end, and the bracket open.
    before, bracket, name = author.partition("(")
    return name if bracket and ")" not in author and before.strip() else author


def _guid(entry: feedparser.FeedParserDict) -> str | None:
    identifier = entry.get("id")
    return identifier if identifier and identifier.startswith(("http://", "https://")) else None


def _instant(written: Any, parsed: Any) -> tuple[datetime | None, int | None, DatePrecision | None]:
    """Return an instant with offset and precision: as we read it, else as feedparser does, which forgets offsets."""
    instant = parse(written, DateSource.FEED) if isinstance(written, str) else None
    if instant is not None:
        return instant.at, instant.offset, instant.precision
    try:
        at = datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        at = None
    return at, None, DatePrecision.SECOND if at else None
