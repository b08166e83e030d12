"""`scrapy export`: articles out of MongoDB as JSON lines, a CSV table, plain text or Parquet."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand
from crawler.export import shapes
from crawler.export.output import OutputError, file_name, is_directory, make_directory, open_output, write_file
from crawler.export.selection import Selection, selection
from crawler.mongodb.connection import open_database, redacted, target
from crawler.mongodb.reading import articles, founding_texts, sites

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pymongo.database import Database

FORMATS = ("jsonl", "text", "csv", "parquet")


class Command(QuietCommand):
    """Export articles."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Write stored articles as JSON lines, CSV, text or Parquet"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Write the stored articles, in the order of publication (undated ones first), as they are read: memory "
            "does not grow with their number. jsonl: every field of the schema, one article a line; published_at in "
            "the publisher's own offset, other instants in UTC. text: the founding shape, articles separated by a line "
            "with a form feed. csv: one row an article, columns "
            f"{', '.join(shapes.COLUMNS)}; lists joined by '; ', related as JSON, a ' before what a spreadsheet would "
            "take for a formula. parquet: every field as its type, nested ones included (crawler/export/columns.py)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--format", default="jsonl", metavar="FORMAT", help="jsonl (default), text, csv or parquet")
        parser.add_argument(
            "--language", action="append", default=[], metavar="CODE", help="only this language (nl); may be repeated"
        )
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only this site (nrc.nl); may be repeated"
        )
        parser.add_argument(
            "--since",
            metavar="DATE",
            help="published on or after: 2022-01-31 or 2022-01 (by the publisher's own clock), "
            "2022-01-31T12:00+01:00 (an instant)",
        )
        parser.add_argument(
            "--until",
            metavar="DATE",
            help="published on or before, the whole of that day, month, minute or second included",
        )
        parser.add_argument(
            "--unique",
            action="store_true",
            help="leave out what repeats an earlier article (its duplicate_of names that one)",
        )
        parser.add_argument(
            "--partition",
            action="store_true",
            help="with --format parquet and a directory: one file for each site and month, "
            "DIR/site=nrc.nl/month=2022-01/articles.parquet",
        )
        parser.add_argument(
            "-o",
            "--output",
            default="-",
            metavar="FILE",
            help="a file, replaced when all is written, and compressed if its name ends with .gz; - is the standard "
            "output (default); a directory (DIR/) with --format text gets one file per article",
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Export what the options choose."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        if opts.format not in FORMATS:
            raise UsageError(f"--format {opts.format!r} is not one of {', '.join(FORMATS)}")
        try:
            chosen = selection(
                languages=opts.language, sites=opts.site, since=opts.since, until=opts.until, unique=opts.unique
            )
        except ValueError as error:
            raise UsageError(str(error)) from None
        directory = is_directory(opts.output)
        _check_output(opts, directory=directory)
        assert self.settings is not None
        try:
            with open_database(self.settings) as opened:
                if opts.format == "parquet":
                    count = _write_columns(opened.database, chosen, opts.output, partition=opts.partition)
                elif directory:
                    count = _write_files(opened.database, chosen, opts.output)
                else:
                    count = _write_stream(opened.database, chosen, opts.format, opts.output)
        except OutputError as error:
            raise CommandError(str(error)) from error
        if not count:
            where = target(self.settings)
            place = where.data_dir if where.embedded else redacted(where.uri)
            print(f"scrapy export: no article matches (database {where.database}, {place})", file=sys.stderr)
        elif opts.output != "-":
            print(f"{count} article{'s' if count > 1 else ''} in {opts.output}", file=sys.stderr)
        return 0


def _check_output(opts: argparse.Namespace, *, directory: bool) -> None:
    """Raise UsageError where the options ask for what no format can do."""
    if opts.partition and (opts.format != "parquet" or opts.output == "-"):
        raise UsageError("--partition goes with --format parquet and --output DIR/")
    if opts.format == "parquet":
        if directory and not opts.partition:
            raise UsageError(f"--output {opts.output} is a directory: add --partition, or name a file")
        if opts.output.endswith(".gz"):
            raise UsageError(f"--output {opts.output}: Parquet is compressed inside: name it without .gz")
        if opts.output == "-" and sys.stdout.isatty():
            raise UsageError("--format parquet is not for a terminal: give --output FILE")
    elif directory and opts.format != "text":
        raise UsageError(f"--output {opts.output} is a directory, and only --format text writes one file per article")


def _write_columns(database: Database[dict[str, Any]], chosen: Selection, output: str, *, partition: bool) -> int:
    try:
        from crawler.export.columns import write_parquet, write_partition
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyarrow":
            raise
        raise CommandError("--format parquet needs pyarrow: pip install 'leesook[parquet]'") from None
    if not partition:
        rows = _Counted(articles(database, chosen))
        with open_output(output) as stream:
            write_parquet(rows, stream)
        return rows.number
    directory, number = make_directory(output), 0
    for site in sites(database, chosen):
        rows = _Counted(articles(database, replace(chosen, sites=(site,))))
        write_partition(rows, directory)
        number += rows.number
    return number


def _write_stream(database: Database[dict[str, Any]], chosen: Selection, shape: str, output: str) -> int:
    counted = _Counted(founding_texts(database, chosen) if shape == "text" else articles(database, chosen))
    lines: Iterator[str]
    if shape == "jsonl":
        lines = shapes.json_lines(counted)
    elif shape == "csv":
        lines = shapes.table(counted)
    else:
        lines = shapes.texts(row["document"] for row in counted)
        if output == "-" and sys.stdout.isatty():
            lines = chain(lines, ["\n"])  # so that the prompt has a line of its own
    with open_output(output) as stream:
        for line in lines:
            stream.write(line.encode())
    return counted.number


def _write_files(database: Database[dict[str, Any]], chosen: Selection, output: str) -> int:
    directory = make_directory(output)
    rows = _Counted(founding_texts(database, chosen))
    for row in rows:
        name = file_name(site=row["site"], date=row["date"], article_id=row["_id"])
        write_file(directory, name, row["document"].encode())
    return rows.number


class _Counted:
    """The same documents, and how many have come."""

    def __init__(self, documents: Iterable[dict[str, Any]]) -> None:
        self.number = 0
        self._documents = documents

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for document in self._documents:
            self.number += 1
            yield document
