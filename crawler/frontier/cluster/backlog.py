"""What the ledger has for a cluster: pending pages that nobody has in hand, and pages due for another visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from crawler.frontier.ledger import PAGES, Ledger, PageState
from crawler.frontier.runs import DURABLE, Runs

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A pending page that nobody has in hand."""

    page_id: str
    """`_id` of its row."""
    url: str
    """Its URL."""


class Backlog:
    """The rows of `pages` that are to be put into streams. Every method raises PyMongoError.

    `queue` in a row names the generation of the streams that it was put into: with another one, it has to be put there
    again.
    """

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], runs: Runs, ledger: Ledger) -> None:
        self._pages = database.get_collection(PAGES, write_concern=DURABLE)
        self._runs = runs
        self._ledger = ledger

    async def waiting(
        self, *, sites: Sequence[str], vias: Sequence[Via], limit: int, generation: str | None
    ) -> list[Waiting]:
        """Return pages in nobody's hand, the newest first, `limit` at most.

        sites: registrable domains in scope; vias: kinds of pointer in scope. generation: leave out what was put into
        these streams; None: the streams are empty, so that nothing can be in them.
        """
        query: dict[str, Any] = {"state": PageState.PENDING, "site": {"$in": list(sites)}, "via": {"$in": list(vias)}}
        if generation is not None:
            query["queue"] = {"$ne": generation}
        query["run"] = {"$nin": await self._runs.living()}
        rows = self._pages.find(query, {"url": 1}).sort("news_at", DESCENDING).limit(limit)
        return [Waiting(page_id=row["_id"], url=row["url"]) async for row in rows]

    async def queued(self, pages: Sequence[Waiting], *, generation: str) -> None:
        """Write down that pages were put into the streams."""
        ids = [page.page_id for page in pages]
        await self._pages.update_many({"_id": {"$in": ids}}, {"$set": {"queue": generation}})

    async def put_due(self, *, sites: Sequence[str], vias: Sequence[Via], now: datetime, limit: int) -> int:
        """Make settled pages whose next visit is due pending, in nobody's hand, `limit` at most; return how many."""
        query = await self._ledger.due_query(sites=sites, vias=vias, now=now)
        rows = self._pages.find(query, {"_id": 1}).sort("next_visit_at", DESCENDING).limit(limit)
        ids = [row["_id"] async for row in rows]
        if not ids:
            return 0
        change = {
            "$set": {"state": PageState.PENDING, "run": None, "claim": None},
            "$unset": {"reason": "", "detail": "", "queue": ""},
        }
        return (await self._pages.update_many({**query, "_id": {"$in": ids}}, change)).modified_count

    async def holders(self, page_ids: Sequence[str]) -> dict[str, ObjectId | None]:
        """Return who has each of these pages in hand; one that is settled is not in it."""
        rows = self._pages.find({"_id": {"$in": list(page_ids)}, "state": PageState.PENDING}, {"run": 1})
        return {row["_id"]: row.get("run") async for row in rows}
