from __future__ import annotations

import asyncio
import contextlib

import redis
from scrapy.utils.test import get_crawler

from crawler.frontier.cluster.node import Node


async def test_it_is_closed_although_a_task_gets_over_its_cancellation(redis_url: str) -> None:
    """Seen in one of 24 crawls: what reads from Redis is cancelled as its time is up, and says that it is."""
    node = Node(get_crawler(settings_dict={"FRONTIER_REDIS_URL": redis_url, "MONGODB_DATABASE": "news"}))
    tries = 0

    async def read() -> None:
        nonlocal tries
        tries += 1
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        raise redis.TimeoutError("Timeout reading from socket")

    node._tasks = [asyncio.ensure_future(node._guard(read))]
    await asyncio.sleep(0.1)
    closing = asyncio.ensure_future(node.close())
    await asyncio.wait([closing], timeout=10)
    assert closing.done()
    assert node._tasks[0].done()
    assert tries == 1
