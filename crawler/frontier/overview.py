"""What the ledger and the runs add up to, for a person who asks how it goes: `scrapy status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.frontier.balance import run_counts
from crawler.frontier.ledger import PAGES, PageState
from crawler.frontier.runs import CRAWLS, lives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from pymongo.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run, as its row in `crawls` has it."""

    id: ObjectId
    """`_id` of the row."""
    spider: str
    """Name of the spider."""
    arguments: dict[str, str]
    """What was given with -a."""
    started_at: datetime
    """UTC."""
    ended_at: datetime | None
    """UTC; null while it runs. Of a run that was killed, when it was last heard of."""
    seconds: float
    """How long it took, or has taken so far."""
    ended: str | None
    """How it ended: `finished`, `max-articles`, `shutdown`, `killed`, …; null while it runs."""
    exit_code: int | None
    """Exit status of its process, where it could say so."""
    discovered: int | None
    """Pages it took up; null if it did not close its books."""
    states: dict[str, int]
    """How many of them are in each state. Of a run that did not close its books: the pages still in its name."""
    balances: bool | None
    """Whether the books balance; null if they were not closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """Pages of one site in one state for one reason."""

    site: str
    """Registrable domain."""
    state: str
    """As in PageState."""
    reason: str | None
    """Why, for the states that give one."""
    pages: int
    """How many."""
    example: dict[str, str] | None
    """`url` and `detail` of one of them, if they failed."""


def recent_runs(database: Database[dict[str, Any]], *, limit: int, now: datetime) -> list[RunSummary]:
    """Return the last runs, the latest first. now: UTC. Raises PyMongoError."""
    # Parts of a run are in its sums.
    rows = database[CRAWLS].find({"part_of": None}).sort("started_at", -1).limit(limit)
    return [_summary(database, row, now) for row in rows]


def _summary(database: Database[dict[str, Any]], row: dict[str, Any], now: datetime) -> RunSummary:
    ended_at, ended = row.get("ended_at"), row.get("reason")
    heard_at: datetime = row.get("heartbeat_at") or row["started_at"]
    if ended_at is None and not lives(row, now):
        # The next run will write this down; until then nobody has.
        ended_at, ended = heard_at, "killed"
    states = row.get("states")
    if states is None:
        states = {}
        for (state, _), pages in run_counts(database, row["_id"]).items():
            states[state] = states.get(state, 0) + pages
    return RunSummary(
        id=row["_id"],
        spider=row["spider"],
        arguments=row.get("arguments") or {},
        started_at=row["started_at"],
        ended_at=ended_at,
        seconds=max((ended_at or now) - row["started_at"], timedelta()).total_seconds(),
        ended=ended,
        exit_code=row.get("exit_code"),
        discovered=row.get("discovered"),
        states=states,
        balances=row.get("balances"),
    )


def page_counts(database: Database[dict[str, Any]], *, sites: Sequence[str]) -> list[PageCount]:
    """Return the pages by site, state and reason, the most first within a site. Raises PyMongoError.

    sites: registrable domains; none means all. Answered from an index alone; memory grows with the number of sites and
    reasons, not of pages.
    """
    chosen = {"$in": list(sites)} if sites else {"$gte": ""}
    grouped: list[dict[str, Any]] = [
        {"$match": {"site": chosen}},
        {
            "$group": {
                "_id": {"site": "$site", "state": "$state", "reason": {"$ifNull": ["$reason", None]}},
                "pages": {"$sum": 1},
            }
        },
        {"$sort": {"_id.site": 1, "pages": -1, "_id.state": 1, "_id.reason": 1}},
    ]
    return [
        PageCount(**row["_id"], pages=row["pages"], example=_example(database, row["_id"]))
        for row in database[PAGES].aggregate(grouped, allowDiskUse=True)
    ]


def _example(database: Database[dict[str, Any]], group: dict[str, Any]) -> dict[str, str] | None:
    if group["state"] != PageState.FAILED:
        return None
    found = database[PAGES].find_one(group, {"url": 1, "detail": 1})
    return {"url": found["url"], "detail": found.get("detail") or ""} if found else None
