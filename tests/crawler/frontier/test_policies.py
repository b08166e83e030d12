from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.frontier.policies import Policies, Policy, PolicyState

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FILE = Policy(
    url="https://k.example/robots.txt",
    state=PolicyState.FOUND,
    text="User-agent: *\nDisallow: /$intern\n",
    etag='"1"',
    asked_at=NOW,
    expires_at=NOW + DAY,
)


@pytest.fixture
async def policies(mongodb_uri: str, database: Database[Any]) -> AsyncIterator[Policies]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield Policies(client[database.name])


async def test_what_is_kept_is_what_comes_back(policies: Policies) -> None:
    assert await policies.get(FILE.url) is None
    for _ in range(2):
        await policies.keep(FILE)
    assert await policies.get(FILE.url) == FILE


@pytest.mark.parametrize(
    ("now", "holds"),
    [(NOW, True), (NOW + DAY, False), (NOW - timedelta(seconds=30), True), (NOW - DAY, False)],
    ids=["fresh", "a day later", "clocks apart", "a clock set back"],
)
def test_a_file_is_used_for_its_lifetime(now: datetime, holds: bool) -> None:
    assert FILE.holds(now, longest=DAY) is holds
