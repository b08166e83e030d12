"""Which entries of a list are read: those of the days asked for, by date or by name, and a few undated ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crawler.discovery.spans import Span, span_in_name, span_in_path

if TYPE_CHECKING:
    from crawler.discovery.entries import Entry

_SLACK = timedelta(days=2)
"""A sitemap's name says the month in the paper's time zone, and its last articles are changed the day after."""


def recent_pages(entries: Sequence[Entry], *, since: datetime | None, undated: int) -> list[Entry]:
    """Return the pages of a list that were published or changed `since` (UTC; None: all), the newest first.

    A page that no date is given for counts by the date in its address. Of those without that too, `undated` at most
    (0: all): half from either end of the list, where lists have what is new.
    """
    dated: list[tuple[datetime, Entry]] = []
    others: list[Entry] = []
    for entry in entries:
        at = entry.dated_at
        if at is None and (span := span_in_path(entry.url)) is not None:
            at = span.end
        if at is None:
            others.append(entry)
        elif since is None or at >= since:
            dated.append((at, entry))
    dated.sort(key=lambda pair: pair[0], reverse=True)
    return [entry for _, entry in dated] + _ends(others, undated if since is not None else 0)


def recent_sitemaps(sitemaps: Sequence[Entry], *, since: datetime | None, undated: int) -> list[Entry]:
    """Return the sitemaps of an index that may name pages published or changed `since` (UTC; None: all).

    A name such as `sitemap-2016-01.xml` comes before `lastmod`, which many a paper sets anew each night for all. Of
    those that neither dates, `undated` at most (0: all), half from either end of the index.
    """
    if since is None:
        return list(sitemaps)
    chosen: list[Entry] = []
    others: list[Entry] = []
    for sitemap in sitemaps:
        span = span_in_name(sitemap.url)
        if span is not None and span.end + _SLACK < since:
            continue
        if span is None and sitemap.changed_at is None:
            others.append(sitemap)
        elif span is not None or (sitemap.changed_at is not None and sitemap.changed_at >= since):
            chosen.append(sitemap)
    return chosen + _ends(others, undated)


def sitemaps_within(sitemaps: Sequence[Entry], span: Span) -> list[Entry]:
    """Return the sitemaps of an index that may name pages published in `span`.

    One whose name speaks of another time cannot; nor can one last changed before the span began. What neither its name
    nor its date speaks about may.
    """
    found = []
    for sitemap in sitemaps:
        named = span_in_name(sitemap.url)
        if named is not None and not named.meets(span):
            continue
        if named is None and sitemap.changed_at is not None and sitemap.changed_at < span.start - timedelta(days=1):
            continue
        found.append(sitemap)
    return found


def pages_within(
    entries: Sequence[Entry], span: Span, *, undated: bool = True, named: Span | None = None
) -> list[Entry]:
    """Return the pages of a list that may have been published in `span`, those with a date first, the newest first.

    By the date of publication a list gives, else the one in the address; a page last changed before the span began
    cannot be of it. One changed later, or of which nothing is known, may be; `undated` says whether such are wanted.
    named: what the name of the list speaks of (`span_in_name`), which then decides about these.
    """
    if named is not None:
        # A list that only comes near the span is read for the few pages that lie across midnight.
        undated = named.start < span.end and span.start < named.end
    found = [entry for entry in entries if _may_be_of(span, entry, unless_dated=undated)]
    found.sort(key=_order, reverse=True)
    return found


def _may_be_of(span: Span, entry: Entry, *, unless_dated: bool) -> bool:
    """Whether a page may have been published in a span; `unless_dated`: where nothing says so or otherwise."""
    if entry.published_at is not None:
        return span.near(entry.published_at)
    if (spoken_of := span_in_path(entry.url)) is not None:
        return spoken_of.meets(span)
    if entry.changed_at is None:
        return unless_dated
    if span.near(entry.changed_at):
        return True
    return unless_dated and entry.changed_at >= span.end


def _order(entry: Entry) -> float:
    return entry.dated_at.timestamp() if entry.dated_at is not None else float("-inf")


def _ends(entries: list[Entry], most: int) -> list[Entry]:
    if not most or len(entries) <= most:
        return entries
    head = (most + 1) // 2
    tail = most - head
    return entries[:head] + (entries[-tail:] if tail else [])
