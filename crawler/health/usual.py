"""What is usual at an outlet, by its own last 28 days: median and MAD, and the least that is still usual. Pure.

Runs are pooled in order into blocks of ten pages or more, and of a 28th of all, as a run every ten minutes has hardly
an article to tell from. The median of the blocks' shares is what is usual; their MAD (median absolute deviation, times
1.4826 to compare with a standard deviation) is how much it varies, less what small numbers vary by themselves (the
binomial variance of a block). The least that is usual lies two such deviations below, the uncertainty of the median
itself included; and no higher than one block in ten was, as Sundays and nights are no deviation but part of the week.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import hypot, sqrt
from statistics import median

HISTORY = timedelta(days=28)
"""So far back goes what is compared with."""
LEARNING = 7
"""Blocks before anything is said: a run with ten or more pages is a block of its own."""
BLOCK = 10
"""Pages or articles in a block, at least."""
DEVIATIONS = 2.0
"""How far below the median is still usual, in standard deviations."""
FIRST_WEEK = timedelta(days=7)
FIRST_DEVIATIONS = 3.0
"""And how far while no whole week has been seen: the first Sunday is like no day before it."""
UNSEEN = 0.12
"""What is then taken for the deviation from day to day at least, as a part of the most a share could vary."""
CERTAIN = 0.97
"""Nothing is more usual than this: what was always there may still be missing now and then."""
RARE = 0.05
"""Where so little, or less, is still usual, none at all would not tell: nothing is said."""
_LOWEST = 0.1
_MAD_TO_DEVIATION = 1.4826
_MEDIAN_ERROR = 1.2533  # standard error of a median against that of a mean, sqrt(pi / 2)

Share = tuple[int, int]
"""So many out of so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What is usual of a measure at an outlet."""

    median: float
    """A share of 1, or articles in a window."""
    mad: float
    """Median absolute deviation from it, times 1.4826."""
    low: float
    """The least that is still usual."""


def blocks(shares: Iterable[Share], *, size: int = BLOCK) -> list[Share]:
    """Return runs pooled in their order into blocks of `size` or more; what is left at the end joins the last."""
    pooled: list[Share] = []
    hits = of = 0
    for some, out_of in shares:
        hits, of = hits + some, of + out_of
        if of >= size:
            pooled.append((hits, of))
            hits = of = 0
    if of and pooled:
        last = pooled.pop()
        pooled.append((last[0] + hits, last[1] + of))
    return pooled


def usual_share(shares: Iterable[Share], *, young: bool = False) -> Usual | None:
    """Return what is usual of a share, from earlier runs in order; None while there are too few to learn from.

    young: they are of less than FIRST_WEEK.
    """
    known = [share for share in shares if share[1]]
    hits, of = sum(share[0] for share in known), sum(share[1] for share in known)
    pooled = blocks(known, size=max(BLOCK, of // HISTORY.days))
    if len(pooled) < LEARNING:
        return None
    rates = [hits / of for hits, of in pooled]
    # Of ten, a median says 1 where one in fourteen is missing: all taken together know better.
    middle = min(median(rates), (hits + 0.5) / (of + 1))
    noise = middle * (1 - middle) / median(of for _, of in pooled)
    mad, deviation = _spread(rates, noise)
    if young:
        deviation = hypot(deviation, UNSEEN * sqrt(middle * (1 - middle)))
    low = min(
        middle - (FIRST_DEVIATIONS if young else DEVIATIONS) * deviation,
        CERTAIN,
        sorted(rates)[int(_LOWEST * len(rates))],
    )
    return Usual(median=median(rates), mad=mad, low=max(low, 0.0))


def usual_number(counts: Sequence[int]) -> Usual | None:
    """Return what is usual of a count in equal stretches of time; None while there are too few of them."""
    if len(counts) < LEARNING:
        return None
    middle = float(median(counts))
    mad, deviation = _spread([float(count) for count in counts], middle)
    return Usual(median=middle, mad=mad, low=max(middle - DEVIATIONS * deviation, 0.0))


def _spread(values: Sequence[float], noise: float) -> tuple[float, float]:
    """Return the MAD, and the deviation to reckon with. noise: the variance that small numbers have by themselves."""
    middle = median(values)
    mad = _MAD_TO_DEVIATION * median(abs(value - middle) for value in values)
    between = max(mad**2 - noise, 0.0)
    error = _MEDIAN_ERROR**2 * (between + noise) / len(values)
    return mad, sqrt(between + error)
