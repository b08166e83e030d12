import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.frontier.clock import FURTHEST_JUMP, TICK, Clock
from crawler.frontier.runs import Runs

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_however_the_system_jumps_it_goes_forward(microseconds: list[int]) -> None:
    readings = iter([NOON + timedelta(microseconds=jump) for jump in microseconds])
    clock = Clock(lambda: next(readings))
    told = [clock.now() for _ in microseconds]
    assert all(later - earlier >= TICK for earlier, later in itertools.pairwise(told))
    assert all(instant.microsecond % 1000 == 0 for instant in told)


def test_it_is_the_systems_once_that_has_caught_up() -> None:
    readings = iter([NOON, NOON - HOUR, NOON + HOUR])
    clock = Clock(lambda: next(readings))
    assert [clock.now() for _ in range(3)] == [NOON, NOON + TICK, NOON + HOUR]


@pytest.mark.parametrize(
    ("written", "told"),
    [(NOON + HOUR, NOON + HOUR + TICK), (NOON - HOUR, NOON), (NOON + FURTHEST_JUMP + HOUR, NOON)],
)
def test_it_comes_after_what_was_written_unless_that_is_absurd(written: datetime, told: datetime) -> None:
    clock = Clock(lambda: NOON)
    clock.not_before(written)
    assert clock.now() == told


async def test_a_run_begins_after_the_last_one_was_heard_of(mongodb_uri: str, database: Database[object]) -> None:
    async with AsyncMongoClient[dict[str, object]](mongodb_uri, tz_aware=True) as client:
        first = Runs(client[database.name])
        await first.open(spider="news", arguments={}, now=datetime.now(UTC))
        ahead = datetime.now(UTC).replace(microsecond=0) + HOUR
        database.crawls.update_one({"_id": first.run_id}, {"$set": {"heartbeat_at": ahead}})
        second = Runs(client[database.name])
        await second.open(spider="news", arguments={}, now=datetime.now(UTC))
        await second.beat()
    row = database.crawls.find_one({"_id": second.run_id})
    assert row is not None
    assert ahead < row["started_at"] < row["heartbeat_at"] < ahead + HOUR
    # What other hosts judge by is what the clock reads.
    assert abs(row["beat"] - datetime.now(UTC).timestamp()) < 60
