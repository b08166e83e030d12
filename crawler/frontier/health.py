"""The collections `health` (a row for each run and outlet) and `outlets` (how each stands); alarms in `crawls`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel, ReplaceOne, UpdateOne

from crawler.frontier.ledger import PAGES, PageState
from crawler.frontier.runs import CRAWLS, DURABLE
from crawler.health.alarms import Alarm, alarms_of, to_entry
from crawler.health.judgement import WINDOWS, Finding, Outlet, State, judge, usual_words
from crawler.health.metrics import LastRun, Numbers, text_of
from crawler.health.readings import FIELDS, Measure, Reading, Tally, even_share, from_row, to_row
from crawler.health.usual import HISTORY

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database

HEALTH = "health"
OUTLETS = "outlets"
REMEMBERED = HISTORY + max(WINDOWS)
"""So far back rows are read; each is kept three times as long, for charts."""
_MANY = 300
_POOLED_AFTER = timedelta(days=1)
_POOLED_HOURS = 3
"""Of an outlet with more rows than that, those older than that are read as if one run had come every so many hours."""
INDEXES = (
    IndexModel([("site", ASCENDING), ("at", ASCENDING)]),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=int(3 * REMEMBERED.total_seconds())),
)


def take_stock(
    database: Database[dict[str, Any]],
    run_id: ObjectId,
    tallies: Mapping[str, Tally],
    *,
    looked_at: Iterable[str],
    now: datetime,
) -> list[Alarm]:
    """Write what a run counted and how its outlets stand by it; return what broke or has healed. Raises PyMongoError.

    tallies: what was counted, by site. looked_at: the sites for whose news the run looked to the end. now: when it
    ended, UTC. Judging the same run again changes nothing and finds nothing new.
    """
    database[HEALTH].create_indexes(list(INDEXES))
    found, looked = _new_articles(database, run_id), set(looked_at)
    sites = sorted(looked | tallies.keys())
    outlets = {outlet.site: outlet for outlet in read_outlets(database, sites=sites)}
    alarms: list[Alarm] = []
    rows: list[ReplaceOne[dict[str, Any]]] = []
    standing: list[UpdateOne] = []
    for site in sites:
        reading = tallies[site].reading(site=site, at=now, new=found.get(site, 0)) if site in tallies else None
        if reading is not None and not reading.pages:
            reading = None
        outlet = outlets.get(site, Outlet(site=site))
        if reading is None and now.replace(minute=0, second=0, microsecond=0) in outlet.looks:
            # Nothing new, as within this hour before.
            continue
        if site in looked:
            outlet = dataclasses.replace(outlet, looks=_with_hour(outlet.looks, now))
        past = history(database, site, before=run_id, now=now)
        findings = judge(outlet, past, reading, now=now)
        alarms += alarms_of(site, outlet.findings, findings, at=now)
        if findings[Measure.NUMBER].state is State.BROKEN:
            outlet = dataclasses.replace(outlet, silent=_with_hour(outlet.silent, now))
        outlet = dataclasses.replace(outlet, findings=findings, usual_words=usual_words(past) or outlet.usual_words)
        standing.append(UpdateOne({"_id": site}, {"$set": {"at": now, **outlet_to_row(outlet)}}, upsert=True))
        if reading is not None:
            broken = frozenset(m for m, finding in findings.items() if finding.state is State.BROKEN)
            row = to_row(dataclasses.replace(reading, broken=broken))
            key = f"{run_id}:{site}"
            rows.append(ReplaceOne({"_id": key}, {"_id": key, "run": run_id, **row}, upsert=True))
    # The alarms first: of a run that dies in between they are raised twice rather than never.
    if alarms:
        entries = [to_entry(alarm) for alarm in alarms]
        database.get_collection(CRAWLS, write_concern=DURABLE).update_one(
            {"_id": run_id}, {"$set": {"alarms": entries}}
        )
    if rows:
        database[HEALTH].bulk_write(rows, ordered=False)
    if standing:
        database[OUTLETS].bulk_write(standing, ordered=False)
    return alarms


def _new_articles(database: Database[dict[str, Any]], run_id: ObjectId) -> dict[str, int]:
    """Return how many pages of a run, by site, nobody had seen before and gave an article."""
    states = [PageState.STORED.value, PageState.DUPLICATE.value]
    pipeline: list[dict[str, Any]] = [
        {"$match": {"run": run_id, "state": {"$in": states}, "visits": 1}},
        {"$group": {"_id": "$site", "pages": {"$sum": 1}}},
    ]
    return {row["_id"]: row["pages"] for row in database[PAGES].aggregate(pipeline)}


def history(database: Database[dict[str, Any]], site: str, *, before: ObjectId, now: datetime) -> list[Reading]:
    """Return the readings of an outlet in earlier runs, oldest first; of very many, those of some hours taken together.

    A run every ten minutes leaves four thousand rows in 28 days, and there may be two hundred outlets.
    """
    rows, fresh = database[HEALTH], now - _POOLED_AFTER
    query: dict[str, Any] = {"site": site, "at": {"$gt": now - REMEMBERED, "$lte": now}, "run": {"$ne": before}}
    if rows.count_documents(query, limit=_MANY + 1) <= _MANY:
        return [from_row(row) for row in rows.find(query).sort("at", ASCENDING)]
    pooled = rows.aggregate(_pooling({**query, "at": {"$gt": now - REMEMBERED, "$lte": fresh}}))
    single = rows.find({**query, "at": {"$gt": fresh, "$lte": now}}).sort("at", ASCENDING)
    readings = [from_row({**row, "words": even_share(list(chain(*row["words"])))}) for row in pooled]
    return [*readings, *map(from_row, single)]


def _pooling(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pipeline that adds up the rows of some hours, as long as the same was broken in them."""
    hours = {"$dateTrunc": {"date": "$at", "unit": "hour", "binSize": _POOLED_HOURS}}
    counts = {name: {"$sum": f"${name}"} for name in ("pages", "articles", "new")}
    filled = {f"filled_{measure}": {"$sum": f"$filled.{measure}"} for measure in FIELDS}
    together = {"_id": {"hours": hours, "broken": "$broken"}, "at": {"$max": "$at"}, "words": {"$push": "$words"}}
    shown = {"site": {"$first": "$site"}, **together, **counts, **filled}
    return [
        {"$match": dict(query)},
        {"$group": shown},
        {
            "$set": {
                "broken": "$_id.broken",
                "filled": {str(measure): f"$filled_{measure}" for measure in FIELDS},
            }
        },
        {"$sort": {"at": ASCENDING}},
    ]


def _with_hour(hours: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """Return the hours, that of `now` among them and those too long ago not."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    kept = {known for known in hours if now - REMEMBERED - timedelta(days=1) < known <= hour}
    return tuple(sorted({*kept, hour}))


def read_outlets(database: Database[dict[str, Any]], *, sites: Sequence[str] = ()) -> list[Outlet]:
    """Return how outlets stood after the last run that looked at each, by name. sites: none means all.

    Raises PyMongoError.
    """
    query: dict[str, Any] = {"_id": {"$in": list(sites)}} if sites else {}
    return [outlet_from_row(row) for row in database[OUTLETS].find(query).sort("_id", ASCENDING)]


def outlet_to_row(outlet: Outlet) -> dict[str, Any]:
    """Return an outlet as the collection `outlets` keeps it, without its name."""
    return {
        "looks": list(outlet.looks),
        "silent": list(outlet.silent),
        "usual_words": outlet.usual_words,
        "findings": [
            {
                field.name: str(value) if field.name in {"measure", "state"} else value
                for field in dataclasses.fields(finding)
                for value in [getattr(finding, field.name)]
            }
            for finding in outlet.findings.values()
        ],
    }


def outlet_from_row(row: Mapping[str, Any]) -> Outlet:
    """Return the outlet in a row of `outlets`; measures this version does not know are dropped."""
    known = set(Measure)
    findings = [
        Finding(**{**entry, "measure": Measure(entry["measure"]), "state": State(entry["state"])})
        for entry in row.get("findings", ())
        if entry["measure"] in known
    ]
    return Outlet(
        site=row["_id"],
        looks=tuple(row.get("looks", ())),
        silent=tuple(row.get("silent", ())),
        findings={finding.measure: finding for finding in findings},
        usual_words=row.get("usual_words"),
    )


def numbers(database: Database[dict[str, Any]]) -> Numbers:
    """Return what the metrics tell: of the database, of the last run of each spider, of each outlet.

    Costs a read of `outlets` and a look at `crawls`, however many articles there are. Raises PyMongoError.
    """
    crawls = database[CRAWLS]
    last = [
        crawls.find_one({"spider": spider, "ended_at": {"$ne": None}}, sort=[("started_at", -1)])
        for spider in sorted(crawls.distinct("spider"))
    ]
    return Numbers(
        articles=database["articles"].estimated_document_count(),
        pages=database[PAGES].estimated_document_count(),
        runs=[
            LastRun(
                spider=row["spider"],
                ended_at=row["ended_at"],
                seconds=max((row["ended_at"] - row["started_at"]).total_seconds(), 0.0),
                exit_code=row.get("exit_code"),
                states=row.get("states") or {},
            )
            for row in last
            if row is not None
        ],
        outlets=read_outlets(database),
    )


def metrics_text(database: Database[dict[str, Any]]) -> bytes:
    """Return the metrics in the text format of Prometheus (`crawler.health.metrics.CONTENT_TYPE`).

    Raises PyMongoError.
    """
    return text_of(numbers(database))
