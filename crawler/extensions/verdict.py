"""What a finished run amounts to: its exit status, and one line that says why. Pure."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

OK, FAILED, USAGE, DATABASE = 0, 1, 2, 3
_BY_SIGNAL = 128
_ENDS = ("finished", "max-articles")
EXIT_STATUSES = {
    OK: "the run did what was asked",
    FAILED: "something could not be written, read or fetched at all",
    USAGE: "a mistake in the command",
    DATABASE: "the database was lost or is not there; likewise the Redis that machines share, and Dask's scheduler",
    _BY_SIGNAL + signal.SIGINT: "Ctrl-C",
    _BY_SIGNAL + signal.SIGTERM: "SIGTERM",
}
"""What each status means, for the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about a run when it is over."""

    reason: str | None
    """Why the spider closed, as Scrapy says it; None after an unclean stop."""
    signal: int | None
    """The signal that asked it to stop, if any."""
    spider_errors: int
    """Exceptions that left the spider."""
    item_errors: int
    """Exceptions that left a pipeline."""
    refused: int
    """Articles that MongoDB would not take."""
    pending: int
    """Pages of the run that are still to be done."""
    balances: bool
    """Every page taken up is in one state, in memory and in MongoDB alike."""
    asked: int
    """Feeds, sitemaps, pages and files the run tried to get."""
    got: int
    """Those of them that came."""
    problems: Sequence[str] = ()
    """Input that could not be read at all."""

    @property
    def came_to_its_end(self) -> bool:
        """Whether nothing ended the run before its time."""
        return self.signal is None and self.reason in _ENDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a run, in a word."""

    exit_code: int
    """Exit status of the process."""
    line: str
    """Why, in one line."""


def verdict(run: Evidence) -> Verdict:
    """Return how a run ended: 0 only if it did what was asked.

    1: something went wrong; 3: the database, the scheduler or the Redis of the cluster was lost; 128 + n: stopped by
    signal n, as shells do.
    """
    left = f"; {run.pending} pages stay pending for the next run" if run.pending else ""
    if run.reason == "database-lost":
        return Verdict(exit_code=DATABASE, line=f"the database was lost{left}")
    if run.reason == "scheduler-lost":
        return Verdict(exit_code=DATABASE, line=f"the Dask scheduler was lost{left}")
    if run.reason == "frontier-lost":
        return Verdict(exit_code=DATABASE, line=f"the Redis that shares out the work was lost{left}")
    if run.signal is not None:
        name = signal.Signals(run.signal).name
        how = "stopped at once" if run.reason is None else "stopped"
        return Verdict(exit_code=_BY_SIGNAL + run.signal, line=f"{how} by {name}{left}")
    if run.reason is None or run.reason == "start_error":
        return Verdict(exit_code=FAILED, line=f"the spider could not be started or raised; see the log{left}")
    if run.refused or run.item_errors:
        return Verdict(exit_code=FAILED, line=f"{run.refused + run.item_errors} items could not be written{left}")
    if run.spider_errors:
        return Verdict(exit_code=FAILED, line=f"the spider raised {run.spider_errors} times; see the log{left}")
    if not run.balances:
        return Verdict(exit_code=FAILED, line="the balance sheet does not balance: please report this as a bug")
    if run.problems:
        more = f" (and {len(run.problems) - 1} more)" if len(run.problems) > 1 else ""
        return Verdict(exit_code=FAILED, line=f"{run.problems[0]}{more}")
    if run.asked and not run.got:
        return Verdict(exit_code=FAILED, line=f"nothing could be fetched ({run.asked} tried){left}")
    if run.reason in _ENDS:
        return Verdict(exit_code=OK, line=run.reason + (left if run.reason == "max-articles" else ""))
    return Verdict(exit_code=FAILED, line=f"closed early: {run.reason}{left}")
