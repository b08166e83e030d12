"""Trying the lists of an outlet: which of them work, which have moved, which are empty, foreign, old or dead.

What works is what a crawl could find articles by: an answer that can be read, and that names pages of the outlet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from crawler.discovery.entries import UnreadableListing
from crawler.discovery.feeds import parse_feed
from crawler.discovery.finding import Answer, FoundLists, find_lists
from crawler.discovery.sections import SectionPage, parse_section
from crawler.discovery.sitemaps import Sitemap, parse_sitemap

if TYPE_CHECKING:
    from crawler.discovery.entries import Entry
    from crawler.discovery.finding import Read
    from crawler.sites import Site

OLD = timedelta(days=180)
"""A list that has named nothing newer for so long is not kept up any more."""
_FOUND_AND_TRIED = 5
"""Of each kind of list that a home page leads to, this many are tried."""
_PASSING = frozenset([408, 425, 429])
"""Statuses that say nothing about the address, like all from 500 on."""


class Standing(StrEnum):
    """What trying a list led to."""

    WORKS = "works"
    """It names pages of the outlet."""
    OLD = "old"
    """It does, but nothing new for half a year."""
    EMPTY = "empty"
    """It can be read, and names nothing."""
    FOREIGN = "foreign"
    """It names pages, none of them on the outlet's domains or among the paths it allows."""
    DEAD = "dead"
    """What is there is no such list, or not for us: 404, a page for readers, robots.txt forbids."""
    AWAY = "away"
    """No answer this time: a time-out, a server error, a host that wants to be left alone."""


class Kind(StrEnum):
    """What was tried."""

    ROBOTS = "robots"
    HOME = "home"
    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An address from which no answer came."""

    why: str
    """Why, for a person."""
    passing: bool
    """It may be otherwise another time."""


Ask = Callable[[str], Awaitable[Answer | Refusal]]
"""Asks for a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One list, and what became of trying it."""

    kind: Kind
    """What it is thought to be."""
    url: str
    """The URL that was asked for."""
    standing: Standing
    """What came of it."""
    detail: str
    """The evidence, for a person."""
    moved_to: str | None = None
    """The URL that answered, where that is another one."""
    found: int = 0
    """How many pages of the outlet, or sitemaps, it names."""
    newest: datetime | None = None
    """The latest instant it names, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An outlet, and what became of trying all that its table names."""

    site: Site
    """The outlet."""
    tried: tuple[Tried, ...]
    """Its robots.txt, then its lists; of one without, its home page and the lists that leads to."""

    @property
    def works(self) -> bool:
        """Whether all its table names works; where it names nothing, whether its home page leads to what does."""
        named = [one for one in self.tried if one.kind is not Kind.ROBOTS]
        if self.site.listed:
            return all(one.standing is Standing.WORKS for one in named)
        return any(one.standing is Standing.WORKS for one in named if one.kind is not Kind.HOME)

    @property
    def verified(self) -> bool | None:
        """What its table may say of it; None where what failed may be otherwise another time."""
        if self.works:
            return True
        named = [one for one in self.tried if one.kind is not Kind.ROBOTS]
        failed = [one for one in named if one.standing is not Standing.WORKS]
        return None if all(one.standing is Standing.AWAY for one in failed) else False


async def look_at(site: Site, *, ask: Ask, read: Read, now: datetime) -> Looked:
    """Try all that the table of an outlet names, one after the other. now: UTC. Raises what `ask` raises.

    Of an outlet whose table names no list, its home page, and the lists that leads to.
    """
    start = next(iter((*site.feeds, *site.sitemaps, *site.sections)), site.home_page)
    tried = [await _try_robots(urljoin(start, "/robots.txt"), ask)]
    if site.listed:
        for kind, urls in ((Kind.FEED, site.feeds), (Kind.SITEMAP, site.sitemaps), (Kind.SECTION, site.sections)):
            tried += [await try_list(site, kind, url, ask=ask, read=read, now=now) for url in urls]
        return Looked(site=site, tried=tuple(tried))
    home, found = await find_paper(site.home_page, ask=ask, read=read)
    if found is not None and not site.owns(home.moved_to or home.url):
        home, found = replace(home, standing=Standing.FOREIGN, detail="leads to another site"), None
    lists = await try_found(site, found, ask=ask, read=read, now=now) if found is not None else ()
    return Looked(site=site, tried=(*tried, home, *lists))


async def find_paper(url: str, *, ask: Ask, read: Read) -> tuple[Tried, FoundLists | None]:
    """Look for the lists of the paper whose home page is `url`; None where that cannot be had or read."""
    answer = await ask(url)
    home = _answered(Kind.HOME, url, answer)
    if home.standing is not Standing.WORKS or isinstance(answer, Refusal):
        return home, None

    async def fetch(place: str) -> Answer | None:
        there = await ask(place)
        return there if isinstance(there, Answer) else None

    try:
        found = await find_lists(answer, fetch=fetch, read=read)
    except UnreadableListing as error:
        return replace(home, standing=Standing.DEAD, detail=str(error)), None
    kinds = (("feed", found.feeds), ("sitemap", found.sitemaps), ("section", found.sections))
    words = [f"{len(urls)} {kind}{'' if len(urls) == 1 else 's'}" for kind, urls in kinds if urls]
    detail = f"leads to {', '.join(words)}" if words else "leads to no list"
    return replace(home, standing=Standing.WORKS if words else Standing.EMPTY, detail=detail), found


async def try_found(
    site: Site, found: FoundLists, *, ask: Ask, read: Read, now: datetime, most: int = _FOUND_AND_TRIED
) -> tuple[Tried, ...]:
    """Try the lists of a paper that were found, `most` of each kind. now: UTC."""
    kinds = ((Kind.FEED, found.feeds), (Kind.SITEMAP, found.sitemaps), (Kind.SECTION, found.sections))
    return tuple(
        [await try_list(site, kind, url, ask=ask, read=read, now=now) for kind, urls in kinds for url in urls[:most]]
    )


async def try_list(site: Site, kind: Kind, url: str, *, ask: Ask, read: Read, now: datetime) -> Tried:
    """Ask for one list of an outlet, and read it. now: UTC."""
    answer = await ask(url)
    tried = _answered(kind, url, answer)
    if tried.standing is not Standing.WORKS or isinstance(answer, Refusal):
        return tried
    try:
        listed = await read(_PARSERS[kind], answer.body, answer.url)
    except UnreadableListing as error:
        return replace(tried, standing=Standing.DEAD, detail=str(error))
    if isinstance(listed, Sitemap) and listed.sitemaps:
        return _judged(tried, listed.sitemaps, "sitemap", now)
    pages: Sequence[Entry] = listed.entries if isinstance(listed, Sitemap | SectionPage) else listed
    own = [page for page in pages if site.owns(page.url) and site.admits(page.url)]
    if pages and not own:
        where = " or ".join(site.domains)
        return replace(tried, standing=Standing.FOREIGN, detail=f"none of its {len(pages)} pages is one of {where}")
    return _judged(tried, own, "page", now)


_PARSERS: dict[Kind, Callable[[bytes, str], Any]] = {
    Kind.FEED: parse_feed,
    Kind.SITEMAP: parse_sitemap,
    Kind.SECTION: parse_section,
}


async def _try_robots(url: str, ask: Ask) -> Tried:
    answer = await ask(url)
    tried = _answered(Kind.ROBOTS, url, answer)
    if isinstance(answer, Answer) and 400 <= answer.status < 500:
        return replace(tried, standing=Standing.WORKS, detail="there is none: everything may be fetched")
    return tried


def _answered(kind: Kind, url: str, answer: Answer | Refusal) -> Tried:
    """Return what can be said of an address before anybody has read what is there."""
    if isinstance(answer, Refusal):
        standing = Standing.AWAY if answer.passing else Standing.DEAD
        return Tried(kind=kind, url=url, standing=standing, detail=answer.why)
    moved_to = answer.url if answer.url != url.partition("#")[0] else None
    if answer.status == 200:
        return Tried(kind=kind, url=url, standing=Standing.WORKS, detail="", moved_to=moved_to)
    standing = Standing.AWAY if answer.status in _PASSING or answer.status >= 500 else Standing.DEAD
    return Tried(kind=kind, url=url, standing=standing, detail=f"HTTP {answer.status}", moved_to=moved_to)


def _judged(tried: Tried, entries: Iterable[Entry], what: str, now: datetime) -> Tried:
    found = list(entries)
    if not found:
        return replace(tried, standing=Standing.EMPTY, detail="names nothing")
    newest = max((entry.dated_at for entry in found if entry.dated_at is not None), default=None)
    count = f"{len(found):,} {what}{'' if len(found) == 1 else 's'}"
    detail = f"{count}, the newest of {newest:%Y-%m-%d %H:%M}" if newest is not None else f"{count}, without dates"
    old = newest is not None and now - newest > OLD
    return replace(
        tried, standing=Standing.OLD if old else Standing.WORKS, detail=detail, found=len(found), newest=newest
    )
