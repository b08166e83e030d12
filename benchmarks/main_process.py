"""What a backfill costs in the main process: CPU by room, and the longest steps of its event loop.

    python -m benchmarks.main_process [WARC] [--workers N] [--json]

A real backfill into the embedded MongoDB, watched from inside from the first page to the last. The rooms are told by
samples: every few milliseconds of CPU, the innermost frame whose module has a room. Each callback and each step of a
task is timed by the CPU of its thread, so that a busy machine does not lengthen it; while one runs, nothing else does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.running import PAGES

BAR = 0.005
"""Seconds of CPU that no step may take."""
_TICK = 0.002
_ROOMS = {
    "read": ("crawler.discovery.warc", "fastwarc"),
    "hand over to workers": (
        "crawler.extraction.workers",
        "crawler.extraction.pool",
        "pebble",
        "multiprocessing",
        "concurrent",
        "pickle",
    ),
    "ledger": ("crawler.frontier",),
    "store": ("pipelines",),
    "spider": ("crawler",),
    "Scrapy itself": ("scrapy", "twisted", "pydispatch", "itemadapter"),
    "pymongo": ("pymongo", "bson"),
}
_OLDEST = 2
_COLLECTED = ", full collection"
"""Of a step in which all that has been allocated since the crawl began was looked through for garbage."""
_CALLED = ("pymongo", "bson")
"""Their CPU is that of who calls them, where it is known: `store` or `ledger`."""
ROOMS = (*_ROOMS, "event loop", "threads of the pool")


class Watch:
    """Watches this process from `start` to `stop`."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = defaultdict(list)
        self.samples: Counter[str] = Counter()
        self._last = 0.0
        self._whole = 0.0
        self.main_thread = 0.0
        self.others = 0.0
        self._collected = False

    def start(self) -> None:
        """Time every step of the event loop from now on, and take samples."""
        steps, run = self.steps, asyncio.events.Handle._run

        def timed(handle: Any) -> None:
            start = time.thread_time()
            name, self._collected = _name(handle), False
            run(handle)
            steps[f"{name}{_COLLECTED if self._collected else ''}"].append(time.thread_time() - start)

        gc.callbacks.append(self._collection)
        asyncio.events.Handle._run = timed  # type: ignore[method-assign]
        self._last = self._first = time.thread_time()
        self._whole = time.process_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _TICK, _TICK)

    def stop(self) -> None:
        """End the samples, and note what was used."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.main_thread = time.thread_time() - self._first
        self.others = time.process_time() - self._whole - self.main_thread

    def _collection(self, phase: str, info: dict[str, int]) -> None:
        self._collected |= phase == "stop" and info["generation"] == _OLDEST

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        self.samples[_room(frame)] += now - self._last  # type: ignore[assignment]
        self._last = now


def _room(frame: FrameType | None) -> str:
    called = False
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module == "asyncio.base_events" and frame.f_code.co_name == "run_forever":
            # Below stands Scrapy's command, which waits for all of this.
            break
        for room, names in _ROOMS.items():
            if module.startswith(names):
                if room != "pymongo":
                    return "store" if called and room in {"spider", "Scrapy itself"} else room
                called = True
                break
        frame = frame.f_back
    return "pymongo" if called else "event loop"


def _name(handle: Any) -> str:
    callback = handle._callback
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        coro = owner.get_coro()
        return f"task {getattr(coro, '__qualname__', type(coro).__name__)}"
    return getattr(callback, "__qualname__", type(callback).__name__)


def _inside(warc: str, result: str, settings: list[str]) -> None:
    """Run the backfill in this process, and write down what was seen."""
    from scrapy import signals
    from scrapy.cmdline import execute
    from scrapy.crawler import Crawler

    watch, crawl = Watch(), Crawler.crawl_async

    async def watched(crawler: Crawler, *args: Any, **kwargs: Any) -> None:
        crawler.signals.connect(watch.start, signal=signals.spider_opened, weak=False)
        crawler.signals.connect(watch.stop, signal=signals.spider_closed, weak=False)
        await crawl(crawler, *args, **kwargs)

    Crawler.crawl_async = watched  # type: ignore[method-assign]
    try:
        execute(["scrapy", "crawl", "backfill", "-a", f"warc={warc}", "--loglevel", "ERROR", *settings])
    finally:
        seen = {"rooms": watch.samples, "steps": watch.steps, "main": watch.main_thread, "others": watch.others}
        Path(result).write_text(json.dumps(seen), encoding="utf-8")


def observe(warc: Path, uri: str, database: str, settings: list[str]) -> dict[str, Any]:
    """Run a backfill, and return its CPU seconds by room (`rooms`) and of each step by name (`steps`)."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "seen.json"
        command = [sys.executable, "-m", "benchmarks.main_process", "--inside", str(result), str(warc.resolve())]
        env = os.environ | {"MONGODB_URI": uri, "MONGODB_DATABASE": database}
        subprocess.run([*command, *settings], env=env, check=True, stdout=subprocess.DEVNULL)
        seen = json.loads(result.read_text(encoding="utf-8"))
    rooms = Counter(seen["rooms"])
    # Samples come only now and then; the whole is known.
    scale = seen["main"] / max(sum(rooms.values()), 1e-9)
    seen["rooms"] = {room: scale * rooms[room] for room in ROOMS if room in rooms}
    seen["rooms"]["threads of the pool"] = seen["others"]
    return seen  # type: ignore[no-any-return]


def report(seen: dict[str, Any], pages: int) -> bool:
    """Print both tables; return whether a step is above the bar."""
    print(f"{pages} pages, CPU of the main process from the first page to the last\n{'room':28}{'ms a page':>10}")
    for room, seconds in seen["rooms"].items():
        print(f"{room:28}{1000 * seconds / pages:10.2f}")
    print(f"{'all':28}{1000 * sum(seen['rooms'].values()) / pages:10.2f}")
    print(f"\n{'step of the event loop, CPU':56}{'a page':>8}{'ms a page':>11}{'mean':>8}{'p99':>8}{'max ms':>8}")
    longest = sorted(seen["steps"].items(), key=lambda item: -sum(item[1]))
    for name, times in longest[:14]:
        ordered = sorted(times)
        figures = (sum(ordered) / len(ordered), ordered[int(0.99 * len(ordered))], ordered[-1])
        print(
            f"{name[:55]:56}{len(times) / pages:8.1f}{1000 * sum(times) / pages:11.2f}"
            + "".join(f"{1000 * figure:8.2f}" for figure in figures)
        )
    over = {name: sum(seconds > BAR for seconds in times) for name, times in seen["steps"].items()}
    count = sum(over.values())
    print(f"steps above {1000 * BAR:.0f} ms: {count} of {sum(map(len, seen['steps'].values()))}")
    for name, times in over.items():
        if times:
            print(f"  {times} of {name}")
    return count > 0


def main() -> int:
    """Measure, print the tables, and return 1 where a step is above the bar."""
    import pymongo

    from crawler.mongodb.embedded import embedded_server

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("warc", nargs="?", type=Path, default=PAGES, metavar="WARC")
    parser.add_argument("--workers", type=int, default=0, help="EXTRACTION_WORKERS")
    parser.add_argument("--json", action="store_true", help="print the CPU by room for a machine")
    options = parser.parse_args()
    settings = ["-s", f"EXTRACTION_WORKERS={options.workers}"]
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "mongodb") as server:
        seen = observe(options.warc, server.uri, "main_process", settings)
        with pymongo.MongoClient[dict[str, Any]](server.uri) as client:
            pages = client["main_process"]["pages"].count_documents({})
    if options.json:
        print(json.dumps({"pages": pages, "rooms": seen["rooms"]}, indent=1))
        return 0
    return int(report(seen, pages))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        gc.collect()
        _inside(sys.argv[3], sys.argv[2], sys.argv[4:])
    else:
        raise SystemExit(main())
