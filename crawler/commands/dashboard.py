"""`scrapy dashboard`: what came in, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, interrupted_once
from crawler.mongodb.connection import open_database, redacted

if TYPE_CHECKING:
    import argparse

PORT = 8017
"""Where it listens unless told otherwise."""
HOST = "127.0.0.1"
"""On which address; nobody on another machine gets there."""


class Command(QuietCommand):
    """Serve the dashboard."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--port 8017] [--open] [--host ADDRESS] [--name HOST]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Serve a reader and dashboard for the browser"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Serve pages for the browser, until Ctrl-C: what came in, all articles with search, each with its "
            "revisions, repeats and read-also links, and how every outlet does. Reads MongoDB and writes nothing; a "
            "crawl may run meanwhile. There is no login: it listens on this machine alone unless --host says "
            "otherwise, and answers only to localhost, to addresses in digits, and to names given with --name."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"port (default {PORT}; 0: any free)")
        parser.add_argument("--open", action="store_true", help="open it in the browser")
        parser.add_argument(
            "--host", default=HOST, metavar="ADDRESS", help=f"address to listen on (default {HOST}; 0.0.0.0: all)"
        )
        parser.add_argument(
            "--name", action="append", default=[], metavar="HOST", help="host name it is asked by; may be repeated"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Serve until somebody says stop."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        if not 0 <= opts.port < 65536:
            raise UsageError("--port: give a number from 0 to 65535")
        try:
            # Not above: the list of commands is shown without the extra, too.
            from crawler.dashboard.server import address_of, listening, serve
        except ModuleNotFoundError as error:
            raise CommandError(
                f"the package {error.name} is not installed: pip install 'leesook[dashboard]', or make setup"
            ) from None
        assert self.settings is not None
        # A service manager's SIGTERM is as good a goodbye as Ctrl-C.
        interrupted_once()
        try:
            with listening(opts.host, opts.port) as found, open_database(self.settings) as opened:
                url = address_of(found, opts.host)
                print(
                    f"Dashboard at {url}\nof the database {opened.database.name} at {redacted(opened.uri)}", flush=True
                )
                print("Ctrl-C ends it.", flush=True)
                serve(opened.database, found, url, names=[*opts.name, opts.host], show=opts.open)
        except KeyboardInterrupt:
            print("Dashboard ended.", flush=True)
        return 0
