"""Runs that are parts of one: what they add up to, whoever was killed."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.article import Via
from crawler.frontier.balance import Balance, balance_of, close_run, run_counts
from crawler.frontier.captures import Capture, Captures, Taken
from crawler.frontier.ledger import Discovery, Ledger, PageState, Settlement
from crawler.frontier.overview import recent_runs
from crawler.frontier.parts import balance_of_parts, part_counts, reader_of
from crawler.frontier.runs import Runs, this_process

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def add_run(database: Database[Any], **fields: Any) -> ObjectId:
    row = {"spider": "backfill", "started_at": NOW, "ended_at": NOW, "part_of": None, **fields}
    return ObjectId(str(database.crawls.insert_one(row).inserted_id))


def add_pages(database: Database[Any], whole: ObjectId, part: ObjectId, state: str, count: int) -> None:
    row = {"run": whole, "part": part, "counted": {"by": part, "claim": ObjectId()}, "state": state, "reason": None}
    database.pages.insert_many([dict(row) for _ in range(count)])


def test_sum_of_parts_that_closed_their_books(database: Database[Any]) -> None:
    whole = add_run(database)
    for stored in (3, 4):
        add_pages(database, whole, add_run(database, part_of=whole, discovered=stored), "stored", stored)
    stranger = add_run(database)
    add_pages(database, stranger, add_run(database, part_of=stranger), "stored", 9)
    balance = balance_of_parts(database, whole)
    assert (balance.discovered, balance.states["stored"], balance.balances) == (7, 7, True)
    assert run_counts(database, whole) == {("stored", None): 7}


def test_a_killed_part_counts_with_what_the_ledger_has_of_it(database: Database[Any]) -> None:
    whole = add_run(database)
    add_pages(database, whole, add_run(database, part_of=whole), "stored", 2)
    add_pages(database, whole, add_run(database, part_of=whole, discovered=3), "stored", 3)
    balance = balance_of_parts(database, whole)
    assert (balance.discovered, balance.states["stored"], balance.balances) == (5, 5, True)


def test_a_page_that_two_parts_say_they_took_up_does_not_balance(database: Database[Any]) -> None:
    whole = add_run(database)
    add_run(database, part_of=whole, discovered=1)
    add_pages(database, whole, add_run(database, part_of=whole, discovered=1), "stored", 1)
    assert not balance_of_parts(database, whole).balances


class Whole:
    """A run and its parts, as if each were a process."""

    def __init__(self, client: AsyncMongoClient[Any], database: Database[Any]) -> None:
        self._client, self._database = client, database
        self.run = add_run(database, ended_at=None, beat=datetime.now(UTC).timestamp())
        self.parts: list[Ledger] = []

    async def part(self, *, whole: ObjectId | None = None) -> Ledger:
        runs = Runs(self._client[self._database.name], part_of=whole or self.run)
        await runs.open(spider="backfill", arguments={}, now=datetime.now(UTC))
        ledger = Ledger(self._client[self._database.name], runs)
        await ledger.create_indexes()
        self.parts.append(ledger)
        return ledger

    def close(self, part: Ledger) -> None:
        counts = part_counts(self._database, part.runs.run_id, whole=part.run_id)
        balance = balance_of(part.claimed, counts)
        assert balance.balances
        close_run(self._database, part.runs.run_id, balance, reason="finished", exit_code=0, now=NOW)

    def kill(self, part: Ledger) -> None:
        """Leave it as a kill -9 on this machine does: no books, and no process."""
        gone = {"process": {**this_process(), "born": "0"}}
        self._database.crawls.update_one({"_id": part.runs.run_id}, {"$set": gone})

    def assert_balanced(self, pages: int) -> Balance:
        balance = balance_of_parts(self._database, self.run)
        assert balance.balances
        assert balance.discovered == pages
        return balance


@pytest.fixture
async def whole(mongodb_uri: str, database: Database[Any]) -> AsyncIterator[Whole]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield Whole(client, database)


def captured(day: int, *paths: str) -> list[Capture]:
    found = [Discovery(url=f"https://k.example/{path}", via=Via.WARC, found_on="a.warc") for path in paths]
    return [Capture(found=discovery, at=NOW + timedelta(days=day)) for discovery in found]


async def take(part: Ledger, captures: Sequence[Capture]) -> Taken:
    return await Captures(part).take(captures, now=NOW, claim=ObjectId())


async def settle(part: Ledger, taken: Taken, state: PageState = PageState.STORED, minute: int = 0) -> None:
    at = NOW + timedelta(minutes=minute)
    await part.settle([Settlement(page_id=ticket.page_id, state=state, at=at) for ticket in taken.tickets])


def sum_in_memory(parts: Sequence[Ledger]) -> dict[str, int]:
    total = Counter[str]()
    for part in parts:
        for (state, _), pages in part.settled.items():
            total[state] += pages
    return {state: pages for state, pages in total.items() if pages}


async def test_parts_deal_with_captures_of_a_page_one_after_the_other_and_count_it_once(whole: Whole) -> None:
    one, other = await whole.part(), await whole.part()
    first = await take(one, captured(1, "1", "2"))
    assert len(first.tickets) == 2
    waiting = await take(other, captured(2, "1", "3"))
    assert ([t.url for t in waiting.tickets], len(waiting.in_hand)) == (["https://k.example/3"], 1)
    await settle(one, first)
    second = await take(other, captured(2, "1"))
    assert ([t.visits for t in second.tickets], second.in_hand) == ([1], frozenset())
    # What one has settled and the other has in hand again is in the hands of that one.
    assert (await take(one, captured(1, "1"))).tickets == []
    await settle(other, waiting)
    await settle(other, second, PageState.UNCHANGED, minute=1)
    whole.close(one)
    # After the books of the first are closed.
    third = await take(other, captured(3, "2"))
    await settle(other, third, PageState.UNCHANGED, minute=2)
    whole.close(other)
    assert (one.claimed, other.claimed) == (2, 1)
    balance = whole.assert_balanced(3)
    assert {state: pages for state, pages in balance.states.items() if pages} == {"stored": 1, "unchanged": 2}
    assert sum_in_memory(whole.parts) == {"stored": 1, "unchanged": 2}


@pytest.mark.parametrize("settled", [0, 1, 2], ids=["none", "one", "both"])
async def test_a_part_that_is_killed_leaves_its_pages_to_the_others(whole: Whole, settled: int) -> None:
    closed, killed, heir = [await whole.part() for _ in range(3)]
    await settle(closed, await take(closed, captured(1, "1", "2")))
    whole.close(closed)
    taken = await take(killed, captured(2, "2", "3"))
    await settle(killed, dataclasses.replace(taken, tickets=taken.tickets[:settled]), minute=1)
    assert len((await take(heir, captured(2, "2", "3"))).in_hand) == 2 - settled
    whole.kill(killed)
    left = await take(heir, captured(2, "2", "3"))
    assert (len(left.tickets), left.in_hand) == (2 - settled, frozenset())
    await settle(heir, left, minute=2)
    whole.close(heir)
    assert whole.assert_balanced(3).states["stored"] == 3


async def test_two_parts_at_the_same_instant_read_a_page_once(whole: Whole, database: Database[Any]) -> None:
    parts = [await whole.part() for _ in range(4)]
    await settle(parts[0], await take(parts[0], captured(0, "1", "2")))
    taken = await asyncio.gather(*(take(part, captured(1 + n, "1", "2", "3")) for n, part in enumerate(parts)))
    assert sum(len(each.tickets) for each in taken) == 3
    assert all(len(each.tickets) + len(each.in_hand) == 3 for each in taken)
    for part, each in zip(parts, taken, strict=True):
        await settle(part, each, PageState.UNCHANGED, minute=1)
        whole.close(part)
    whole.assert_balanced(3)
    assert sum_in_memory(parts) == {"unchanged": 3}


async def test_pages_of_a_run_of_parts_are_not_those_of_another_run(whole: Whole, database: Database[Any]) -> None:
    part = await whole.part()
    await settle(part, await take(part, captured(1, "1")))
    pending = await take(part, captured(1, "2"))
    whole.close(part)
    stranger = await whole.part(whole=add_run(database))
    # Whoever hands out the files lives, so its books are still open.
    assert len((await take(stranger, captured(2, "1", "2"))).elsewhere) == 2
    database.crawls.update_one({"_id": whole.run}, {"$set": {"ended_at": NOW}})
    assert len((await take(stranger, captured(2, "1", "2"))).tickets) == 2
    assert stranger.claimed == 2
    assert len(pending.tickets) == 1


async def test_a_part_that_outlives_its_whole_keeps_what_it_has_in_hand(whole: Whole, database: Database[Any]) -> None:
    part = await whole.part()
    await settle(part, await take(part, captured(1, "1")))
    await take(part, captured(1, "2"))
    database.crawls.update_one({"_id": whole.run}, {"$set": {"ended_at": NOW}})
    stranger = await whole.part(whole=add_run(database))
    taken = await take(stranger, captured(2, "1", "2"))
    assert (len(taken.tickets), len(taken.elsewhere)) == (1, 1)
    assert await stranger.left_over(sites=["k.example"], vias=[Via.WARC], now=NOW) == []


def test_status_shows_the_whole_and_not_its_parts(database: Database[Any]) -> None:
    whole = add_run(database, discovered=1, states={"stored": 1})
    add_run(database, part_of=whole)
    assert [run.id for run in recent_runs(database, limit=9, now=NOW)] == [whole]


def test_who_reads_a_file(database: Database[Any]) -> None:
    now = datetime.now(UTC)
    living = {"ended_at": None, "part_of": ObjectId(), "beat": now.timestamp(), "process": this_process()}
    assert reader_of(database, "/a.warc", now=now) is None
    add_run(database, **living, arguments={"warc": "/a.warc"})
    assert reader_of(database, "/a.warc", now=now) == socket.gethostname()
    assert reader_of(database, "/b.warc", now=now) is None


def test_nobody_who_is_dead_reads_a_file(database: Database[Any]) -> None:
    now = datetime.now(UTC)
    row = {"part_of": ObjectId(), "arguments": {"warc": "/a.warc"}, "beat": now.timestamp()}
    gone = {**this_process(), "born": "0"}
    add_run(database, **row, process=this_process(), ended_at=now)
    add_run(database, **row, process=gone, ended_at=None)
    silent = row | {"beat": now.timestamp() - 90, "process": {"host": "elders", "pid": os.getpid(), "born": "1"}}
    add_run(database, **silent, ended_at=None)
    add_run(database, **(row | {"part_of": None}), process=this_process(), ended_at=None)
    assert reader_of(database, "/a.warc", now=now) is None
