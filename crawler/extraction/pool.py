"""The processes that workers are, run by pebble: started when first needed, replaced when they break, ended at once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from importlib.machinery import ModuleSpec
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pebble import ProcessPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
T = TypeVar("T")

_RECYCLE_AFTER = 500
"""Pieces of work after which a process is replaced: what lxml and the caches of trafilatura hold stays bounded."""
_WATCH_SECONDS = 0.5
_GRACE_SECONDS = 5.0
"""Seconds beyond the timeout after which a pool that gives nothing back is taken for broken."""


class Pool:
    """A pool of processes that outlives those of pebble's that break. To be used inside a running event loop."""

    def __init__(self, processes: int, *, timeout: float, memory_bytes: int, preload: Sequence[str]) -> None:
        """As `Workers`."""
        self._processes = processes
        self._preload = list(preload)
        self._timeout = timeout
        self._memory_bytes = memory_bytes
        self._pool: ProcessPool | None = None
        self._stopping = threading.Lock()
        self._out: set[Future[Any]] = set()
        """What the pool has been given and has not given back."""
        self._begun: set[Future[Any] | None] = set()
        """Of what a broken pool had been given: that at which a process was."""
        self._moved_at = 0.0
        """When something last came back, or went out while nothing was (monotonic seconds)."""
        self._watching: asyncio.TimerHandle | None = None
        self._loading: asyncio.Future[None] | None = None
        """Done when the processes can be forked at once."""
        self._stops = 0
        """How often somebody has stopped it."""
        self.given_up = 0
        """How many of pebble's pools were. What comes of work handed out before says nothing about the work."""

    async def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand work to a process; the future raises what pebble says of it. Raises BrokenProcessPool.

        The first time this waits for what the processes share to be loaded, more than a second. Raises CancelledError
        where the pool is stopped meanwhile.
        """
        stops = self._stops
        await self._loaded()
        if self._stops != stops:
            raise asyncio.CancelledError
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

    async def _loaded(self) -> None:
        """Wait for the server from which processes are forked; in a thread, as whoever asks it to fork has to wait."""
        if self._loading is None:
            if "__main__" not in self._preload:
                _keep_out_main()
            # forkserver: a fork of this process would inherit its threads' locks and its MongoDB sockets.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(self._preload)
            self._loading = _in_thread(_start_server)
        try:
            await asyncio.shield(self._loading)
        except (OSError, EOFError) as error:
            self._loading = None
            raise BrokenProcessPool(f"the server of the workers ended: {error!r}") from error

    def had_begun(self, future: Future[Any] | None) -> bool:
        """Return whether a process was at this work when the pool broke; to be asked once."""
        begun = future in self._begun
        self._begun.discard(future)
        return begun

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
        self.given_up += 1
        self._end()
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
            self._pool = ProcessPool(
                max_workers=self._processes,
                max_tasks=_RECYCLE_AFTER,
                initializer=_prepare,
                initargs=(self._memory_bytes,),
                context=multiprocessing.get_context("forkserver"),
            )
        return self._pool

    def stop(self) -> None:
        """End the workers at once; what they were doing is dropped. Blocks for a moment.

        From any thread: a second Ctrl-C ends the event loop while the first one's thread still stops them. One of the
        two does it, as a pool of pebble's cannot be joined twice at once; the other waits until it is done.
        """
        self._stops += 1
        self._end()

    def _end(self) -> None:
        """End the processes of pebble's pool, if there is one."""
        with self._stopping:
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                # pebble asks them politely first, for up to three seconds each.
                for child in multiprocessing.active_children():
                    child.kill()
                self._pool.join(timeout=5)
                self._pool = None


def _keep_out_main() -> None:
    """Let processes begin without the script that this one began with: `scrapy` loads Scrapy, 0.2 s for each of them.

    multiprocessing runs it anew in each, as it may define what they do, unless it is the `__main__` of a package.
    """
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None:
        main.__spec__ = ModuleSpec("script.__main__", loader=None)


def _start_server() -> None:
    """Start the server from which workers are forked, if there is none, and wait until it forks.

    It ignores Ctrl-C, but not before it has loaded what it preloads, which takes more than a second; what is blocked
    here is blocked in a process that starts meanwhile. Raises OSError, EOFError where it ends.
    """
    # They are one per core already: threads of numpy's beside them only wait for work, at full speed.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # It is started by the other as well, and then lets go of the signals that it has blocked itself.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    first = multiprocessing.get_context("forkserver").Process(target=_nothing, daemon=True)
    first.start()
    first.join()


def _nothing() -> None:
    """Do nothing: who is asked to is there."""


def _in_thread(work: Callable[[], None]) -> asyncio.Future[None]:
    """Do something in a thread that keeps nobody from the end of the process; the future tells how it went."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if told.done():
            return
        if error is None:
            told.set_result(None)
        else:
            told.set_exception(error)

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as raised:
            error = raised
        # Without a loop nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=run, name="start of the workers", daemon=True).start()
    return told


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
