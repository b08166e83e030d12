"""Who takes which partition, and who gives one away: each node decides by itself from what all can see. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one node is to do about its share."""

    take: tuple[int, ...] = ()
    """Partitions without an owner that it may try to get."""
    give: int = 0
    """How many of its own it should leave to others."""


def plan(*, me: str, nodes: Collection[str], owners: Mapping[int, str | None]) -> Plan:
    """Return what node `me` is to do, so that no node has more than its share of the partitions at work.

    nodes: those that live; owners: of each partition that has entries. Nodes start to look for partitions at different
    ends, so that they seldom reach for the same one; if they do, Redis lets one have it.
    """
    share = -(-len(owners) // max(len(nodes), 1))
    mine = sum(owner == me for owner in owners.values())
    free = sorted((p for p, owner in owners.items() if owner is None), key=lambda p: _distance(me, p))
    return Plan(take=tuple(free[: max(share - mine, 0)]), give=max(mine - share, 0))


def _distance(node: str, partition: int) -> bytes:
    return blake2b(f"{node} {partition}".encode(), digest_size=8).digest()
