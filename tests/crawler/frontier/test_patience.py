"""How a lost MongoDB is waited for, by a clock that stands still while this process does, and by all together."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from crawler.frontier.patience import DatabaseLost, Patience

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def never() -> None:
    await asyncio.Event().wait()


async def refuses_connections() -> None:
    await asyncio.sleep(0)
    raise AutoReconnect("[Errno 111] Connection refused")


async def test_an_answer_that_never_comes_is_waited_for_and_no_longer() -> None:
    with pytest.raises(DatabaseLost, match=r"was away for 0\.2 seconds \(MONGODB_WAIT\): no answer"):
        await Patience(0.2).ask(never)


async def test_a_server_at_work_is_not_away_as_long_as_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    pings: list[float] = []

    async def ping() -> None:
        pings.append(time.monotonic())

    async def long() -> str:
        await asyncio.sleep(2.5)
        return "made"

    with caplog.at_level(logging.INFO, logger="crawler.frontier.patience"):
        assert await Patience(1.0).ask(long, ping=ping) == "made"
    assert len(pings) == 2
    assert [record.message for record in caplog.records] == [
        "MongoDB is still at what it was asked 1 s ago",
        "MongoDB is still at what it was asked 2 s ago",
    ]


@pytest.mark.parametrize("answer", [never, refuses_connections])
async def test_a_server_that_answers_no_ping_is_away(answer: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(DatabaseLost, match=r"was away for 1 seconds \(MONGODB_WAIT\): no answer"):
        await Patience(1.0).ask(never, ping=answer)


async def test_a_process_that_stood_still_has_not_waited() -> None:
    """As after Ctrl-Z and fg: the answer is there, and the time to wait for it is up, when the process looks."""
    asked = 0

    async def step() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            asyncio.get_running_loop().call_later(0.05, time.sleep, 2.5)
            await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)
        return "there"

    assert await Patience(0.2).ask(step) == "there"
    assert asked == 2


async def test_who_comes_late_waits_no_longer_than_the_first() -> None:
    patience = Patience(2)
    started = time.monotonic()
    first = asyncio.ensure_future(patience.ask(refuses_connections))
    await asyncio.sleep(1)
    with pytest.raises(DatabaseLost):
        await patience.ask(refuses_connections)
    # With a time of its own it would have waited for three.
    assert time.monotonic() - started < 2.9
    with pytest.raises(DatabaseLost):
        await first


async def test_what_is_given_up_is_given_up_for_all() -> None:
    """A hundred pages that are read one after the other do not wait a hundred times."""
    patience = Patience(0.5)
    asked = 0

    async def step() -> None:
        nonlocal asked
        asked += 1
        raise AutoReconnect("gone")

    assert not patience.away
    with pytest.raises(DatabaseLost, match=r"away for 0\.5 seconds"):
        await patience.ask(step)
    assert patience.lost
    assert patience.away
    tries, started = asked, time.monotonic()
    for _ in range(100):
        with pytest.raises(DatabaseLost, match=r"away for 0\.5 seconds"):
            await patience.ask(step)
    assert asked == tries
    assert time.monotonic() - started < 10


async def test_a_refusal_is_one_for_all() -> None:
    patience = Patience(30)

    async def unauthorized() -> None:
        raise OperationFailure("not authorized on news", 13)

    waiting = asyncio.ensure_future(patience.ask(refuses_connections))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    with pytest.raises(DatabaseLost, match="MongoDB refuses: not authorized on news"):
        await patience.ask(unauthorized)
    with pytest.raises(DatabaseLost, match="MongoDB refuses"):
        await waiting
    assert time.monotonic() - started < 5


async def test_all_try_again_as_soon_as_one_has_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience(60)
    there = False

    async def step() -> str:
        await asyncio.sleep(0)
        if not there:
            raise AutoReconnect("gone")
        return "there"

    with caplog.at_level(logging.WARNING, logger="crawler.frontier.patience"):
        waiting = [asyncio.ensure_future(patience.ask(step)) for _ in range(50)]
        # By now they wait for seconds between two tries.
        await asyncio.sleep(4)
        lines = len(caplog.records)
        assert patience.away
        there = True
        started = time.monotonic()
        assert await patience.ask(step) == "there"
        assert await asyncio.gather(*waiting) == ["there"] * 50
        # Each by itself would have tried again three and a half seconds later.
        assert time.monotonic() - started < 3
    # One a try, and not one for each who tries: after 0, 0.5, 1.5 and 3.5 seconds.
    assert 3 <= lines <= 4
    assert not patience.away


async def test_each_time_it_is_away_is_waited_for_anew() -> None:
    patience = Patience(1.0)
    away_until = 0.0

    async def step() -> str:
        if time.monotonic() < away_until:
            raise AutoReconnect("gone")
        return "there"

    for _ in range(3):
        away_until = time.monotonic() + 0.7
        assert await patience.ask(step) == "there"


async def test_a_fault_that_does_not_pass_is_raised_at_once() -> None:
    patience = Patience(60)

    async def step() -> None:
        raise OperationFailure("unknown operator: $foo", 2)

    with pytest.raises(OperationFailure, match="unknown operator"):
        await patience.ask(step)
    assert not patience.lost


async def test_a_client_whose_server_is_given_up_still_works() -> None:
    """PyMongo's own timers and ours run out at the same moment, as where a hundred pages keep the event loop busy.

    Seen with calls that were cancelled: "Lock is not acquired" as the answer, and a client that could not be closed.
    """
    loop = asyncio.get_running_loop()
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        uri = f"mongodb://127.0.0.1:{nobody_listens.getsockname()[1]}"
        for wait in (1.06, 1.1, 1.56):
            client = AsyncMongoClient[Any](uri, serverSelectionTimeoutMS=3_000)
            patience = Patience(wait)
            asked = [asyncio.ensure_future(patience.ask(partial(client.news.pages.find_one, {}))) for _ in range(50)]
            for number in (1, 2, 3):
                loop.call_later(wait - 0.05 * number, time.sleep, 0.06)
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(answer) for answer in answers} == {DatabaseLost}
            closing = asyncio.ensure_future(client.close())
            await asyncio.wait({closing}, timeout=10)
            assert closing.done()
            # What was left to itself ends by itself: cancelled, with the event loop, it might not.
            if left := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(left, timeout=10)
            # A client that is closed while it tries to connect leaves its socket open (PyMongo 4.20).
            del client, asked, answers, closing, left
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
