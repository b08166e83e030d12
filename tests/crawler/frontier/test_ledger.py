import os
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from crawler.article import Via
from crawler.frontier.balance import agree, balance_of, run_counts
from crawler.frontier.ledger import Discovery, Ledger, PageState, Settlement, Ticket
from crawler.frontier.runs import Runs, _born, process_lives, this_process
from crawler.url import article_id

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield client


class World:
    """Runs on one database, as if each were a process."""

    def __init__(self, client: AsyncMongoClient[Any], database: Database[Any]) -> None:
        self._client, self.database = client, database

    async def run(self, *, now: datetime | None = None) -> Ledger:
        runs = Runs(self._client[self.database.name])
        await runs.open(spider="news", arguments={}, now=now or datetime.now(UTC))
        ledger = Ledger(self._client[self.database.name], runs)
        await ledger.create_indexes()
        return ledger

    def end(self, ledger: Ledger) -> None:
        self.database.crawls.update_one({"_id": ledger.run_id}, {"$set": {"ended_at": datetime.now(UTC)}})

    def kill(self, ledger: Ledger) -> None:
        """Leave the run as a kill -9 two minutes ago would have."""
        silent = datetime.now(UTC) - timedelta(minutes=2)
        heard = {"heartbeat_at": silent, "beat": silent.timestamp(), "process.born": "0"}
        self.database.crawls.update_one({"_id": ledger.run_id}, {"$set": heard})


@pytest.fixture
def world(client: AsyncMongoClient[Any], database: Database[Any]) -> World:
    return World(client, database)


def urls(*paths: str) -> list[Discovery]:
    return [Discovery(url=f"https://k.example/{path}", via=Via.FEED, found_on="feed") for path in paths]


def settled(ticket: Ticket, state: PageState, reason: str | None = None, at: datetime = NOW) -> Settlement:
    return Settlement(page_id=ticket.page_id, state=state, reason=reason, at=at, etag='"1"')


async def test_a_new_url_is_written_down_as_pending_and_handed_out_once(world: World) -> None:
    ledger = await world.run()
    (ticket,) = await ledger.discover(urls("1", "1?utm_source=rss", "1/"), now=NOW, revisit_after=None)
    assert ticket.page_id == article_id("https://k.example/1")
    row = world.database.pages.find_one({"_id": ticket.page_id})
    assert row is not None
    assert (row["state"], row["via"], row["site"]) == ("pending", "feed", "k.example")
    assert await ledger.discover(urls("1"), now=NOW, revisit_after=timedelta(0)) == []


class Writes(CommandListener):
    """Counts what is written."""

    def __init__(self) -> None:
        self.number = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.number += event.command_name in {"insert", "update", "delete", "findAndModify"}

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


async def test_a_list_that_is_gone_through_again_is_read_and_not_written(
    mongodb_uri: str, database: Database[Any]
) -> None:
    """As a backfill does with the part of its list that a run before it has settled."""
    writes = Writes()
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True, event_listeners=[writes]) as client:
        ledger = await World(client, database).run()
        tickets = await ledger.discover(urls("1", "2"), now=NOW, revisit_after=None)
        await ledger.settle([settled(ticket, PageState.STORED) for ticket in tickets])
        before = writes.number
        assert await ledger.discover(urls("1", "2"), now=NOW, revisit_after=None) == []
        assert await ledger.note(urls("1", "2"), now=NOW) == 0
        assert writes.number == before
        assert len(await ledger.discover(urls("1", "2", "3"), now=NOW, revisit_after=None)) == 1
        assert await ledger.note(urls("3", "4"), now=NOW) == 1


async def test_settled_pages_come_back_only_when_due(world: World) -> None:
    first = await world.run()
    (ticket,) = await first.discover(urls("1"), now=NOW, revisit_after=None)
    await first.settle([settled(ticket, PageState.STORED)])
    world.end(first)
    second = await world.run()
    assert await second.discover(urls("1"), now=NOW + HOUR, revisit_after=None) == []
    assert await second.discover(urls("1"), now=NOW + HOUR, revisit_after=2 * HOUR) == []
    (again,) = await second.discover(urls("1"), now=NOW + HOUR, revisit_after=HOUR)
    assert (again.page_id, again.etag) == (ticket.page_id, '"1"')


async def test_pages_left_by_a_killed_run_are_taken_up_those_of_a_living_one_are_not(world: World) -> None:
    killed, living = await world.run(), await world.run()
    await killed.discover(urls("1", "2"), now=NOW, revisit_after=None)
    await living.discover(urls("3"), now=NOW, revisit_after=None)
    world.kill(killed)
    heir = await world.run()
    taken = await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW)
    assert sorted(ticket.url[-1] for ticket in taken) == ["1", "2"]
    assert await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW) == []
    assert await heir.discover(urls("3"), now=NOW, revisit_after=None) == []
    row = world.database.crawls.find_one({"_id": killed.run_id})
    assert row is not None
    assert row["reason"] == "killed"


async def test_a_run_whose_process_is_gone_is_dead_at_once(world: World) -> None:
    killed = await world.run()
    await killed.discover(urls("1"), now=NOW, revisit_after=None)
    process = subprocess.Popen(["true"])
    process.wait()
    gone = {"process.pid": process.pid, "process.born": None}
    world.database.crawls.update_one({"_id": killed.run_id}, {"$set": gone})
    heir = await world.run()
    assert len(await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW)) == 1


async def test_a_process_id_that_was_given_away_is_not_taken_for_the_run(world: World) -> None:
    killed = await world.run()
    world.database.crawls.update_one({"_id": killed.run_id}, {"$set": {"process.born": "0"}})
    await world.run()
    row = world.database.crawls.find_one({"_id": killed.run_id})
    assert row is not None
    assert row["reason"] == "killed"


async def test_a_run_that_is_silent_lives_as_long_as_its_process(world: World) -> None:
    """It was stopped (SIGSTOP), or its machine slept: it will go on with the pages it has in hand."""
    silent = await world.run()
    await silent.discover(urls("1"), now=NOW, revisit_after=None)
    world.database.crawls.update_one({"_id": silent.run_id}, {"$inc": {"beat": -3600}})
    other = await world.run()
    assert await other.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW) == []
    assert await other.discover(urls("1"), now=NOW, revisit_after=None) == []


def test_a_process_that_nobody_waits_for_is_gone() -> None:
    process = subprocess.Popen(["sleep", "60"])
    described = {**this_process(), "pid": process.pid, "born": _born(process.pid)}
    assert process_lives(described) is True
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_lives(described) is False
    process.wait()
    assert process_lives(described) is False


@pytest.mark.parametrize("field", ["host", "space"])
async def test_of_another_host_or_container_only_the_heartbeat_tells(world: World, field: str) -> None:
    """Two machines may be clones of one another and have one name; two containers may have their host's."""
    elsewhere = await world.run()
    await elsewhere.discover(urls("1"), now=NOW, revisit_after=None)
    there = {f"process.{field}": "elders", "process.pid": 1, "process.born": "0"}
    world.database.crawls.update_one({"_id": elsewhere.run_id}, {"$set": there})
    assert await (await world.run()).discover(urls("1"), now=NOW, revisit_after=None) == []
    world.database.crawls.update_one({"_id": elsewhere.run_id}, {"$inc": {"beat": -90}})
    assert len(await (await world.run()).discover(urls("1"), now=NOW, revisit_after=None)) == 1


async def test_a_run_on_another_host_lives_as_long_as_it_is_heard_of(world: World) -> None:
    elsewhere = await world.run()
    world.database.crawls.update_one(
        {"_id": elsewhere.run_id}, {"$set": {"process": {"host": "elders", "pid": 1, "born": "0"}}}
    )
    await world.run()
    row = world.database.crawls.find_one({"_id": elsewhere.run_id})
    assert row is not None
    assert row["ended_at"] is None


async def test_left_over_pages_of_other_sites_and_kinds_are_left_alone(world: World) -> None:
    killed = await world.run()
    await killed.discover(urls("1"), now=NOW, revisit_after=None)
    world.kill(killed)
    heir = await world.run()
    assert await heir.left_over(sites=["ander.example"], vias=[Via.FEED], now=NOW) == []
    assert await heir.left_over(sites=["k.example"], vias=[Via.LIST], now=NOW) == []


async def test_left_over_pages_come_in_batches_until_none_is_left(world: World) -> None:
    killed = await world.run()
    await killed.discover(urls(*map(str, range(25))), now=NOW, revisit_after=None)
    world.kill(killed)
    heir = await world.run()
    sizes = []
    while batch := await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW, limit=10):
        sizes.append(len(batch))
    assert sizes == [10, 10, 5]
    assert heir.claimed == 25


async def test_two_runs_at_once_never_hold_the_same_page(world: World) -> None:
    one, two = await world.run(), await world.run()
    shared = urls(*map(str, range(50)))
    first = await one.discover(shared[:30], now=NOW, revisit_after=None)
    second = await two.discover(shared, now=NOW, revisit_after=None)
    assert len(first) == 30
    assert len(second) == 20
    assert not {t.page_id for t in first} & {t.page_id for t in second}


async def test_a_run_that_has_just_begun_keeps_what_it_takes_up(world: World) -> None:
    """Whoever was there before it has asked a moment ago who is at work."""
    one = await world.run()
    await one.discover(urls("1"), now=NOW, revisit_after=None)
    two = await world.run()
    assert len(await two.discover(urls("1", "2"), now=NOW, revisit_after=None)) == 1
    assert await one.discover(urls("1", "2"), now=NOW, revisit_after=None) == []
    assert await one.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW) == []


async def test_a_page_forgotten_while_it_is_taken_up_is_in_the_balance(world: World) -> None:
    """Between the write that takes pages up and the read that tells which they are."""
    ledger, claim = await world.run(), ObjectId()
    await ledger.discover(urls("1", "2"), now=NOW, revisit_after=None)
    forgotten = {"state": "rejected", "reason": "forgotten", "claim": claim}
    pages = world.database.pages
    pages.update_one({"_id": article_id("https://k.example/1")}, {"$set": forgotten})
    pages.update_one({"_id": article_id("https://k.example/2")}, {"$set": {"claim": claim}})
    ledger.claimed = 0
    (ticket,) = await ledger.tickets(claim)
    await ledger.settle([settled(ticket, PageState.STORED)])
    balance = balance_of(ledger.claimed, run_counts(world.database, ledger.run_id))
    assert (balance.discovered, balance.balances, balance.reasons) == (2, True, {"rejected": {"forgotten": 1}})
    assert agree(balance_of(2, {(str(s), r): n for (s, r), n in ledger.settled.items()}), balance)


async def test_who_asks_again_after_a_lost_answer_gets_what_the_first_try_took_up(world: World) -> None:
    ledger, claim = await world.run(), ObjectId()
    first = await ledger.discover(urls("1", "2"), now=NOW, revisit_after=None, claim=claim)
    again = await ledger.discover(urls("1", "2"), now=NOW, revisit_after=None, claim=claim)
    assert len(first) == 2
    assert {ticket.page_id for ticket in again} == {ticket.page_id for ticket in first}


async def test_left_over_pages_are_given_again_after_a_lost_answer(world: World) -> None:
    killed = await world.run()
    await killed.discover(urls("1", "2"), now=NOW, revisit_after=None)
    world.kill(killed)
    heir, claim = await world.run(), ObjectId()
    for _ in range(2):
        tickets = await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW, claim=claim)
        assert len(tickets) == 2


async def test_a_settlement_written_twice_is_one_visit(world: World) -> None:
    ledger = await world.run()
    (ticket,) = await ledger.discover(urls("1"), now=NOW, revisit_after=None)
    for _ in range(2):
        await ledger.settle([settled(ticket, PageState.STORED)])
    row = world.database.pages.find_one({"_id": ticket.page_id})
    assert row is not None
    assert (row["state"], row["visits"]) == ("stored", 1)


async def test_a_page_visited_in_the_future_is_due(world: World) -> None:
    first = await world.run()
    (ticket,) = await first.discover(urls("1"), now=NOW, revisit_after=None)
    await first.settle([settled(ticket, PageState.STORED, at=NOW + HOUR)])
    world.end(first)
    second = await world.run()
    assert await second.discover(urls("1"), now=NOW, revisit_after=None) == []
    assert len(await second.discover(urls("1"), now=NOW, revisit_after=HOUR)) == 1


async def test_a_run_heard_of_in_the_future_is_dead(world: World) -> None:
    ahead = await world.run()
    await ahead.discover(urls("1"), now=NOW, revisit_after=None)
    there = {"beat": (datetime.now(UTC) + HOUR).timestamp(), "process.host": "elders"}
    world.database.crawls.update_one({"_id": ahead.run_id}, {"$set": there})
    heir = await world.run()
    assert len(await heir.left_over(sites=["k.example"], vias=[Via.FEED], now=NOW)) == 1


async def test_an_answer_without_validators_leaves_the_known_ones(world: World) -> None:
    ledger = await world.run()
    (ticket,) = await ledger.discover(urls("1"), now=NOW, revisit_after=None)
    await ledger.settle([settled(ticket, PageState.STORED)])
    await ledger.settle([Settlement(page_id=ticket.page_id, state=PageState.UNCHANGED, at=NOW + HOUR)])
    row = world.database.pages.find_one({"_id": ticket.page_id})
    assert row is not None
    assert (row["state"], row["etag"], row["visits"]) == ("unchanged", '"1"', 2)


async def test_the_balance_is_the_same_in_memory_and_in_mongodb(world: World) -> None:
    ledger = await world.run()
    tickets = await ledger.discover(urls("1", "2", "3"), now=NOW, revisit_after=None)
    await ledger.settle(
        [settled(tickets[0], PageState.STORED), settled(tickets[1], PageState.REJECTED, reason="index-page")]
    )
    balance = balance_of(ledger.claimed, run_counts(world.database, ledger.run_id))
    assert balance.balances
    assert balance.states == {
        "stored": 1, "unchanged": 0, "duplicate": 0, "rejected": 1, "failed": 0, "pending": 1,
    }  # fmt: skip
    assert balance.reasons == {"rejected": {"index-page": 1}}
    assert ledger.settled == {(PageState.STORED, None): 1, (PageState.REJECTED, "index-page"): 1}


def test_a_page_that_was_never_counted_shows() -> None:
    assert not balance_of(3, {("stored", None): 2}).balances
