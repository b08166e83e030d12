"""The collection `crawls`: one row per run, with its heartbeat while it lives and its balance when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import DESCENDING, IndexModel
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from crawler.frontier.clock import Clock

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

CRAWLS = "crawls"
DURABLE = WriteConcern(w=1, j=True)
"""Acknowledged once in the journal: without it a killed mongod lost 253 of 13,500 acknowledged writes."""
HEARTBEAT_SECONDS = 10
SILENT_SECONDS = 60
"""A run on another host or in another container, unheard of for so long, is dead, and its pages are free for others."""
STOPPED_SECONDS = 25
"""The same for a node of a cluster that has lost its lease as well: two heartbeats missed."""
CLOCKS_APART = timedelta(seconds=60)
"""The clocks of two hosts differ by less; what lies further ahead was written before a clock was set back."""
_CACHE_SECONDS = 2.0


def this_process() -> dict[str, Any]:
    """Return what tells this process from every other: host, the space its id is from, id, when it was started."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "space": _space(), "pid": pid, "born": _born(pid)}


def process_lives(process: Mapping[str, Any]) -> bool | None:
    """Whether a process of this host, as `this_process` described it, still runs; None where that cannot be told."""
    pid, space = process.get("pid"), process.get("space")
    if process.get("host") != socket.gethostname() or space is None or space != _space() or not isinstance(pid, int):
        return None
    # The id may have been given to another process since.
    return process.get("born") is not None and _born(pid) == process["born"]


def lives(run: Mapping[str, Any], now: datetime) -> bool:
    """Whether a run, as its row in `crawls` is, still has pages in hand, at `now` (UTC, as the system has it).

    A process of this host is asked after, be it ever so silent: it may have been stopped, or its machine asleep. Of
    another's only the heartbeat is known.
    """
    if run.get("ended_at") is not None:
        return False
    known = process_lives(run.get("process") or {})
    silence = now.timestamp() - run.get("beat", 0)
    return -CLOCKS_APART.total_seconds() <= silence <= SILENT_SECONDS if known is None else known


def _space() -> str | None:
    """Return where process ids are from: the system's start, and the container within it (Linux); None elsewhere.

    Hosts that are clones of each other, and containers on their host's network, have one name for several of them.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _born(pid: int) -> str | None:
    """Return the start time of a process in clock ticks since boot (proc(5), field 22); None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    # A zombie does nothing any more; only nobody has asked yet how it ended.
    return None if state in "ZX" else fields[18]


class Runs:
    """This run's row, and what the rows of the others say about who is alive."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], *, part_of: ObjectId | None = None) -> None:
        """part_of: the run in whose balance the pages of this one count, if not in its own (`frontier.parts`)."""
        self._crawls = database.get_collection(CRAWLS, write_concern=DURABLE)
        self.run_id = ObjectId()
        self.part_of = part_of
        """The run that this one is a part of, if any."""
        self.clock = Clock()
        """What time it is for all that this run writes."""
        self._living: list[ObjectId] = []
        self._dead: set[ObjectId] = set()
        self._asked_at = -_CACHE_SECONDS

    async def open(self, *, spider: str, arguments: Mapping[str, str], now: datetime) -> None:
        """Write the row of this run, and close the rows of runs that died without a word. now: the system's, UTC."""
        indexes = [IndexModel([(name, DESCENDING)]) for name in ("started_at", "heartbeat_at", "ended_at", "part_of")]
        await self._crawls.create_indexes(indexes)
        dead = [
            row["_id"]
            async for row in self._crawls.find({"ended_at": None}, {"beat": 1, "process": 1})
            if not lives(row, now)
        ]
        await self._crawls.update_many(
            {"_id": {"$in": dead}, "ended_at": None}, [{"$set": {"ended_at": "$heartbeat_at", "reason": "killed"}}]
        )
        latest = await self._crawls.find_one({}, {"heartbeat_at": 1}, sort=[("heartbeat_at", DESCENDING)])
        if latest and latest.get("heartbeat_at"):
            self.clock.not_before(latest["heartbeat_at"])
        started_at = self.clock.now()
        row = {
            "spider": spider,
            "arguments": dict(arguments),
            "started_at": started_at,
            "heartbeat_at": started_at,
            "beat": now.timestamp(),
            "ended_at": None,
            "reason": None,
            "process": this_process(),
            "part_of": self.part_of,
        }
        # An upsert, so that asking again after a lost answer is harmless.
        await self._crawls.update_one({"_id": self.run_id}, {"$setOnInsert": row}, upsert=True)

    async def beat(self) -> None:
        """Say that this run is alive: when, and for other hosts what the clock reads, which may be set back."""
        beat = {"heartbeat_at": self.clock.now(), "beat": datetime.now(UTC).timestamp()}
        await self._crawls.update_one({"_id": self.run_id}, {"$set": beat})

    async def keep_beating(self, over: asyncio.Event) -> None:
        """Say so every HEARTBEAT_SECONDS, until `over` is set: no call of PyMongo may be cancelled (`Patience`).

        A lost server is for others to report; the heart only has to go on beating.
        """
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await over.wait()
                    return
            with contextlib.suppress(PyMongoError):
                await self.beat()

    async def bury(self, run_id: str) -> bool:
        """Close the row of a run whose node has lost its lease, if it is dead; return whether its row is closed.

        It is when its process is gone, or when its heart has been silent for STOPPED_SECONDS as well.
        """
        row = await self._crawls.find_one({"_id": ObjectId(run_id)}, {"beat": 1, "process": 1, "ended_at": 1})
        if row is None:
            return True
        if row["ended_at"] is None:
            silence = datetime.now(UTC).timestamp() - row.get("beat", 0)
            gone = process_lives(row.get("process") or {}) is False
            if not gone and -CLOCKS_APART.total_seconds() <= silence < STOPPED_SECONDS:
                return False
            await self._crawls.update_one(
                {"_id": row["_id"], "ended_at": None}, [{"$set": {"ended_at": "$heartbeat_at", "reason": "killed"}}]
            )
        self._asked_at = -_CACHE_SECONDS
        return True

    async def living(self) -> list[ObjectId]:
        """Return the runs that have pages in hand, this one included; at most two seconds old.

        Enough to look for pages; to take them it must be known of each owner that it is dead (`free`).
        """
        if time.monotonic() - self._asked_at >= _CACHE_SECONDS:
            now = datetime.now(UTC)
            cursor = self._crawls.find({"ended_at": None}, {"beat": 1, "process": 1, "part_of": 1})
            rows = [row async for row in cursor if lives(row, now)]
            # A run has pages in hand as long as one of its parts has, whatever became of who started them.
            self._living = list({row[name] for row in rows for name in ("_id", "part_of") if row.get(name)})
            self._asked_at = time.monotonic()
        return [*self._living, *filter(None, (self.part_of, self.run_id))]

    async def free(self, owners: Iterable[ObjectId | None]) -> list[ObjectId | None]:
        """Return those of the owners of pages whose pages may be taken: runs that are dead by now, and None.

        A run that has just begun is in no list of the living that is older than it is: whoever went by such a list
        would take what it has just taken up.
        """
        owners = set(owners)
        others = {owner for owner in owners if owner is not None} - {self.run_id, self.part_of}
        dead = others - await self.alive(others)
        if dead:
            now = datetime.now(UTC)
            cursor = self._crawls.find({"part_of": {"$in": list(dead)}, "ended_at": None})
            dead -= {row["part_of"] async for row in cursor if lives(row, now)}
        return [owner for owner in owners if owner is None or owner in dead]

    async def alive(self, run_ids: Iterable[ObjectId]) -> set[ObjectId]:
        """Return those of these runs that live themselves, as of now, whatever their parts do."""
        if not (doubtful := set(run_ids) - self._dead):
            return set()
        now = datetime.now(UTC)
        cursor = self._crawls.find({"_id": {"$in": list(doubtful)}}, {"ended_at": 1, "beat": 1, "process": 1})
        alive = {row["_id"] async for row in cursor if lives(row, now)}
        self._dead |= doubtful - alive
        return alive
