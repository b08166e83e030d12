"""Spans of time: the one that was asked for, and the one that a name such as `sitemap-2022-01.xml` speaks of. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote, urlsplit

_SLACK = timedelta(days=1)
"""Papers cut their months and days in their own time zone, and list what was changed after midnight."""
_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_FIRST_ASKED = 1600
"""Before the first newspaper; and years that leave room for a day's slack."""

_YEAR = r"(?<!\d)(?P<year>(?:19|20)\d\d)"
_MONTH = r"(?P<month>0[1-9]|1[0-2])"
_ANY_MONTH = r"(?P<month>0?[1-9]|1[0-2])"
_DAY = r"(?P<day>0[1-9]|[12]\d|3[01])"
_ANY_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WORD = rf"(?P<word>{'|'.join(_NAMES)})[a-z]{{0,6}}"
# In this order: the longest reading of a name is what its maker meant.
_IN_NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}{_MONTH}{_DAY}(?!\d)",
        rf"{_YEAR}(?P<sep>[-_/.]){_ANY_MONTH}(?P=sep){_ANY_DAY}(?!\d)",
        rf"{_YEAR}{_MONTH}(?!\d)",
        rf"{_YEAR}[-_/.]{_ANY_MONTH}(?!\d)",
        rf"(?<!\d){_MONTH}[-_](?P<year>(?:19|20)\d\d)(?!\d)",
        rf"{_YEAR}[-_/.]?{_WORD}(?![a-z])",
        rf"(?<![a-z]){_WORD}[-_/.]?(?P<year>(?:19|20)\d\d)(?!\d)",
        rf"{_YEAR}(?!\d)",
    )
)
_IN_QUERY = {
    name: re.compile(rf"(?:^|&)(?:{names})=0*(\d+)(?:&|$)", re.IGNORECASE)
    for name, names in (("year", "yyyy|year|jaar|y"), ("month", "mm|month|maand|m"), ("day", "dd|day|dag|d"))
}
_ASKED = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?", re.ASCII)
_IN_PATH = re.compile(rf"/{_YEAR}(?:[-/]?){_MONTH}(?:[-/]?{_DAY})?(?=[/-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time."""

    start: datetime
    """Its first instant, UTC."""
    end: datetime
    """The first instant after it, UTC."""

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.start <= instant < self.end

    def meets(self, other: Span) -> bool:
        """Whether the two have an instant in common, give or take a day."""
        return self.start - _SLACK < other.end and other.start < self.end + _SLACK

    @property
    def days(self) -> str:
        """Its first and last day, for a person."""
        return f"{self.start:%Y-%m-%d} to {self.end - timedelta(microseconds=1):%Y-%m-%d}"

    def near(self, instant: datetime) -> bool:
        """Whether an instant lies in it, give or take a day: lists and pages do not count days in the same zone."""
        return self.start - _SLACK <= instant < self.end + _SLACK


def span_of_days(since: date, until: date) -> Span:
    """Return the span from the start of one day to the end of another, UTC."""
    return Span(start=_midnight(since), end=_midnight(until) + timedelta(days=1))


def span_asked(since: str | None, until: str | None, *, today: date) -> Span:
    """Return the span from the start of one year, month or day to the end of another, as a person writes them, UTC.

    since: `2022`, `2022-01` or `2022-01-31`; until: likewise, or None for `today`. Raises ValueError, with a sentence
    for a person, for what is no date, and for a span that ends before it begins.
    """
    if since is None:
        raise ValueError("since is missing: write since=2022-01-31, since=2022-01 or since=2022")
    first = _asked("since", since)
    last = _asked("until", until) if until is not None else Span(start=first.start, end=span_of_days(today, today).end)
    if first.start >= last.end:
        end = f"until={until}" if until is not None else f"today, {today}"
        raise ValueError(f"since={since} comes after {end}: a span goes from the earlier day to the later")
    return Span(start=first.start, end=last.end)


def _asked(name: str, text: str) -> Span:
    found = _ASKED.fullmatch(text.strip())
    problem = f"{name}={' '.join(text.split())}: not a date; write 2022-01-31, 2022-01 or 2022"
    if found is None:
        raise ValueError(problem)
    year, month, day = int(found["year"]), _number(found["month"]), _number(found["day"])
    try:
        return _dated(year, month, day, years=(_FIRST_ASKED, _LAST_YEAR))
    except ValueError:
        raise ValueError(problem) from None


def span_in_name(url: str) -> Span | None:
    """Return the year, month or day that the name of a sitemap speaks of; None where it speaks of none.

    Reads `sitemap-2022-01.xml`, `/2022/01/15/sitemap.xml`, `sitemap_202201.xml.gz`, `sitemap-january-2022.xml` and
    queries such as `?yyyy=2022&mm=01&dd=15`.
    """
    parts = urlsplit(url)
    asked = {name: int(found[1]) for name, pattern in _IN_QUERY.items() if (found := pattern.search(parts.query))}
    if "year" in asked:
        return _span(asked["year"], asked.get("month"), asked.get("day") if "month" in asked else None)
    text = unquote(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    for pattern in _IN_NAMES:
        for match in pattern.finditer(text):
            parts_of_date = match.groupdict()
            word = parts_of_date.get("word")
            month = _NAMES.index(word[:3].lower()) + 1 if word else _number(parts_of_date.get("month"))
            if span := _span(int(match["year"]), month, _number(parts_of_date.get("day"))):
                return span
    return None


def span_in_path(url: str) -> Span | None:
    """Return the day or month in the path of an article, `/2022/01/15/…`; None where there is none.

    Only what no headline holds: a year and a month at least, as a part of the path of their own.
    """
    match = _IN_PATH.search(urlsplit(url).path)
    return _span(int(match["year"]), int(match["month"]), _number(match["day"])) if match else None


def _span(year: int, month: int | None, day: int | None) -> Span | None:
    try:
        return _dated(year, month, day, years=(_FIRST_YEAR, _LAST_YEAR))
    except ValueError:
        return None


def _dated(year: int, month: int | None, day: int | None, *, years: tuple[int, int]) -> Span:
    """Return a year, a month or a day as a span. Raises ValueError for one that is not in the calendar or `years`."""
    if not years[0] <= year <= years[1]:
        raise ValueError(f"{year} is not among the years {years[0]} to {years[1]}")
    # `2022-00`: a part that is there counts, whatever it says.
    start = date(year, 1 if month is None else month, 1 if day is None else day)
    if day:
        end = start + timedelta(days=1)
    elif month:
        end = date(year + month // 12, month % 12 + 1, 1)
    else:
        end = date(year + 1, 1, 1)
    return Span(start=_midnight(start), end=_midnight(end))


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
