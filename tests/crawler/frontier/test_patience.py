"""How long a lost MongoDB is waited for, by a clock that stands still while this process does."""

from __future__ import annotations

import asyncio
import time

import pytest

from crawler.frontier.patience import DatabaseLost, patiently


async def test_an_answer_that_never_comes_is_waited_for_and_no_longer() -> None:
    async def step() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DatabaseLost, match=r"was away for 0\.2 seconds \(MONGODB_WAIT\): no answer"):
        await patiently(step, wait=0.2)


async def test_a_process_that_stood_still_has_not_waited() -> None:
    """As after Ctrl-Z and fg: the answer is there, and the time to wait for it is up, when the process looks."""
    asked = 0

    async def step() -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            asyncio.get_running_loop().call_later(0.05, time.sleep, 2.5)
            await asyncio.sleep(0.1)
        return "there"

    assert await patiently(step, wait=0.2) == "there"
    assert asked == 2
