"""The outlets there is anything of, each in one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.dashboard.queries.articles import known_sites
from crawler.frontier.ledger import PageState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.database import Database


SHOWN_STATES = tuple(str(state) for state in PageState if state is not PageState.STORED)
"""States counted: how many pages are stored, the number of articles tells, at half the cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLine:
    """An outlet."""

    site: str
    """Registrable domain."""
    articles: int
    """How many are stored."""
    latest: datetime | None
    """When the last one came in, UTC."""
    pages: Counter[str]
    """Pages by state, those stored left out."""


def states_by_site(database: Database[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Return how many pages each site has in each of the states shown. Read from an index alone. PyMongoError."""
    found: dict[str, Counter[str]] = {}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"state": {"$in": list(SHOWN_STATES)}}},
        {"$group": {"_id": {"site": "$site", "state": "$state"}, "pages": {"$sum": 1}}},
    ]
    for row in database["pages"].aggregate(pipeline):
        found.setdefault(row["_id"]["site"], Counter())[row["_id"]["state"]] += row["pages"]
    return found


def articles_by_site(database: Database[dict[str, Any]]) -> dict[str, tuple[int, datetime | None]]:
    """Return how many articles each site has, and when the last came in. Read from indexes alone. PyMongoError."""
    return {
        site: (int(database.command("count", "articles", query={"site": site})["n"]), _latest(database, site))
        for site in known_sites(database)
    }


def site_lines(
    articles: Mapping[str, tuple[int, datetime | None]], states: Mapping[str, Counter[str]]
) -> list[SiteLine]:
    """Return the sites that have an article or a page, by name."""
    lines = []
    for site in sorted({*articles, *states}):
        count, latest = articles.get(site, (0, None))
        lines.append(SiteLine(site=site, articles=count, latest=latest, pages=states.get(site, Counter())))
    return lines


def _latest(database: Database[dict[str, Any]], site: str) -> datetime | None:
    shown = {"first_seen_at": 1, "_id": 0}
    rows = database["articles"].find({"site": site}, shown).sort("first_seen_at", -1).limit(1)
    return next((row.get("first_seen_at") for row in rows), None)
