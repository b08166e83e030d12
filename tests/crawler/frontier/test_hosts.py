import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.frontier.hosts import Hosts
from crawler.frontier.runs import Runs

HOST = "www.k.example"


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield client


class Crawl:
    """A crawl among others on one database."""

    def __init__(self, client: AsyncMongoClient[Any], name: str) -> None:
        self.runs = Runs(client[name])
        self.hosts = Hosts(client[name], self.runs)


@pytest.fixture
def crawls(client: AsyncMongoClient[Any], database: Database[Any]) -> tuple[Crawl, Crawl]:
    return Crawl(client, database.name), Crawl(client, database.name)


async def test_one_crawl_at_a_time_has_the_turn(crawls: tuple[Crawl, Crawl]) -> None:
    one, two = (crawl.hosts for crawl in crawls)
    token = ObjectId()
    assert (await one.take(HOST, token=token, seconds=60)).granted
    refused = await two.take(HOST, token=ObjectId(), seconds=60)
    assert not refused.granted
    assert refused.holder == crawls[0].runs.run_id
    assert (await two.take("elders.example", token=ObjectId(), seconds=60)).granted
    await one.give_back(HOST, token=token, delay=0)
    await asyncio.sleep(0.01)
    assert (await two.take(HOST, token=ObjectId(), seconds=60)).granted


async def test_asking_again_after_a_lost_answer_is_harmless(crawls: tuple[Crawl, Crawl]) -> None:
    hosts, token = crawls[0].hosts, ObjectId()
    assert (await hosts.take(HOST, token=token, seconds=60)).granted
    assert (await hosts.take(HOST, token=token, seconds=60)).granted


async def test_the_next_turn_comes_after_the_delay_whoever_asks(crawls: tuple[Crawl, Crawl]) -> None:
    ends: list[float] = []
    starts: list[float] = []

    async def crawl(hosts: Hosts) -> None:
        for _ in range(4):
            token = ObjectId()
            while not (turn := await hosts.take(HOST, token=token, seconds=60)).granted:
                await asyncio.sleep(max(turn.wait, 0.005))
            starts.append(time.monotonic())
            await asyncio.sleep(0.01)
            ends.append(time.monotonic())
            await hosts.give_back(HOST, token=token, delay=0.1)

    await asyncio.gather(*(crawl(each.hosts) for each in crawls))
    assert len(starts) == 8
    for end, start in zip(sorted(ends), sorted(starts)[1:], strict=False):
        assert start - end >= 0.1


async def test_the_wait_is_told(crawls: tuple[Crawl, Crawl]) -> None:
    one, two = (crawl.hosts for crawl in crawls)
    token = ObjectId()
    await one.take(HOST, token=token, seconds=60)
    await one.give_back(HOST, token=token, delay=30)
    turn = await two.take(HOST, token=ObjectId(), seconds=60)
    assert (turn.granted, turn.holder) == (False, None)
    assert 20 < turn.wait <= 31


async def test_the_turn_of_a_crawl_that_died_ends(crawls: tuple[Crawl, Crawl]) -> None:
    one, two = (crawl.hosts for crawl in crawls)
    await one.take(HOST, token=ObjectId(), seconds=60)
    turn = await two.take(HOST, token=ObjectId(), seconds=60)
    assert turn.holder is not None
    await two.release(HOST, ObjectId())
    assert not (await two.take(HOST, token=ObjectId(), seconds=60)).granted
    await two.release(HOST, turn.holder)
    assert (await two.take(HOST, token=ObjectId(), seconds=60)).granted


async def test_a_turn_is_over_in_time_even_if_nobody_says_so(crawls: tuple[Crawl, Crawl]) -> None:
    one, two = (crawl.hosts for crawl in crawls)
    await one.take(HOST, token=ObjectId(), seconds=0.05)
    await asyncio.sleep(0.1)
    assert (await two.take(HOST, token=ObjectId(), seconds=60)).granted


@pytest.mark.parametrize("way", ["take", "look"])
async def test_a_host_that_rests_is_left_alone_by_all(crawls: tuple[Crawl, Crawl], way: str) -> None:
    one, two = (crawl.hosts for crawl in crawls)
    await one.rest(HOST, 40, reason="$HTTP 429", failures=3)
    await one.rest(HOST, 1, reason="HTTP 503", failures=4)
    token = ObjectId()
    turn = (await two.look([HOST]))[HOST] if way == "look" else await two.take(HOST, token=token, seconds=60)
    assert not turn.granted
    assert 30 < turn.rests <= 40, "a shorter rest does not end a longer one"
    assert turn.reason == "HTTP 503"


async def test_what_a_server_says_is_no_expression(crawls: tuple[Crawl, Crawl]) -> None:
    await crawls[0].hosts.rest(HOST, 1, reason="$$ROOT", failures=1)
    assert (await crawls[1].hosts.look([HOST]))[HOST].reason == "$$ROOT"


async def test_a_host_that_answers_again_has_no_failures(crawls: tuple[Crawl, Crawl]) -> None:
    hosts = crawls[0].hosts
    await hosts.rest(HOST, 0, reason="HTTP 500", failures=7)
    assert (await hosts.look([HOST]))[HOST].failures == 7
    await hosts.recovered(HOST)
    assert (await hosts.look([HOST]))[HOST].failures == 0


async def test_looking_writes_nothing(crawls: tuple[Crawl, Crawl], database: Database[Any]) -> None:
    assert (await crawls[0].hosts.look([HOST]))[HOST].granted
    assert await crawls[0].hosts.look([]) == {}
    assert database.hosts.count_documents({}) == 0


async def test_a_crawl_whose_clock_is_wrong_keeps_the_same_time(
    crawls: tuple[Crawl, Crawl], database: Database[Any]
) -> None:
    await crawls[0].hosts.take(HOST, token=ObjectId(), seconds=60)
    row = database.hosts.find_one({"_id": HOST})
    assert row is not None
    (server,) = database.aggregate([{"$documents": [{}]}, {"$project": {"now": "$$NOW"}}])
    assert abs((row["asked_at"] - server["now"]).total_seconds()) < 60
    assert row["held_until"] > datetime(2000, 1, 1, tzinfo=UTC)
