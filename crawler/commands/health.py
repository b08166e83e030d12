"""`scrapy health`: how each outlet stands against what is usual there; exits 1 if something is broken, for cron."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.exceptions import UsageError

from crawler.console import EXIT_STATUSES, QuietCommand, printable
from crawler.export.selection import selection
from crawler.extensions.verdict import DATABASE, FAILED, OK
from crawler.frontier.health import read_outlets
from crawler.health.alarms import LABELS, usual_words_of, value_words
from crawler.health.judgement import Finding, Outlet, State
from crawler.health.readings import Measure
from crawler.mongodb.connection import DatabaseUnavailable, open_database

if TYPE_CHECKING:
    import argparse

_WIDE = 1000  # columns, where nobody's terminal has to hold a line


class Command(QuietCommand):
    """Show how the outlets stand."""

    exit_statuses: ClassVar[dict[int, str]] = {
        **EXIT_STATUSES,
        OK: "nothing is broken",
        FAILED: "something is broken",
        DATABASE: "there is no database",
    }

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--site DOMAIN] [--json]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Show what is broken at which outlet; exits 1 if anything is"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Print how each outlet stood after the last run that read it, against its own last 28 days: "
            f"{', '.join(LABELS.values())}. Exits 0 if nothing is broken, 1 if something is, 2 for a mistake in the "
            "command, 3 where there is no database. --json prints one list: {site, broken, looked_at, usual_words, "
            "measures: [{measure, state, since, hits, of, window, usual, low}]}; instants are ISO 8601 in UTC, usual "
            "and low shares of 1, of the number of new articles what came in `window` seconds."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only this outlet; may be repeated"
        )
        parser.add_argument("--json", action="store_true", help="one JSON list, for machines")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Read and print."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        try:
            sites = selection(sites=opts.site).sites
        except ValueError as error:
            raise UsageError(str(error)) from None
        assert self.settings is not None
        try:
            with open_database(self.settings) as opened:
                outlets = read_outlets(opened.database, sites=sites)
        except DatabaseUnavailable as error:
            return self._say(str(error), DATABASE)
        if opts.json:
            print(json.dumps([as_json(outlet) for outlet in outlets], ensure_ascii=False, default=_portable))
        else:
            _print(outlets, sites)
        return FAILED if any(broken(outlet) for outlet in outlets) else OK


def broken(outlet: Outlet) -> list[Measure]:
    """Return the measures of an outlet that are broken."""
    return [measure for measure, finding in outlet.findings.items() if finding.state is State.BROKEN]


def as_json(outlet: Outlet) -> dict[str, Any]:
    """Return an outlet as the command prints it with --json."""
    return {
        "site": outlet.site,
        "broken": [str(measure) for measure in broken(outlet)],
        "looked_at": max(outlet.looks, default=None),
        "usual_words": outlet.usual_words,
        "measures": [
            {
                "measure": str(finding.measure),
                "state": str(finding.state),
                "since": finding.since,
                "hits": finding.hits,
                "of": finding.of,
                "window": finding.window,
                "usual": finding.usual,
                "low": finding.low,
            }
            for measure in Measure
            if (finding := outlet.findings.get(measure))
        ],
    }


def _portable(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _print(outlets: list[Outlet], sites: tuple[str, ...]) -> None:
    if not outlets:
        whose = f" of {', '.join(sites)}" if sites else ""
        print(f"Nothing is known{whose} yet: scrapy crawl news counts as it goes")
        return
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE, no_color=True)
    table = Table("site", "measure", "state", box=None, pad_edge=False)
    table.add_column("last", justify="right")
    table.add_column("usual", justify="right")
    table.add_column("since (UTC)")
    for outlet in outlets:
        for measure in Measure:
            if finding := outlet.findings.get(measure):
                table.add_row(*_cells(outlet, finding), style="bold" if finding.state is State.BROKEN else None)
    with console.capture() as captured:
        console.print(table)
    # A table fills its lines with blanks.
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _cells(outlet: Outlet, finding: Finding) -> list[Text]:
    state = finding.state.upper() if finding.state is State.BROKEN else finding.state
    since = f"{finding.since:%Y-%m-%d %H:%M}" if finding.since else ""
    cells = (outlet.site, LABELS[finding.measure], state, value_words(finding), usual_words_of(finding), since)
    return [Text(printable(cell)) for cell in cells]
