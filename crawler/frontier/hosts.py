"""The collection `hosts`: whose turn it is to ask a host, shared by all crawls on one database, and who rests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.frontier.runs import Runs

HOSTS = "hosts"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ROUNDING = timedelta(milliseconds=2)
"""MongoDB cuts its clock down to milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a crawl is told that wants to ask a host something."""

    granted: bool
    """It may ask now, and nobody else does until it has given the turn back."""
    wait: float = 0.0
    """Seconds until it may be its turn."""
    rests: float = 0.0
    """Seconds for which the host is left alone: it asked for that, or keeps failing."""
    reason: str = ""
    """Why it is left alone."""
    failures: int = 0
    """How often in a row it has failed."""
    holder: ObjectId | None = None
    """The run whose turn it is."""


class Hosts:
    """The rows of `hosts`. All times are MongoDB's own, so that no crawl's clock matters.

    Nothing here is journaled: what a crash forgets is a second's delay.
    """

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], runs: Runs) -> None:
        self._rows = database[HOSTS]
        self._runs = runs

    async def take(self, host: str, *, token: ObjectId, seconds: float) -> Turn:
        """Take the turn at a host, or say how long to wait. Asking again with the same `token` is harmless.

        seconds: after which the turn of a crawl that no longer answers is over.
        """
        now = "$$NOW"
        free = {"$and": [{"$lte": [_time(name), now]} for name in ("next_at", "rests_until", "held_until")]}
        mine = {"$or": [free, {"$eq": ["$token", token]}]}
        end = {"$add": [now, round(seconds * 1000)]}
        taken = {"token": (mine, token), "run": (mine, self._runs.run_id), "held_until": (mine, end)}
        found = await self._rows.find_one_and_update(
            {"_id": host},
            [
                # One stage: every condition sees the row as it was.
                {"$set": {name: {"$cond": [when, then, f"${name}"]} for name, (when, then) in taken.items()}},
                {"$set": {"asked_at": now}},
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        row = found or {}
        asked: datetime = row.get("asked_at", _NEVER)
        if row.get("token") == token:
            return Turn(granted=True, failures=row.get("failures", 0))

        def left(name: str) -> float:
            return max((row.get(name) or _NEVER) - asked, timedelta()).total_seconds()

        held = left("held_until")
        return Turn(
            granted=False,
            wait=max(left("next_at"), left("rests_until")),
            rests=left("rests_until"),
            reason=row.get("reason") or "",
            holder=row.get("run") if held else None,
        )

    async def look(self, hosts: Collection[str]) -> dict[str, Turn]:
        """Return of each host without a delay whether it may be asked; nothing is written."""
        rests = {"$subtract": [_time("rests_until"), "$$NOW"]}
        found = self._rows.find({"_id": {"$in": list(hosts)}}, {"rests": rests, "reason": 1, "failures": 1})
        rows = {row["_id"]: row async for row in found}
        return {host: _looked_at(rows.get(host, {})) for host in hosts}

    async def give_back(self, host: str, *, token: ObjectId, delay: float) -> None:
        """End a turn: the next one comes after `delay` seconds at the earliest, whoever's it is."""
        next_at = {"$add": ["$$NOW", round((timedelta(seconds=delay) + _ROUNDING) / timedelta(milliseconds=1))]}
        mine = {"$eq": ["$token", token]}
        change = {
            "next_at": {"$max": ["$next_at", next_at]},
            "held_until": {"$cond": [mine, _NEVER, "$held_until"]},
            "token": {"$cond": [mine, None, "$token"]},
        }
        await self._rows.update_one({"_id": host}, [{"$set": change}], upsert=True)

    async def release(self, host: str, run: ObjectId) -> None:
        """End the turn of a run that died, if it is still its turn."""
        await self._rows.update_one({"_id": host, "run": run}, {"$set": {"held_until": _NEVER, "token": None}})

    async def rest(self, host: str, seconds: float, *, reason: str, failures: int) -> None:
        """Leave a host alone, every crawl, for so long from now on; a longer rest that is under way stays."""
        until = {"$add": ["$$NOW", round(seconds * 1000)]}
        change = {
            "rests_until": {"$max": ["$rests_until", until]},
            "reason": {"$literal": reason},
            "failures": failures,
        }
        await self._rows.update_one({"_id": host}, [{"$set": change}], upsert=True)

    async def recovered(self, host: str) -> None:
        """Forget the failures of a host that answers again."""
        await self._rows.update_one({"_id": host}, {"$set": {"failures": 0, "reason": None}})


def _looked_at(row: Mapping[str, Any]) -> Turn:
    seconds = max(row.get("rests", 0) / 1000, 0.0)
    return Turn(
        granted=not seconds,
        wait=seconds,
        rests=seconds,
        reason=row.get("reason") or "",
        failures=row.get("failures", 0),
    )


def _time(name: str) -> dict[str, Any]:
    return {"$ifNull": [f"${name}", _NEVER]}
