"""Under which URL an article is known, and which others lead to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.url import InvalidURL, absolute_url, canonical_url, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.extraction.head import Head
    from crawler.extraction.page import Page

_TELLING = re.compile(r"\d{3}|[^/]-[^/]*-")
"""What the last part of an article's path has: a number, or words with hyphens."""


def address_of(page: Page, head: Head) -> str:
    """Return the canonical URL of a page: its own rel=canonical if that can be true, else its cleaned URL.

    One that leads to another site, to the home page or to a section above the page is an error of the publisher.
    Raises InvalidURL where the page's own URL is none.
    """
    own = canonical_url(page.url)
    for href in head.links.get("canonical", ()):
        declared = _cleaned(absolute_url(page.base_url, href))
        if declared and site_of(declared) == site_of(own) and not _is_above(declared, own):
            return declared
    return own


def aliases_of(address: str, page: Page, head: Head, *more: str) -> tuple[str, ...]:
    """Return the other URLs, canonical and sorted, that lead to the article at `address`.

    These are the URL that answered, the AMP version the page names, and `more` (the URL that was requested).
    """
    amp = (absolute_url(page.base_url, href) for href in head.links.get("amphtml", ()))
    same_site = (url for url in amp if url and site_of(url) == site_of(address))
    return tuple(sorted(set(_all_cleaned([page.url, *same_site, *more])) - {address}))


def _all_cleaned(urls: Iterable[str]) -> list[str]:
    return [cleaned for url in urls if (cleaned := _cleaned(url))]


def _cleaned(url: str | None) -> str | None:
    try:
        return canonical_url(url) if url else None
    except InvalidURL:
        return None


def _is_above(declared: str, own: str) -> bool:
    """Tell whether a URL is the home page or a section of which another one is a page."""
    one, other = urlsplit(declared), urlsplit(own)
    if one.path == other.path:
        return bool(other.query) and not one.query and not _TELLING.search(one.path)
    if one.path == "/":
        return not one.query
    return other.path.startswith(one.path.rstrip("/") + "/") and not _TELLING.search(one.path)
