"""The memory of the embedded MongoDB: a share of the machine's, between two bounds."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest

from crawler.mongodb.cache import cache_bytes, machine_memory
from crawler.mongodb.embedded import embedded_server

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


def test_the_server_leaves_changes_to_its_checkpoint_that_it_would_write_at_once_by_default(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "mongodb") as server, pymongo.MongoClient[dict[str, Any]](server.uri) as client:
        # The least that there is, so that little has to be written.
        client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig=f"cache_size={GIB // 4}")
        articles = client["news"]["articles"]
        articles.insert_many([{"_id": number, "seen": 0, "text": os.urandom(60_000)} for number in range(700)])
        # A checkpoint now, and the next one in a minute.
        client.admin.command("fsync")
        articles.update_many({}, {"$inc": {"seen": 1}})
        # By default it writes what is above 5 %, and within this second.
        time.sleep(2)
        cache = client.admin.command("serverStatus")["wiredTiger"]["cache"]
        assert cache["tracked dirty bytes in the cache"] > 0.1 * cache["maximum bytes configured"]
