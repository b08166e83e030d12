"""Failed pages put back to pending, so that the next run that comes by takes them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.article import FailureReason, Via
from crawler.frontier.ledger import PAGES, PageState
from crawler.frontier.runs import CRAWLS, DURABLE, lives

if TYPE_CHECKING:
    from pymongo.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPages:
    """Failed pages of one site that failed for one reason and were discovered in one way."""

    site: str
    """Registrable domain."""
    reason: FailureReason
    """Why they failed."""
    via: Via
    """How they were discovered, which decides about the run that takes them up."""
    pages: int
    """How many."""


class FailedSelection:
    """Which failed pages are meant; those of runs that are still at work never are: they are in that run's balance."""

    def __init__(
        self, database: Database[dict[str, Any]], *, sites: Sequence[str], reasons: Sequence[FailureReason]
    ) -> None:
        """sites: registrable domains; reasons: why they failed; none of either means all. Raises PyMongoError."""
        self._pages = database.get_collection(PAGES, write_concern=DURABLE)
        now = datetime.now(UTC)
        living = [row["_id"] for row in database[CRAWLS].find({"ended_at": None}) if lives(row, now)]
        self._failed: dict[str, Any] = {"state": PageState.FAILED}
        if sites:
            self._failed["site"] = {"$in": list(sites)}
        if reasons:
            self._failed["reason"] = {"$in": list(reasons)}
        self._free = {**self._failed, "run": {"$nin": living}}
        self._in_hand = {**self._failed, "run": {"$in": living}} if living else None

    def in_hand(self) -> int:
        """Return how many such pages are left out, because the run that failed on them is still at work."""
        return self._pages.count_documents(self._in_hand) if self._in_hand else 0

    def counts(self) -> list[FailedPages]:
        """Return what is meant, the most first within a site."""
        group = {"site": "$site", "reason": "$reason", "via": "$via"}
        pipeline: list[dict[str, Any]] = [
            {"$match": self._free},
            {"$group": {"_id": group, "pages": {"$sum": 1}}},
            {"$sort": {"_id.site": 1, "pages": -1, "_id.reason": 1, "_id.via": 1}},
        ]
        return [
            FailedPages(
                site=row["_id"]["site"],
                reason=FailureReason(row["_id"]["reason"]),
                via=Via(row["_id"]["via"]),
                pages=row["pages"],
            )
            for row in self._pages.aggregate(pipeline)
        ]

    def put_back(self) -> int:
        """Make them pending, in nobody's hand; return how many. Acknowledged from the journal when this returns.

        What the last good answer was known by (etag, last_modified) stays, so that a page that is as it was is not
        read again.
        """
        change = {
            "$set": {"state": PageState.PENDING, "run": None, "claim": None},
            "$unset": {"reason": "", "detail": "", "status": ""},
        }
        return self._pages.update_many(self._free, change).modified_count
