"""What the front page tells: how much came in, in which languages, how the runs went, and what is left to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.dashboard.queries.articles import known_languages
from crawler.frontier.ledger import PageState
from crawler.frontier.overview import RunSummary, recent_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.database import Database

DAYS = 30
"""Days shown."""
DAY_NUMBER = {"$floor": {"$divide": [{"$toLong": "$first_seen_at"}, 86_400_000]}}
"""Expression for the day on which an article came in, counted from 1970 (UTC): a third of the cost of $dateTrunc."""
_SERIES = 7
_RUNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What there is, by MongoDB's own count."""

    articles: int
    """Documents in `articles`."""
    revisions: int
    """Documents in `revisions`."""
    pages: int
    """Rows of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One site's share of the volume."""

    site: str | None
    """Registrable domain; null for all the smaller ones together."""
    sites: int
    """How many sites that is."""
    counts: tuple[int, ...]
    """Articles that came in, day by day."""

    @property
    def total(self) -> int:
        """Over all days."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Articles that came in, by day and site."""

    days: tuple[date, ...]
    """The days (UTC), today last."""
    series: tuple[Series, ...]
    """The largest first."""

    @property
    def total(self) -> int:
        """Articles in all."""
        return sum(series.total for series in self.series)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, with what its row says beyond the summary."""

    summary: RunSummary
    """As `scrapy status` has it."""
    reasons: tuple[tuple[str, str, int], ...]
    """Pages by state and reason, the most first."""
    alarms: tuple[str, ...]
    """What it found broken, or well again, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Pages of a site that wait."""

    site: str
    """Registrable domain."""
    pages: int
    """How many."""
    oldest: datetime | None
    """Since when the first of them waits, UTC."""


def totals(database: Database[dict[str, Any]]) -> Totals:
    """Return how much there is. Raises PyMongoError."""
    return Totals(
        articles=database["articles"].estimated_document_count(),
        revisions=database["revisions"].estimated_document_count(),
        pages=database["pages"].estimated_document_count(),
    )


def volume(database: Database[dict[str, Any]], *, now: datetime, days: int = DAYS, site: str | None = None) -> Volume:
    """Return how many articles came in on each of the last days, by site; of one site if it is named.

    now: UTC. Read from an index alone. Raises PyMongoError.
    """
    shown = last_days(now, days)
    start = datetime(shown[0].year, shown[0].month, shown[0].day, tzinfo=UTC)
    pipeline: list[dict[str, Any]] = [
        {"$match": {"site": site if site else {"$gte": ""}, "first_seen_at": {"$gte": start}}},
        {
            "$group": {
                "_id": {"site": "$site", "day": DAY_NUMBER},
                "articles": {"$sum": 1},
            }
        },
    ]
    counts: dict[str, Counter[date]] = {}
    for row in database["articles"].aggregate(pipeline):
        counts.setdefault(row["_id"]["site"], Counter())[day_of(row["_id"]["day"])] += row["articles"]
    return Volume(days=shown, series=_series(counts, shown))


def day_of(number: float) -> date:
    """Return the day that DAY_NUMBER counts."""
    return date(1970, 1, 1) + timedelta(days=int(number))


def last_days(now: datetime, days: int) -> tuple[date, ...]:
    """Return so many days, today (UTC) last."""
    today = now.astimezone(UTC).date()
    return tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))


def _series(counts: Mapping[str, Counter[date]], days: Sequence[date]) -> tuple[Series, ...]:
    ranked = sorted(counts, key=lambda site: (-counts[site].total(), site))
    # One that would be alone among "others" may as well have its name.
    named = ranked if len(ranked) <= _SERIES + 1 else ranked[:_SERIES]
    found = [Series(site=site, sites=1, counts=tuple(counts[site][day] for day in days)) for site in named]
    if others := ranked[len(named) :]:
        together = sum((counts[site] for site in others), Counter[date]())
        found.append(Series(site=None, sites=len(others), counts=tuple(together[day] for day in days)))
    return tuple(found)


def languages(database: Database[dict[str, Any]]) -> list[tuple[str | None, int]]:
    """Return how many articles there are in each language, the most first; None: in no known one.

    Counted in an index, language by language. Raises PyMongoError.
    """
    articles = database["articles"]
    found: list[tuple[str | None, int]] = [
        (code, _counted(database, "articles", {"language": code})) for code in known_languages(database)
    ]
    rest = articles.estimated_document_count() - sum(count for _, count in found)
    if rest > 0:
        found.append((None, rest))
    return sorted(found, key=lambda pair: (-pair[1], pair[0] or ""))


def states(database: Database[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return how many pages are in each state of the ledger. Raises PyMongoError.

    Counted in an index; but those stored, most of a ledger, are what the others leave of all.
    """
    found = dict.fromkeys(PageState, 0)
    for state in found:
        if state is not PageState.STORED:
            found[state] = _counted(database, "pages", {"state": str(state)})
    found[PageState.STORED] = max(database["pages"].estimated_document_count() - sum(found.values()), 0)
    return [(str(state), pages) for state, pages in found.items()]


def runs(database: Database[dict[str, Any]], *, now: datetime, limit: int = _RUNS) -> list[Run]:
    """Return the last runs, the latest first. now: UTC. Raises PyMongoError."""
    summaries = recent_runs(database, limit=limit, now=now)
    wanted = {"_id": {"$in": [summary.id for summary in summaries]}}
    rows = {row["_id"]: row for row in database["crawls"].find(wanted, {"reasons": 1, "alarms.message": 1})}
    return [
        Run(
            summary=summary,
            reasons=_reasons(rows.get(summary.id, {}).get("reasons")),
            alarms=tuple(alarm["message"] for alarm in rows.get(summary.id, {}).get("alarms") or ()),
        )
        for summary in summaries
    ]


def _reasons(found: Any) -> tuple[tuple[str, str, int], ...]:
    if not isinstance(found, dict):
        return ()
    rows = [(state, reason, pages) for state, reasons in found.items() for reason, pages in dict(reasons).items()]
    return tuple(sorted(rows, key=lambda row: -row[2]))


def pending(database: Database[dict[str, Any]]) -> list[Pending]:
    """Return what waits to be fetched, by site, the most first. Read from an index alone. Raises PyMongoError."""
    grouped: list[dict[str, Any]] = [
        {"$match": {"state": str(PageState.PENDING)}},
        {"$group": {"_id": "$site", "pages": {"$sum": 1}, "oldest": {"$min": "$discovered_at"}}},
        {"$sort": {"pages": -1, "_id": 1}},
    ]
    rows = database["pages"].aggregate(grouped)
    return [Pending(site=row["_id"], pages=row["pages"], oldest=row["oldest"]) for row in rows]


def _counted(database: Database[dict[str, Any]], collection: str, query: dict[str, Any]) -> int:
    """Count as the server's `count` does, in the index alone; `count_documents` reads every key through a pipeline."""
    return int(database.command("count", collection, query=query)["n"])
