"""`scrapy mongo`: the embedded MongoDB in the foreground, for whoever reads the collection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, interrupted_once
from crawler.mongodb.connection import MongoTarget, redacted, target
from crawler.mongodb.embedded import EmbeddedServer, embedded_server, expected_uri, rotate_log
from crawler.mongodb.hints import shell_hint
from crawler.mongodb.process import serving_pid

if TYPE_CHECKING:
    import argparse

_LOOK_EVERY = 1.0  # seconds


class Command(QuietCommand):
    """Run the embedded MongoDB."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--shell-hint]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Run the embedded MongoDB in the foreground"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Run the embedded MongoDB on the data directory (MONGODB_DATA_DIR) until Ctrl-C, so that other programs "
            "can read the collection, and print its URI. A crawl or an export that runs meanwhile uses the same "
            "server, which stops with the last of them."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--shell-hint",
            action="store_true",
            help="run nothing: print how to connect from mongosh, Compass, Python and R",
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Serve until somebody says stop, or print how to connect."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        assert self.settings is not None
        where = target(self.settings)
        if opts.shell_hint:
            uri = expected_uri(where.data_dir) if where.embedded else redacted(where.uri)
            print(shell_hint(uri, where.database), end="")
            return 0
        if not where.embedded:
            raise CommandError(
                f"MONGODB_URI names another server, {redacted(where.uri)}: unset it to run the embedded one"
            )
        # A service manager's SIGTERM is as good a goodbye as Ctrl-C.
        interrupted_once()
        try:
            with embedded_server(where.data_dir) as server:
                _announce(server, where)
                _wait(server)
        except KeyboardInterrupt:
            if serving_pid(where.data_dir.expanduser().resolve()) is None:
                print("MongoDB stopped.", flush=True)
            else:
                print("MongoDB goes on: another process uses it, and stops it when done.", flush=True)
        return 0


def _announce(server: EmbeddedServer, where: MongoTarget) -> None:
    state = "runs" if server.started_here else "was already running"
    print(
        f"MongoDB {state} at {server.uri}\n"
        f"database {where.database}, data in {server.data_dir}, log in {server.log_file}\n"
        f"Ctrl-C {'stops it' if server.started_here else 'ends this command; it stops with its last user'}. "
        "How to connect: scrapy mongo --shell-hint",
        flush=True,
    )


def _wait(server: EmbeddedServer) -> None:
    while serving_pid(server.data_dir) is not None:
        rotate_log(server)
        time.sleep(_LOOK_EVERY)
    raise CommandError(f"MongoDB ended by itself: see {server.log_file}")
