"""The collection `archives`: how far each remote archive has been read, so that no run has to fetch it all again.

The truth about each record remains the ledger's (`crawler.frontier.captures`): an archive counts as read up to where
every record before has been dealt with, and one whose page goes back to pending later is read again from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from crawler.frontier.captures import is_dealt_with
from crawler.frontier.ledger import PAGES, PageState
from crawler.frontier.runs import DURABLE

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.sites import Site

ARCHIVES = "archives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of an archive is wanted."""

    key: str
    """The same for the same choice of papers."""
    domains: tuple[str, ...]
    """Their domains, sorted; none: all that is in it."""


EVERYTHING = Scope(key="", domains=())


def scope_of(sites: Sequence[Site]) -> Scope:
    """Return the scope of a choice of papers: their domains, and what of these is theirs to admit."""
    rules = sorted((sorted(site.domains), sorted(site.allow), sorted(site.deny)) for site in sites)
    domains = sorted({domain for site in sites for domain in site.domains})
    return Scope(key=json.dumps(rules), domains=tuple(domains))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far an archive has been read."""

    offset: int = 0
    """Every record before this byte is dealt with."""
    validator: str | None = None
    """Which version of the file that was (`RemoteFile.validator`)."""
    done: bool = False
    """It has been read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """What a record is known by in the ledger."""

    page_id: str
    """`_id` of its page."""
    at: datetime | None
    """When it was captured, UTC."""


class Archives:
    """The rows of `archives`."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]]) -> None:
        self._rows = database.get_collection(ARCHIVES, write_concern=DURABLE)
        self._pages = database[PAGES]

    async def standing(self, url: str, scope: Scope) -> Standing:
        """Return how far an archive has been read, less what has gone back to pending since."""
        row = await self._rows.find_one({"_id": _key(url, scope)})
        if row is None:
            return Standing()
        standing = Standing(offset=row["offset"], validator=row["validator"], done=row["done"])
        waiting = await self._pages.find_one(
            {"state": PageState.PENDING, "record.file": url}, {"record": 1}, sort=[("record.offset", 1)]
        )
        if waiting is None:
            return standing
        offset = min(standing.offset, waiting["record"].get("offset") or 0)
        return Standing(offset=offset, validator=standing.validator)

    async def note(self, url: str, scope: Scope, standing: Standing, *, now: datetime) -> None:
        """Write down how far an archive has been read. now: UTC."""
        row = {
            "url": url,
            "domains": list(scope.domains),
            "offset": standing.offset,
            "validator": standing.validator,
            "done": standing.done,
            "read_at": now,
        }
        await self._rows.update_one({"_id": _key(url, scope)}, {"$set": row}, upsert=True)

    async def dealt_with(self, records: Iterable[RecordKey]) -> bool:
        """Whether each of some records has been settled, as the ledger has it."""
        left = list(records)
        shown = {"state": 1, "reason": 1, "capture": 1, "captures": 1}
        cursor = self._pages.find({"_id": {"$in": [record.page_id for record in left]}}, shown)
        rows = {row["_id"]: row async for row in cursor}
        return all(record.page_id in rows and is_dealt_with(rows[record.page_id], record.at) for record in left)


def _key(url: str, scope: Scope) -> str:
    return blake2b(f"{url}\n{scope.key}".encode(), digest_size=12).hexdigest()
