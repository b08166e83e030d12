"""Worker processes for what costs CPU: a killed, hung or greedy one costs its page at most, never the crawl."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import resource
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

P = ParamSpec("P")
T = TypeVar("T")

_RECYCLE_AFTER = 500
"""Pages after which a worker is replaced: what lxml and the caches of trafilatura hold on to stays bounded."""
PRELOADED = ("crawler.extraction.reading", "crawler.discovery.feeds", "crawler.discovery.sitemaps")
"""What every worker needs."""


class WorkTimeout(Exception):
    """The work took longer than it may; its worker has been stopped."""


class WorkerCrash(Exception):
    """The worker died twice over this work; the message says how."""


class Workers:
    """A pool of processes. Start it inside a running event loop; `stop` it when done."""

    def __init__(
        self, processes: int, *, timeout: float, memory_bytes: int, preload: Sequence[str] = PRELOADED
    ) -> None:
        """processes: how many; timeout: seconds for one piece of work; memory_bytes: address space for it.

        preload: modules that are imported once, by the server from which the workers are forked.
        """
        self.processes = processes
        self._preload = list(preload)
        self._timeout = timeout
        self._memory_bytes = memory_bytes
        self._pool: ProcessPool | None = None
        self._stopping = threading.Lock()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns in a worker; raise what it raises.

        A worker that dies takes nothing with it: its work is done again once by another.
        Raises WorkTimeout, WorkerCrash.
        """
        for last_try in (False, True):
            try:
                return await self._once(work, *args, **kwargs)
            except (ProcessExpired, BrokenProcessPool) as error:
                if last_try:
                    raise WorkerCrash(f"worker died twice: {error}") from error
        raise AssertionError("unreachable")

    async def _once(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        pool = self._running()
        try:
            return await asyncio.wrap_future(pool.submit(work, self._timeout, *args, **kwargs))
        except FutureTimeout as error:
            raise WorkTimeout(f"took longer than {self._timeout:g} s") from error

    def _running(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            # pebble gives up a pool when idle workers are killed.
            self.stop()
        if self._pool is None:
            # forkserver: a fork of this process would inherit its threads' locks and its MongoDB sockets.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(self._preload)
            self._pool = ProcessPool(
                max_workers=self.processes,
                max_tasks=_RECYCLE_AFTER,
                initializer=_prepare,
                initargs=(self._memory_bytes,),
                context=context,
            )
        return self._pool

    def stop(self) -> None:
        """End the workers at once; what they were doing is dropped. Blocks for a moment.

        From any thread: a second Ctrl-C ends the event loop while the first one's thread still stops them. One of the
        two does it, as a pool of pebble's cannot be joined twice at once; the other waits until it is done.
        """
        with self._stopping:
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                # pebble asks them politely first, for up to three seconds each.
                for child in multiprocessing.active_children():
                    child.kill()
                self._pool.join(timeout=5)
                self._pool = None


def _prepare(memory_bytes: int) -> None:
    """Set up a worker: bounded memory, and no collection of what was loaded before the fork."""
    if memory_bytes and sys.platform == "linux":
        # On top of the modules and models it shares with the others: a page must not pay for these.
        limit = _address_space() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    gc.freeze()


def _address_space() -> int:
    """Return the bytes of address space this process has by now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
