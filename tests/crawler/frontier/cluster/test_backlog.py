from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.article import Via
from crawler.frontier.cluster.backlog import Backlog
from crawler.frontier.ledger import Discovery, Ledger, PageState, Settlement
from crawler.frontier.revisits import Revisits
from crawler.frontier.runs import STOPPED_SECONDS, Runs

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
SCOPE: dict[str, Any] = {"sites": ["k.example"], "vias": [Via.FEED]}


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield client


class Run:
    """A run on a database, as if it were a process."""

    def __init__(self, client: AsyncMongoClient[Any], name: str) -> None:
        self.runs = Runs(client[name])
        self.ledger = Ledger(client[name], self.runs, Revisits(client[name], [HOUR]))
        self.backlog = Backlog(client[name], self.runs, self.ledger)


async def a_run(client: AsyncMongoClient[Any], database: Database[Any]) -> Run:
    run = Run(client, database.name)
    await run.runs.open(spider="news", arguments={}, now=datetime.now(UTC))
    return run


def pages(*paths: str) -> list[Discovery]:
    return [
        Discovery(url=f"https://k.example/{path}", via=Via.FEED, news_at=NOW - age * HOUR)
        for age, path in enumerate(paths)
    ]


async def test_what_waits_the_newest_first(client: AsyncMongoClient[Any], database: Database[Any]) -> None:
    run = await a_run(client, database)
    await run.ledger.note(pages("a", "b", "c"), now=NOW)
    await run.ledger.note([Discovery(url="https://elsewhere.example/", via=Via.FEED)], now=NOW)
    found = await run.backlog.waiting(**SCOPE, limit=2, generation="g")
    assert [page.url for page in found] == ["https://k.example/a", "https://k.example/b"]


async def test_what_was_put_into_these_streams_does_not_wait(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    run = await a_run(client, database)
    await run.ledger.note(pages("a", "b"), now=NOW)
    first = await run.backlog.waiting(**SCOPE, limit=1, generation="g")
    await run.backlog.queued(first, generation="g")
    rest = await run.backlog.waiting(**SCOPE, limit=9, generation="g")
    assert [page.url for page in rest] == ["https://k.example/b"]
    # The streams were lost, or are empty.
    assert len(await run.backlog.waiting(**SCOPE, limit=9, generation="h")) == 2
    assert len(await run.backlog.waiting(**SCOPE, limit=9, generation=None)) == 2


async def test_what_a_living_run_has_in_hand_does_not_wait(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    one, other = await a_run(client, database), await a_run(client, database)
    found = pages("a", "b")
    await one.ledger.note(found, now=NOW)
    (ticket,) = await one.ledger.take_up([found[0].page_id], now=NOW)
    assert await other.ledger.take_up([found[0].page_id], now=NOW) == []
    assert [page.url for page in await other.backlog.waiting(**SCOPE, limit=9, generation=None)] == [found[1].url]
    held = await other.backlog.holders([page.page_id for page in found])
    assert held == {found[0].page_id: one.runs.run_id, found[1].page_id: None}
    await one.ledger.settle([Settlement(page_id=ticket.page_id, state=PageState.STORED, at=NOW)])
    assert list(await other.backlog.holders([ticket.page_id])) == []


async def test_pages_due_again_wait_with_the_others(client: AsyncMongoClient[Any], database: Database[Any]) -> None:
    first = await a_run(client, database)
    for ticket in await first.ledger.discover(pages("a", "b"), now=NOW, revisit_after=None):
        await first.ledger.settle([Settlement(page_id=ticket.page_id, state=PageState.STORED, at=NOW, etag='"1"')])
    database.pages.update_one({"url": "https://k.example/b"}, {"$set": {"next_visit_at": NOW + 3 * HOUR}})
    database.crawls.update_one({"_id": first.runs.run_id}, {"$set": {"ended_at": NOW}})
    run = await a_run(client, database)
    assert await run.backlog.put_due(**SCOPE, now=NOW + 2 * HOUR, limit=9) == 1
    assert await run.backlog.put_due(**SCOPE, now=NOW + 2 * HOUR, limit=9) == 0
    (waiting,) = await run.backlog.waiting(**SCOPE, limit=9, generation="g")
    (ticket,) = await run.ledger.take_up([waiting.page_id], now=NOW)
    assert (ticket.url, ticket.visits, ticket.etag) == ("https://k.example/a", 1, '"1"')


@pytest.mark.parametrize(
    ("row", "dead"),
    [
        ({}, False),
        ({"beat": datetime.now(UTC).timestamp() - STOPPED_SECONDS - 1, "process": {}}, True),
        ({"process": {"pid": "of another host", "host": "elsewhere"}}, False),
        ({"ended_at": NOW}, True),
    ],
    ids=["alive", "silent", "elsewhere", "ended"],
)
async def test_who_is_buried(
    client: AsyncMongoClient[Any], database: Database[Any], row: dict[str, Any], dead: bool
) -> None:
    lost, run = await a_run(client, database), await a_run(client, database)
    await lost.ledger.discover(pages("a"), now=NOW, revisit_after=None)
    assert await run.backlog.waiting(**SCOPE, limit=9, generation=None) == []
    if row:
        database.crawls.update_one({"_id": lost.runs.run_id}, {"$set": row})
    assert await run.runs.bury(str(lost.runs.run_id)) is dead
    assert len(await run.backlog.waiting(**SCOPE, limit=9, generation=None)) == dead
    ended = database.crawls.find_one({"_id": lost.runs.run_id})
    assert ended is not None
    assert (ended["ended_at"] is not None) is dead
