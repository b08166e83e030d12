"""Pages that would harm a crawl: each that cannot be had in full fails alone, with its reason."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from crawler.url import article_id
from tests.faults.crawling import assert_settled_once, crawl
from tests.faults.site import Paper
from tests.running import Ran

_PARAGRAPH = "<p>{} de brug over het water blijft nog een jaar dicht, zegt de gemeente.</p>"


def read(uri: str, database: Database[Any], folder: Path, **settings: object) -> Ran:
    """Read the pages kept in a folder, as a person would."""
    where = ("-a", f"html={folder}", "-a", "base_url=https://bode.example/nieuws/")
    with crawl("backfill", *where, uri=uri, database=database.name, **settings) as running:
        return running.end()


def page(name: str, body: str, *, title: str = "De brug blijft dicht", data: str = "") -> str:
    """Return a page that is an article, `name` its place in the paper; `data` is JSON-LD as it stands in the page."""
    return (
        f'<html lang="nl"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="canonical" href="https://bode.example/nieuws/{name}.html">'
        '<meta property="og:type" content="article">'
        '<meta property="article:published_time" content="2026-03-01T10:00:00+01:00">'
        f'<script type="application/ld+json">{data}</script></head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )


def keep(folder: Path, pages: dict[str, str]) -> None:
    """Write pages into a folder, each as an article of its own."""
    folder.mkdir()
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8", errors="surrogatepass")


def ordinary(name: str) -> str:
    """Return an article like any other."""
    return page(name, "".join(_PARAGRAPH.format(f"Na {name} {n}") for n in range(8)), title=f"Over {name}")


def large(name: str) -> str:
    """Return an article with as many paragraphs as a page may have: ten seconds of work, and 150 MB more than usual."""
    return page(name, "".join(_PARAGRAPH.format(f"Deel {n}:") for n in range(55_000)))


def row_of(database: Database[Any], name: str) -> dict[str, Any]:
    """Return the row in `pages` of a kept page."""
    row = database.pages.find_one({"_id": article_id(f"https://bode.example/nieuws/{name}.html")})
    assert row is not None, [row["url"] for row in database.pages.find()]
    return dict(row)


def workers_of(pid: int) -> set[int]:
    """Return the worker processes of a crawl: the children of its fork server (proc(5))."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
    return {child for child, parent in parents.items() if parents.get(parent) == pid}


def kill_a_worker(pid: int) -> None:
    """Kill one of the workers of a crawl, which may just be going of its own accord: then the next."""
    for _ in range(100):
        with contextlib.suppress(ProcessLookupError):
            if workers := workers_of(pid):
                return os.kill(min(workers), signal.SIGKILL)
        time.sleep(0.02)
    raise AssertionError("no worker to kill")


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_killed_from_outside(
    round_: int, mongodb_uri: str, database: Database[Any], tmp_path: Path, tally: Callable[..., None]
) -> None:
    with Paper(240, pace=0.05) as paper:
        settings = {"EXTRACTION_WORKERS": 2}
        sites = ("-a", f"sites_file={paper.sites_file(tmp_path)}")
        with crawl("news", *sites, uri=mongodb_uri, database=database.name, **settings) as running:
            killed = 0
            for stored in (10, 40, 70):
                running.wait_until(lambda n=stored: database.articles.estimated_document_count() >= n)  # type: ignore[misc]
                kill_a_worker(running.process.pid)
                killed += 1
            ran = running.end()
        assert killed == 3
        assert ran.exit_code == 0, ran.stderr
        assert_settled_once(database, paper.urls, tally)
    assert "Traceback" not in ran.stderr


def test_a_page_that_takes_too_long_fails_alone(mongodb_uri: str, database: Database[Any], tmp_path: Path) -> None:
    keep(tmp_path / "kept", {"een": ordinary("een"), "traag": large("traag"), "twee": ordinary("twee")})
    ran = read(mongodb_uri, database, tmp_path / "kept", EXTRACTION_TIMEOUT=2, EXTRACTION_WORKERS=1)
    row = row_of(database, "traag")
    assert (row["state"], row["reason"]) == ("failed", "extraction-timeout"), row
    assert row["detail"] == "took longer than 2 s"
    assert ran.balance["stored"] == 2
    assert ran.exit_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a worker is bounded on Linux only")
def test_a_page_that_needs_too_much_memory_fails_alone(
    mongodb_uri: str, database: Database[Any], tmp_path: Path
) -> None:
    keep(tmp_path / "kept", {"een": ordinary("een"), "gulzig": large("gulzig"), "twee": ordinary("twee")})
    bounds = {"EXTRACTION_MEMORY_MB": 120, "EXTRACTION_TIMEOUT": 600}
    ran = read(mongodb_uri, database, tmp_path / "kept", EXTRACTION_WORKERS=1, **bounds)
    row = row_of(database, "gulzig")
    assert (row["state"], row["reason"]) in {("failed", "extraction-error"), ("failed", "extraction-crash")}, row
    assert row["detail"]
    assert ran.balance["stored"] == 2
    assert "Traceback" not in ran.stderr


def test_text_that_databases_stumble_over(mongodb_uri: str, database: Database[Any], tmp_path: Path) -> None:
    body = "".join(_PARAGRAPH.format(f"Alinea {n}:") for n in range(8))
    data = json.dumps(
        {
            "@context": "https://schema.org", "@type": "NewsArticle", "headline": "Titel \x00 en \ud800 einde",
            "$where": "1", "a.b": {"$ne": None}, "$set": {"title": "weg"}, "\x00": "\udfff",
            "author": {"@type": "Person", "name": "An $set.Jansen", "$gt": ""},
        }
    )  # fmt: skip
    pages = {
        "sleutels": page("sleutels", body, data=data),
        "nul": page("nul", body.replace("Alinea", "Ali\x00nea"), title="Een \x00 in &#0; de titel"),
        "half": page("half", body.replace("Alinea", "Rij"), title="Half &#xD800; teken \ud83d in de titel"),
        "lang": page("lang", f"<p>{'De brug blijft dicht. ' * 800_000}</p>"),
    }
    keep(tmp_path / "kept", {**pages, "een": ordinary("een")})
    # Half the bytes it takes in UTF-8, of which the document has each twice, in its text and in its body.
    cyrillic = page("groot", f"<p>{'Мост закрыт. ' * 370_000}</p>", title="Мост закрыт")
    (tmp_path / "kept" / "groot.html").write_bytes(cyrillic.replace("utf-8", "windows-1251").encode("windows-1251"))
    ran = read(mongodb_uri, database, tmp_path / "kept", EXTRACTION_WORKERS=2)
    assert "Traceback" not in ran.stderr
    assert ran.balance["pending"] == 0
    for name in ("sleutels", "nul", "half", "een"):
        article = database.articles.find_one({"url": f"https://bode.example/nieuws/{name}.html"})
        assert article is not None, row_of(database, name)
        json.dumps(article["title"], ensure_ascii=False).encode()
        assert "\x00" not in article["title"] + article["text"]
        assert "blijft nog een jaar dicht" in article["text"]
    assert database.articles.find_one({"url": "https://bode.example/nieuws/sleutels.html"})["title"].startswith("Titel")
    long, large = row_of(database, "lang"), row_of(database, "groot")
    assert (long["state"], long["reason"]) == ("rejected", "too-large")
    assert (large["state"], large["reason"]) in {("rejected", "invalid"), ("failed", "store")}, large
    assert re.search(r"1[67],\d{3},\d{3} bytes", large["detail"]), large["detail"]
    assert database.articles.count_documents({}) == 4
