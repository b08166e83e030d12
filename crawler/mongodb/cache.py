"""The memory of the embedded MongoDB: a share of the machine's, as it is not alone there, and what may be unwritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_SHARE = 8
"""The part of the machine's memory: beside the crawl's processes, and whatever else runs on a laptop."""
_LEAST, _MOST = 1 << 28, 1 << 32
"""Bytes: the smallest that MongoDB takes, and what the indexes of a million articles need."""
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container reads how much of the machine is its own (cgroups 2 and 1; `max` where it is all of it)."""


UNWRITTEN = "eviction_dirty_target=40,eviction_dirty_trigger=60,eviction_updates_target=10,eviction_updates_trigger=20"
"""Percent of the cache that may wait for the next checkpoint (they come once a minute), and from which on writers have
to help. By default it is 5 and 20, of new values 2.5 and 10: then each page of a tree is written several times in that
minute where articles touch all of it, as they do with the index of words. What is acknowledged is in the journal either
way. Measured with 100,000 articles, real pages and that index (1 GB), by turns: mongod took 4.7 ms a page and 2.6 like
this; with a cache of 256 MB 16.1 and 7.9 ms, and the crawl went at 41 and 52 pages a second."""


def cache_bytes(memory: int) -> int:
    """Return the size of WiredTiger's cache on a machine with so many bytes of memory."""
    return min(max(memory // _SHARE, _LEAST), _MOST)


def machine_memory(limits: Sequence[Path] = _LIMITS) -> int:
    """Return the bytes of memory of this machine, or of the container this runs in."""
    known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in limits:
        with suppress(OSError, ValueError):
            known.append(int(limit.read_text(encoding="ascii")))
    return min(known)
