"""The streams: what is to be done, by partition, and in whose hand it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawler.frontier.cluster.keys import Keys

GROUP = "nodes"
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to do, in the hand of this node until it is acknowledged."""

    partition: int
    """Partition of its host."""
    number: str
    """Its ID in the stream."""
    page: str | None = None
    """`_id` of a page to fetch."""
    url: str | None = None
    """Or the URL of a list to look at, as its site table writes it."""
    kind: str | None = None
    """What kind of list that is (`ListingKind`)."""
    again: bool = field(default=False, compare=False)
    """Another node, or an earlier self, had it in hand before."""


class Streams:
    """Reading and writing them. Every method raises redis.RedisError."""

    def __init__(self, redis: Any, keys: Keys, *, node: str) -> None:
        """node: in whose name entries are read."""
        self._redis = redis
        self._keys = keys
        self._node = node

    async def push_pages(self, pages: Iterable[tuple[int, str]]) -> None:
        """Add pages, given as partition and `_id`."""
        await self._push([(partition, {"page": page}) for partition, page in pages])

    async def push_lists(self, lists: Iterable[tuple[int, str, str]]) -> None:
        """Add lists, given as partition, URL and kind."""
        rows = [(partition, {"url": url, "kind": kind}) for partition, url, kind in lists]
        if rows:
            await self._redis.sadd(self._keys.lists, *(row["url"] for _, row in rows))
        await self._push(rows)

    async def _push(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> None:
        for start in range(0, len(rows), _AT_ONCE):
            async with self._redis.pipeline(transaction=True) as pipe:
                for partition, row in rows[start : start + _AT_ONCE]:
                    pipe.xadd(self._keys.stream(partition), row)
                    pipe.sadd(self._keys.active, partition)
                await pipe.execute()

    async def prepare(self, partition: int) -> None:
        """See to it that a stream can be read from its beginning."""
        from redis import ResponseError

        try:
            await self._redis.xgroup_create(self._keys.stream(partition), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def claim(self, partition: int) -> list[Errand]:
        """Take over what others had in hand, and return it with what this node has itself: all that was ever read."""
        found: list[Errand] = []
        start = "0-0"
        while True:
            start, rows, *_ = await self._redis.xautoclaim(
                self._keys.stream(partition), GROUP, self._node, min_idle_time=0, start_id=start, count=_AT_ONCE
            )
            found += [_entry(partition, number, row, again=True) for number, row in rows if row]
            if start == "0-0":
                return found

    async def read(self, partitions: Iterable[int], *, count: int, milliseconds: int) -> list[Errand]:
        """Return the next entries, at most `count` of each partition; wait so long until there are any."""
        streams = {self._keys.stream(partition): partition for partition in partitions}
        answer = await self._redis.xreadgroup(
            GROUP, self._node, dict.fromkeys(streams, ">"), count=count, block=milliseconds
        )
        return [_entry(streams[name], number, row) for name, rows in answer or () for number, row in rows if row]

    async def acknowledge(self, entries: Iterable[Errand]) -> None:
        """Strike out what is done."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for entry in entries:
                stream = self._keys.stream(entry.partition)
                pipe.xack(stream, GROUP, entry.number)
                pipe.xdel(stream, entry.number)
                if entry.url is not None:
                    pipe.srem(self._keys.lists, entry.url)
            await pipe.execute()

    async def lengths(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return how much is left to do in each partition, what is in hand included."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for partition in partitions:
                pipe.xlen(self._keys.stream(partition))
            return dict(zip(partitions, await pipe.execute(), strict=True))


def _entry(partition: int, number: str, row: Mapping[str, str], *, again: bool = False) -> Errand:
    return Errand(
        partition=partition,
        number=number,
        page=row.get("page"),
        url=row.get("url"),
        kind=row.get("kind"),
        again=again,
    )
