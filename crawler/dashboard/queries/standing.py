"""How outlets stand by `scrapy health`: what is broken now, and how each measure was last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.frontier.health import read_outlets
from crawler.health.alarms import LABELS, message, usual_words_of, value_words
from crawler.health.judgement import State
from crawler.health.readings import Measure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from crawler.health.judgement import Outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A measure of an outlet that is broken."""

    site: str
    """Registrable domain."""
    words: str
    """What it is, in one line that begins with the site."""
    since: datetime | None
    """End of the run that found it, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one measure of an outlet stands."""

    label: str
    """What is counted."""
    state: str
    """As in crawler.health.judgement.State."""
    last: str
    """What was counted last: `3 of 14`."""
    usual: str
    """What is usual; empty while that is learned."""
    since: datetime | None
    """When it broke or healed, UTC."""

    @property
    def is_broken(self) -> bool:
        """Whether it is."""
        return self.state == State.BROKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one outlet stands."""

    alarms: tuple[Alarm, ...]
    """What is broken."""
    lines: tuple[Line, ...]
    """Each measure, always in the same order; none before the first run that counts."""


def of_site(database: Database[dict[str, Any]], site: str) -> Standing:
    """Return how an outlet stood after the last run that looked at it. Raises PyMongoError."""
    found = read_outlets(database, sites=[site])
    return Standing(alarms=tuple(alarms(found)), lines=tuple(line for outlet in found for line in _lines(outlet)))


def alarms(found: Iterable[Outlet]) -> list[Alarm]:
    """Return what is broken, what broke last first."""
    broken = [
        Alarm(site=outlet.site, words=message(outlet.site, finding, healed=False), since=finding.since)
        for outlet in found
        for finding in outlet.findings.values()
        if finding.state is State.BROKEN
    ]
    return sorted(broken, key=lambda alarm: (-(alarm.since.timestamp() if alarm.since else 0), alarm.words))


def _lines(outlet: Outlet) -> list[Line]:
    return [
        Line(
            label=LABELS[measure],
            state=str(finding.state),
            last=value_words(finding),
            usual=usual_words_of(finding),
            since=finding.since,
        )
        for measure in Measure
        if (finding := outlet.findings.get(measure))
    ]
