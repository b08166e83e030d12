"""The ledger: one row in `pages` for every URL ever discovered, in exactly one state, with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from crawler.article import FailureReason, RejectionReason, Via
from crawler.frontier.revisits import Appointment, Revisits, Visit
from crawler.frontier.runs import CLOCKS_APART, DURABLE, Runs
from crawler.listed import Listed, from_row, to_row
from crawler.url import article_id, canonical_url, site_of

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

PAGES = "pages"
INDEXES = (
    IndexModel([("state", ASCENDING), ("site", ASCENDING), ("discovered_at", ASCENDING)]),
    IndexModel([("state", ASCENDING), ("site", ASCENDING), ("news_at", DESCENDING)]),
    IndexModel([("run", ASCENDING), ("state", ASCENDING), ("reason", ASCENDING)]),
    IndexModel([("claim", ASCENDING)]),
    # As small as what was read by parts of a run (`frontier.parts`).
    IndexModel(
        [("counted.by", ASCENDING), ("state", ASCENDING), ("reason", ASCENDING)],
        name="counted",
        partialFilterExpression={"counted.by": {"$exists": True}},
    ),
    IndexModel([("article_id", ASCENDING)]),
    IndexModel(
        [("site", ASCENDING), ("next_visit_at", ASCENDING)],
        name="appointments",
        partialFilterExpression={"next_visit_at": {"$exists": True}},
    ),
    # Read alone, it gives `scrapy status` its counts; a page of it is never loaded.
    IndexModel([("site", ASCENDING), ("state", ASCENDING), ("reason", ASCENDING)]),
    # As small as what is pending out of archives: asked for every archive that is begun.
    IndexModel(
        [("record.file", ASCENDING), ("record.offset", ASCENDING)],
        name="records",
        partialFilterExpression={"state": "pending", "record.file": {"$exists": True}},
    ),
    # As small as what was forgotten: asked for every batch that is stored.
    IndexModel(
        [("reason", ASCENDING), ("_id", ASCENDING)],
        name="forgotten",
        partialFilterExpression={"reason": RejectionReason.FORGOTTEN.value},
    ),
)
_LEFT_ALONE = (FailureReason.HOST_FAILING, FailureReason.ROBOTS_UNREACHABLE)
IN_NOBODYS_HANDS: Mapping[str, Any] = {"run": None, "claim": None}
"""What stands in the row of a page that waits for whoever asks for what is left over."""
NOT_FORGOTTEN = {"$ne": RejectionReason.FORGOTTEN.value}
"""What holds for the reason of every page that may be fetched; a forgotten one is never handed out again."""


class PageState(StrEnum):
    """The state of a page; every one but `pending` is settled."""

    PENDING = "pending"
    """Discovered, its outcome not yet acknowledged."""
    STORED = "stored"
    """A new article, or a new revision of one, is in `articles`."""
    UNCHANGED = "unchanged"
    """Looked at again; the article is as it was."""
    DUPLICATE = "duplicate"
    """Leads to an article another URL gave us, or repeats the text of one (the reason says which)."""
    REJECTED = "rejected"
    """Read, and no article."""
    FAILED = "failed"
    """Could not be had, or not be read."""


_FREE: dict[str, Any] = {"state": {"$ne": PageState.PENDING}, "reason": NOT_FORGOTTEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A URL somebody pointed to."""

    url: str
    """As written by whoever pointed to it, absolute."""
    via: Via
    """By what kind of pointer."""
    found_on: str | None = None
    """The feed, sitemap, list or file it stood in; for read-also links the `_id` of the article."""
    depth: int = 0
    """How many read-also links lead from a listed page to this one."""
    news_at: datetime | None = None
    """How new it is as far as a list says, UTC (`crawler.discovery.priority`): the newest is taken up first."""
    listed: Listed | None = None
    """What a feed or news sitemap says of it."""

    @property
    def page_id(self) -> str:
        """`_id` of its row. Raises InvalidURL."""
        return article_id(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right and the duty of this run to settle one page."""

    page_id: str
    """`_id` of the row in `pages`."""
    url: str
    """The URL to fetch."""
    via: Via
    """How it was first discovered."""
    depth: int
    """As in Discovery."""
    etag: str | None
    """Validator of the last answer (RFC 9110), for a conditional request."""
    last_modified: str | None
    """The other validator."""
    visits: int = 0
    """How often it has been settled before; 0: nobody has seen it yet."""
    news_at: datetime | None = None
    """As in Discovery."""
    listed: Listed | None = None
    """As in Discovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of one page."""

    page_id: str
    """`_id` of the row in `pages`."""
    state: PageState
    """Any state but pending."""
    reason: str | None = None
    """Why, from the closed list of that state; null for stored and unchanged."""
    detail: str = ""
    """The evidence, for a person."""
    article_id: str | None = None
    """The article this page led to."""
    status: int | None = None
    """HTTP status of the answer."""
    etag: str | None = None
    """ETag of the answer, for the next conditional request."""
    last_modified: str | None = None
    """Last-Modified of the answer."""
    published_at: datetime | None = None
    """When its article was published, as far as it is known, UTC."""
    again_at: datetime | None = None
    """When it may be asked for again, UTC, where it was left for a later run; comes before any appointment."""
    at: datetime
    """When it was settled, UTC."""


class Ledger:
    """The rows of `pages`, as one run sees and changes them."""

    def __init__(
        self, database: AsyncDatabase[Mapping[str, Any]], runs: Runs, revisits: Revisits | None = None
    ) -> None:
        """revisits: makes the appointments for next visits; None: no page gets one."""
        self.pages = database.get_collection(PAGES, write_concern=DURABLE)
        """The collection, each write acknowledged from the journal."""
        self._revisits = revisits
        self.runs = runs
        """Who is at work."""
        self.run_id = runs.part_of or runs.run_id
        """The run in whose balance the pages count: this one, or the one it is a part of."""
        self.claimed = 0
        """Pages this run has taken up; of a part, those that no other part of the whole had taken up before."""
        self.settled: Counter[tuple[PageState, str | None]] = Counter()
        """Pages this run has settled, by state and reason, as acknowledged; less than nothing where a part has settled
        anew what another had before."""
        self.when_settled: Callable[[Sequence[Settlement]], None] | None = None
        """Told of what was settled, once it is acknowledged."""

    async def create_indexes(self) -> None:
        """Create what the queries below and `scrapy status` need; does nothing where they exist."""
        await self.pages.create_indexes(list(INDEXES))

    async def discover(
        self,
        discoveries: Iterable[Discovery],
        *,
        now: datetime,
        revisit_after: timedelta | None,
        claim: ObjectId | None = None,
    ) -> list[Ticket]:
        """Write down each URL, and take up those that are new, left over, or due.

        now: UTC. revisit_after: a settled page seen this long ago is due again; None: never. claim: whoever asks again
        after a lost answer gives the same one again, and gets the pages that the first try took up.
        Returns a ticket for each page this call took up. A page that this or another living run has in hand,
        and one settled and not due, gives none. Each discovery must have a valid URL.
        """
        rows = {d.page_id: d for d in discoveries}
        if not rows:
            return []
        claim = claim or ObjectId()
        await self._write_down(rows, now, held=self.held(claim))
        due: list[dict[str, Any]] = [{"state": PageState.PENDING}]
        # Nobody has asked for it yet: its host was left alone until now.
        left = {"state": PageState.FAILED, "reason": {"$in": _LEFT_ALONE}}
        due.append({**left, "next_visit_at": {"$lte": now}})
        if revisit_after is not None:
            settled = {"state": {"$ne": PageState.PENDING}, "reason": NOT_FORGOTTEN}
            due.append({**settled, "visited_at": {"$lte": now - revisit_after}})
            # The clock was set back since: who waits for it to catch up may wait for years.
            due.append({**settled, "visited_at": {"$gt": now + CLOCKS_APART}})
        await self._take({"_id": {"$in": list(rows)}, "$or": due}, claim, now)
        return await self.tickets(claim)

    async def note(self, discoveries: Iterable[Discovery], *, now: datetime) -> int:
        """Write down each URL as pending, for whoever asks for what is left over; return how many nobody knew.

        Nobody has such a page in hand, so it counts as discovered by the run that takes it up. now: UTC.
        """
        rows = {d.page_id: d for d in discoveries}
        if not rows:
            return 0
        return await self._write_down(rows, now, held=IN_NOBODYS_HANDS)

    async def _write_down(self, rows: Mapping[str, Discovery], now: datetime, *, held: Mapping[str, Any]) -> int:
        """Give each of these pages its row, if it has none, in those hands; return how many had none."""
        # Most of what a feed names, or a list that is gone through again, is known: to read that costs a fourth.
        known = {row["_id"] async for row in self.pages.find({"_id": {"$in": list(rows)}}, {"_id": 1})}
        written = [insertion(key, found, now, held=held) for key, found in rows.items() if key not in known]
        return (await self.pages.bulk_write(written, ordered=False)).upserted_count if written else 0

    async def left_over(
        self,
        *,
        sites: Sequence[str],
        vias: Sequence[Via],
        now: datetime,
        limit: int = 500,
        claim: ObjectId | None = None,
    ) -> list[Ticket]:
        """Take up pending pages nobody has in hand, the newest first, `limit` at most; none are left if empty.

        sites: registrable domains in scope; vias: kinds of pointer in scope; now: UTC; claim: as in `discover`.
        """
        query = {"state": PageState.PENDING, "site": {"$in": list(sites)}, "via": {"$in": list(vias)}}
        cursor = self.pages.find({**query, "run": {"$nin": await self.runs.living()}}, {"_id": 1})
        ids = [row["_id"] async for row in cursor.sort("news_at", DESCENDING).limit(limit)]
        claim = claim or ObjectId()
        if ids:
            await self._take({"_id": {"$in": ids}, "state": PageState.PENDING}, claim, now)
        return await self.tickets(claim)

    async def due_again(
        self, *, sites: Sequence[str], vias: Sequence[Via], now: datetime, limit: int, claim: ObjectId | None = None
    ) -> list[Ticket]:
        """Take up settled pages whose next visit is due, `limit` at most, those that became due last first.

        Where more are due than a run can do, the fresh ones come first: they are due in short steps.
        sites: registrable domains in scope; vias: kinds of pointer in scope; now: UTC; claim: as in `discover`.
        """
        query = await self.due_query(sites=sites, vias=vias, now=now)
        cursor = self.pages.find(query, {"_id": 1}).sort("next_visit_at", DESCENDING).limit(limit)
        ids = [row["_id"] async for row in cursor]
        claim = claim or ObjectId()
        if ids:
            await self._take({"_id": {"$in": ids}, **_FREE}, claim, now)
        return await self.tickets(claim)

    async def due_query(self, *, sites: Sequence[str], vias: Sequence[Via], now: datetime) -> dict[str, Any]:
        """Return the condition on settled pages in nobody's hand whose next visit is due; see `due_again`."""
        impossible = now + (self._revisits.furthest if self._revisits else timedelta()) + CLOCKS_APART
        due = {"$or": [{"next_visit_at": {"$lte": now}}, {"next_visit_at": {"$gt": impossible}}]}
        query = {**_FREE, **due, "site": {"$in": list(sites)}, "via": {"$in": list(vias)}}
        return {**query, "run": {"$nin": await self.runs.living()}}

    async def take_up(self, page_ids: Sequence[str], *, now: datetime, claim: ObjectId | None = None) -> list[Ticket]:
        """Take up these pages, as far as they are pending and nobody has them in hand. now, claim: as in `discover`."""
        claim = claim or ObjectId()
        await self._take({"_id": {"$in": list(page_ids)}, "state": PageState.PENDING}, claim, now)
        return await self.tickets(claim)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Give each page its state, acknowledged from the journal when this returns; a forgotten one stays so."""
        if settlements:
            appointments = await self._appointments(settlements)
            await self.pages.bulk_write([_settling(s, appointments.get(s.page_id)) for s in settlements], ordered=False)
            self.settled.update((s.state, s.reason) for s in settlements)
            if self.when_settled is not None:
                self.when_settled(settlements)

    async def _appointments(self, settlements: Sequence[Settlement]) -> Mapping[str, Appointment]:
        """Return when each page is to be visited next, as far as its row tells what has been before."""
        if self._revisits is None:
            return {}
        fields = {"site": 1, "visited_at": 1, "fresh_at": 1, "article_id": 1}
        query = {"_id": {"$in": [settlement.page_id for settlement in settlements]}}
        rows = {row["_id"]: row async for row in self.pages.find(query, fields)}
        return await self._revisits.appointments(
            [
                _visit(settlement, rows[settlement.page_id])
                for settlement in settlements
                # Written already, where the answer to a first try got lost.
                if settlement.page_id in rows and rows[settlement.page_id].get("visited_at") != settlement.at
            ]
        )

    async def _take(self, query: dict[str, Any], claim: ObjectId, now: datetime) -> None:
        """Take up pages no living run has in hand; a settled one goes back to pending first."""
        if free := await self.runs.free(await self.pages.distinct("run", query)):
            await self.pages.update_many({**query, "run": {"$in": free}}, taking(self.held(claim), now=now))

    def held(self, claim: ObjectId) -> dict[str, Any]:
        """Return the fields that say of a page who has it in hand; of a part also where it is counted first."""
        held: dict[str, Any] = {"run": self.run_id, "claim": claim}
        if self.runs.part_of is not None:
            held |= {"part": self.runs.run_id, "counted": {"by": self.runs.run_id, "claim": claim}}
        return held

    async def tickets(
        self, claim: ObjectId, *, again: Mapping[str, tuple[PageState, str | None]] | None = None
    ) -> list[Ticket]:
        """Return a ticket for each page that a claim has taken up, and count them as this run's.

        again: those that this run may have settled before, with how; such a page is counted already, and so is what
        another part of the same run has taken up before.
        """
        again = again or {}
        tickets: list[Ticket] = []
        gone: list[tuple[PageState, str | None]] = []
        before: list[tuple[PageState, str | None]] = []
        counted = 0
        async for row in self.pages.find({"claim": claim, "run": self.run_id}):
            if row["_id"] in again:
                before.append(again[row["_id"]])
            counted += row["_id"] not in again if self.runs.part_of is None else row["counted"]["claim"] == claim
            if row["state"] != PageState.PENDING:
                # Forgotten between the taking and now: in this run's balance, and nothing to fetch.
                gone.append((PageState(row["state"]), row.get("reason")))
                continue
            tickets.append(
                Ticket(
                    page_id=row["_id"],
                    url=row["url"],
                    via=Via(row["via"]),
                    depth=row["depth"],
                    etag=row.get("etag"),
                    last_modified=row.get("last_modified"),
                    visits=row.get("visits", 0),
                    news_at=row.get("news_at"),
                    listed=from_row(row.get("listed")),
                )
            )
        tickets.sort(key=lambda ticket: ticket.news_at.timestamp() if ticket.news_at else 0.0, reverse=True)
        self.claimed += counted
        self.settled.update(gone)
        self.settled.subtract(before)
        return tickets


def taking(held: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return the change that puts a page in somebody's hands, as `Ledger.held` says whose. now: UTC."""
    gone = (name for name in ("reason", "detail", "part", "counted") if name not in held)
    return {"$set": {**held, "state": PageState.PENDING, "taken_at": now}, "$unset": dict.fromkeys(gone, "")}


def insertion(page_id: str, found: Discovery, now: datetime, *, held: Mapping[str, Any]) -> UpdateOne:
    """Return the write that gives a page its row, if it has none. held: who has it in hand then (`Ledger.held`)."""
    row: dict[str, Any] = {
        "url": found.url,
        "site": site_of(canonical_url(found.url)),
        "state": PageState.PENDING,
        "via": found.via,
        "found_on": found.found_on,
        "depth": found.depth,
        "news_at": found.news_at,
        "discovered_at": now,
        **held,
        "visits": 0,
    }
    if found.listed is not None:
        row["listed"] = to_row(found.listed)
    return UpdateOne({"_id": page_id}, {"$setOnInsert": row}, upsert=True)


def _visit(settlement: Settlement, row: Mapping[str, Any]) -> Visit:
    was_article = bool(row.get("article_id")) and settlement.article_id is not None
    return Visit(
        page_id=settlement.page_id,
        site=row["site"],
        at=settlement.at,
        fresh_at=row.get("fresh_at"),
        published_at=settlement.published_at,
        known=was_article,
        changed=was_article and settlement.state is PageState.STORED,
    )


def _settling(settlement: Settlement, appointment: Appointment | None) -> UpdateOne:
    change: dict[str, Any] = {
        "state": settlement.state,
        "reason": settlement.reason,
        "detail": settlement.detail,
        "status": settlement.status,
        "visited_at": settlement.at,
    }
    # An answer without validators must not wipe out what an unchanged page was known by.
    kept = {"article_id": settlement.article_id, "etag": settlement.etag, "last_modified": settlement.last_modified}
    change |= {name: value for name, value in kept.items() if value is not None}
    # Somebody may have asked to forget the page while it was fetched, or the answer to a first try got lost.
    unsettled = {"_id": settlement.page_id, "reason": NOT_FORGOTTEN, "visited_at": {"$ne": settlement.at}}
    update: dict[str, Any] = {"$set": change, "$inc": {"visits": 1}}
    if appointment is not None:
        change["fresh_at"] = appointment.fresh_at
        if (next_visit_at := settlement.again_at or appointment.next_visit_at) is not None:
            change["next_visit_at"] = next_visit_at
        else:
            update["$unset"] = {"next_visit_at": ""}
    return UpdateOne(unsettled, update)
