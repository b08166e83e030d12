"""What a run counts of each outlet: pages read, articles, and how many of those carry what an article should. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from crawler.article import Article, DatePrecision, NotModified, Outcome, Rejection, RejectionReason

WORDS_KEPT = 50
"""Lengths of articles kept of one run; of more, an even share."""
_TIMED = {DatePrecision.SECOND, DatePrecision.MINUTE}
# What says nothing about the outlet's templates: we did not look at the page, or not at a page of theirs.
_NOT_READ = {RejectionReason.ROBOTS_TXT, RejectionReason.OFF_SITE, RejectionReason.FORGOTTEN}


class Measure(StrEnum):
    """What is watched at each outlet."""

    NUMBER = "number"
    """New articles a day."""
    ARTICLES = "articles"
    """Share of the pages asked for that turned out to be articles."""
    TITLE = "title"
    """Share of the articles with a headline."""
    TIME = "time"
    """Share of the articles with a date that has a time."""
    AUTHORS = "authors"
    """Share of the articles that name an author."""
    BODY = "body"
    """Share of the articles at least half as long as is usual."""
    RELATED = "related"
    """Share of the articles with read-also links."""


FIELDS = (Measure.TITLE, Measure.TIME, Measure.AUTHORS, Measure.RELATED)
"""Those that are counted article by article."""
SHARES = tuple(measure for measure in Measure if measure is not Measure.NUMBER)
"""Those that are so many out of so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one run found at one outlet; a row of the collection `health`."""

    site: str
    """Registrable domain."""
    at: datetime
    """When the run ended, UTC."""
    pages: int
    """Pages asked for that gave an article, or none, or failed; not those that were as before (HTTP 304)."""
    articles: int
    """How many of them gave an article."""
    new: int = 0
    """Articles nobody had seen before."""
    filled: Mapping[Measure, int] = field(default_factory=dict)
    """How many of the articles have each of FIELDS."""
    words: tuple[int, ...] = ()
    """Lengths of the articles in words, in order; of more than WORDS_KEPT an even share."""
    broken: frozenset[Measure] = frozenset()
    """What was broken when the run ended: this row says nothing about what is usual in it."""


class Tally:
    """Counts the outcomes of one outlet while a run goes on."""

    def __init__(self) -> None:
        self._pages = 0
        self._words: list[int] = []
        self._filled = dict.fromkeys(FIELDS, 0)

    def add(self, outcome: Outcome) -> None:
        """Count one outcome, as it has passed the pipelines."""
        if isinstance(outcome, NotModified) or (isinstance(outcome, Rejection) and outcome.reason in _NOT_READ):
            return
        self._pages += 1
        if isinstance(outcome, Article):
            self._words.append(outcome.word_count)
            self._filled[Measure.TITLE] += bool(outcome.title.strip())
            self._filled[Measure.TIME] += outcome.published_precision in _TIMED
            self._filled[Measure.AUTHORS] += bool(outcome.authors)
            self._filled[Measure.RELATED] += bool(outcome.related)

    def reading(self, *, site: str, at: datetime, new: int) -> Reading:
        """Return what was counted. at: when the run ended, UTC; new: articles nobody had seen before."""
        return Reading(
            site=site,
            at=at,
            pages=self._pages,
            articles=len(self._words),
            new=new,
            filled=dict(self._filled),
            words=even_share(self._words),
        )


def even_share(words: list[int]) -> tuple[int, ...]:
    """Return lengths in order; of more than WORDS_KEPT so many, at even distances."""
    ordered = sorted(words)
    if len(ordered) <= WORDS_KEPT:
        return tuple(ordered)
    step = len(ordered) / WORDS_KEPT
    return tuple(ordered[int((number + 0.5) * step)] for number in range(WORDS_KEPT))


def to_row(reading: Reading) -> dict[str, Any]:
    """Return a reading as the collection `health` keeps it."""
    return {
        "site": reading.site,
        "at": reading.at,
        "pages": reading.pages,
        "articles": reading.articles,
        "new": reading.new,
        "filled": {str(measure): count for measure, count in reading.filled.items()},
        "words": list(reading.words),
        "broken": sorted(str(measure) for measure in reading.broken),
    }


def from_row(row: Mapping[str, Any]) -> Reading:
    """Return the reading in a row of the collection `health`; measures this version does not know are dropped."""
    known = set(Measure)
    return Reading(
        site=row["site"],
        at=row["at"],
        pages=row["pages"],
        articles=row["articles"],
        new=row["new"],
        filled={Measure(name): count for name, count in row["filled"].items() if name in known},
        words=tuple(row["words"]),
        broken=frozenset(Measure(name) for name in row["broken"] if name in known),
    )
