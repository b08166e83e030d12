"""Sitemaps: bytes in, entries or further sitemaps out (sitemaps.org protocol, Google News extension). Pure."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import BinaryIO, cast

from lxml import etree

from crawler.article import DateSource
from crawler.discovery.entries import MOST_ENTRIES, Entry, UnreadableListing, bare_language, headline, opening
from crawler.discovery.feeds import parse_feed
from crawler.extraction.authors import names_in
from crawler.extraction.dates import parse
from crawler.listed import Listed
from crawler.url import absolute_url

MAX_BYTES = 64 << 20
"""The protocol allows 50 MB uncompressed."""
_KINDS = {"urlset": "url", "sitemapindex": "sitemap"}
_FEEDS = ("rss", "feed", "RDF")
"""Roots of feeds, which the protocol allows as sitemaps."""
_URL_LINE = re.compile(rb"\s*https?://[^\s<>]+\s*(?:\n|\r|$)")
_MONTH_ONLY = re.compile(r"(\d{4})(?:-(\d{2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """A sitemap, or an index of sitemaps."""

    entries: tuple[Entry, ...] = ()
    """Pages it lists."""
    sitemaps: tuple[Entry, ...] = ()
    """Sitemaps it lists, if it is an index; `changed_at` is their lastmod."""
    cut: bool = False
    """It lists more than MOST_ENTRIES, and the rest was not read."""


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Return what a sitemap lists: XML, plain text, or a feed; gzip is undone. Reads MOST_ENTRIES at most.

    Of a broken or cut off one, what stands before the fault. Raises UnreadableListing where it is no sitemap.
    """
    packed = body.startswith(b"\x1f\x8b")
    if not packed and _is_text(body):
        return _of_lines(body, url)
    with cast("BinaryIO", gzip.GzipFile(fileobj=BytesIO(body))) if packed else BytesIO(body.lstrip()) as stream:
        start = _peek(stream) if packed else body
        if packed and _is_text(start):
            return _of_lines(_unpacked(stream), url)
        root, entries = _of_xml(_Limited(stream), url)
        if root in _FEEDS:
            stream.seek(0)
            return Sitemap(entries=tuple(parse_feed(_unpacked(stream) if packed else body, url)))
    if root not in _KINDS:
        raise UnreadableListing(f"not a sitemap: {opening(start)}")
    cut = len(entries) > MOST_ENTRIES
    found = tuple(entries[:MOST_ENTRIES])
    return Sitemap(sitemaps=found, cut=cut) if root == "sitemapindex" else Sitemap(entries=found, cut=cut)


class _Limited:
    """A stream of at most so many bytes, for whoever reads it to the end: a small gzip may unpack to anything."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MAX_BYTES

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(min(size if size > 0 else 1 << 16, 1 << 16))
        self._left -= len(chunk)
        if self._left < 0:
            raise UnreadableListing(f"sitemap of more than {MAX_BYTES} bytes")
        return chunk


def _of_xml(stream: _Limited, base: str) -> tuple[str | None, list[Entry]]:
    """Return the local name of the root and the entries below it, one more than MOST_ENTRIES at most."""
    root: etree._Element | None = None
    entries: list[Entry] = []
    try:
        parser = etree.iterparse(
            cast("BinaryIO", stream), events=("start", "end"), recover=True, resolve_entities=False, no_network=True
        )
        for event, element in parser:
            if root is None:
                root = element
                if _local(root) not in _KINDS:
                    break
            elif event == "end" and element.getparent() is root:
                if _local(element) == _KINDS[_local(root)] and (entry := _entry(element, base)) is not None:
                    entries.append(entry)
                # What has been read is let go, or a sitemap of 50 MB is a tree of 500.
                element.clear()
                while element.getprevious() is not None:
                    del root[0]
                if len(entries) > MOST_ENTRIES:
                    break
    except (etree.XMLSyntaxError, ValueError, OSError, EOFError, zlib.error) as error:
        if isinstance(error, UnreadableListing) or root is None:
            reason = str(error) if isinstance(error, UnreadableListing) else f"not a sitemap: {error}"
            raise UnreadableListing(reason) from error
    return (_local(root) if root is not None else None), entries


def _entry(element: etree._Element, base: str) -> Entry | None:
    # Local names: papers get the namespaces wrong more often than the names.
    fields = _texts(element)
    location = absolute_url(base, fields["loc"]) if "loc" in fields else None
    if location is None:
        return None
    changed_at = parse_w3c_datetime(fields.get("lastmod", ""))
    news = next((child for child in element if _local(child) == "news"), None)
    return Entry(url=location, changed_at=changed_at, listed=_news(news) if news is not None else None)


def _news(element: etree._Element) -> Listed:
    fields = _texts(element)
    publication = next((child for child in element if _local(child) == "publication"), None)
    language = _texts(publication).get("language") if publication is not None else None
    published = parse(fields.get("publication_date", ""), DateSource.SITEMAP)
    return Listed(
        source=DateSource.SITEMAP,
        title=headline(fields.get("title")),
        authors=names_in([fields["author"]] if "author" in fields else []),
        published_at=published.at if published else None,
        published_offset=published.offset if published else None,
        published_precision=published.precision if published else None,
        language=bare_language(language),
    )


def _texts(element: etree._Element) -> dict[str, str]:
    """Return the texts of an element's children by their local names; the first where there are several."""
    fields: dict[str, str] = {}
    for child in element:
        if (name := _local(child)) and child.text and child.text.strip():
            fields.setdefault(name, child.text.strip())
    return fields


def _local(element: etree._Element) -> str:
    # Comments and processing instructions have a function for a tag.
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _is_text(body: bytes) -> bool:
    return _URL_LINE.match(body.removeprefix(b"\xef\xbb\xbf")[:4096]) is not None


def _of_lines(body: bytes, base: str) -> Sitemap:
    """Read a sitemap that is a list of URLs, one a line."""
    urls = (absolute_url(base, line) for line in _lines(body) if line.startswith(("http://", "https://")))
    entries = [Entry(url=url) for url in urls if url is not None]
    return Sitemap(entries=tuple(entries[:MOST_ENTRIES]), cut=len(entries) > MOST_ENTRIES)


def _lines(body: bytes) -> Iterator[str]:
    for number, line in enumerate(BytesIO(body.removeprefix(b"\xef\xbb\xbf"))):
        if number > MOST_ENTRIES:
            return
        yield line.decode("utf-8", "replace").strip()


def parse_w3c_datetime(text: str) -> datetime | None:
    """Return the instant of a W3C date-time (NOTE-datetime), in UTC; None where it is not one.

    A date alone counts as the end of that day, a month as its end, a year likewise: "changed in that month" must never
    be taken for older than it is.
    """
    text = text.strip()
    try:
        if match := _MONTH_ONLY.fullmatch(text):
            year, month = int(match[1]), int(match[2] or 12)
            start = datetime(year, month, 1, tzinfo=UTC)
            return start.replace(year=year + month // 12, month=month % 12 + 1) - timedelta(seconds=1)
        instant = datetime.fromisoformat(text)
        if len(text) <= len("2026-01-31"):
            instant = instant.replace(hour=23, minute=59, second=59)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _peek(stream: BinaryIO) -> bytes:
    try:
        start = stream.read(4096)
        stream.seek(0)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableListing(f"gzip sitemap that cannot be decompressed: {error}") from error
    return start


def _unpacked(stream: BinaryIO) -> bytes:
    try:
        unpacked = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableListing(f"gzip sitemap that cannot be decompressed: {error}") from error
    if len(unpacked) > MAX_BYTES:
        raise UnreadableListing(f"sitemap of more than {MAX_BYTES} bytes")
    return unpacked
