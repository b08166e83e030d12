"""Waiting out a MongoDB that does not answer: back-off, one log line a try, an end, and all of it once for a run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

T = TypeVar("T")
logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds between tries
_SHORTEST_TRY = 1.0  # seconds that any try may take, however little time is left
_STOOD_STILL = 0.5  # seconds by which a timer of a process that is running is not late

# The server is there but cannot do it now; https://www.mongodb.com/docs/manual/reference/error-codes/
# 24 LockTimeout, 43 CursorNotFound, 50 MaxTimeMSExpired, 91 ShutdownInProgress, 112 WriteConflict,
# 189 PrimarySteppedDown, 262 ExceededTimeLimit, 10107 NotWritablePrimary, 11600 InterruptedAtShutdown,
# 11602 InterruptedDueToReplStateChange, 13435 and 13436 NotPrimary..., 14031 OutOfDiskSpace
_PASSING = frozenset({24, 43, 50, 91, 112, 189, 262, 10107, 11600, 11602, 13435, 13436, 14031})
_REFUSALS = frozenset({13, 18})  # Unauthorized, AuthenticationFailed


class DatabaseLost(Exception):
    """MongoDB did not come back in time, or refuses to go on. Its text says which, in one line."""


class Patience:
    """What a run has with its MongoDB: all who ask wait for it together, and give it up together.

    Otherwise each page under way would find out for itself, one after the other, that there is no server.
    """

    def __init__(self, wait: float) -> None:
        """wait: seconds for which MongoDB may be away."""
        self._wait = wait
        self._waiting = 0
        """How many steps have failed and will be tried again."""
        self._give_up_at: float | None = None
        """When MongoDB is given up (monotonic seconds); None as long as nobody waits for it."""
        self._pause = _FIRST_PAUSE
        self._next_try_at = 0.0
        self._answered = asyncio.Event()
        """Set when MongoDB has answered anybody, or is given up; a new one for each time that it is away."""
        self.away = False
        """Whether MongoDB did not answer when it was last asked, or is given up."""
        self._lost: str | None = None
        self._left: set[asyncio.Future[Any]] = set()
        """Steps that took too long; what they still do has been asked for again, or will be by the next run."""

    @property
    def lost(self) -> bool:
        """Whether MongoDB has been given up for good."""
        return self._lost is not None

    async def ask(self, step: Callable[[], Awaitable[T]], *, ping: Callable[[], Awaitable[object]] | None = None) -> T:
        """Return what `step` returns, trying again while MongoDB is away.

        `step` must be safe to repeat. Time for which this process itself stood still (Ctrl-Z, a machine asleep) does
        not count. ping: makes MongoDB answer at once, where the step may take it longer than it may be away, as an
        index over millions of documents does: it is not away as long as it answers that.
        Raises DatabaseLost when the time is up or MongoDB refuses, and at once where it has been given up; any other
        error at once.
        """
        give_up_at = time.monotonic() + self._wait
        failed = False
        try:
            while True:
                if self._lost is not None:
                    raise DatabaseLost(self._lost)
                began = time.monotonic()
                limit = max(min(give_up_at, self._give_up_at or give_up_at) - began, _SHORTEST_TRY)
                try:
                    answer = await self._tried(step, limit, ping)
                except TimeoutError:
                    why = "no answer"
                    if (took := time.monotonic() - began) > limit + _STOOD_STILL:
                        give_up_at += took
                        self._give_up_at = None
                except PyMongoError as error:
                    why = _one_line(error)
                    if is_refusal(error):
                        raise self._given_up(f"MongoDB refuses: {why}") from error
                    if not is_passing(error):
                        raise
                else:
                    self.away = False
                    self._back()
                    return answer
                self._waiting += not failed
                failed = self.away = True
                await self._pause_after(why, give_up_at)
        finally:
            self._waiting -= failed
            if not self._waiting:
                self._back()

    async def _tried(
        self, step: Callable[[], Awaitable[T]], limit: float, ping: Callable[[], Awaitable[object]] | None = None
    ) -> T:
        """Return what a step returns; after `limit` seconds it is left to itself. Raises TimeoutError, or as it does.

        ping: after those seconds it is asked, and the step has as many again if that is answered within them.
        That bounds a server that accepts and never answers. Not by pymongo.timeout, which tries again in silence; and
        not by cancelling it: a task of PyMongo's (4.20) that is cancelled while it waits for a server may leave with
        its lock held, after which nobody gets an answer any more, and the client cannot even be closed.
        """
        trying = asyncio.ensure_future(step())
        began = time.monotonic()
        while not (await asyncio.wait({trying}, timeout=limit))[0]:
            if ping is None or not await self._answers(ping, limit):
                self._left.add(trying)
                trying.add_done_callback(self._came_late)
                raise TimeoutError
            logger.info("MongoDB is still at what it was asked %.0f s ago", time.monotonic() - began)
        return trying.result()

    async def _answers(self, ping: Callable[[], Awaitable[object]], limit: float) -> bool:
        """Return whether a ping is answered within `limit` seconds."""
        try:
            await self._tried(ping, limit)
        except (TimeoutError, PyMongoError):
            return False
        return True

    def _came_late(self, trying: asyncio.Future[Any]) -> None:
        self._left.discard(trying)
        if not trying.cancelled():
            # Nobody waits for it any more.
            trying.exception()

    async def _pause_after(self, why: str, give_up_at: float) -> None:
        """Wait for the next try after one that failed. Raises DatabaseLost when there is none."""
        now = time.monotonic()
        if self._give_up_at is None:
            self._give_up_at = give_up_at
            self._next_try_at = now
        left = min(give_up_at, self._give_up_at) - now
        if left <= 0:
            raise self._given_up(f"MongoDB was away for {self._wait:g} seconds (MONGODB_WAIT): {why}")
        if self._next_try_at <= now:
            logger.warning("MongoDB does not answer, giving up in %.0f s: %s", left, why)
            self._next_try_at = now + min(self._pause, left)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self._next_try_at - now, left)):
                await self._answered.wait()

    def _given_up(self, why: str) -> DatabaseLost:
        """Let all know that there is nothing to wait for any more, and return what says so."""
        self._lost, self.away = self._lost or why, True
        self._answered.set()
        return DatabaseLost(why)

    def _back(self) -> None:
        """MongoDB answers, or nobody waits for it any more: whenever it is lost again, it is another time."""
        if self._give_up_at is not None:
            self._answered.set()
            self._answered = asyncio.Event()
            self._give_up_at, self._pause = None, _FIRST_PAUSE


def is_passing(error: PyMongoError) -> bool:
    """Whether the same step may succeed later: the server is away, changing roles, or out of room."""
    if isinstance(error, ConnectionFailure) or error.timeout or error.has_error_label("RetryableWriteError"):
        return True
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        codes = {problem.get("code") for problem in details.get("writeErrors", ())}
        return bool(details.get("writeConcernErrors")) or bool(codes & _PASSING)
    return isinstance(error, OperationFailure) and error.code in _PASSING


def is_refusal(error: PyMongoError) -> bool:
    """Whether nothing that this user asks will succeed."""
    return isinstance(error, OperationFailure) and error.code in _REFUSALS


def _one_line(error: PyMongoError) -> str:
    text = " ".join(str(error).split())
    for rest in (" (configured timeouts", ", Timeout:", ", full error", ", Topology"):
        text = text.partition(rest)[0]
    return text[:200] or type(error).__name__
