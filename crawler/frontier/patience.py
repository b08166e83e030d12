"""Waiting out a MongoDB that does not answer: back-off, one log line a try, an end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

T = TypeVar("T")
logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds between tries
_STOOD_STILL = 0.5  # seconds by which a timer of a process that is running is not late

# The server is there but cannot do it now; https://www.mongodb.com/docs/manual/reference/error-codes/
# 24 LockTimeout, 43 CursorNotFound, 50 MaxTimeMSExpired, 91 ShutdownInProgress, 112 WriteConflict,
# 189 PrimarySteppedDown, 262 ExceededTimeLimit, 10107 NotWritablePrimary, 11600 InterruptedAtShutdown,
# 11602 InterruptedDueToReplStateChange, 13435 and 13436 NotPrimary..., 14031 OutOfDiskSpace
_PASSING = frozenset({24, 43, 50, 91, 112, 189, 262, 10107, 11600, 11602, 13435, 13436, 14031})
_REFUSALS = frozenset({13, 18})  # Unauthorized, AuthenticationFailed


class DatabaseLost(Exception):
    """MongoDB did not come back in time, or refuses to go on. Its text says which, in one line."""


async def patiently(step: Callable[[], Awaitable[T]], *, wait: float) -> T:
    """Return what `step` returns, trying again while MongoDB is away, for `wait` seconds in all.

    `step` must be safe to repeat. Time for which this process itself stood still (Ctrl-Z, a machine asleep) does not
    count. Raises DatabaseLost when the time is up or MongoDB refuses; any other error at once.
    """
    give_up_at = time.monotonic() + wait
    pause = _FIRST_PAUSE
    while True:
        began = time.monotonic()
        limit = max(give_up_at - began, 1.0)
        try:
            # Bounds a server that accepts and never answers. Not pymongo.timeout, which tries again in silence.
            async with asyncio.timeout(limit):
                return await step()
        except TimeoutError:
            why = "no answer"
            if (took := time.monotonic() - began) > limit + _STOOD_STILL:
                give_up_at += took
        except PyMongoError as error:
            why = _one_line(error)
            if is_refusal(error):
                raise DatabaseLost(f"MongoDB refuses: {why}") from error
            if not is_passing(error):
                raise
        left = give_up_at - time.monotonic()
        if left <= 0:
            raise DatabaseLost(f"MongoDB was away for {wait:g} seconds (MONGODB_WAIT): {why}")
        logger.warning("MongoDB does not answer, giving up in %.0f s: %s", left, why)
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)


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
