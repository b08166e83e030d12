"""A crawl of loopback without delays beside a backfill of the same pages: what fetching costs.

    python -m benchmarks.live [WARC] [--pages N] [--hosts N]

The pages of the WARC are served by a process of its own from loopback addresses, compressed as papers do it, and
crawled with `-a urls=…`; then they are read from a WARC with the same URLs. Both end in the same articles, but for the
pages that reserve text and data mining (two of 698): those are kept from archives only.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pymongo

from benchmarks.plain import pages_of
from benchmarks.running import PAGES, crawl, environment, sample, write_warc
from crawler.mongodb.embedded import embedded_server

BAR = 0.85
"""Pages a second of the live crawl, as a share of the backfill's."""


class _Handler(BaseHTTPRequestHandler):
    """Answers with the page that the first part of a path numbers."""

    protocol_version = "HTTP/1.1"
    bodies: tuple[bytes, ...] = ()

    def do_GET(self) -> None:
        """Send the page, compressed; 404 for anything else: robots.txt, tdmrep.json."""
        number = self.path.split("/")[1]
        known = number.isdigit() and int(number) < len(self.bodies)
        body = self.bodies[int(number)] if known else b""
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html")
        if known:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    # The kernel forgets connections beyond those that wait here, and their requests are sent again seconds later.
    request_queue_size = 256


def _serve(bodies: tuple[bytes, ...], told: Connection) -> None:
    _Handler.bodies = bodies
    with _Server(("", 0), _Handler) as server:
        told.send(server.server_port)
        server.serve_forever()


def main() -> int:
    """Measure both, print the table, and return 1 where the live crawl is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", nargs="?", type=Path, default=PAGES, metavar="WARC")
    parser.add_argument("--pages", type=int, metavar="N", help="only so many pages, evenly spread")
    parser.add_argument("--hosts", type=int, default=20, metavar="N", help="how many addresses (default 20)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chosen, warc, urls = (Path(folder) / name for name in ("chosen.warc.gz", "same.warc.gz", "urls.txt"))
        try:
            sample(options.warc, chosen, pages=options.pages)
        except (OSError, ValueError) as error:
            print(f"benchmarks.live: {error}", file=sys.stderr)
            return 2
        pages = list(pages_of(chosen, None))
        listening, told = multiprocessing.Pipe(duplex=False)
        bodies = tuple(gzip.compress(page.html) for page in pages)
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(bodies, told), daemon=True)
        server.start()
        port = listening.recv()
        try:
            addresses = [
                f"http://127.0.0.{1 + number % options.hosts}:{port}/{number}/nieuws" for number in range(len(pages))
            ]
            urls.write_text("\n".join(addresses), encoding="utf-8")
            write_warc(zip(addresses, (page.html for page in pages), strict=True), warc)
            return compare(warc, urls, Path(folder) / "mongodb")
        finally:
            server.terminate()
            server.join()


def compare(warc: Path, urls: Path, data: Path) -> int:
    """Run the backfill, the live crawl and the backfill again; print what each took."""
    with embedded_server(data) as server, pymongo.MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client:
        found = {}
        for name, argument in (("backfill", f"warc={warc}"), ("live", f"urls={urls}"), ("again", f"warc={warc}")):
            found[name] = crawl([argument], client, server.uri, name, "DOWNLOAD_DELAY=0")
    print(", ".join(f"{key} {value}" for key, value in environment().items()))
    print(f"{'':12}{'pages':>8}{'articles':>10}{'pages/s':>9}{'CPU ms':>9}{'main':>8}{'mongod':>8}{'main MiB':>10}")
    for name, cost in found.items():
        milliseconds = (f"{1000 * seconds / cost.pages:8.1f}" for seconds in (cost.cpu, cost.main, cost.mongod))
        print(
            f"{name:12}{cost.pages:8}{cost.articles:10}{cost.pages / cost.wall:9.1f} {''.join(milliseconds)}"
            f"{cost.main_bytes / (1 << 20):10.0f}"
        )
    backfill = (found["backfill"].wall + found["again"].wall) / 2
    ratio = backfill / found["live"].wall
    print(f"live / backfill, pages/s: {ratio:.2f} (at least {BAR})")
    return int(ratio < BAR)


if __name__ == "__main__":
    raise SystemExit(main())
