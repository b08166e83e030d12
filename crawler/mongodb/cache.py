"""How much memory the embedded MongoDB takes for its data: a share of the machine's, as it is not alone there."""

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
