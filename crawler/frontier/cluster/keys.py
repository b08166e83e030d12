"""How a crawl is laid out in Redis: the partitions of its hosts, and the names of its keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import urlsplit

PARTITIONS = 512
"""More than a crawl has hosts at work at a time, so that few share one. All nodes must agree: part of the prefix."""


def partition_of(url: str) -> int:
    """Return the partition of a URL's host, 0 to PARTITIONS - 1; the port does not count, as a delay is the host's."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        host = ""
    return int.from_bytes(blake2b(host.encode(), digest_size=8).digest()) % PARTITIONS


def scope_of(domains: Iterable[str]) -> str:
    """Return the name of a scope: nodes that crawl the same domains share their work, others do not."""
    return blake2b("\n".join(sorted(set(domains))).encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one crawl: a scope of one database."""

    database: str
    """Name of the database in MongoDB."""
    scope: str
    """As `scope_of` gives it."""

    @staticmethod
    def scopes(database: str) -> str:
        """Return the key of the set of scopes that were ever crawled together into a database."""
        return f"leesook:{database}:scopes"

    def _name(self, *parts: str) -> str:
        return ":".join(("leesook", self.database, self.scope, str(PARTITIONS), *parts))

    def stream(self, partition: int) -> str:
        """Stream: what is to be done at the hosts of a partition, and who has it in hand."""
        return self._name("stream", str(partition))

    def lease(self, partition: int) -> str:
        """String that expires: the node that owns a partition."""
        return self._name("lease", str(partition))

    def node(self, node: str) -> str:
        """String that expires: what a living node says of itself, as JSON."""
        return self._name("node", node)

    @property
    def nodes(self) -> str:
        """Set: the nodes that have joined and not left."""
        return self._name("nodes")

    @property
    def joins(self) -> str:
        """Number: how often a node has joined."""
        return self._name("joins")

    @property
    def active(self) -> str:
        """Set: the partitions whose streams have entries."""
        return self._name("active")

    @property
    def lists(self) -> str:
        """Set: the feeds, sitemaps and sections that are to be looked at, by URL."""
        return self._name("lists")

    @property
    def feeder(self) -> str:
        """String that expires: the node that fills the streams from the ledger."""
        return self._name("feeder")

    @property
    def generation(self) -> str:
        """String: a name for the memory of this Redis; another one means that the streams were lost."""
        return self._name("generation")

    @property
    def drained(self) -> str:
        """String: there is nothing left to do."""
        return self._name("drained")
