"""What time a run takes it to be: the system's, but never earlier than what has been written down already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TICK = timedelta(milliseconds=1)
"""The finest step MongoDB keeps; no two readings are the same, so that a date also tells one outcome from the next."""

FURTHEST_JUMP = timedelta(days=1)
"""A database that is ahead of the clock by more was written while a clock was wrong: waiting would help nobody."""


class Clock:
    """A clock that only goes forward: while the system's is set back, this one all but stands still.

    A time server that corrects a clock, or a person who does, must not date a revision before the one it follows.
    """

    def __init__(self, read: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """read: the system's time, UTC."""
        self._read = read
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time, UTC, in whole milliseconds; later than any that was returned before."""
        reading = self._read()
        reading = reading.replace(microsecond=reading.microsecond // 1000 * 1000)
        self._last = max(reading, self._last + TICK)
        return self._last

    def not_before(self, instant: datetime) -> None:
        """Come after an instant that an earlier run wrote down (UTC), unless it is further ahead than clocks jump."""
        if instant - self._read() <= FURTHEST_JUMP:
            self._last = max(self._last, instant)
