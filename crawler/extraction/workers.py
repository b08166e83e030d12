"""Worker processes for what costs CPU: a killed, hung or greedy one costs its page at most, never the crawl."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

P = ParamSpec("P")
T = TypeVar("T")

_RECYCLE_AFTER = 500
"""Pages after which a worker is replaced: what lxml and the caches of trafilatura hold on to stays bounded."""
_TRIES = 20
"""How often work is given out at most: where workers die one after the other, it may not be the work's doing."""
_WATCH_SECONDS = 0.5
_GRACE_SECONDS = 5.0
"""Seconds beyond the timeout after which a pool that gives nothing back is taken for broken."""
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
        self._out: set[Future[Any]] = set()
        """What the pool has been given and has not given back."""
        self._begun: set[Future[Any] | None] = set()
        """Of what a broken pool had been given: that at which a worker was."""
        self._moved_at = 0.0
        """When something last came back, or went out while nothing was (monotonic seconds)."""
        self._watching: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns in a worker; raise what it raises.

        A worker that dies takes nothing with it: its work is done again once by another.
        Raises WorkTimeout, WorkerCrash.
        """
        deaths = 0
        for _ in range(_TRIES):
            future: Future[T] | None = None
            try:
                future = self._given_out(work, *args, **kwargs)
                return await asyncio.wrap_future(future)
            except FutureTimeout as error:
                raise WorkTimeout(f"took longer than {self._timeout:g} s") from error
            except (ProcessExpired, BrokenProcessPool) as error:
                last = error
                # What no worker had begun is not to blame for a death.
                deaths += isinstance(error, ProcessExpired) or (future in self._begun)
                if deaths == 2:
                    raise WorkerCrash(f"worker died twice: {error}") from error
            finally:
                self._begun.discard(future)
        raise WorkerCrash(f"workers died {_TRIES} times: {last}") from last

    def _given_out(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand work to the pool. Raises BrokenProcessPool where that has just ended."""
        pool = self._running()
        try:
            future = pool.submit(work, self._timeout, *args, **kwargs)
        except RuntimeError as error:
            raise BrokenProcessPool(str(error)) from error
        if not self._out:
            self._moved_at = time.monotonic()
        self._out.add(future)
        future.add_done_callback(self._came_back)
        self._watch()
        return future

    def _came_back(self, future: Future[Any]) -> None:
        # In a thread of pebble's.
        self._moved_at = time.monotonic()
        self._out.discard(future)

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._look)

    def _look(self) -> None:
        """See that what is out can come back: of a pool that gave up, pebble forgets what it had not begun."""
        self._watching = None
        if self._pool is None or not self._out:
            return
        idle = time.monotonic() - self._moved_at
        if not self._pool.active or idle > self._timeout + _GRACE_SECONDS:
            self._give_up_pool()
        self._watch()

    def _give_up_pool(self) -> None:
        """End a pool; whatever is out is given out anew by who waits for it."""
        self._end_pool()
        out, self._out = self._out, set()
        for future in out:
            if future.running():
                self._begun.add(future)
            with contextlib.suppress(InvalidStateError):
                future.set_exception(BrokenProcessPool("the pool of workers broke"))

    def _running(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            # pebble gives up a pool when idle workers are killed.
            self._give_up_pool()
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
        self._end_pool()

    def _end_pool(self) -> None:
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
