"""Which page first: a breaking story never waits behind an archive. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawler.article import Via

LISTING = 1_000
"""Feeds, sitemaps and sections come before pages: the newest article may be in the last of them."""
READ_ALSO = -10
"""What articles point to comes after all that papers list as news."""
ARCHIVE = -20
"""What is older than all that."""
_AGAIN = 5
"""By so much a page we have read before comes behind the unseen ones of its age."""

_BY_AGE = (
    (timedelta(hours=1), 100),
    (timedelta(hours=6), 90),
    (timedelta(days=1), 80),
    (timedelta(days=3), 60),
    (timedelta(days=7), 40),
    (timedelta(days=31), 20),
    (timedelta(days=62), READ_ALSO),
)
_ASSUMED = {
    Via.FEED: timedelta(hours=12),
    Via.SECTION: timedelta(hours=12),
    Via.SITEMAP: timedelta(days=20),
    Via.READ_ALSO: timedelta(days=45),
}
"""How old a page is taken to be where no list says: feeds and section pages show what is new, sitemaps everything."""


def news_at(via: Via, dated_at: datetime | None, *, now: datetime) -> datetime:
    """Return how new a page is taken to be, UTC: as a list dates it, else by the kind of list that names it.

    A date ahead of `now` is a clock that differs, or tomorrow's paper: new, and no newer than that.
    """
    if via is Via.READ_ALSO or dated_at is None:
        return now - _ASSUMED.get(via, timedelta(days=20))
    return min(dated_at, now)


def priority_of(at: datetime | None, *, seen: bool, now: datetime) -> int:
    """Return the priority of a page, higher first, given how new it is (`news_at`).

    seen: whether we have read it before, and only look again.
    """
    age = now - at if at is not None else timedelta.max
    found = next((priority for oldest, priority in _BY_AGE if age <= oldest), ARCHIVE)
    return found - _AGAIN if seen else found
