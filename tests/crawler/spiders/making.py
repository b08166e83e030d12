"""Newspapers that a test makes up: a folder that the fixtures' server serves under any host name."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

_WORDS = (
    "de brug over het water blijft dicht omdat monteurs zoeken naar een oorzaak van de storing volgens de gemeente en "
    "het waterschap dat gisteren na een lange nacht met veel regen sprak over nieuwe plannen voor dijken en sluizen"
).split()


class MadePaper:
    """One host of a world in the making."""

    def __init__(self, world: Path, host: str) -> None:
        self.host = host
        self.url = f"http://{host}"
        self._world = world
        self._routes: list[str] = []
        (world / host).mkdir(parents=True)
        self._write_routes()

    def file(self, path: str, content: str | bytes) -> str:
        """Serve `content` under a path; return its URL."""
        file = self._world / self.host / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return f"{self.url}/{path.lstrip('/')}"

    def route(self, path: str, **fields: object) -> str:
        """Let a path (with its query, if it has one) answer as `fixtures.world.Route` has it; return its URL."""
        values = "".join(f"{name} = {_toml(value)}\n" for name, value in {"path": path, **fields}.items())
        self._routes.append(f"[[route]]\n{values}")
        self._write_routes()
        return self.url + path

    def article(self, path: str, *, published: datetime | None = None, related: str = "", title: bool = True) -> str:
        """Serve an article of its own words under a path; return its URL."""
        chance = random.Random(path)
        name = f"Over {' '.join(chance.choices(_WORDS, k=5))} {path.rpartition('-')[2]}"
        text = "".join(f"<p>{' '.join(chance.choices(_WORDS, k=60)).capitalize()}.</p>" for _ in range(5))
        meta = f'<meta property="article:published_time" content="{published.isoformat()}">' if published else ""
        head = f"<title>{name}</title>{meta}" if title else meta
        link = (
            f'<p><strong>Lees ook:</strong> <a href="{related}">Nog een nacht met veel regen</a></p>' if related else ""
        )
        shown = f"<h1>{name}</h1>" if title else ""
        page = f'<html lang="nl"><head>{head}</head><body><article>{shown}{text}{link}</article></body></html>'
        return self.file(f"{path}.html", page).removesuffix(".html")

    def _write_routes(self) -> None:
        text = "editions = [2026-03-01T00:00:00Z]\n" + "".join(self._routes)
        (self._world / f"{self.host}.toml").write_text(text, encoding="utf-8")


def rss(*items: tuple[str, datetime | None]) -> str:
    """Return a feed of (URL, date)."""
    entries = "".join(
        f"<item><title>Uit de lijst</title><link>{url}</link><author>redactie@k.example (Anke de Vos)</author>"
        + (f"<pubDate>{at:%a, %d %b %Y %H:%M:%S %z}</pubDate>" if at else "")
        + "</item>"
        for url, at in items
    )
    return f'<rss version="2.0"><channel><title>Bode</title>{entries}</channel></rss>'


def sitemap(*pages: tuple[str, datetime | None], tag: str = "url", root: str = "urlset") -> str:
    """Return a sitemap of (URL, lastmod); an index with tag `sitemap` and root `sitemapindex`."""
    entries = "".join(
        f"<{tag}><loc>{url}</loc>" + (f"<lastmod>{at.isoformat()}</lastmod>" if at else "") + f"</{tag}>"
        for url, at in pages
    )
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>'


def index(*sitemaps: tuple[str, datetime | None]) -> str:
    """Return a sitemap index of (URL, lastmod)."""
    return sitemap(*sitemaps, tag="sitemap", root="sitemapindex")


def ago(**amount: float) -> datetime:
    """Return an instant before now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(**amount)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
