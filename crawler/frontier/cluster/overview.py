"""What the nodes of a cluster are at, for a person who asks: `scrapy status --cluster`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.frontier.cluster.keys import Keys
from crawler.frontier.cluster.streams import GROUP

if TYPE_CHECKING:
    import redis


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSummary:
    """One node."""

    run: str
    """`_id` of its run in `crawls`."""
    scope: str
    """What it crawls: nodes of one scope share their work."""
    host: str
    """Name of its machine; empty where it is silent."""
    pid: int | None
    """Its process there."""
    started_at: datetime | None
    """When it joined, UTC."""
    partitions: int
    """Partitions it owns."""
    in_hand: int
    """Pages and lists it has in hand."""
    alive: bool
    """Its lease has not expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSummary:
    """One partition with something to do."""

    scope: str
    """As of the node."""
    partition: int
    """Its number."""
    owner: str | None
    """Run of the node that owns it; null while nobody does."""
    lag: int
    """Pages and lists that nobody has in hand."""
    in_hand: int
    """Those that a node has in hand."""
    oldest_seconds: float
    """For how long the oldest of them all has been there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary:
    """All nodes that crawl into one database."""

    nodes: list[NodeSummary]
    """By machine and process."""
    partitions: list[PartitionSummary]
    """The largest lag first."""


def cluster_summary(client: redis.Redis, database: str, *, now: datetime) -> ClusterSummary:
    """Return what Redis knows of the nodes that crawl into a database. now: UTC. Raises redis.RedisError."""
    redis: Any = client
    nodes: list[NodeSummary] = []
    partitions: list[PartitionSummary] = []
    for scope in sorted(redis.smembers(Keys.scopes(database))):
        keys = Keys(database=database, scope=scope)
        found = [_partition(redis, keys, int(number), now) for number in redis.smembers(keys.active)]
        partitions += found
        nodes += [_node(redis, keys, name, found) for name in redis.smembers(keys.nodes)]
    return ClusterSummary(
        nodes=sorted(nodes, key=lambda node: (node.scope, node.host, node.pid or 0)),
        partitions=sorted(partitions, key=lambda one: (one.scope, -one.lag, -one.in_hand, one.partition)),
    )


def _partition(redis: Any, keys: Keys, partition: int, now: datetime) -> PartitionSummary:
    stream = keys.stream(partition)
    # Of a stream that nobody has read yet there is no group.
    groups = {group["name"]: group for group in redis.xinfo_groups(stream)} if redis.exists(stream) else {}
    in_hand = int(groups.get(GROUP, {}).get("pending", 0))
    first = redis.xrange(stream, count=1)
    # The first part of an ID is Redis' clock in milliseconds.
    added = int(first[0][0].partition("-")[0]) / 1000 if first else now.timestamp()
    return PartitionSummary(
        scope=keys.scope,
        partition=partition,
        owner=redis.get(keys.lease(partition)),
        lag=max(redis.xlen(stream) - in_hand, 0),
        in_hand=in_hand,
        oldest_seconds=max(now.timestamp() - added, 0.0),
    )


def _node(redis: Any, keys: Keys, name: str, partitions: list[PartitionSummary]) -> NodeSummary:
    said = redis.get(keys.node(name))
    about = json.loads(said) if said else {}
    owned = [one for one in partitions if one.owner == name]
    return NodeSummary(
        run=name,
        scope=keys.scope,
        host=about.get("host", ""),
        pid=about.get("pid"),
        started_at=datetime.fromtimestamp(about["started_at"], UTC) if about else None,
        partitions=len(owned),
        in_hand=sum(one.in_hand for one in owned),
        alive=bool(about),
    )
