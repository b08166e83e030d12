"""Group commit: one task writes all that has queued up as one batch, while the next batch forms.

Nobody is told that an outcome is stored before it is: what waits here waits with whoever gave it, and a crash loses
nothing that the ledger does not know of.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from crawler.article import Article, Outcome
from crawler.frontier.patience import DatabaseLost, Patience
from pipelines import store_plan

if TYPE_CHECKING:
    from crawler.frontier.ledger import Ledger, Settlement
    from pipelines.store_articles import ArticleStore
    from pipelines.store_batch import Known, Plan

logger = logging.getLogger(__name__)

MAX_BATCH = 200
"""Outcomes in one batch: enough to fill a commit, few enough to hold in memory with what is known of them."""

BRIEFLY = 0.1
"""Seconds that a batch waits where the one before was of a few only: there is little to gather, and somebody waits."""

_FEW = 2
_AT_ONE_STRETCH = 0.002
"""Seconds for which a batch is decided about before others have their turn."""
_ROUNDS = 20
"""How often an article is decided about anew since somebody else has changed it meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """How long a batch waits for more: it costs some twenty commands, however large it is."""

    longest: float
    """Seconds that its first outcome waits at most."""
    pause: float
    """Seconds in which no other has come, so that it goes."""
    enough: int
    """Outcomes that are not kept waiting for more."""


FETCHED = Gathering(longest=0.5, pause=0.5, enough=48)
"""Of pages that are fetched: with half a second instead of a tenth, the main process takes 30 % less CPU a page, and
mongod 35 %. With more, Scrapy would stop asking for pages while so many wait (SCRAPER_SLOT_MAX_ACTIVE_SIZE)."""

KEPT = Gathering(longest=2.0, pause=0.5, enough=48)
"""Of pages that come out of files: nobody looks out for one of them, and none is lost that is read again."""


@dataclass(slots=True, eq=False)
class _Waiting:
    outcome: Outcome
    page_id: str
    done: asyncio.Future[Settlement]


class StoreWriter:
    """Writes outcomes so that each is settled only when MongoDB has it in its journal."""

    def __init__(
        self,
        store: ArticleStore,
        ledger: Ledger,
        *,
        patience: Patience,
        on_lost: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        gathering: Gathering | None = None,
    ) -> None:
        """patience: how a lost MongoDB is waited for. on_lost: called once, with the reason, when it is given up.

        gathering: how long a batch waits for more; None: not at all.
        """
        self._store = store
        self._ledger = ledger
        self._patience = patience
        self._on_lost = on_lost
        self._clock = clock
        self._gathering = gathering
        self._queue: deque[_Waiting] = deque()
        self._in_hand: Sequence[_Waiting] = ()
        self._last = MAX_BATCH
        """How many were in the last batch; before the first, much is expected."""
        self._wake = asyncio.Event()
        self._closing = False
        self._lost: DatabaseLost | None = None
        self._abandoned = 0
        self._task: asyncio.Task[None] | None = None
        self.batches = 0
        """Batches written."""

    @property
    def unwritten(self) -> int:
        """Outcomes handed over and not settled, or not any more to be."""
        return self._abandoned + sum(not waiting.done.done() for waiting in (*self._in_hand, *self._queue))

    def start(self) -> None:
        """Start the writer task in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def write(self, outcome: Outcome) -> Settlement:
        """Store one outcome, and return how its page was settled once that is acknowledged.

        Raises DatabaseLost when it was not written: its page stays pending. Raises InvalidURL where the outcome's
        requested URL is none, so that there is no page to settle.
        """
        page_id = outcome.page_id
        if self._lost is not None:
            self._abandoned += 1
            raise DatabaseLost(*self._lost.args)
        waiting = _Waiting(outcome, page_id, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.done

    async def close(self) -> int:
        """Write what has queued up, stop, and return how many outcomes could not be written."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        return self.unwritten

    async def _run(self) -> None:
        try:
            while self._queue or not self._closing:
                if not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                if self._gathering is not None:
                    await self._gathered(self._gathering)
                self._in_hand = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
                await self._commit(self._in_hand)
                self._last, self._in_hand = len(self._in_hand), ()
        except DatabaseLost as lost:
            self._give_up(lost)
        except asyncio.CancelledError:
            # The event loop ends, and with it all who wait.
            raise
        except BaseException as error:
            # Whoever waits must learn of it, whatever it is.
            self._give_up(DatabaseLost(f"the writer stopped: {type(error).__name__}: {error}"))
            raise

    async def _gathered(self, gathering: Gathering) -> None:
        """Wait until there is enough for a batch, the time for that is over, or nothing more will come."""
        clock = asyncio.get_running_loop().time
        end = clock() + (gathering.longest if self._last > _FEW else min(gathering.longest, BRIEFLY))
        before = 0
        while before < len(self._queue) < gathering.enough and not self._closing and clock() < end:
            before = len(self._queue)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(end, clock() + gathering.pause)):
                    while len(self._queue) < gathering.enough and not self._closing:
                        self._wake.clear()
                        await self._wake.wait()

    def _give_up(self, lost: DatabaseLost) -> None:
        self._lost = lost
        for waiting in (*self._in_hand, *self._queue):
            if not waiting.done.done():
                self._abandoned += 1
                waiting.done.set_exception(DatabaseLost(*lost.args))
        self._on_lost(str(lost))

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Store and settle a batch; an outcome that breaks the batch is found and fails alone."""
        try:
            settlements = await self._settled([waiting.outcome for waiting in batch])
        except DatabaseLost:
            raise
        except Exception as error:
            if len(batch) > 1:
                for waiting in batch:
                    await self._commit([waiting])
                return
            logger.exception("A page could not be stored, which is a fault in leesook: %s", _url(batch[0].outcome))
            settlements = await self._settle_as_failed(batch[0], f"{type(error).__name__}: {error}")
        self.batches += 1
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_result(settlements[waiting.page_id])

    async def _settled(self, outcomes: Sequence[Outcome]) -> dict[str, Settlement]:
        """Store the outcomes and settle their pages, in that order; return the settlements by page."""
        settlements: dict[str, Settlement] = {}
        left = outcomes
        for number in range(_ROUNDS):
            known = await self._patience.ask(partial(self._store.read, left, overtaken=number > 0))
            plan = await self._planned(left, known)
            written = await self._patience.ask(partial(self._store.carry_out, plan))
            for page_id, settlement in plan.settlements.items():
                reason = written.refused.get(settlement.article_id or "")
                settlements[page_id] = store_plan.refused(settlement, reason) if reason else settlement
            left = [o for o in left if isinstance(o, Article) and o.id in written.overtaken]
            if not left:
                break
        for outcome in left:
            detail = "another crawl kept changing the article while it was written"
            settlements[outcome.page_id] = store_plan.refused(settlements[outcome.page_id], detail)
        await self._patience.ask(partial(self._ledger.settle, list(settlements.values())))
        return settlements

    async def _planned(self, outcomes: Sequence[Outcome], known: Known) -> Plan:
        """Return the plan of a batch, others having their turn while it is made."""
        steps = store_plan.planning(outcomes, known, now=self._clock())
        while True:
            await asyncio.sleep(0)
            since = time.perf_counter()
            while time.perf_counter() - since < _AT_ONE_STRETCH:
                try:
                    next(steps)
                except StopIteration as end:
                    return cast("Plan", end.value)

    async def _settle_as_failed(self, waiting: _Waiting, detail: str) -> dict[str, Settlement]:
        settlement = store_plan.failed(waiting.page_id, detail, now=self._clock())
        await self._patience.ask(partial(self._ledger.settle, [settlement]))
        return {waiting.page_id: settlement}


def _url(outcome: Outcome) -> str:
    return repr(outcome.fetch.requested_url if isinstance(outcome, Article) else outcome.requested_url)
