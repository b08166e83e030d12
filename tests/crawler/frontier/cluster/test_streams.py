from typing import Any

import pytest

from crawler.frontier.cluster.keys import Keys
from crawler.frontier.cluster.streams import Streams


@pytest.fixture
async def a(client: Any, keys: Keys) -> Streams:
    streams = Streams(client, keys, node="a")
    await streams.push_pages([(1, "p1"), (1, "p2"), (2, "q1")])
    await streams.push_lists([(2, "https://k.example/rss", "feed")])
    for partition in (1, 2):
        await streams.prepare(partition)
    return streams


async def test_what_is_pushed_is_read_once_in_order(a: Streams) -> None:
    found = await a.read([1, 2], count=5, milliseconds=100)
    assert [(one.partition, one.page, one.url, one.kind) for one in found] == [
        (1, "p1", None, None),
        (1, "p2", None, None),
        (2, "q1", None, None),
        (2, None, "https://k.example/rss", "feed"),
    ]
    assert not any(one.again for one in found)
    assert await a.read([1, 2], count=5, milliseconds=10) == []


async def test_no_partition_gives_more_than_asked_for(a: Streams) -> None:
    found = await a.read([1, 2], count=1, milliseconds=100)
    assert [one.page for one in found] == ["p1", "q1"]


async def test_what_a_dead_node_had_in_hand_goes_to_the_next_owner(client: Any, keys: Keys, a: Streams) -> None:
    first, _ = await a.read([1], count=5, milliseconds=100)
    await a.acknowledge([first])
    b = Streams(client, keys, node="b")
    taken = await b.claim(1)
    assert [(one.page, one.again) for one in taken] == [("p2", True)]
    assert await b.read([1], count=5, milliseconds=10) == []
    await b.acknowledge(taken)
    assert await a.claim(1) == []
    assert await a.lengths([1, 2]) == {1: 0, 2: 2}


async def test_an_errand_is_the_same_whoever_had_it_before(a: Streams) -> None:
    (read,) = await a.read([1], count=1, milliseconds=100)
    (claimed,) = [one for one in await a.claim(1) if one.page == "p1"]
    assert read == claimed
    assert not read.again
    assert claimed.again


async def test_what_is_struck_out_is_gone(client: Any, keys: Keys, a: Streams) -> None:
    await a.acknowledge(await a.read([1, 2], count=5, milliseconds=100))
    assert await a.lengths([1, 2]) == {1: 0, 2: 0}
    assert await client.scard(keys.lists) == 0
    assert (await client.xpending(keys.stream(1), "nodes"))["pending"] == 0


async def test_more_than_fits_into_one_command(a: Streams) -> None:
    await a.push_pages((3, f"{number}") for number in range(2_500))
    assert await a.lengths([3]) == {3: 2_500}
