"""Worker processes for what costs CPU: a killed, hung or greedy one costs its page at most, never the crawl."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired

from crawler.extraction.pool import Pool

P = ParamSpec("P")
T = TypeVar("T")

_EACH = 2
"""Bundles in the hands of each worker: one that it works on, and another that it finds when it is done."""
_TOGETHER = 8
"""Pieces of work in a bundle at most."""
_DEATHS = 2
"""So many workers may die of one piece of work: it could be chance once."""
_TRIES = 20
"""How often work is given out at most: where workers die one after the other, it may not be the work's doing."""
PRELOADED = (
    "crawler.extraction.work",
    "crawler.extraction.warm",
    "crawler.discovery.feeds",
    "crawler.discovery.sitemaps",
)
"""What every worker needs."""


class WorkTimeout(Exception):
    """The work took longer than it may; its worker has been stopped."""


class WorkerCrash(Exception):
    """The worker died twice over this work; the message says how."""


_Steps = tuple[Callable[..., Any], ...]
"""The first makes something; each of the others, something of what the one before has made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of a piece of work."""

    value: Any = None
    """What it returned."""
    error: Exception | None = None
    """What it raised."""


class _Piece:
    """Work that someone waits for."""

    def __init__(self, steps: _Steps) -> None:
        self.steps = steps
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.tries = 0
        """How often it has come to nothing: from then on it is done by itself, so that it is known who does harm."""
        self.deaths = 0
        """Of how many workers, each with this work alone."""

    def tell(self, answer: _Answer) -> None:
        """Give the answer to who waits for it, if anybody still does."""
        if self.answer.done():
            return
        if answer.error is not None:
            self.answer.set_exception(answer.error)
        else:
            self.answer.set_result(answer.value)


class Workers:
    """Processes that work is handed to. Start them inside a running event loop; `stop` them when done."""

    def __init__(
        self, processes: int, *, timeout: float, memory_bytes: int, preload: Sequence[str] = PRELOADED
    ) -> None:
        """processes: how many; timeout: seconds for one piece of work; memory_bytes: address space for it.

        preload: modules that are imported once, by the server from which the workers are forked. `__main__` among them
        says that some work is defined in the script that runs: each worker then runs it as well, as a module.
        """
        self.processes = processes
        self._timeout = timeout
        self._pool = Pool(processes, timeout=timeout, memory_bytes=memory_bytes, preload=preload)
        self._waiting: deque[_Piece] = deque()
        """Work for which no worker has a place."""
        self._bundles: set[asyncio.Task[None]] = set()
        """Work that is handed out."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns in a worker; raise what it raises.

        A worker that dies takes nothing with it: its work is done again once by another.
        Raises WorkTimeout, WorkerCrash.
        """
        return await self.run_then((), work, *args, **kwargs)

    async def run_then(
        self, steps: Sequence[Callable[[T], T]], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what the last of some steps makes of what `work` returns, all in one worker; otherwise like `run`.

        Of work that is handed out together each step is taken for all before the next one: what a step has in the
        caches of the processor serves it more than once.
        """
        piece = _Piece((partial(work, *args, **kwargs), *steps))
        self._waiting.append(piece)
        self._hand_out()
        answer: T = await piece.answer
        return answer

    def _hand_out(self) -> None:
        """Give every worker something to do, and something that it finds when it is done.

        What comes while all have that is handed out together: to this process, handing over eight pages costs hardly
        more than one, which is a fifth of all that a page costs it (0.6 of 2.9 ms).
        """
        while self._waiting and len(self._bundles) < _EACH * self.processes:
            if bundle := self._next_bundle():
                doing = asyncio.ensure_future(self._do(bundle))
                self._bundles.add(doing)
                doing.add_done_callback(self._done)

    def _next_bundle(self) -> list[_Piece]:
        """Take what is to be handed out together; nothing where nobody waits for it any more."""
        # No worker takes all, and leaves the others without.
        size = min(_TOGETHER, math.ceil(len(self._waiting) / self.processes))
        bundle: list[_Piece] = []
        while self._waiting and len(bundle) < size:
            if bundle and (bundle[0].tries or self._waiting[0].tries):
                break
            piece = self._waiting.popleft()
            if not piece.answer.done():
                bundle.append(piece)
        return bundle

    def _done(self, doing: asyncio.Task[None]) -> None:
        self._bundles.discard(doing)
        if not doing.cancelled():
            self._hand_out()

    async def _do(self, bundle: Sequence[_Piece]) -> None:
        """Have a worker do some work, and tell who waits for it how it went."""
        future: Future[list[_Answer]] | None = None
        given_up = self._pool.given_up
        try:
            future = await self._pool.submit(_each, [piece.steps for piece in bundle])
            answers = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            # The workers are being stopped.
            for piece in (*bundle, *self._waiting):
                piece.answer.cancel()
            self._waiting.clear()
            raise
        except Exception as error:
            if self._pool.given_up != given_up and not isinstance(error, ProcessExpired):
                # pebble may have been sending it, and says what it stumbled over.
                error = BrokenProcessPool("the pool of workers broke")
            # What no worker had begun is not to blame for a death.
            deadly = isinstance(error, ProcessExpired) or self._pool.had_begun(future)
            for piece in reversed(bundle):
                self._came_to_nothing(piece, error, deadly=deadly, by_itself=len(bundle) == 1)
        else:
            for piece, answer in zip(bundle, answers, strict=True):
                piece.tell(answer)

    def _came_to_nothing(self, piece: _Piece, error: Exception, *, deadly: bool, by_itself: bool) -> None:
        """Have work done again, by itself; give it up where it is to blame.

        deadly: a worker died over it. by_itself: it was handed out alone already.
        """
        piece.tries += 1
        piece.deaths += deadly and by_itself
        if piece.deaths == _DEATHS:
            piece.tell(_Answer(error=WorkerCrash(f"worker died twice: {error}")))
        elif piece.tries == _TRIES:
            piece.tell(_Answer(error=WorkerCrash(f"workers died {_TRIES} times: {error}")))
        elif by_itself and isinstance(error, FutureTimeout):
            piece.tell(_Answer(error=WorkTimeout(f"took longer than {self._timeout:g} s")))
        elif by_itself and not isinstance(error, (ProcessExpired, BrokenProcessPool)):
            piece.tell(_Answer(error=error))
        else:
            self._waiting.appendleft(piece)

    def stop(self) -> None:
        """End the workers at once; what they were doing is dropped. Blocks for a moment. From any thread."""
        self._pool.stop()


def _each(works: Sequence[_Steps]) -> list[_Answer]:
    """Do several pieces of work in a worker, step by step; return what came of each."""
    answers = [_taken(steps[0]) for steps in works]
    for number in range(1, max(map(len, works))):
        for place, steps in enumerate(works):
            if number < len(steps) and answers[place].error is None:
                answers[place] = _taken(partial(steps[number], answers[place].value))
    return answers


def _taken(step: Callable[[], Any]) -> _Answer:
    try:
        return _Answer(value=step())
    except Exception as error:
        return _Answer(error=error)
