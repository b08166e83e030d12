"""`scrapy replay`: today's extractor over the archive, without fetching anything."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, printable, run_interruptibly
from crawler.export.selection import moment, selection
from crawler.extraction import EXTRACTOR
from crawler.extraction.workers import PRELOADED, Workers
from crawler.mongodb.connection import open_database
from crawler.sites import SiteFileError, SiteIndex, known_sites, read_site_file
from crawler.spiders.pages import MEGABYTE
from crawler.spiders.steps import steps_of
from crawler.word_diff import Change, word_diff

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from crawler.mongodb.connection import OpenDatabase
    from crawler.sites import Site
    from pipelines.replay import Replay, Wanted
    from pipelines.store_replay import Reread

SAMPLES = 10
_MARKS = {
    Change.KEPT: ("", ""),
    Change.REMOVED: ("[-", "-]"),
    Change.ADDED: ("{+", "+}"),
    Change.LEFT_OUT: ("… ", " …"),
}
_SHOWN = 300  # characters of a field that is no text


class Command(QuietCommand):
    """Read the archive again."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--site DOMAIN] [--since DATE] [--only-older-than VERSION] [--sites-file FILE] [--dry-run]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Read the archived pages again with today's extractor"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            f"Run the extractor of this version ({EXTRACTOR.version}) over the answers in ARCHIVE_DIR and update the "
            "articles that stand on them, without fetching anything. A better reading is no new revision: revision "
            "numbers and dates of an article stay, `extractor.version` tells who read it. Interrupted, it goes on "
            "where it was when the same is asked again. Prints what changed, by field; an article that would be none "
            "any more stays as it was, and is counted."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only articles of this site; may be repeated"
        )
        parser.add_argument("--since", metavar="DATE", help="only answers that came on that day (UTC) or later")
        parser.add_argument(
            "--only-older-than", metavar="VERSION", help="only articles read by an extractor before this version"
        )
        parser.add_argument("--sites-file", metavar="FILE", help="outlets of your own, as for scrapy crawl news")
        parser.add_argument(
            "--dry-run", action="store_true", help=f"write nothing: show {SAMPLES} of the changes, and their sum"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Read again what there is."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        assert self.settings is not None
        archive = self.settings["ARCHIVE_DIR"]
        if not archive:
            raise UsageError("no archive is named: set ARCHIVE_DIR, as for the crawls that wrote it")
        if not Path(archive).is_dir():
            raise CommandError(f"ARCHIVE_DIR: there is no folder {archive}")
        wanted = _wanted(opts)
        try:
            sites = read_site_file(Path(opts.sites_file)) if opts.sites_file else known_sites()
        except SiteFileError as error:
            raise UsageError(str(error)) from None
        with open_database(self.settings) as opened:
            return run_interruptibly(self._replay(opened, Path(archive), wanted, sites, dry_run=opts.dry_run))

    async def _replay(
        self, opened: OpenDatabase, archive: Path, wanted: Wanted, sites: Sequence[Site], *, dry_run: bool
    ) -> int:
        # A command stands above both rooms.
        from pipelines.replay import Replay
        from pipelines.store_schema import SchemaError, prepare

        assert self.settings is not None
        steps = steps_of(self.settings)
        workers = Workers(
            self.settings.getint("EXTRACTION_WORKERS") or os.cpu_count() or 1,
            timeout=self.settings.getfloat("EXTRACTION_TIMEOUT"),
            memory_bytes=self.settings.getint("EXTRACTION_MEMORY_MB") * MEGABYTE,
            preload=(*PRELOADED, *steps.modules),
        )
        try:
            async with opened.asynchronous() as database:
                if not dry_run:
                    await prepare(database)
                replay = Replay(
                    database, archive, wanted, workers=workers, steps=steps, index=SiteIndex(sites), dry_run=dry_run
                )
                if not replay.paths:
                    raise CommandError(f"ARCHIVE_DIR: no WARC file in {archive}")
                if await replay.resume():
                    print(f"going on after {replay.progress.records:,} answers", file=sys.stderr)
                await _watched(replay, dry_run=dry_run)
        except SchemaError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"ARCHIVE_DIR: {error.filename or archive}: {error.strerror or error}") from error
        finally:
            await asyncio.to_thread(workers.stop)
        return _sum(replay, dry_run=dry_run)


def _wanted(opts: argparse.Namespace) -> Wanted:
    from pipelines.replay import Wanted, version_key

    try:
        chosen = selection(sites=opts.site)
        since: datetime | None = moment(opts.since).start if opts.since else None
    except ValueError as error:
        raise UsageError(str(error) if opts.site else f"--since: {error}") from None
    if opts.only_older_than is not None and not version_key(opts.only_older_than):
        raise UsageError(f"--only-older-than {opts.only_older_than}: give a version, such as {EXTRACTOR.version}")
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return Wanted(sites=chosen.sites, since=since, older_than=opts.only_older_than)


async def _watched(replay: Replay, *, dry_run: bool) -> None:
    from pipelines.store_replay import Fate

    columns = (TextColumn("archive"), BarColumn(), DownloadColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    shown = 0
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=replay.bytes)
        async for step in replay.run():
            fates = ", ".join(f"{fate} {articles:,}" for fate, articles in step.progress.fates.items())
            bar.update(task, completed=replay.bytes_done(), description=fates)
            for found in step.damage:
                what = getattr(found.what, "what", "")
                print(f"{printable(found.place.file)}, offset {found.place.offset}: {printable(what)}", file=sys.stderr)
            for reread in step.rereads:
                if reread.fate in {Fate.REFUSED, Fate.MOVED}:
                    line = f"{printable(reread.before['url'])}: {reread.fate}: {printable(reread.why)}"
                    print(line, file=sys.stderr)
                if dry_run and reread.fate is Fate.CHANGED and shown < SAMPLES:
                    shown += 1
                    sys.stdout.write("\n".join([*sample(reread), "", ""]))
        bar.update(task, completed=replay.bytes)
    sys.stdout.flush()


def sample(reread: Reread) -> list[str]:
    """Return the lines that show how an article reads otherwise: texts word by word, other fields as they were and are.

    `text` stands for `body` where both changed.
    """
    before, after, fields = reread.before, reread.after, reread.fields
    lines = [printable(before["url"])]
    for name in fields:
        if name == "body" and "text" in fields:
            continue
        old, new = before.get(name), after.get(name)
        if name in {"title", "lead", "text"}:
            lines.append(f"  {name}")
            for paragraph in word_diff(old or "", new or ""):
                pieces = [(_MARKS[piece.change], piece.text) for piece in paragraph]
                lines.append("    " + "".join(f"{start}{printable_piece(text)}{end}" for (start, end), text in pieces))
        else:
            lines.append(f"  {name}: [-{_shown(old)}-] {{+{_shown(new)}+}}")
    return lines


def printable_piece(text: str) -> str:
    """Return a piece of a text for a terminal, the blanks at its ends kept as one each."""
    body = printable(text)
    if not body:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{body}{' ' if text[-1].isspace() else ''}"


def _shown(value: Any) -> str:
    text = printable(value.isoformat() if isinstance(value, datetime) else str(value))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _sum(replay: Replay, *, dry_run: bool) -> int:
    """Print what the whole came to; return the exit status."""
    progress, would = replay.progress, "would be " if dry_run else ""
    articles = progress.fates.total()
    print(f"answers in the archive: {progress.records:,}; articles that stand on them: {articles:,}")
    if articles:
        print(f"read by leesook {EXTRACTOR.version}:")
    for fate, count in sorted(progress.fates.items()):
        print(f"  {would + fate:<20}{count:>8,}")
    if progress.fields:
        print("fields that changed, in how many articles:")
        for name, count in sorted(progress.fields.items(), key=lambda pair: (-pair[1], pair[0])):
            print(f"  {name:<20}{count:>8,}")
    if progress.damaged:
        print(f"{progress.damaged:,} damaged places passed over")
    return 0
