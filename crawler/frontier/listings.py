"""The collection `listings`: what is known of each feed, sitemap and section page, and when to look there again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, UpdateOne

from crawler.frontier.periods import Bounds, after_failure, first_period, next_period
from crawler.frontier.runs import CLOCKS_APART, DURABLE, Runs
from crawler.url import site_of

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

LISTINGS = "listings"
_INDEXES = (
    IndexModel([("claim", ASCENDING)]),
    IndexModel([("parent", ASCENDING), ("next_look_at", ASCENDING)]),
    IndexModel([("site", ASCENDING)]),
)


class ListingKind(StrEnum):
    """What lists pages."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page that lists others, as a site table, an index or autodiscovery names it."""

    url: str
    """Its absolute URL, as written there."""
    kind: ListingKind
    """What it is thought to be."""
    parent: str | None = None
    """URL of the sitemap index that names it, or of the home page by which it was found."""
    changed_at: datetime | None = None
    """When it last changed, as that index says (UTC)."""

    @property
    def listing_id(self) -> str:
        """`_id` of its row."""
        return listing_id(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingTicket:
    """The right and the duty of this run to look at one listing."""

    url: str
    """The URL to fetch."""
    kind: ListingKind
    """As in Listing."""
    parent: str | None
    """As in Listing."""
    etag: str | None
    """Validator of the last answer that was read to the end (RFC 9110), for a conditional request."""
    last_modified: str | None
    """The other validator."""
    body_hash: str | None
    """`body_hash` of that answer, for servers that know no validators."""

    @property
    def listing_id(self) -> str:
        """`_id` of its row."""
        return listing_id(self.url)


def listing_id(url: str) -> str:
    """Return the key of a listing: blake2b over its URL as written, 12 bytes, hex.

    Not the canonical URL: what is noise in an article's address may choose the feed.
    """
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def body_hash(body: bytes) -> str:
    """Return by what a listing's body is known again: blake2b, 12 bytes, hex."""
    return blake2b(body, digest_size=12).hexdigest()


class Listings:
    """The rows of `listings`, as one run sees and changes them."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], runs: Runs, bounds: Bounds) -> None:
        """bounds: between which the learned periods lie."""
        self._rows = database.get_collection(LISTINGS, write_concern=DURABLE)
        self._runs = runs
        self._bounds = bounds

    async def create_indexes(self) -> None:
        """Create what the queries below need; does nothing where they exist."""
        await self._rows.create_indexes(list(_INDEXES))

    async def due(
        self, listings: Iterable[Listing], *, now: datetime, claim: ObjectId | None = None
    ) -> list[ListingTicket]:
        """Take up those that are new or due, each for one run at a time; return a ticket for each.

        now: UTC. claim: whoever asks again after a lost answer gives the same one again. Each ticket ends with
        `looked` or `failed`; that of a run that died is free again. One that an index says has not changed since it
        was last read is not due, whatever its period.
        """
        known = {listing.listing_id: listing for listing in listings}
        if not known:
            return []
        claim = claim or ObjectId()
        await self._rows.bulk_write([_insertion(*item, now) for item in known.items()], ordered=False)
        free = {**self._due(now), "run": {"$nin": await self._runs.living()}}
        ids = [
            row["_id"]
            async for row in self._rows.find({"_id": {"$in": list(known)}, **free}, {"looked_at": 1})
            if not _as_it_was(row.get("looked_at"), known[row["_id"]].changed_at, now)
        ]
        return await self._take(ids, free, claim)

    async def children_due(self, parent: str, *, now: datetime, claim: ObjectId | None = None) -> list[ListingTicket]:
        """Take up what a sitemap index is known to name and is due, where the index itself is as it was (304)."""
        free = {**self._due(now), "run": {"$nin": await self._runs.living()}}
        ids = [row["_id"] async for row in self._rows.find({"parent": parent, **free}, {"_id": 1})]
        return await self._take(ids, free, claim or ObjectId())

    async def held(self, url: str) -> bool:
        """Return whether another living run has a listing in hand."""
        others = [run for run in await self._runs.living() if run != self._runs.run_id]
        return await self._rows.find_one({"_id": listing_id(url), "run": {"$in": others}}, {"_id": 1}) is not None

    async def named_by(self, parent: str) -> int:
        """Return how many listings an index, or a home page, is known to name."""
        return await self._rows.count_documents({"parent": parent})

    async def looked(
        self,
        ticket: ListingTicket,
        *,
        now: datetime,
        new: int = 0,
        not_modified: bool = False,
        etag: str | None = None,
        last_modified: str | None = None,
        body: str | None = None,
    ) -> timedelta:
        """Write down a look that came to its end, once its pages are in the ledger; return the period learned.

        new: how many pages nobody knew before; not_modified: a 304, or the body of last time, which keeps the
        validators; body: `body_hash` of the answer. Writing the same look twice teaches the same once.
        """
        row = await self._rows.find_one({"_id": ticket.listing_id}) or {}
        before: datetime | None = row.get("looked_at")
        if before == now:
            return timedelta(seconds=row.get("period", 0.0))
        if before is None:
            period = first_period(self._bounds)
        else:
            learned = timedelta(seconds=row.get("period", 0.0))
            period = next_period(learned, new=new, elapsed=now - before, bounds=self._bounds)
        change: dict[str, Any] = {
            "looked_at": now,
            "period": period.total_seconds(),
            "next_look_at": now + period,
            "failures": 0,
            "reason": None,
            "run": None,
        }
        if new:
            change["news_at"] = now
        if not not_modified:
            change |= {"etag": etag, "last_modified": last_modified, "body_hash": body}
        await self._rows.update_one({"_id": ticket.listing_id}, {"$set": change, "$inc": {"looks": 1, "news": new}})
        return period

    async def failed(self, ticket: ListingTicket, *, now: datetime, reason: str) -> None:
        """Write down that a listing could not be had or read; it is left alone for longer each time in a row."""
        row = await self._rows.find_one({"_id": ticket.listing_id}) or {}
        if row.get("failed_at") == now:
            return
        failures = int(row.get("failures", 0)) + 1
        learned = timedelta(seconds=row["period"]) if "period" in row else self._bounds.shortest
        pause = after_failure(learned, failures - 1, self._bounds)
        change = {"failed_at": now, "failures": failures, "reason": reason, "next_look_at": now + pause, "run": None}
        await self._rows.update_one({"_id": ticket.listing_id}, {"$set": change})

    def _due(self, now: datetime) -> dict[str, Any]:
        # What lies further ahead than any period reaches was written before a clock was set back.
        impossible = now + max(self._bounds.longest, self._bounds.shortest) + CLOCKS_APART
        return {"$or": [{"next_look_at": {"$lte": now}}, {"next_look_at": {"$gt": impossible}}]}

    async def _take(self, ids: Sequence[str], free: Mapping[str, Any], claim: ObjectId) -> list[ListingTicket]:
        mine = {"_id": {"$in": list(ids)}, **free}
        if owners := await self._runs.free(await self._rows.distinct("run", mine)):
            taken = {"$set": {"run": self._runs.run_id, "claim": claim}}
            await self._rows.update_many({**mine, "run": {"$in": owners}}, taken)
        return [_ticket(row) async for row in self._rows.find({"claim": claim, "run": self._runs.run_id})]


def _insertion(listing_id: str, listing: Listing, now: datetime) -> UpdateOne:
    row = {
        "url": listing.url,
        "kind": listing.kind,
        "site": site_of(listing.url),
        "parent": listing.parent,
        "found_at": now,
        "next_look_at": now,
        "run": None,
        "looks": 0,
        "news": 0,
        "failures": 0,
    }
    return UpdateOne({"_id": listing_id}, {"$setOnInsert": row}, upsert=True)


def _ticket(row: Mapping[str, Any]) -> ListingTicket:
    return ListingTicket(
        url=row["url"],
        kind=ListingKind(row["kind"]),
        parent=row.get("parent"),
        etag=row.get("etag"),
        last_modified=row.get("last_modified"),
        body_hash=row.get("body_hash"),
    )


def _as_it_was(looked_at: datetime | None, changed_at: datetime | None, now: datetime) -> bool:
    """Whether a listing was read after its last change, as its index dates it."""
    return looked_at is not None and changed_at is not None and changed_at < looked_at <= now
