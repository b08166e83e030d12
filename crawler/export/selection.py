"""Which articles an export takes: languages, sites, and a period of publication."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.url import site_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = (("published_at", 1), ("_id", 1))
"""The order of every export, served by an index: the same documents come in the same order each time."""

INDEXES = (
    ORDER,
    (("site", 1), *ORDER),
    (("language", 1), *ORDER),
)
"""Keys of the indexes on `articles` that give the order without sorting: of all, of one site, of one language."""

# Clocks on Earth are at most 12 hours behind UTC and 14 ahead of it.
_FARTHEST_BEHIND, _FARTHEST_AHEAD = timedelta(hours=12), timedelta(hours=14)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MOMENT = re.compile(
    r"(?P<month>\d{4}-\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?P<second>:\d{2})?)(?P<offset>Z|[+-]\d{2}:?\d{2})?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stretch of time as somebody named it: a month, a day, a minute or a second."""

    start: datetime
    """Its first instant: aware if an offset was given, else naive, by the publisher's own clock."""
    end: datetime
    """The first instant after it, of the same kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which articles are meant."""

    languages: tuple[str, ...] = ()
    """ISO 639 codes; none means all."""
    sites: tuple[str, ...] = ()
    """Registrable domains; none means all."""
    since: Moment | None = None
    """Published in it or later."""
    until: Moment | None = None
    """Published in it or earlier."""
    unique: bool = False
    """Only articles that repeat no earlier one."""


def moment(text: str) -> Moment:
    """Return what `2022-01`, `2022-01-31`, `2022-01-31T12:00` or `2022-01-31T12:00:00+01:00` stands for.

    Raises ValueError, with a sentence for a person, for anything else.
    """
    found = _MOMENT.fullmatch(text.strip())
    problem = f"{text!r} is not a date: write 2022-01-31, 2022-01 or 2022-01-31T12:00+01:00"
    if not found:
        raise ValueError(problem)
    try:
        start = datetime.fromisoformat(text.strip() if found["day"] else f"{found['month']}-01")
        if found["clock"]:
            end = start + timedelta(seconds=1 if found["second"] else 60)
        elif found["day"]:
            end = start + timedelta(days=1)
        else:
            end = (start + timedelta(days=31)).replace(day=1)
        # An export looks this far beyond, too.
        _ = start - _FARTHEST_AHEAD, end + _FARTHEST_BEHIND
    except (ValueError, OverflowError):
        raise ValueError(problem) from None
    return Moment(start=start, end=end)


def selection(
    *,
    languages: Iterable[str] = (),
    sites: Iterable[str] = (),
    since: str | None = None,
    until: str | None = None,
    unique: bool = False,
) -> Selection:
    """Return the selection that the options of a command mean; each language or site may hold several, with commas.

    Raises ValueError, with a sentence for a person that names the option, where one is not understood.
    """
    chosen = Selection(
        languages=tuple(_language(code) for code in _separate(languages)),
        sites=tuple(_site(site) for site in _separate(sites)),
        since=_bound("--since", since),
        until=_bound("--until", until),
        unique=unique,
    )
    if chosen.since and chosen.until and _in_utc(chosen.since.start) >= _in_utc(chosen.until.end):
        raise ValueError(f"--since {since} is later than --until {until}")
    return chosen


def mongo_filter(chosen: Selection) -> dict[str, Any]:
    """Return the selection as a MongoDB filter for `articles`.

    A moment without an offset is by the publisher's own clock, as `date` is: the index finds what can be meant
    anywhere on Earth, an expression then decides.
    """
    clauses: list[dict[str, Any]] = []
    for name, values in (("language", chosen.languages), ("site", chosen.sites)):
        if values:
            clauses.append({name: values[0] if len(values) == 1 else {"$in": list(values)}})
    if chosen.since:
        clauses += _compare("$gte", chosen.since.start, reach=-_FARTHEST_AHEAD)
    if chosen.until:
        clauses += _compare("$lt", chosen.until.end, reach=_FARTHEST_BEHIND)
    if chosen.unique:
        clauses.append({"duplicate_of": None})
    return {"$and": clauses} if clauses else {}


def _compare(operator: str, limit: datetime, *, reach: timedelta) -> list[dict[str, Any]]:
    if limit.tzinfo is not None:
        return [{"published_at": {operator: limit}}]
    limit = limit.replace(tzinfo=UTC)
    return [{"published_at": {operator: limit + reach}}, {"$expr": {operator: [_OWN_CLOCK, limit]}}]


# The publisher's clock, as if it were UTC. A bare date is midnight UTC of its day already.
_OWN_CLOCK = {
    "$cond": [
        {"$in": ["$published_precision", ["day", "month"]]},
        "$published_at",
        {"$add": ["$published_at", {"$multiply": [{"$ifNull": ["$published_offset", 0]}, 60_000]}]},
    ]
}


def _separate(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(part.strip() for value in values for part in value.split(",")))


def _language(code: str) -> str:
    if not _LANGUAGE.fullmatch(code.lower()):
        raise ValueError(f"--language: {code!r} is not a language code: write it as ISO 639-1 does, such as nl")
    return code.lower()


def _site(site: str) -> str:
    known = site_of(site if "://" in site else f"https://{site}")
    if not known or any(character.isspace() for character in site):
        raise ValueError(f"--site: {site!r} is not a site: write its domain, such as nrc.nl")
    return known


def _bound(option: str, text: str | None) -> Moment | None:
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
