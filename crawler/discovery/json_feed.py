"""JSON Feed (jsonfeed.org, versions 1 and 1.1): bytes in, entries out. Pure."""

from __future__ import annotations

import json
from typing import Any

from crawler.article import DateSource
from crawler.discovery.entries import MOST_ENTRIES, Entry, UnreadableListing, bare_language, headline, opening
from crawler.extraction.authors import names_in
from crawler.extraction.dates import parse
from crawler.listed import Listed
from crawler.url import absolute_url


def looks_like_json(body: bytes) -> bool:
    """Whether a body is to be read as JSON: XML never begins with a brace."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def parse_json_feed(body: bytes, url: str) -> list[Entry]:
    """Return the entries of a JSON Feed in its order; relative links are resolved against `url`.

    Raises UnreadableListing where it is none.
    """
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise UnreadableListing(f"not a feed: JSON that cannot be read ({error})") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise UnreadableListing(f"not a feed: JSON without a list of items, {opening(body)}")
    language = _text(feed.get("language"))
    found = (_entry(item, url, language) for item in items[:MOST_ENTRIES] if isinstance(item, dict))
    return [entry for entry in found if entry is not None]


def _entry(item: dict[str, Any], base: str, language: str | None) -> Entry | None:
    identifier = _text(item.get("id")) or ""
    written = _text(item.get("url")) or (identifier if identifier.startswith(("http://", "https://")) else None)
    link = absolute_url(base, written) if written else None
    if link is None:
        return None
    published = parse(_text(item.get("date_published")) or "", DateSource.FEED)
    modified = parse(_text(item.get("date_modified")) or "", DateSource.FEED)
    declared = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [_text(author.get("name")) for author in declared or () if isinstance(author, dict)]
    return Entry(
        url=link,
        changed_at=modified.at if modified else None,
        listed=Listed(
            source=DateSource.FEED,
            title=headline(_text(item.get("title"))),
            authors=names_in([name for name in names if name]),
            published_at=published.at if published else None,
            published_offset=published.offset if published else None,
            published_precision=published.precision if published else None,
            language=bare_language(_text(item.get("language")) or language),
        ),
    )


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
