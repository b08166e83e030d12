"""The memory of the embedded MongoDB: a share of the machine's, between two bounds."""

from __future__ import annotations

from pathlib import Path

import psutil
import pymongo
import pytest

from crawler.mongodb.cache import cache_bytes, machine_memory

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "cache"), [(GIB, GIB // 4), (2 * GIB, GIB // 4), (16 * GIB, 2 * GIB), (512 * GIB, 4 * GIB)]
)
def test_a_share_between_two_bounds(memory: int, cache: int) -> None:
    assert cache_bytes(memory) == cache


@pytest.mark.parametrize(
    ("limit", "expected"), [("2147483648\n", 2 * GIB), ("max\n", None), ("9223372036854771712\n", None), (None, None)]
)
def test_a_container_has_what_it_was_given(tmp_path: Path, limit: str | None, expected: int | None) -> None:
    whole = psutil.virtual_memory().total
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    assert machine_memory([tmp_path / "memory.max"]) == min(expected or whole, whole)


def test_the_server_has_it(mongodb_uri: str) -> None:
    with pymongo.MongoClient[dict[str, int]](mongodb_uri) as client:
        cache = client.admin.command("serverStatus")["wiredTiger"]["cache"]["maximum bytes configured"]
    # MongoDB counts in whole megabytes.
    assert abs(cache - cache_bytes(machine_memory())) < 2 << 20
