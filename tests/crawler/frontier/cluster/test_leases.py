import asyncio
from typing import Any

import pytest

from crawler.frontier.cluster.keys import Keys
from crawler.frontier.cluster.leases import Leases
from crawler.frontier.cluster.streams import Streams


@pytest.fixture
def a(client: Any, keys: Keys) -> Leases:
    return Leases(client, keys, node="a", seconds=30)


@pytest.fixture
def b(client: Any, keys: Keys) -> Leases:
    return Leases(client, keys, node="b", seconds=30)


@pytest.fixture
def streams(client: Any, keys: Keys) -> Streams:
    return Streams(client, keys, node="a")


async def test_a_partition_has_one_owner(a: Leases, b: Leases) -> None:
    assert await a.take(7)
    assert not await b.take(7)
    assert await b.keep({7}) == {7}
    assert await a.keep({7}) == set()


async def test_a_lease_that_is_not_renewed_goes_to_who_comes_next(client: Any, keys: Keys, b: Leases) -> None:
    dying = Leases(client, keys, node="a", seconds=0.05)
    assert await dying.take(7)
    await asyncio.sleep(0.1)
    assert await b.take(7)
    assert await dying.keep({7, 8}) == {7}


async def test_a_lease_that_has_expired_is_renewed_if_nobody_was_quicker(client: Any, keys: Keys, a: Leases) -> None:
    assert await a.keep({3}) == set()
    assert await client.get(keys.lease(3)) == "a"


async def test_who_is_not_the_owner_releases_nothing(a: Leases, b: Leases) -> None:
    await a.take(7)
    await b.release(7)
    assert not await b.take(7)


async def test_a_partition_with_nothing_to_do_is_put_away_when_released(
    client: Any, keys: Keys, a: Leases, streams: Streams
) -> None:
    await streams.push_pages([(7, "p"), (8, "q")])
    for partition in (7, 8):
        await a.take(partition)
        await streams.prepare(partition)
    await streams.acknowledge(await streams.read([7], count=5, milliseconds=100))
    await a.release(7)
    await a.release(8)
    survey = await a.survey()
    assert survey.owners == {8: None}
    assert not await client.exists(keys.stream(7))
    assert await client.xlen(keys.stream(8)) == 1


async def test_an_empty_stream_goes_also_where_redis_has_forgotten_whose_it_was(
    client: Any, keys: Keys, a: Leases, streams: Streams
) -> None:
    await a.take(7)
    await client.flushall()
    # Its owner reads on, and does not know yet.
    await streams.prepare(7)
    await a.release(7)
    assert not await client.exists(keys.stream(7))


async def test_who_is_seen(client: Any, keys: Keys, a: Leases, b: Leases) -> None:
    silent = Leases(client, keys, node="c", seconds=0.05)
    for node in (a, b, silent):
        await node.join({"host": "here"})
    await asyncio.sleep(0.1)
    survey = await a.survey()
    assert survey.nodes == {"a", "b"}
    assert survey.silent == {"c"}
    await b.leave()
    await a.forget("c")
    survey = await a.survey()
    assert (survey.nodes, survey.silent) == ({"a"}, set())


async def test_one_node_leads_until_it_stops(a: Leases, b: Leases) -> None:
    assert await a.lead()
    assert await a.lead()
    assert not await b.lead()
    await b.stop_leading()
    assert not await b.lead()
    await a.stop_leading()
    assert await b.lead()


async def test_nothing_is_concluded_while_there_is_work(a: Leases, streams: Streams) -> None:
    await a.join({})
    await streams.push_pages([(7, "p")])
    assert not await a.conclude((await a.survey()).joins)
    assert not (await a.survey()).drained


async def test_nothing_is_concluded_after_another_node_has_joined(a: Leases, b: Leases) -> None:
    await a.join({})
    joins = (await a.survey()).joins
    await b.join({})
    assert not await a.conclude(joins)
    assert await a.conclude((await a.survey()).joins)
    assert (await b.survey()).drained
    await b.join({})
    assert not (await a.survey()).drained


async def test_another_redis_has_another_generation(client: Any, a: Leases, b: Leases) -> None:
    generation = await a.generation()
    assert await b.generation() == generation
    await client.flushall()
    assert await b.generation() != generation
