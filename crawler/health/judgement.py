"""How an outlet stands after a run: each measure learning, healthy or broken, and what has changed. Pure.

A share breaks when the pages since it was last well (the newest run alone, or with runs before it, up to a hundred
pages or a week) have so little of it that chance would do it less than once in a million, at an outlet as bad as is
still usual there. Few pages are enough where all is missing that was always there; many are needed where little is.
It has healed when runs since then pass for usual again, and chance would not make them so were it still broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from statistics import median

from crawler.health.evidence import ALARM, DOUBT, HEALED, MOST, as_few, as_few_as, as_many
from crawler.health.readings import SHARES, Measure, Reading
from crawler.health.usual import (
    CERTAIN,
    FIRST_WEEK,
    HISTORY,
    RARE,
    Share,
    Usual,
    usual_number,
    usual_share,
)

EVIDENCE = timedelta(days=7)
"""Runs further back are no evidence of how an outlet is now."""
WINDOWS = tuple(timedelta(days=days) for days in (1, 2, 4))
"""New articles are counted in the shortest of these in which there usually are ENOUGH."""
ENOUGH = 20
_QUIET_DAYS = 2  # of 28: a paper that rests on Sundays has four, and none of them is an alarm


class State(StrEnum):
    """How a measure of an outlet stands."""

    LEARNING = "learning"
    """Too few runs yet to know what is usual."""
    RARE = "rare"
    """Usually so little that nothing missing would tell."""
    HEALTHY = "healthy"
    """As usual."""
    BROKEN = "broken"
    """So little that chance does not explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one measure of one outlet stands."""

    measure: Measure
    """Which."""
    state: State
    """How it stands."""
    since: datetime | None = None
    """Of one that broke or has healed: the end of the run in which it did, UTC."""
    hits: int = 0
    """What was counted last: so many ..."""
    of: int | None = None
    """... out of so many; null for a number in a stretch of time."""
    window: float | None = None
    """That stretch, in seconds; null for a share."""
    usual: float | None = None
    """The median of what is usual; null while that is learned. For what is broken: of what was."""
    low: float | None = None
    """The least that is still usual."""
    broken_share: float | None = None
    """What there was of a share when it broke; null for what is not broken, and for a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What is known of an outlet besides its readings; a row of the collection `outlets`."""

    site: str
    """Registrable domain."""
    looks: tuple[datetime, ...] = ()
    """Hours (UTC) in which a run looked for news of it, for as far back as anything is compared."""
    silent: tuple[datetime, ...] = ()
    """Of those, the hours in which its number of new articles was broken."""
    findings: Mapping[Measure, Finding] = field(default_factory=dict)
    """How each measure stood after the last run."""
    usual_words: float | None = None
    """Median of the lengths of its articles, in words."""


def judge(
    outlet: Outlet, history: Sequence[Reading], newest: Reading | None, *, now: datetime
) -> dict[Measure, Finding]:
    """Return how each measure stands after a run.

    outlet: as the last run left it, with the look of this run. history: the readings of earlier runs, oldest first, as
    far back as HISTORY and the longest window. newest: that of this run, if it read anything. now: UTC.
    """
    findings = dict(outlet.findings)
    words = usual_words(history)
    for measure in SHARES:
        before = findings.get(measure, Finding(measure=measure, state=State.LEARNING))
        past = [reading for reading in history if reading.at > now - HISTORY]
        if newest is not None and share_of(newest, measure, words)[1]:
            findings[measure] = _share(before, past, newest, words)
    readings = [*history, newest] if newest is not None else history
    before = findings.get(Measure.NUMBER, Finding(measure=Measure.NUMBER, state=State.LEARNING))
    findings[Measure.NUMBER] = _number(before, outlet, readings, now)
    return findings


def usual_words(history: Sequence[Reading]) -> float | None:
    """Return the median length of the articles in runs that were not broken in it; None where there are none."""
    lengths = [length for reading in history if Measure.BODY not in reading.broken for length in reading.words]
    return median(lengths) if lengths else None


def share_of(reading: Reading, measure: Measure, words: float | None) -> Share:
    """Return what a run counted of a share. words: the usual length of an article."""
    if measure is Measure.ARTICLES:
        return reading.articles, reading.pages
    if measure is Measure.BODY:
        return (sum(length >= words / 2 for length in reading.words), len(reading.words)) if words else (0, 0)
    return reading.filled.get(measure, 0), reading.articles


def _share(before: Finding, history: Sequence[Reading], newest: Reading, words: float | None) -> Finding:
    measure, now = before.measure, newest.at
    recent = [reading for reading in history if before.since is None or reading.at > before.since]
    windows = list(_windows([*recent, newest], measure, words))
    known = [reading for reading in history if measure not in reading.broken]
    shares = [share_of(reading, measure, words) for reading in known]
    # Without the runs that are judged, if that leaves enough: a break that shows run by run is not what is usual.
    earlier = shares[: max(len(shares) - len(windows) + 1, 0)]
    young = not known or newest.at - known[0].at < FIRST_WEEK
    learn = partial(usual_share, young=young)
    usual = learn(earlier) or learn(shares)
    hits, of = windows[0]
    if usual is None:
        # Also of what has been broken for as long as anything is remembered: that is how the outlet is now.
        return Finding(measure=measure, state=State.LEARNING, since=before.since, hits=hits, of=of)
    all_hits, all_of = windows[-1]
    as_before = replace(before, hits=all_hits, of=all_of, usual=usual.median, low=usual.low)
    if before.state is State.BROKEN:
        broken = max(before.broken_share or 0.0, 1 - CERTAIN)
        for hits, of in windows:
            if as_few(hits, of, usual.low) >= DOUBT and as_many(hits, of, broken) <= HEALED:
                return replace(as_before, state=State.HEALTHY, since=now, hits=hits, of=of, broken_share=None)
        return as_before
    if usual.low <= RARE:
        return replace(as_before, state=State.RARE)
    for hits, of in windows:
        if as_few(hits, of, usual.low) < ALARM:
            return replace(as_before, state=State.BROKEN, since=now, hits=hits, of=of, broken_share=hits / of)
    return replace(as_before, state=State.HEALTHY)


def _windows(readings: Sequence[Reading], measure: Measure, words: float | None) -> Iterator[Share]:
    """Yield what the newest run counted, then that with each run before it, up to MOST and as far back as EVIDENCE."""
    hits = of = 0
    for reading in reversed(readings):
        if of >= MOST or reading.at <= readings[-1].at - EVIDENCE:
            return
        some, out_of = share_of(reading, measure, words)
        hits, of = hits + some, of + out_of
        if out_of:
            yield hits, of


def _number(before: Finding, outlet: Outlet, readings: Sequence[Reading], now: datetime) -> Finding:
    usual: Usual | None = None
    window = WINDOWS[0]
    counts: list[int] = []
    for window in WINDOWS:
        counts = _counts(outlet, readings, now, window)
        usual = usual_number(counts)
        if usual is None or usual.median >= ENOUGH:
            break
    number = sum(reading.new for reading in readings if reading.at > now - window)
    as_before = replace(before, hits=number, window=window.total_seconds())
    if usual is None:
        return replace(as_before, state=State.LEARNING, usual=None, low=None, broken_share=None)
    as_before = replace(as_before, usual=usual.median, low=usual.low)
    chance = as_few_as(number, usual.low)
    if before.state is State.BROKEN:
        return replace(as_before, state=State.HEALTHY, since=now) if chance >= DOUBT else as_before
    if as_few_as(0, usual.low) >= ALARM:
        return replace(as_before, state=State.RARE)
    if chance < ALARM and sum(count <= number for count in counts) <= _QUIET_DAYS:
        return replace(as_before, state=State.BROKEN, since=now)
    return replace(as_before, state=State.HEALTHY)


def _counts(outlet: Outlet, readings: Sequence[Reading], now: datetime, window: timedelta) -> list[int]:
    """Return the new articles in each of the windows before the current one, as far back as HISTORY.

    Windows in which no run looked, or in which the number was broken, tell nothing.
    """
    looked, silent = set[int](), set[int]()
    for hours, found in ((outlet.looks, looked), (outlet.silent, silent)):
        found.update(int((now - hour) / window) for hour in hours)
    counts = dict.fromkeys(range(1, int(HISTORY / window) + 1), 0)
    for reading in readings:
        back = int((now - reading.at) / window)
        if back in counts:
            counts[back] += reading.new
    return [count for back, count in counts.items() if back in looked and back not in silent]
