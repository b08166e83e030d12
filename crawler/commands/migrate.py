"""`scrapy migrate`: older documents brought up to the current version."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scrapy.exceptions import UsageError

from crawler.article import SCHEMA_VERSION
from crawler.console import FAILED, CommandError, QuietCommand, printable, run_interruptibly
from crawler.mongodb.connection import open_database

if TYPE_CHECKING:
    import argparse

    from crawler.mongodb.connection import OpenDatabase


class Command(QuietCommand):
    """Bring documents up."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--dry-run]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Bring the articles of earlier versions up to the current one"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            f"Bring the documents of articles that an earlier version wrote up to version {SCHEMA_VERSION}, in the "
            "order of _id. Interrupted, it goes on where it was when it is run again. A document that does not fit is "
            "left as it is, and listed with the reason; the exit status is 1 then."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="change nothing: only say what would become of them")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Bring up what there is."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        assert self.settings is not None
        with open_database(self.settings) as opened:
            return run_interruptibly(_migrate(opened, dry_run=opts.dry_run))


async def _migrate(opened: OpenDatabase, *, dry_run: bool) -> int:
    # A command stands above both rooms.
    from pipelines.store_migrate import Migration
    from pipelines.store_schema import SchemaError, prepare

    async with opened.asynchronous() as database:
        if not dry_run:
            try:
                await prepare(database)
            except SchemaError as error:
                raise CommandError(str(error)) from error
        migration = Migration(database, dry_run=dry_run, now=datetime.now(UTC))
        brought_up = removed = left = 0
        with _progress(await migration.outstanding()) as progress:
            task = progress.task_ids[0]
            async for step in migration.run():
                progress.advance(task, step.brought_up + step.removed + len(step.left))
                brought_up, removed, left = brought_up + step.brought_up, removed + step.removed, left + len(step.left)
                for key, why in step.left.items():
                    print(f"{printable(key)}: {printable(why)}", flush=True)
    would = "would be " if dry_run else ""
    print(f"{brought_up:,} articles {would}brought up to version {SCHEMA_VERSION}.")
    if removed:
        print(f"{removed:,} {would}removed: stored under their key already, or forgotten.")
    if left + migration.left_before:
        earlier = (
            f", {migration.left_before:,} of them listed before it was interrupted" if migration.left_before else ""
        )
        print(f"{left + migration.left_before:,} left as they are{earlier}.")
        return FAILED
    return 0


def _progress(total: int) -> Progress:
    """Return a bar on a terminal's stderr, and nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("articles"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, disable=not sys.stderr.isatty())
    progress.add_task("articles", total=total)
    return progress
