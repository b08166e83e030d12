"""Is what was counted still usual, or chance, or broken? Exact binomial and Poisson tails on bounded numbers. Pure."""

from __future__ import annotations

from math import comb, exp, factorial

ALARM = 1e-6
"""An alarm is raised when chance would do this less often than so, at an outlet that is as bad as is still usual.

Two hundred outlets, six measures and a run every ten minutes are some 10⁵ looks a day, most of them at the same pages.
"""
DOUBT = 1e-2
"""What chance does more often than this passes for usual: the test of what has healed."""
HEALED = 1e-3
"""And it is no longer as broken as it was when chance would make it look so well less often than this."""
MOST = 100
"""Articles of one outlet are not drawn one by one (an author writes three, an agency a dozen): more than so many are
no more evidence than so many."""
MOST_NUMBER = 30
"""Likewise for new articles a day, which come in bursts: a day with a quarter of the usual is not yet an alarm."""


def as_few(hits: int, of: int, share: float) -> float:
    """Return how likely `hits` or fewer out of `of` are where each has the chance `share`."""
    hits, of = bounded(hits, of)
    return min(sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits + 1)), 1.0)


def as_many(hits: int, of: int, share: float) -> float:
    """Return how likely `hits` or more out of `of` are where each has the chance `share`."""
    hits, of = bounded(hits, of)
    return min(sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits, of + 1)), 1.0)


def as_few_as(count: int, expected: float) -> float:
    """Return how likely `count` or fewer are where `expected` come on average (Poisson)."""
    if expected > MOST_NUMBER:
        count, expected = int(count * MOST_NUMBER / expected), float(MOST_NUMBER)
    return min(sum(exp(-expected) * expected**k / factorial(k) for k in range(min(count, 200) + 1)), 1.0)


def bounded(hits: int, of: int) -> tuple[int, int]:
    """Return the same share of no more than MOST."""
    return (hits, of) if of <= MOST else (round(hits * MOST / of), MOST)
