"""`scrapy tail`: new, changed and erased articles as JSON lines, as they come."""

from __future__ import annotations

import dataclasses
import json
import os
import select
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pymongo.errors import PyMongoError
from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, raising
from crawler.export.selection import Selection, selection
from crawler.export.shapes import json_lines
from crawler.frontier.patience import is_passing
from crawler.mongodb.connection import open_database
from crawler.mongodb.following import Batch, Erasure, News, NotFollowable, TooLate, follow
from crawler.mongodb.resume import Place, ResumeError, read_place, write_place

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType

    from pymongo.database import Database

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds between tries
_REMEMBER_EVERY = 10.0  # seconds, where nothing came that had to be written


class Command(QuietCommand):
    """Follow the articles."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--resume-file FILE] [--from-start | --since-now] [--site DOMAIN] [--language CODE] [-o FILE]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Follow new, changed and erased articles as JSON lines"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Print every article that is stored or changes from now on, as the line that scrapy export --format jsonl "
            "writes, until Ctrl-C. One that was merely found as it was is no news. For one that is erased (scrapy "
            "forget) there is a line with its _id, deleted: true and deleted_at, whatever --site and --language say: "
            "nothing else is left of it. With --resume-file a later run goes on where this one ended, killed or not; "
            "what was printed but not yet remembered when it was killed is printed again, which -o FILE avoids: there "
            "it is taken back first. A lost MongoDB is waited for, MONGODB_WAIT seconds long. Needs a replica set, as "
            "the embedded MongoDB is."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--resume-file", metavar="FILE", help="remember here how far it is, and go on from there")
        start = parser.add_mutually_exclusive_group()
        start.add_argument(
            "--from-start",
            action="store_true",
            help="all stored articles first, where there is no place to go on from, or one too long ago",
        )
        start.add_argument(
            "--since-now", action="store_true", help="from now on, whatever the resume file says (else the default)"
        )
        parser.add_argument(
            "--language", action="append", default=[], metavar="CODE", help="only this language (nl); may be repeated"
        )
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only this site (nrc.nl); may be repeated"
        )
        parser.add_argument(
            "-o", "--output", default="-", metavar="FILE", help="append to a file; - is stdout (default)"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Follow until somebody says stop."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        try:
            chosen = selection(languages=opts.language, sites=opts.site)
        except ValueError as error:
            raise UsageError(str(error)) from None
        assert self.settings is not None
        interrupts = Interrupts()
        try:
            with open_database(self.settings) as opened:
                place = _first_place(opened.database.name, chosen, opts)
                with _output(opts.output, place.written) as output:
                    tail = _Tail(
                        opened.database,
                        chosen,
                        output=output,
                        interrupts=interrupts,
                        resume_file=Path(opts.resume_file) if opts.resume_file else None,
                        from_start=opts.from_start,
                        wait=self.settings.getfloat("MONGODB_WAIT"),
                    )
                    tail.run(place)
        except KeyboardInterrupt:
            return 0
        except (ResumeError, NotFollowable) as error:
            raise CommandError(str(error)) from error
        return 0


class Interrupts:
    """Ctrl-C and SIGTERM end the command, but not between a line and the note that it was written."""

    def __init__(self) -> None:
        self._busy = False
        self._wanted = False
        self._raise = raising(KeyboardInterrupt)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._arrived)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        # The second one is meant, also while a full pipe keeps us.
        if self._busy and not self._wanted:
            self._wanted = True
        else:
            self._raise(number, frame)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the first back until this is over."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._wanted:
            raise KeyboardInterrupt


class _Tail:
    """From batches to lines, and to the note of how far that is."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        chosen: Selection,
        *,
        output: BinaryIO,
        interrupts: Interrupts,
        resume_file: Path | None,
        from_start: bool,
        wait: float,
    ) -> None:
        self._database = database
        self._chosen = chosen
        self._output = output
        self._interrupts = interrupts
        self._resume_file = resume_file
        self._from_start = from_start
        self._wait = wait
        self._place: Place | None = None
        self._remembered_at = -_REMEMBER_EVERY

    def run(self, place: Place) -> None:
        """Follow from a place on. Raises CommandError, NotFollowable, ResumeError, KeyboardInterrupt."""
        self._place = place
        lost_since: float | None = None
        pause = _FIRST_PAUSE
        while True:
            try:
                for batch in follow(self._database, self._chosen, self._place):
                    lost_since, pause = None, _FIRST_PAUSE
                    self._deal_with(batch)
            except TooLate:
                self._begin_again()
                continue
            except PyMongoError as error:
                if not is_passing(error):
                    raise
                lost_since = lost_since or time.monotonic()
                gone = time.monotonic() - lost_since
                why = " ".join(str(error).split()).partition(", Timeout:")[0].partition(", Topology")[0][:200]
                if gone + pause > self._wait:
                    raise CommandError(
                        f"MongoDB did not answer for {gone:.0f} seconds (MONGODB_WAIT): {why}"
                    ) from error
                print(f"scrapy tail: MongoDB does not answer, trying again in {pause:.1f} s: {why}", file=sys.stderr)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _deal_with(self, batch: Batch) -> None:
        """Write the lines, then the note that they are written."""
        assert self._place is not None
        # Where a change of the way (from the stored articles to the stream) is nothing to write, it is still one.
        moved = batch.place.scanning != self._place.scanning
        due = time.monotonic() - self._remembered_at >= _REMEMBER_EVERY
        with self._interrupts.held():
            written = self._place.written
            _see_reader(self._output)
            if batch.news:
                data = "".join(map(_line, batch.news)).encode()
                _write(self._output, data)
                written = None if written is None else written + len(data)
            place = dataclasses.replace(batch.place, written=written)
            if self._resume_file and (batch.news or moved or due):
                write_place(self._resume_file, place)
                self._remembered_at = time.monotonic()
            self._place = place

    def _begin_again(self) -> None:
        """Put the place at the beginning, if that is wanted. Raises CommandError."""
        assert self._place is not None
        name = self._resume_file or "this run"
        why = f"the server's oplog no longer reaches back to where {name} stopped"
        if not self._from_start:
            raise CommandError(f"{why}: give --from-start for all stored articles, or --since-now to skip what is lost")
        print(f"scrapy tail: {why}: beginning with the stored articles", file=sys.stderr)
        self._place = dataclasses.replace(self._place, token=None, scanned=None, scanning=True, again=True)


def _line(news: News) -> str:
    """Return what is written for an article that came, changed or went."""
    if isinstance(news, Erasure):
        gone = {"_id": news.id, "deleted": True, "deleted_at": news.at.isoformat().replace("+00:00", "Z")}
        return json.dumps(gone) + "\n"
    return next(json_lines([news]))


def _first_place(database: str, chosen: Selection, opts: argparse.Namespace) -> Place:
    """Return where to begin. Raises ResumeError, CommandError."""
    name = f"languages {','.join(sorted(chosen.languages)) or 'all'}, sites {','.join(sorted(chosen.sites)) or 'all'}"
    size = _size(opts.output)
    new = Place(database=database, selection=name, token=None, scanned=None, scanning=opts.from_start, written=size)
    found = read_place(Path(opts.resume_file)) if opts.resume_file and not opts.since_now else None
    if found is None:
        return new
    if (found.database, found.selection) != (database, name):
        raise CommandError(
            f"{opts.resume_file} is of the database {found.database}, {found.selection}; this is {database}, {name}: "
            "name another file"
        )
    if size is None or found.written is None:
        return dataclasses.replace(found, written=size)
    if size < found.written:
        raise CommandError(
            f"{opts.output} has {size:,} bytes, and {opts.resume_file} knows of {found.written:,}: something was taken "
            "from it; name another output, and another resume file"
        )
    return found


def _size(output: str) -> int | None:
    """Return the size in bytes of a file to append to, 0 if it is not there yet; None for what has no size."""
    path = Path(output)
    if output == "-" or (path.exists() and not path.is_file()):
        return None
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _output(output: str, written: int | None) -> Iterator[BinaryIO]:
    if output == "-":
        yield sys.stdout.buffer
        return
    try:
        with Path(output).open("ab") as file:
            if written is not None:
                # What a run that was killed had written and not remembered: it comes again.
                file.truncate(written)
            yield file
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"cannot write {output}: {error.strerror or error}") from error


def _see_reader(output: BinaryIO) -> None:
    """Raise BrokenPipeError if nobody reads the pipe any more, without waiting for something to write."""
    if hasattr(select, "poll") and output is sys.stdout.buffer:
        poll = select.poll()
        poll.register(output, 0)
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            raise BrokenPipeError


def _write(output: BinaryIO, data: bytes) -> None:
    output.write(data)
    output.flush()
    if output is not sys.stdout.buffer and Path(output.name).is_file():
        os.fsync(output.fileno())
