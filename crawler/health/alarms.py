"""What changed at an outlet, in words: an alarm when a measure breaks, and one when it has healed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawler.health.judgement import Finding, State
from crawler.health.readings import Measure

LABELS = {
    Measure.NUMBER: "new articles",
    Measure.ARTICLES: "pages that are articles",
    Measure.TITLE: "articles with a title",
    Measure.TIME: "articles with date and time",
    Measure.AUTHORS: "articles with an author",
    Measure.BODY: "articles of the usual length",
    Measure.RELATED: "articles with read-also links",
}
"""What each measure counts, for people."""
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A measure of an outlet that broke in this run, or has healed in it; an entry of `alarms` in `crawls`."""

    site: str
    """Registrable domain."""
    measure: Measure
    """Which of its measures."""
    healed: bool
    """False: it broke. True: it is well again, or has been broken for so long that nothing else is known any more."""
    at: datetime
    """End of the run that found it, UTC."""
    hits: int
    """What was counted: so many ..."""
    of: int | None
    """... out of so many; null for the number of new articles."""
    usual: float | None
    """What is usual: a share of 1, or new articles in the window; null where that is forgotten."""
    message: str
    """The same in one line."""


def alarms_of(
    site: str, before: Mapping[Measure, Finding], after: Mapping[Measure, Finding], *, at: datetime
) -> Iterator[Alarm]:
    """Yield an alarm for each measure that broke or healed between two judgements. at: UTC."""
    for measure, finding in after.items():
        was = before[measure].state is State.BROKEN if measure in before else False
        if was != (finding.state is State.BROKEN):
            yield Alarm(
                site=site,
                measure=measure,
                healed=was,
                at=at,
                hits=finding.hits,
                of=finding.of,
                usual=finding.usual,
                message=message(site, finding, healed=was),
            )


def message(site: str, finding: Finding, *, healed: bool) -> str:
    """Return a change as one line: `nrc.nl: articles with date and time broke: 0 of 14, usually 98%`."""
    usual = usual_words_of(finding)
    what = f"{value_words(finding)}, usually {usual}" if usual else "broken for so long that it passes for usual"
    return f"{site}: {LABELS[finding.measure]} {'healed' if healed else 'broke'}: {what}"


def value_words(finding: Finding) -> str:
    """Return what was counted: `3 of 14`, `5 in 24 h`."""
    if finding.of is not None:
        return f"{finding.hits} of {finding.of}"
    return f"{finding.hits} in {_stretch(finding)}" if finding.window else "-"


def usual_words_of(finding: Finding) -> str:
    """Return what is usual: `98%`, `41`; nothing where that is not known."""
    if finding.usual is None:
        return ""
    return f"{finding.usual:.0%}" if finding.of is not None else f"{finding.usual:g}"


def _stretch(finding: Finding) -> str:
    days = (finding.window or 0) / _DAY
    return "24 h" if days == 1 else f"{days:g} days"


def to_entry(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as `crawls` keeps it."""
    return {
        "site": alarm.site,
        "measure": str(alarm.measure),
        "healed": alarm.healed,
        "at": alarm.at,
        "hits": alarm.hits,
        "of": alarm.of,
        "usual": alarm.usual,
        "message": alarm.message,
    }
