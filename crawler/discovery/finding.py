"""Finding the lists of a paper of which only the home page is known, in as few requests as that takes.

The home page names its feeds, robots.txt its sitemaps. Only where neither does, the usual paths are tried, one at a
time, until one answers; and only where that fails too, the paper is read by its section pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from crawler.discovery.autodiscovery import Survey, robots_sitemaps, survey, usual_feeds, usual_sitemaps
from crawler.discovery.entries import UnreadableListing
from crawler.discovery.feeds import parse_feed
from crawler.discovery.sitemaps import Sitemap, parse_sitemap


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered."""

    url: str
    """The URL that answered, after redirects."""
    status: int
    """HTTP status."""
    body: bytes
    """The payload, decompressed."""


Fetch = Callable[[str], Awaitable[Answer | None]]
"""Asks for a URL; None where there is no answer at all, which somebody else has reported."""
Read = Callable[[Callable[[bytes, str], Any], bytes, str], Awaitable[Any]]
"""Runs a parser on a body and its URL somewhere; raises what the parser raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLists:
    """The lists of a paper."""

    told: Survey
    """What the home page says."""
    feeds: tuple[str, ...] = ()
    """Feeds named by the home page, or else the first usual path that answers with one."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps named by robots.txt, or else the first usual path that answers with one."""
    sections: tuple[str, ...] = ()
    """The home page and what its menus lead to; only where there is neither feed nor sitemap."""


async def find_lists(home: Answer, *, fetch: Fetch, read: Read) -> FoundLists:
    """Return the lists of the paper whose home page is `home`. Raises nothing for what a paper answers."""
    told: Survey = await read(survey, home.body, home.url)
    feeds = told.feeds
    robots = await fetch(urljoin(home.url, "/robots.txt"))
    sitemaps = robots_sitemaps(robots.body, robots.url) if robots is not None and robots.status == 200 else ()
    if not sitemaps:
        sitemaps = await first_sitemap(home.url, fetch=fetch, read=read)
    if not feeds:
        feeds = await _first(usual_feeds(home.url), parse_feed, fetch, read)
    sections = (home.url, *told.sections) if not feeds and not sitemaps else ()
    return FoundLists(told=told, feeds=feeds, sitemaps=sitemaps, sections=sections)


async def first_sitemap(home: str, *, fetch: Fetch, read: Read) -> tuple[str, ...]:
    """Return the first of the usual paths of the paper at `home` that answers with a sitemap, if one does."""
    return await _first(usual_sitemaps(home), parse_sitemap, fetch, read)


async def _first(
    places: Iterable[str], parse: Callable[[bytes, str], Any], fetch: Fetch, read: Read
) -> tuple[str, ...]:
    """Return the first of some places where there is a list that names anything."""
    for place in places:
        answer = await fetch(place)
        if answer is None or answer.status != 200:
            continue
        try:
            listed = await read(parse, answer.body, answer.url)
        except UnreadableListing:
            continue
        if listed.entries or listed.sitemaps if isinstance(listed, Sitemap) else listed:
            return (answer.url,)
    return ()
