"""Who lives and who owns what: keys in Redis that expire unless their node renews them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from crawler.frontier.cluster.keys import Keys

_KEEP = """
local lost = {}
for number, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if holder and holder ~= ARGV[1] then
    lost[#lost + 1] = number
  else
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
  end
end
return lost
"""
"""One that has expired is renewed as well, if nobody was quicker."""

_RELEASE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if redis.call('XLEN', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('SREM', KEYS[3], ARGV[2])
end
redis.call('DEL', KEYS[1])
return 1
"""
"""One that has expired, or that Redis has forgotten, as well: an empty stream would stay for good."""

_CONCLUDE = """
if redis.call('SCARD', KEYS[1]) > 0 or (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[3], '1')
return 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The cluster, as one node sees it at one moment."""

    nodes: frozenset[str]
    """Nodes that live."""
    silent: frozenset[str]
    """Nodes that have neither left nor renewed what they say of themselves."""
    owners: Mapping[int, str | None]
    """Owner of each partition that has entries."""
    lists: int
    """Lists that are still to be looked at."""
    joins: str
    """How often a node had joined."""
    drained: bool
    """Somebody has seen that there is nothing left to do."""


class Leases:
    """What one node holds. Every method raises redis.RedisError."""

    def __init__(self, redis: Any, keys: Keys, *, node: str, seconds: float) -> None:
        """node: its name; seconds: after which what is not renewed expires."""
        self._redis = redis
        self._keys = keys
        self._node = node
        self._milliseconds = round(seconds * 1000)

    async def join(self, about: Mapping[str, Any]) -> None:
        """Become one of the nodes: whoever thought that all was done has to look again. about: see `say`."""
        await self._redis.sadd(Keys.scopes(self._keys.database), self._keys.scope)
        await self.say(about)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(self._keys.joins)
            pipe.delete(self._keys.drained)
            await pipe.execute()

    async def say(self, about: Mapping[str, Any]) -> None:
        """Say that this node lives, and something of it for those who watch."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.sadd(self._keys.nodes, self._node)
            pipe.set(self._keys.node(self._node), json.dumps(about), px=self._milliseconds)
            await pipe.execute()

    async def leave(self) -> None:
        """Be none of the nodes any more."""
        await self.forget(self._node)
        await self._redis.delete(self._keys.node(self._node))

    async def forget(self, node: str) -> None:
        """Strike a node off the list."""
        await self._redis.srem(self._keys.nodes, node)

    async def keep(self, partitions: Iterable[int]) -> set[int]:
        """Renew the leases of these partitions; return those that have another owner by now."""
        held = sorted(partitions)
        if not held:
            return set()
        names = [self._keys.lease(partition) for partition in held]
        lost = await self._redis.eval(_KEEP, len(names), *names, self._node, self._milliseconds)
        return {held[int(number) - 1] for number in lost}

    async def take(self, partition: int) -> bool:
        """Become the owner of a partition; False where another was quicker."""
        return await self._take(self._keys.lease(partition))

    async def lead(self) -> bool:
        """Be the one who fills the streams, if nobody else is."""
        key = self._keys.feeder
        if await self._take(key):
            return True
        return not await self._redis.eval(_KEEP, 1, key, self._node, self._milliseconds)

    async def _take(self, key: str) -> bool:
        return bool(await self._redis.set(key, self._node, nx=True, px=self._milliseconds))

    async def release(self, partition: int) -> None:
        """Let go of a partition; with nothing in its stream it is no longer at work."""
        keys = self._keys
        names = (keys.lease(partition), keys.stream(partition), keys.active)
        await self._redis.eval(_RELEASE, len(names), *names, self._node, partition)

    async def stop_leading(self) -> None:
        """Let another node fill the streams."""
        if await self._redis.get(self._keys.feeder) == self._node:
            await self._redis.delete(self._keys.feeder)

    async def survey(self) -> Survey:
        """Look around."""
        keys = self._keys
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.smembers(keys.active)
            pipe.smembers(keys.nodes)
            pipe.scard(keys.lists)
            pipe.get(keys.joins)
            pipe.exists(keys.drained)
            active, nodes, lists, joins, drained = await pipe.execute()
        partitions, names = sorted(map(int, active)), sorted(nodes)
        found = await self._get([keys.lease(p) for p in partitions] + [keys.node(name) for name in names])
        holders, said = found[: len(partitions)], found[len(partitions) :]
        living = {name for name, words in zip(names, said, strict=True) if words is not None} | {self._node}
        return Survey(
            nodes=frozenset(living),
            silent=frozenset(set(names) - living),
            owners=dict(zip(partitions, holders, strict=True)),
            lists=lists,
            joins=joins or "0",
            drained=bool(drained),
        )

    async def _get(self, names: Sequence[str]) -> Sequence[str | None]:
        return await self._redis.mget(names) if names else []

    async def generation(self) -> str:
        """Return the name of what Redis remembers; a new one where it remembers nothing."""
        new = uuid4().hex
        return await self._redis.set(self._keys.generation, new, nx=True, get=True) or new

    async def conclude(self, joins: str) -> bool:
        """Write down that there is nothing left to do, unless there is, or a node has joined since `joins` was read."""
        keys = self._keys
        return bool(await self._redis.eval(_CONCLUDE, 3, keys.active, keys.joins, keys.drained, joins))
