"""A healthy outlet with all the noise of a real one, drawn from a seed: quiet Sundays, hasty days, short notices."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from random import Random

from crawler.frontier.health import REMEMBERED
from crawler.health.alarms import Alarm, alarms_of
from crawler.health.judgement import Outlet, State, judge
from crawler.health.readings import FIELDS, Measure, Reading, even_share

SITE = "polderbode.example"


class Noise:
    """An outlet, run after run."""

    def __init__(self, seed: int, *, step: timedelta, pages: float) -> None:
        """step: time between two runs; pages: how many a run reads, on average, on a weekday."""
        self._random = Random(seed)
        self._step, self._pages = step, pages
        self.now = datetime(2026, 1, 5, 6, tzinfo=UTC)
        self.outlet = Outlet(site=SITE)
        self._history: list[Reading] = []

    def run(self, **replaced: float) -> list[Alarm]:
        """Let one run pass; return its alarms. replaced: shares that are other than usual in this run."""
        self.now += self._step
        reading = self._reading(replaced)
        since = self.now - REMEMBERED
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        looks = tuple(sorted({look for look in self.outlet.looks if look > since} | {hour}))
        past = [old for old in self._history if old.at > since]
        findings = judge(dataclasses.replace(self.outlet, looks=looks), past, reading, now=self.now)
        alarms = list(alarms_of(SITE, self.outlet.findings, findings, at=self.now))
        self.outlet = dataclasses.replace(self.outlet, looks=looks, findings=findings)
        if reading is not None:
            broken = frozenset(m for m, finding in findings.items() if finding.state is State.BROKEN)
            self._history = [*past, dataclasses.replace(reading, broken=broken)]
        return alarms

    def _reading(self, replaced: dict[str, float]) -> Reading | None:
        draw, weekend = self._random, self.now.weekday() >= 5
        pages = sum(draw.random() < self._pages / 50 for _ in range(50)) // (2 if weekend else 1)
        shares = {
            "articles": draw.gauss(0.93, 0.03),
            "title": 1.0,
            "time": 0.98,
            # On Sundays agencies write the paper.
            "authors": draw.gauss(0.42 if weekend else 0.7, 0.08),
            "related": 0.5,
        } | replaced
        filled = dict.fromkeys(FIELDS, 0)
        words: list[int] = []
        for _ in range(pages):
            if draw.random() < shares["articles"]:
                words.append(int(draw.lognormvariate(6, 0.6) * replaced.get("length", 1.0)))
                for measure in FIELDS:
                    filled[measure] += draw.random() < shares[str(measure)]
        if not pages:
            return None
        return Reading(
            site=SITE,
            at=self.now,
            pages=pages,
            articles=len(words),
            new=len(words),
            filled=filled,
            words=even_share(words),
        )

    def state(self, measure: Measure) -> State:
        """Return how a measure stands."""
        return self.outlet.findings[measure].state
