from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.article import Via
from crawler.discovery.priority import ARCHIVE, LISTING, READ_ALSO, news_at, priority_of

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
PAST = st.timedeltas(timedelta(0), timedelta(days=9_000))
VIAS = st.sampled_from([Via.FEED, Via.SITEMAP, Via.SECTION])


def priority(via: Via, age: timedelta | None, *, seen: bool = False) -> int:
    dated_at = None if age is None else NOW - age
    return priority_of(news_at(via, dated_at, now=NOW), seen=seen, now=NOW)


@given(VIAS, PAST, PAST, st.booleans())
def test_what_is_newer_never_waits_for_what_is_older(via: Via, one: timedelta, other: timedelta, seen: bool) -> None:
    newer, older = sorted((one, other))
    assert priority(via, newer, seen=seen) >= priority(via, older, seen=seen)


@given(VIAS, PAST)
def test_unseen_before_seen_and_lists_before_all(via: Via, age: timedelta) -> None:
    assert priority(via, age, seen=True) < priority(via, age) < LISTING


def test_news_before_read_also_before_the_archive() -> None:
    dated = priority(Via.SITEMAP, timedelta(minutes=5))
    order = [dated, priority(Via.FEED, None), priority(Via.SITEMAP, None), READ_ALSO, ARCHIVE]
    assert order == sorted(order, reverse=True)
    assert priority(Via.READ_ALSO, None) == priority(Via.READ_ALSO, timedelta()) == READ_ALSO
    assert priority(Via.SITEMAP, timedelta(days=3_000)) == priority_of(None, seen=False, now=NOW) == ARCHIVE


def test_a_date_ahead_of_us_is_new_and_no_newer() -> None:
    assert news_at(Via.FEED, NOW + timedelta(days=9), now=NOW) == NOW
