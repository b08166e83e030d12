"""How long until a feed, sitemap or section page is looked at again: learned from how often it brings news. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_START = timedelta(minutes=30)
"""Of a listing nobody knows yet."""
_SHORTEN, _STRETCH = 0.5, 1.5
"""How far one look may move a period. Half the way down, half as much again up: a morning's news is followed within
a few looks, and a quiet night does not cost what was learned by day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Between which a period lies."""

    shortest: timedelta
    """Never more often than this."""
    longest: timedelta
    """Never more seldom; where it is less than `shortest`, it counts. Zero: at every run."""

    def hold(self, period: timedelta) -> timedelta:
        """Return the period nearest to this one within the bounds."""
        return min(max(period, self.shortest), self.longest)


def first_period(bounds: Bounds) -> timedelta:
    """Return the period of a listing after its first look, when all that stands there was new."""
    return bounds.hold(_START)


def next_period(period: timedelta, *, new: int, elapsed: timedelta, bounds: Bounds) -> timedelta:
    """Return the period after a look that brought `new` unknown pages, `elapsed` since the look before.

    It moves towards one new page a look: the time that passed, divided by what it brought, is the period wanted; one
    look halves the old period at most, and makes it half as long again at most, as does a look that brought nothing.
    More news never makes it longer, more time never shorter. `elapsed` is negative where a clock was set back: such a
    look teaches nothing.
    """
    old = bounds.hold(period)
    if elapsed < timedelta():
        return old
    wanted = elapsed / new if new > 0 else old * _STRETCH
    return bounds.hold(min(max(wanted, old * _SHORTEN), old * _STRETCH))


def after_failure(period: timedelta, failures: int, bounds: Bounds) -> timedelta:
    """Return how long to leave a listing alone that could not be had `failures` times in a row: doubled each time."""
    # Never counted so far that the number no longer fits: a day is 2^9 times the shortest period.
    return bounds.hold(bounds.hold(period) * 2 ** min(max(failures, 0), 16))
