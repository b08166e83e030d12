"""Runs that are parts of one: who reads which file, and what all of them add up to.

The row of a page that a part takes up has the whole in `run`, whose balance is the one that counts; `part` says who has
the page in hand, and `counted` which part took it up first, and by which claim. So a page is counted once, whichever
parts read captures of it and whichever of them are killed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.frontier.balance import Balance, Counts, balance_of, run_counts
from crawler.frontier.ledger import PAGES
from crawler.frontier.runs import CRAWLS, lives

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database

PART_OF = "part_of"
"""Field of a part's row in `crawls`: `_id` of the run it belongs to; null in all other rows."""


def reader_of(database: Database[dict[str, Any]], path: str, *, now: datetime) -> str | None:
    """Return the host on which a part that still lives reads this file; None if there is none. now: UTC.

    A machine that is gone without a word lives on for a minute (`runs.SILENT_SECONDS`): nobody can tell sooner that
    it does not still have pages in hand. Raises PyMongoError.
    """
    open_rows = database[CRAWLS].find({"ended_at": None, PART_OF: {"$ne": None}, "arguments.warc": path})
    for row in open_rows:
        if lives(row, now):
            return str((row.get("process") or {}).get("host"))
    return None


def part_counts(database: Database[dict[str, Any]], part: ObjectId, *, whole: ObjectId) -> Counts:
    """Return how many of the pages that a part was the first to take up are in each state and reason, whoever has them.

    Raises PyMongoError.
    """
    pipeline: list[dict[str, Any]] = [
        {"$match": {"counted.by": part, "run": whole}},
        {"$group": {"_id": {"state": "$state", "reason": "$reason"}, "pages": {"$sum": 1}}},
    ]
    rows = database[PAGES].aggregate(pipeline)
    return {(row["_id"]["state"], row["_id"].get("reason")): row["pages"] for row in rows}


def balance_of_parts(database: Database[dict[str, Any]], whole: ObjectId) -> Balance:
    """Return the balance of a run of parts, those included that were killed. Raises PyMongoError.

    What its parts say in their books that they took up must be what the ledger has in its name, or it does not balance.
    A part that was killed has no books: it took up what the ledger says was counted by it first.
    """
    taken = 0
    for part in database[CRAWLS].find({PART_OF: whole}, {"discovered": 1}):
        discovered = part.get("discovered")
        if discovered is None:
            discovered = sum(part_counts(database, part["_id"], whole=whole).values())
        taken += discovered
    return balance_of(taken, run_counts(database, whole))
