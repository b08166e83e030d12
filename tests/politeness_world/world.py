"""Twenty newspapers and more on loopback, one address each, and the access log their servers keep."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

_WORDS = (
    "de brug over het water blijft dicht omdat monteurs zoeken naar een oorzaak van de storing volgens de gemeente en "
    "het waterschap dat gisteren na een lange nacht met veel regen sprak over nieuwe plannen voor dijken en sluizen"
).split()
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One request, as the server saw it."""

    at: float
    """When its request line and headers had been read, in seconds of one clock for all servers."""
    host: str
    """Address of the server."""
    path: str
    """Path and query."""
    status: int
    """Status of the answer."""
    conditional: bool
    """It came with a validator."""
    bytes: int
    """Size of the body that was sent."""
    agent: str
    """User-Agent."""


@dataclass(slots=True)
class Answer:
    """What a path answers."""

    body: bytes = b""
    """Its body."""
    status: int = 200
    """HTTP status."""
    type: str = "text/html; charset=utf-8"
    """Content-Type."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers."""
    stream: Iterable[bytes] | None = None
    """What is sent instead of the body, piece by piece, until it ends or nobody listens any more."""


Route = Callable[[str], Answer]
"""Given the path and query, the answer."""


def path_of(number: int) -> str:
    """Return the path of an article."""
    return f"/nieuws/over-de-brug-en-het-water-artikel-{number}"


class Paper:
    """One newspaper: a feed, a sitemap, section pages, articles; and whatever else a test puts on its address."""

    def __init__(self, address: str, port: int, articles: int) -> None:
        self.host = address
        self.origin = f"http://{address}:{port}"
        self.routes: dict[str, Route] = {}
        """By path without query; longest first, a path that ends in `*` covers what begins with it."""
        self.log: list[Access] = []
        """Its access log."""
        self._lock = threading.Lock()
        self.articles = articles
        self.changed: dict[int, int] = {}
        """Article numbers whose text has changed, and how often."""
        self.robots = "User-agent: *\nDisallow: /intern/\n"
        self.route("/robots.txt", lambda _: Answer(self.robots.encode(), type="text/plain"))
        self.route("/rss", lambda _: Answer(self.feed(), type="application/rss+xml"))
        self.route("/sitemap.xml", lambda _: Answer(self.sitemap(), type="application/xml"))
        self.route("/nieuws/*", lambda path: Answer(self.article(int(path.rpartition("-")[2]))))
        self.route("/intern/*", lambda _: Answer(b"<html><body><p>Alleen voor ons.</p></body></html>"))

    def route(self, path: str, answer: Route) -> None:
        """Answer a path, or with `*` at its end all that begin with it."""
        self.routes[path] = answer

    def url(self, number: int) -> str:
        """Return the address of an article."""
        return self.origin + path_of(number)

    @property
    def urls(self) -> list[str]:
        """The addresses of all its articles."""
        return [self.url(number) for number in range(self.articles)]

    def feed(self) -> bytes:
        """List the newest half of the articles, and one page that robots.txt forbids."""
        items = [self.url(number) for number in range(self.articles // 2, self.articles)]
        items.append(f"{self.origin}/intern/jaarverslag-van-de-redactie-9999")
        entries = "".join(f"<item><title>t</title><link>{url}</link></item>" for url in items)
        return f'<rss version="2.0"><channel><title>{self.host}</title>{entries}</channel></rss>'.encode()

    def sitemap(self) -> bytes:
        """List the older half of the articles."""
        day = (NOW - timedelta(hours=3)).isoformat()
        rows = "".join(
            f"<url><loc>{self.url(number)}</loc><lastmod>{day}</lastmod></url>" for number in range(self.articles // 2)
        )
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()

    def article(self, number: int) -> bytes:
        """Return an article: a text of its own, and a link to read also into what robots.txt forbids."""
        chance = random.Random(f"{self.host}/{number}/{self.changed.get(number, 0)}")
        title = f"Artikel {number}: {' '.join(random.Random(f'{self.host}/{number}').choices(_WORDS, k=5))}"
        text = "".join(f"<p>{' '.join(chance.choices(_WORDS, k=60)).capitalize()}.</p>" for _ in range(4))
        published = (NOW - timedelta(minutes=5)).isoformat()
        return (
            f'<html lang="nl"><head><title>{title}</title>'
            f'<meta property="article:published_time" content="{published}"></head>'
            f"<body><article><h1>{title}</h1>{text}"
            f'<p><strong>Lees ook:</strong> <a href="/intern/jaarverslag-van-de-redactie-{number}">'
            "Wat wij alleen zelf mogen lezen</a></p>"
            "</article></body></html>"
        ).encode()

    def answer(self, path: str) -> Answer:
        """Return what a path answers."""
        bare = urlsplit(path).path
        for route in sorted(self.routes, key=len, reverse=True):
            if bare == route or (route.endswith("*") and bare.startswith(route[:-1])):
                return self.routes[route](path)
        return Answer(status=404)

    def note(self, access: Access) -> None:
        """Write a line of the access log."""
        with self._lock:
            self.log.append(access)

    def forget(self) -> None:
        """Empty the access log."""
        with self._lock:
            self.log.clear()


class World:
    """Papers at 127.0.0.2, 127.0.0.3, …, all on one port of one server: on Linux the whole of 127/8 is this machine.

    To be used in a `with` statement.
    """

    def __init__(self, hosts: int, articles: int, *, seconds: float = 0.0) -> None:
        """articles: of each paper; seconds: that an answer takes."""
        self._seconds = seconds
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                at = time.monotonic()
                host = str(self.connection.getsockname()[0])
                paper = world.papers.get(host)
                answer = paper.answer(self.path) if paper else Answer(status=404)
                time.sleep(world._seconds)
                etag = f'"{blake2b(answer.body, digest_size=8).hexdigest()}"'
                since = self.headers.get("If-None-Match")
                if answer.status == 200 and since == etag:
                    answer = Answer(status=304)
                headers = {"Content-Type": answer.type, "ETag": etag, **answer.headers}
                if paper:
                    paper.note(
                        Access(
                            at=at,
                            host=host,
                            path=self.path,
                            status=answer.status,
                            conditional=since is not None or "If-Modified-Since" in self.headers,
                            bytes=len(answer.body),
                            agent=self.headers.get("User-Agent", ""),
                        )
                    )
                self.send_response(answer.status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if answer.stream is not None:
                    self.close_connection = True
                    self.send_header("Connection", "close")
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        self.wfile.writelines(answer.stream)
                    return
                if answer.status != 304:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.status != 304:
                    self.wfile.write(answer.body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a crawl that is killed leaves broken connections

        self._server = Server(("0.0.0.0", 0), Handler)
        self.port = self._server.server_address[1]
        self.papers = {f"127.0.0.{n}": Paper(f"127.0.0.{n}", self.port, articles) for n in range(2, hosts + 2)}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def log(self) -> list[Access]:
        """The requests of all papers, by time."""
        return sorted((access for paper in self.papers.values() for access in paper.log), key=lambda access: access.at)

    @property
    def urls(self) -> list[str]:
        """The addresses of all articles."""
        return [url for paper in self.papers.values() for url in paper.urls]

    def forget(self) -> None:
        """Empty all access logs."""
        for paper in self.papers.values():
            paper.forget()

    def sites_file(self, folder: Path, *, delay: float, lists: Mapping[str, str] | None = None) -> Path:
        """Write the site file that describes the papers. lists: paths by key (`feeds`, …), for each of them."""
        lists = lists or {"feeds": "/rss", "sitemaps": "/sitemap.xml"}
        tables = []
        for number, paper in enumerate(self.papers.values()):
            rows = [f'domains = ["{paper.host}:{self.port}"]', f"delay = {delay}"]
            rows += [f"{key} = {json.dumps([paper.origin + path])}" for key, path in lists.items()]
            tables.append(f"[paper_{number}]\n" + "\n".join(rows) + "\n")
        path = folder / "sites.toml"
        path.write_text("\n".join(tables), encoding="utf-8")
        return path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def gaps(log: list[Access]) -> list[float]:
    """Return the seconds between one request and the next at each host, shortest first."""
    found = []
    by_host: dict[str, list[float]] = {}
    for access in log:
        by_host.setdefault(access.host, []).append(access.at)
    for times in by_host.values():
        times.sort()
        found += [later - earlier for earlier, later in pairwise(times)]
    return sorted(found)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the sorted values lies."""
    return values[min(int(len(values) * share), len(values) - 1)]


def query_number(path: str, name: str) -> int:
    """Return a number in the query of a path; 0 where it has none."""
    return int((parse_qs(urlsplit(path).query).get(name) or ["0"])[0])
