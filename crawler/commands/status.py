"""`scrapy status`: the last runs, and what is pending or failing, and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, printable
from crawler.export.selection import selection
from crawler.frontier.cluster.connection import FrontierUnavailable, open_redis
from crawler.frontier.cluster.overview import ClusterSummary, cluster_summary
from crawler.frontier.ledger import PageState
from crawler.frontier.overview import PageCount, RunSummary, page_counts, recent_runs
from crawler.mongodb.connection import open_database, redacted, target

if TYPE_CHECKING:
    import argparse

    from pymongo.database import Database

_STATES = (*list(PageState)[1:], PageState.PENDING)
_WIDE = 1000  # columns, where nobody's terminal has to hold a line
_EXAMPLE = 100  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that the command prints; with --json these are the keys."""

    database: str
    """Name of the database."""
    where: str
    """Its data directory, or its URI without the password."""
    at: datetime
    """When it was asked, UTC."""
    articles: int
    """Documents in `articles`."""
    revisions: int
    """Documents in `revisions`."""
    runs: list[RunSummary]
    """The last runs, the latest first."""
    pages: list[PageCount]
    """Pages by site, state and reason."""
    cluster: ClusterSummary | None = None
    """With --cluster: its nodes and partitions."""


class Command(QuietCommand):
    """Show how the crawls go."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--site DOMAIN] [--runs N] [--cluster] [--json]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Show the last runs, and what is pending or failing and why"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Print the last runs with their balance, then the pages of each site by state, with the reasons of those "
            "rejected or failed. --json prints one object: database, where, at, articles, revisions; runs, a list of "
            "{id, spider, arguments, started_at, ended_at, seconds, ended, exit_code, discovered, states, balances}; "
            "pages, a list of {site, state, reason, pages, example}. Instants are ISO 8601 in UTC. A run that has not "
            "closed its books (it runs still, or was killed) has null for discovered and balances, and in states the "
            "pages that are in its name. --cluster adds the nodes that share a crawl (FRONTIER_REDIS_URL) and the "
            "partitions that have something to do: cluster, an object of nodes, a list of {run, scope, host, pid, "
            "started_at, partitions, in_hand, alive}, and partitions, a list of {scope, partition, owner, lag, "
            "in_hand, oldest_seconds}."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only pages of this site; may be repeated"
        )
        parser.add_argument("--runs", type=int, default=10, metavar="N", help="how many runs to list (default 10)")
        parser.add_argument("--cluster", action="store_true", help="also the nodes of FRONTIER_REDIS_URL")
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Gather and print."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        if opts.runs < 1:
            raise UsageError("--runs: give a whole number above 0")
        try:
            sites = selection(sites=opts.site).sites
        except ValueError as error:
            raise UsageError(str(error)) from None
        assert self.settings is not None
        place = target(self.settings)
        where = str(place.data_dir) if place.embedded else redacted(place.uri)
        with open_database(self.settings) as opened:
            status = gather(opened.database, where=where, sites=sites, runs=opts.runs, now=datetime.now(UTC))
        if opts.cluster:
            status = replace(status, cluster=self._cluster(status.database))
        if opts.json:
            print(json.dumps(asdict(status), ensure_ascii=False, default=_portable))
        else:
            _print(status, sites)
        return 0

    def _cluster(self, database: str) -> ClusterSummary:
        assert self.settings is not None
        url = self.settings["FRONTIER_REDIS_URL"]
        if not url:
            raise UsageError("--cluster: set FRONTIER_REDIS_URL to the Redis that the nodes share")
        try:
            with open_redis(url) as redis:
                return cluster_summary(redis, database, now=datetime.now(UTC))
        except FrontierUnavailable as error:
            raise CommandError(str(error)) from None


def gather(
    database: Database[dict[str, Any]], *, where: str, sites: tuple[str, ...], runs: int, now: datetime
) -> Status:
    """Return the status of a database. now: UTC. Raises PyMongoError."""
    return Status(
        database=database.name,
        where=where,
        at=now,
        articles=database["articles"].estimated_document_count(),
        revisions=database["revisions"].estimated_document_count(),
        runs=recent_runs(database, limit=runs, now=now),
        pages=page_counts(database, sites=sites),
    )


def _portable(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _print(status: Status, sites: tuple[str, ...]) -> None:
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE, no_color=True)
    head = f"database {status.database} ({status.where}): {status.articles:,} articles, {status.revisions:,} revisions"
    parts: list[Table | str] = []
    if status.runs:
        parts.append(_runs(status.runs))
    if status.pages:
        parts.append(_pages(status.pages))
        parts += [table] if (table := _reasons(status.pages)) else []
    elif sites:
        parts.append(f"No page of {', '.join(sites)} is known.")
    if not status.runs and not status.pages:
        parts = ["Nothing has been crawled into it yet: scrapy crawl news"]
    if status.cluster is not None:
        parts += [_nodes(status.cluster), _partitions(status.cluster)]
    with console.capture() as captured:
        console.print(Text(printable(head)))
        for part in parts:
            console.print()
            console.print(Text(printable(part)) if isinstance(part, str) else part)
    # A table fills its lines with blanks.
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _runs(runs: list[RunSummary]) -> Table:
    table = Table(
        "started (UTC)", "spider", "arguments", "took", "ended", box=None, pad_edge=False, title_justify="left"
    )
    for name in ("discovered", *_STATES):
        table.add_column(str(name), justify="right")
    table.add_column("balance")
    for run in runs:
        arguments = " ".join(f"{name}={value}" for name, value in run.arguments.items())
        ended = (run.ended or "runs") + (f", exit {run.exit_code}" if run.exit_code else "")
        counts = [_number(run.discovered), *(_number(run.states.get(state, 0)) for state in _STATES)]
        balance = {True: "yes", False: "NO", None: "open"}[run.balances]
        row = (f"{run.started_at:%Y-%m-%d %H:%M}", run.spider, arguments, _took(run.seconds), ended, *counts, balance)
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def _nodes(cluster: ClusterSummary) -> Table | str:
    if not cluster.nodes:
        return "No node is at work."
    table = Table("node", "process", "joined (UTC)", "scope", box=None, pad_edge=False)
    for name in ("partitions", "in hand", "lag"):
        table.add_column(name, justify="right")
    for node in cluster.nodes:
        lag = sum(partition.lag for partition in cluster.partitions if partition.owner == node.run)
        process = f"{node.host} {node.pid}" if node.alive else "silent"
        joined = f"{node.started_at:%Y-%m-%d %H:%M}" if node.started_at else ""
        counts = (_number(node.partitions), _number(node.in_hand), _number(lag))
        table.add_row(*(Text(printable(cell)) for cell in (node.run, process, joined, node.scope, *counts)))
    return table


def _partitions(cluster: ClusterSummary) -> Table | str:
    if not cluster.partitions:
        return "No partition has anything to do."
    table = Table("partition", "owner", box=None, pad_edge=False)
    for name in ("lag", "in hand", "oldest"):
        table.add_column(name, justify="right")
    for one in cluster.partitions:
        counts = (_number(one.lag), _number(one.in_hand), _took(one.oldest_seconds))
        table.add_row(*(Text(printable(cell)) for cell in (str(one.partition), one.owner or "nobody", *counts)))
    return table


def _pages(pages: list[PageCount]) -> Table:
    table = Table("site", box=None, pad_edge=False)
    for name in ("pages", *_STATES):
        table.add_column(str(name), justify="right")
    sites: dict[str, Counter[str]] = {}
    for count in pages:
        sites.setdefault(count.site, Counter())[count.state] += count.pages
    for site, states in sites.items():
        cells = [_number(states.total()), *(_number(states[state]) for state in _STATES)]
        table.add_row(*(Text(printable(cell)) for cell in (site, *cells)))
    if len(sites) > 1:
        total = sum(sites.values(), Counter[str]())
        table.add_row("all", _number(total.total()), *(_number(total[state]) for state in _STATES), style="bold")
    return table


def _reasons(pages: list[PageCount]) -> Table | None:
    table = Table("site", "state", "reason", box=None, pad_edge=False)
    table.add_column("pages", justify="right")
    table.add_column("for example")
    for count in pages:
        if count.state in {PageState.FAILED, PageState.REJECTED}:
            example = f"{count.example['url']} {count.example['detail']}" if count.example else ""
            example = example if len(example) <= _EXAMPLE else f"{example[: _EXAMPLE - 1]}…"
            cells = (count.site, count.state, count.reason or "", _number(count.pages), example)
            table.add_row(*(Text(printable(cell)) for cell in cells))
    return table if table.row_count else None


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _took(seconds: float) -> str:
    """Return a duration as a person says it: `8 s`, `3 min 20 s`, `2 h 05 min`, `1 d 3 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
