"""How the dashboard says things: instants, numbers, names of languages, and which addresses may be links. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError

from crawler.article import DatePrecision, DateSource, Via

_LINK = re.compile(r"https?://[^\s\x00-\x20\x7f<>\"'`\\/?#][^\s\x00-\x20\x7f<>\"`\\]*", re.IGNORECASE)
_ENGLISH = Locale("en")
# Not in CLDR's list of writing directions by language alone.
_RIGHT_TO_LEFT = frozenset({"ary", "arz", "azb", "bal", "dv", "prs", "sd", "syr", "tly"})

_DATE_SOURCES: dict[str, str] = {
    DateSource.JSON_LD: "the page’s JSON-LD",
    DateSource.META: "a meta tag of the page",
    DateSource.TIME: "a <time> of the page",
    DateSource.FEED: "the feed",
    DateSource.SITEMAP: "the sitemap",
    DateSource.URL: "the address of the page",
    DateSource.HTMLDATE: "a guess at the page’s text",
}
_VIAS: dict[str, str] = {
    Via.FEED: "a feed",
    Via.SITEMAP: "a sitemap",
    Via.SECTION: "a section page",
    Via.READ_ALSO: "a read-also link",
    Via.LIST: "a list of URLs",
    Via.HTML: "a saved page",
    Via.WARC: "a WARC archive",
    Via.WAYBACK: "the Wayback Machine",
}


def safe_link(url: Any) -> str | None:
    """Return the address if a link may lead there: http or https with a host, and nothing a browser reads otherwise.

    None for everything else (`javascript:`, `data:`, blanks and control characters in front, no scheme).
    """
    return url if isinstance(url, str) and _LINK.fullmatch(url) else None


def bare_address(url: str) -> str:
    """Return an address without the scheme, as a person says it."""
    return re.sub(r"^https?://(?:www\.)?", "", url).rstrip("/")


@lru_cache(maxsize=512)
def language_name(code: str | None) -> str:
    """Return the English name of a language by its ISO 639 code; the code itself where it has none."""
    if not code:
        return "unknown"
    return str(_ENGLISH.languages.get(code, code))


@lru_cache(maxsize=512)
def direction(code: str | None) -> str:
    """Return which way a language is written, `ltr` or `rtl`; `auto` where the language is not known.

    Source: CLDR, by Babel.
    """
    if not code:
        return "auto"
    if code in _RIGHT_TO_LEFT:
        return "rtl"
    try:
        return "rtl" if Locale(code).character_order == "right-to-left" else "ltr"
    except (UnknownLocaleError, ValueError):
        return "auto"


def number(value: int | float | None) -> str:
    """Return a number with its thousands apart; an en dash for none."""
    return "–" if value is None else f"{value:,.0f}"


def counted(value: int, one: str, many: str = "") -> str:
    """Return a number with the word for what it counts: `1 article`, `2 articles`."""
    return f"{value:,} {one if value == 1 else many or f'{one}s'}"


def percent(share: float | None) -> str:
    """Return a share of 1 as a percentage; what is neither nothing nor all is never said to be."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def duration(seconds: float | None) -> str:
    """Return a duration as a person says it: `8 s`, `3 min`, `2 h 05 min`, `1 d 3 h`."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return f"−{duration(-seconds)}"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    days, hours = divmod(whole // 3600, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def moment(value: datetime | None) -> str:
    """Return an instant as `18 March 2026, 07:05 UTC`."""
    return f"{_day(value)}, {value:%H:%M} UTC" if value else "–"


def day(value: datetime | None) -> str:
    """Return the day of an instant, by UTC: `18 March 2026`."""
    return _day(value) if value else "undated"


def machine_time(value: datetime | None) -> str:
    """Return an instant as HTML's `<time datetime>` has it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def published(at: datetime | None, *, offset: int | None, precision: str | None) -> str:
    """Return when an article was published, by the publisher's own clock and no more exactly than is known.

    at: UTC. offset: minutes from UTC; without it the time is given in UTC. precision: as in DatePrecision.
    """
    if at is None:
        return "Date unknown"
    if precision == DatePrecision.MONTH:
        return f"{at:%B %Y}"
    if precision == DatePrecision.DAY:
        return f"{at:%A} {_day(at)}"
    if offset is None:
        return f"{at:%A} {_day(at)}, {at:%H:%M} UTC"
    own = at.astimezone(timezone(timedelta(minutes=offset)))
    return f"{own:%A} {_day(own)}, {own:%H:%M} {_zone(offset)}"


def date_source(source: str | None) -> str:
    """Return where the date of an article was read, as the end of the phrase `from …`; empty if unknown."""
    return _DATE_SOURCES.get(source, source) if source else ""


def via(how: str | None) -> str:
    """Return how a URL was discovered, as the end of the phrase `by …`."""
    return _VIAS.get(how, how) if how else "nobody knows what"


def shortened(text: str, length: int) -> str:
    """Return a text of at most so many characters, cut between words, with an ellipsis where it was cut."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    return (head.rsplit(None, 1)[0] if len(head.split()) > 1 else head).rstrip(" ,;:.–-") + "…"


def _day(value: datetime) -> str:
    return f"{value.day} {value:%B %Y}"


def _zone(offset: int) -> str:
    sign, rest = ("−" if offset < 0 else "+"), abs(offset)
    return f"UTC{sign}{rest // 60:02}:{rest % 60:02}" if offset else "UTC"
