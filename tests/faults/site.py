"""A paper with as many articles as a test wants, each with a text of its own, served from loopback."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_WORDS = (
    "de brug over het water blijft dicht omdat monteurs zoeken naar een oorzaak van de storing volgens de gemeente en "
    "het waterschap dat gisteren na een lange nacht met veel regen sprak over nieuwe plannen voor dijken en sluizen"
).split()


class Paper:
    """A running server.

    articles: how many its feed lists. pace: seconds it takes over a page. linked: how many of those point to one more
    that no feed lists, each to its own.
    """

    def __init__(self, articles: int, *, pace: float = 0.02, linked: int = 0) -> None:
        self.articles = articles
        self.linked = linked
        self.requests: Counter[str] = Counter()
        self.rewritten: set[str] = set()
        """Paths of articles that have another text by now."""
        self.gone: set[str] = set()
        """Paths of articles that are there no more, although its feed lists them."""
        paper = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                paper.requests[self.path] += 1
                body = paper.body(self.path)
                if self.path.startswith("/nieuws/"):
                    time.sleep(pace)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/rss+xml" if self.path == "/rss" else "text/html")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            # As many as come at a time: the kernel forgets connections beyond those, and their requests get no answer.
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def urls(self) -> list[str]:
        """The addresses of its articles, those that no feed lists among them."""
        listed = [f"{self.address}/nieuws/artikel-{number}" for number in range(self.articles)]
        return listed + [self.address + self._linked_from(number) for number in range(self.linked)]

    @property
    def paths(self) -> list[str]:
        """The same, as its server sees them."""
        return [url.removeprefix(self.address) for url in self.urls]

    def _linked_from(self, number: int) -> str:
        return f"/nieuws/over-de-brug-en-het-water-artikel-{self.articles + number}"

    def body(self, path: str) -> bytes | None:
        """Return what it serves under a path."""
        if path == "/rss":
            items = "".join(f"<item><title>t</title><link>{url}</link></item>" for url in self.urls[: self.articles])
            return f'<rss version="2.0"><channel><title>Bode</title>{items}</channel></rss>'.encode()
        if not path.startswith("/nieuws/") or path in self.gone:
            return None
        chance = random.Random(path)
        title = f"Artikel {path.rpartition('-')[2]}: {' '.join(chance.choices(_WORDS, k=4))}"
        chance = random.Random(path + "!") if path in self.rewritten else chance
        text = "".join(f"<p>{' '.join(chance.choices(_WORDS, k=60)).capitalize()}.</p>" for _ in range(5))
        if (number := int(path.rpartition("-")[2])) < self.linked:
            link = f'<a href="{self._linked_from(number)}">Nog een nacht met veel regen verwacht</a>'
            text += f"<p><strong>Lees ook:</strong> {link}</p>"
        return (
            f'<html lang="nl"><head><title>{title}</title>'
            '<meta property="article:published_time" content="2026-03-01T10:00:00+01:00"></head>'
            f"<body><article><h1>{title}</h1>{text}</article></body></html>"
        ).encode()

    def sites_file(self, folder: Path) -> Path:
        """Write the site file that describes it."""
        path = folder / "sites.toml"
        domain = self.address.removeprefix("http://")
        path.write_text(f'[bode]\ndomains = ["{domain}"]\nfeeds = ["{self.address}/rss"]\ndelay = 0\n')
        return path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
