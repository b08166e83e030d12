"""How one outlet does: what its articles carry, against what they used to; how late they come; what lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from crawler.article import DatePrecision, Via
from crawler.dashboard.queries.overview import DAY_NUMBER, day_of, last_days
from crawler.dashboard.words import safe_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.database import Database

DAYS = 56
"""Days shown."""
BASELINE_DAYS = 28
"""Days before the last one with articles that the last one is compared with."""
SAMPLE = 2_000
"""Articles read for the fill rates: of more, an even share of every day."""
FEWEST_DAYS = 7
"""With fewer days there is no baseline."""
_LIVE = [str(via) for via in (Via.FEED, Via.SITEMAP, Via.SECTION, Via.READ_ALSO)]
_TIMED = [str(precision) for precision in (DatePrecision.SECOND, DatePrecision.MINUTE)]
_DELAYS = 600
_LISTINGS = 200

DELAY_LIMITS = (300, 900, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600, None)
"""Seconds up to which a delay falls into each class."""


def _has(field: str) -> dict[str, Any]:
    return {"$gt": [f"${field}", None]}


def _has_any(field: str) -> dict[str, Any]:
    return {"$gt": [{"$size": {"$ifNull": [f"${field}", []]}}, 0]}


_FIELDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("published_at", "Date", _has("published_at")),
    ("time", "Date with time", {"$in": ["$published_precision", _TIMED]}),
    ("authors", "Authors", _has_any("authors")),
    ("lead", "Standfirst", _has("lead")),
    ("related", "Read-also links", _has_any("related")),
    ("section", "Section", _has("section")),
    ("keywords", "Keywords", _has_any("keywords")),
    ("image", "Picture", _has("image")),
    ("modified_at", "Date of change", _has("modified_at")),
    ("language", "Language", _has("language")),
    ("headings", "Intertitles", {"$in": ["heading", "$body.type"]}),
    ("whole", "Not cut off by a paywall", {"$ne": ["$paywall.truncated", True]}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """How often a field is filled, day by day."""

    field: str
    """Its name."""
    label: str
    """What a reader calls it."""
    shares: tuple[float | None, ...]
    """0 to 1 on each day; null where nothing came in."""
    latest: float | None
    """On the last day with articles."""
    baseline: float | None
    """Median of the days before it; null while there are too few."""
    spread: float | None
    """Median distance of those days from it (MAD)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fills:
    """The fill rates of an outlet."""

    days: tuple[date, ...]
    """The days (UTC), today last."""
    fields: tuple[Fill, ...]
    """Field by field."""
    words: tuple[float | None, ...]
    """Words of an article on each day, on average."""
    articles: int
    """Articles that came in on these days."""
    read: int
    """How many of them were read for this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long after publication articles were stored: those whose time is known, found by a scheduled crawl."""

    counts: tuple[int, ...]
    """How many in each class of DELAY_LIMITS."""
    median: float | None
    """Seconds."""
    slowest_tenth: float | None
    """Seconds that nine of ten stay under."""

    @property
    def articles(self) -> int:
        """How many."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed, sitemap or section page, as its row in `listings` has it."""

    url: str
    """Its address."""
    kind: str
    """What it is."""
    period: float | None
    """Seconds between two looks, as learned; null before the first."""
    looked_at: datetime | None
    """When it was last read, UTC."""
    next_look_at: datetime | None
    """When it is due, UTC."""
    news_at: datetime | None
    """When it last had a page nobody knew, UTC."""
    looks: int
    """How often it was read."""
    news: int
    """Pages it was the first to name."""
    failures: int
    """Times it could not be had, in a row."""
    reason: str | None
    """Why it could not."""


def fills(database: Database[dict[str, Any]], site: str, *, now: datetime, sample: int = SAMPLE) -> Fills:
    """Return the fill rates of the articles that came in over the last `DAYS` days. now: UTC. Raises PyMongoError.

    sample: of more articles, about so many are read.
    """
    days = last_days(now, DAYS)
    recent = _recent(site, days)
    articles = int(database.command("count", "articles", query=recent)["n"])
    pipeline: list[dict[str, Any]] = [
        {"$match": {**recent, **_even_share(articles, sample)}},
        {
            "$group": {
                "_id": DAY_NUMBER,
                "articles": {"$sum": 1},
                "words": {"$sum": "$word_count"},
                **{name: {"$sum": {"$cond": [filled, 1, 0]}} for name, _, filled in _FIELDS},
            }
        },
    ]
    rows = {day_of(row["_id"]): row for row in database["articles"].aggregate(pipeline)}
    return Fills(
        days=days,
        fields=tuple(_fill(name, label, rows, days) for name, label, _ in _FIELDS),
        words=tuple(rows[day]["words"] / rows[day]["articles"] if day in rows else None for day in days),
        articles=articles,
        read=sum(row["articles"] for row in rows.values()),
    )


def _recent(site: str, days: Sequence[date]) -> dict[str, Any]:
    start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC)
    return {"site": site, "first_seen_at": {"$gte": start}}


def _even_share(articles: int, wanted: int) -> dict[str, Any]:
    """Return the condition that leaves about so many: the keys are hashes, so that any range of them is a fair draw."""
    if articles <= wanted:
        return {}
    return {"_id": {"$lt": f"{int(wanted / articles * 16**6):06x}"}}


def _fill(name: str, label: str, rows: Mapping[date, Mapping[str, Any]], days: Sequence[date]) -> Fill:
    shares = tuple(rows[day][name] / rows[day]["articles"] if day in rows else None for day in days)
    known = [share for share in shares if share is not None]
    before = known[:-1][-BASELINE_DAYS:]
    usual = median(before) if len(before) >= FEWEST_DAYS else None
    return Fill(
        field=name,
        label=label,
        shares=shares,
        latest=known[-1] if known else None,
        baseline=usual,
        spread=median(abs(share - usual) for share in before) if usual is not None else None,
    )


def delays(database: Database[dict[str, Any]], site: str, *, now: datetime) -> Delays:
    """Return how late the articles of the last `DAYS` days were stored; a fair draw of many. Raises PyMongoError."""
    recent = _recent(site, last_days(now, DAYS))
    articles = int(database.command("count", "articles", query=recent)["n"])
    wanted = {**recent, **_even_share(articles, _DELAYS), "published_precision": {"$in": _TIMED}}
    shown = {"first_seen_at": 1, "published_at": 1, "_id": 0}
    rows = database["articles"].find({**wanted, "fetch.via": {"$in": _LIVE}}, shown)
    return delays_of(sorted((row["first_seen_at"] - row["published_at"]).total_seconds() for row in rows))


def delays_of(seconds: Sequence[float]) -> Delays:
    """Return the classes of delays, given in seconds and in order; what was announced ahead counts as none."""
    counts = [0] * len(DELAY_LIMITS)
    for delay in seconds:
        counts[next(at for at, limit in enumerate(DELAY_LIMITS) if limit is None or delay <= limit)] += 1
    return Delays(
        counts=tuple(counts),
        median=median(seconds) if seconds else None,
        slowest_tenth=seconds[int(len(seconds) * 0.9)] if seconds else None,
    )


def sources(database: Database[dict[str, Any]], site: str) -> list[Source]:
    """Return the feeds and sitemaps of an outlet, those with news first. Raises PyMongoError."""
    rows = database["listings"].find({"site": site}).limit(_LISTINGS)
    found = [_source(row) for row in rows if safe_link(row.get("url"))]
    return sorted(found, key=lambda source: (-source.news, source.kind, source.url))


def _source(row: Mapping[str, Any]) -> Source:
    period = row.get("period")
    return Source(
        url=row["url"],
        kind=str(row.get("kind") or "listing"),
        period=float(period) if isinstance(period, int | float) else None,
        looked_at=_instant(row.get("looked_at")),
        next_look_at=_instant(row.get("next_look_at")),
        news_at=_instant(row.get("news_at")),
        looks=int(row.get("looks") or 0),
        news=int(row.get("news") or 0),
        failures=int(row.get("failures") or 0),
        reason=str(row["reason"]) if row.get("reason") else None,
    )


def _instant(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None
