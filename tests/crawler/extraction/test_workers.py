"""The worker processes: real ones, really killed."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crawler.extraction.workers import WorkerCrash, Workers, WorkTimeout
from tests.running import ROOT

MEBIBYTE = 1 << 20


def double(number: int) -> int:
    return 2 * number


def die(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number)


def die_once(marker: str) -> str:
    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done the second time"


def hang() -> None:
    while True:
        time.sleep(0.1)


def devour() -> int:
    return len(bytearray(4096 * MEBIBYTE))


def busy(number: int, seconds: float, page: bytes) -> int:
    time.sleep(seconds)
    return number


def unsendable() -> object:
    return lambda: 1


def fail() -> None:
    raise ValueError("what the page holds")


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers(2, timeout=2, memory_bytes=2048 * MEBIBYTE)
    yield workers
    workers.stop()


async def test_work_is_done_elsewhere(workers: Workers) -> None:
    assert await workers.run(os.getpid) != os.getpid()
    assert await asyncio.gather(*(workers.run(double, n) for n in range(40))) == [2 * n for n in range(40)]


async def test_what_the_work_raises_is_raised_here(workers: Workers) -> None:
    with pytest.raises(ValueError, match="what the page holds"):
        await workers.run(fail)


async def test_a_worker_that_dies_costs_its_work_and_no_other(workers: Workers) -> None:
    others = [asyncio.ensure_future(workers.run(double, n)) for n in range(20)]
    with pytest.raises(WorkerCrash, match="died twice"):
        await workers.run(die, signal.SIGKILL)
    assert await asyncio.gather(*others) == [2 * n for n in range(20)]


async def test_work_whose_worker_was_killed_from_outside_is_done_again(workers: Workers, tmp_path: str) -> None:
    assert await workers.run(die_once, f"{tmp_path}/marker") == "done the second time"


async def test_work_that_hangs_is_ended(workers: Workers) -> None:
    with pytest.raises(WorkTimeout, match="longer than 2 s"):
        await workers.run(hang)
    assert await workers.run(double, 4) == 8


async def test_work_that_eats_memory_fails_alone(workers: Workers) -> None:
    with pytest.raises(MemoryError):
        await workers.run(devour)
    assert await workers.run(double, 4) == 8


@pytest.mark.parametrize(
    ("work", "arguments", "error"),
    [
        (fail, (), ValueError),
        (devour, (), MemoryError),
        (hang, (), WorkTimeout),
        (die, (signal.SIGKILL,), WorkerCrash),
        (unsendable, (), Exception),
    ],
)
async def test_what_is_handed_out_with_it_is_done_all_the_same(
    workers: Workers, work: Callable[..., object], arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    before = [asyncio.ensure_future(workers.run(double, n)) for n in range(20)]
    bad = asyncio.ensure_future(workers.run(work, *arguments))
    after = [asyncio.ensure_future(workers.run(double, n)) for n in range(20)]
    assert await asyncio.gather(*before, *after) == 2 * [2 * n for n in range(20)]
    with pytest.raises(error):
        await bad


async def test_what_comes_while_all_are_busy_is_handed_out_together(workers: Workers) -> None:
    clock, came = asyncio.get_running_loop().time, []

    async def work(number: int) -> None:
        await workers.run(busy, number, 0.1, b"")
        came.append(clock())

    await asyncio.gather(*(work(n) for n in range(20)))
    # Four by themselves, one for each place; then what was done together comes back in one moment.
    moments = 1 + sum(later - earlier > 0.02 for earlier, later in itertools.pairwise(came))
    assert moments <= 9, came


async def test_who_waits_no_more_keeps_nobody(workers: Workers) -> None:
    tasks = [asyncio.ensure_future(workers.run(double, n)) for n in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one for one in found if not isinstance(one, BaseException)] == [2 * n for n in range(30) if n % 3]


async def test_a_pool_whose_idle_workers_were_killed_is_replaced(workers: Workers) -> None:
    assert await workers.run(double, 1) == 2
    for child in multiprocessing.active_children():
        child.kill()
    await asyncio.sleep(0.5)
    assert await workers.run(double, 4) == 8


async def test_whatever_workers_are_killed_all_work_comes_back(workers: Workers) -> None:
    chance = random.Random(20)

    async def work(number: int) -> int:
        async with at_once:
            return await workers.run(busy, number, chance.random() / 50, bytes(chance.choice((10, 3_000, 200_000))))

    for places in (2, 8, 100):
        at_once = asyncio.Semaphore(places)
        tasks = [asyncio.ensure_future(work(n)) for n in range(100)]
        for _ in range(12):
            await asyncio.sleep(chance.random() / 8)
            for child in multiprocessing.active_children():
                if chance.random() < 0.4:
                    child.kill()
        found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        # One whose worker was killed twice while it was at it cannot be told from one that kills its workers.
        assert all(one == n or isinstance(one, WorkerCrash) for n, one in enumerate(found)), found
        assert sum(one == n for n, one in enumerate(found)) > 80


async def test_stop_leaves_no_process_and_takes_no_time(workers: Workers) -> None:
    hanging = [asyncio.ensure_future(workers.run(hang)) for _ in range(2)]
    await asyncio.sleep(0.5)
    started = time.monotonic()
    workers.stop()
    assert time.monotonic() - started < 2
    assert not multiprocessing.active_children()
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_two_may_stop_them_at_once_and_both_find_them_gone() -> None:
    # The spider's end stops them in a thread, and a second Ctrl-C at the same moment in the main one.
    def stop() -> list[object]:
        workers.stop()
        return multiprocessing.active_children()

    with ThreadPoolExecutor(2) as threads:
        for _ in range(8):
            workers = Workers(2, timeout=2, memory_bytes=0, preload=())
            assert await workers.run(double, 1) == 2
            assert [ended.result() for ended in [threads.submit(stop) for _ in range(2)]] == [[], []]


def test_while_modules_are_loaded_for_the_workers_the_crawl_goes_on_and_ctrl_c_is_its_own(tmp_path: Path) -> None:
    loading = tmp_path / "loading"
    (tmp_path / "slow_to_load.py").write_text(
        f"import time\nopen({str(loading)!r}, 'w').close()\ntime.sleep(1.5)\n", encoding="utf-8"
    )
    (tmp_path / "crawl.py").write_text(
        "import asyncio, operator, signal\n"
        "from crawler.extraction.workers import Workers\n"
        "async def breathe(breaths):\n"
        "    while True:\n"
        "        breaths.append(await asyncio.sleep(0.05))\n"
        "async def main():\n"
        "    breathing = asyncio.ensure_future(breathe(breaths := []))\n"
        "    signal.signal(signal.SIGINT, lambda *_: print('asked to stop', flush=True))\n"
        "    workers = Workers(1, timeout=60, memory_bytes=0, preload=['slow_to_load'])\n"
        "    print(await workers.run(operator.add, 2, 3), len(breaths) > 5)\n"
        "    workers.stop()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, tmp_path / "crawl.py"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not loading.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert loading.exists()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("asked to stop\n5 True\n", "")


@pytest.mark.parametrize(("work", "preload", "runs"), [("operator.neg", [], 1), ("negative", ["__main__"], 3)])
def test_the_script_that_runs_is_run_again_by_workers_only_where_their_work_is_defined_in_it(
    tmp_path: Path, work: str, preload: list[str], runs: int
) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "crawl.py").write_text(
        "import asyncio, operator, os\n"
        f"with open({str(ran)!r}, 'a') as file: file.write('once\\n')\n"
        "from crawler.extraction.workers import Workers\n"
        "def negative(number):\n"
        "    return -number\n"
        "async def main():\n"
        f"    workers = Workers(1, timeout=60, memory_bytes=0, preload={preload!r})\n"
        f"    print(await workers.run({work}, 3))\n"
        "    workers.stop()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "crawl.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "-3\n", "")
    # Once by itself; once for the process that shows that the server forks, and once for the worker.
    assert ran.read_text(encoding="utf-8") == runs * "once\n"
