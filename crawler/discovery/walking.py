"""Walking the sitemaps of a paper for the pages of a span of time, in as few requests as their dates and names allow.

One sitemap at a time, the newest first, each let go before the next is asked for: what a paper of twenty years holds
in memory is one of its sitemaps and the addresses of those still to come.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.discovery.entries import MOST_ENTRIES, Entry, UnreadableListing
from crawler.discovery.finding import Answer
from crawler.discovery.recent import pages_within, sitemaps_within
from crawler.discovery.sitemaps import Sitemap, parse_sitemap
from crawler.discovery.spans import span_in_name

if TYPE_CHECKING:
    from crawler.discovery.finding import Read
    from crawler.discovery.spans import Span

_DEPTH = 3
"""Indexes in indexes; the protocol knows one level, and one that names itself knows no end."""
MOST_SITEMAPS = 20_000
"""Sitemaps of one paper that a walk looks at: one a day for fifty years. What names more is a trap, or broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A place from which nothing came that could be read."""

    url: str
    """The URL that was asked for."""
    why: str
    """What came instead, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A sitemap that was read to its end."""

    url: str
    """The URL that answered."""
    pages: tuple[Entry, ...] = ()
    """What it lists of the span, the newest first, those without a date last."""
    passed: int = 0
    """How many of the sitemaps it names cannot name pages of the span, and are not asked for."""


Ask = Callable[[str], Awaitable[Answer | NoAnswer]]
"""Asks for a URL."""


async def walk(
    sitemaps: Iterable[str], span: Span, *, undated: bool, ask: Ask, read: Read, most: int = MOST_SITEMAPS
) -> AsyncIterator[Walked | NoAnswer]:
    """Yield the sitemaps of a paper that can name pages of a span, as they are read; or why one could not be.

    undated: whether pages are wanted that the span may hold, but that no date says so of (`pages_within`).
    most: sitemaps that are asked for.
    Raises what `ask` and `read` raise, but UnreadableListing.
    """
    order = itertools.count()
    first = sitemaps_within([Entry(url=url) for url in dict.fromkeys(sitemaps)], span)
    seen = {entry.url for entry in first}
    waiting = [(_rank(entry), next(order), 0, entry.url) for entry in first]
    heapq.heapify(waiting)
    while waiting:
        *_, level, url = heapq.heappop(waiting)
        sitemap = await _read(url, ask, read)
        if isinstance(sitemap, NoAnswer):
            yield sitemap
            continue
        named = sitemaps_within(sitemap.sitemaps, span)
        passed = len(sitemap.sitemaps) - len(named)
        new = [entry for entry in named if entry.url not in seen]
        if level >= _DEPTH and new:
            yield NoAnswer(url=url, why=f"an index below {_DEPTH} others: what it names is left out")
            new = []
        if len(new) > most - len(seen):
            yield NoAnswer(url=url, why=f"with it more than {most} sitemaps are named: the rest is left out")
            new = new[: most - len(seen)]
        for entry in new:
            seen.add(entry.url)
            heapq.heappush(waiting, (_rank(entry), next(order), level + 1, entry.url))
        pages = pages_within(sitemap.entries, span, undated=undated, named=span_in_name(url))
        yield Walked(url=url, pages=tuple(pages), passed=passed)
        if sitemap.cut:
            yield NoAnswer(url=url, why=f"names more than {MOST_ENTRIES} pages: the rest is left out")


def _rank(sitemap: Entry) -> float:
    """Return where a sitemap stands in the order: the newest first, those of which nothing is known before all."""
    span = span_in_name(sitemap.url)
    at = span.start if span is not None else sitemap.changed_at
    return -at.timestamp() if at is not None else float("-inf")


async def _read(url: str, ask: Ask, read: Read) -> Sitemap | NoAnswer:
    answer = await ask(url)
    if isinstance(answer, NoAnswer):
        return answer
    if answer.status != 200:
        return NoAnswer(url=url, why=f"HTTP {answer.status}")
    try:
        sitemap: Sitemap = await read(parse_sitemap, answer.body, answer.url)
    except UnreadableListing as error:
        return NoAnswer(url=url, why=str(error))
    return sitemap
