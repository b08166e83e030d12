"""Lists without an end: each ends with a reason, in few requests and in bounded memory."""

from __future__ import annotations

import gzip
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.politeness_world.crawls import MEBIBYTE, news, peak_of
from tests.politeness_world.world import Answer, Paper, World, path_of, query_number
from tests.running import Ran

ROOM = 200
"""MiB that a crawl with a trap may need beyond one without; Python and Scrapy themselves take some 120."""
BASE = 130


@dataclass(frozen=True, kw_only=True)
class Sprung:
    """A crawl of papers each of which is a trap."""

    world: World
    database: Any
    ran: Ran

    def paper(self, number: int) -> Paper:
        return list(self.world.papers.values())[number]

    def listing(self, paper: Paper, path: str) -> dict[str, Any]:
        row = self.database.listings.find_one({"url": paper.origin + path})
        assert row is not None
        return dict(row)


def endless_feed() -> Iterator[bytes]:
    yield b'<rss version="2.0"><channel><title>Eindeloos</title>'
    item = b"<item><title>t</title><link>http://127.0.0.2/nieuws/a-%d</link></item>\n" % 1 * 1000
    yield from itertools.repeat(item, 200 * MEBIBYTE // len(item))


def calendar(paper: Paper, path: str) -> Answer:
    """Return a month of a calendar that goes on for ever, each with links of its own."""
    month = query_number(path, "maand")
    days = "".join(
        f'<li><a href="/agenda/wat-er-te-doen-is-op-dag-{month * 40 + day}">Wat er te doen is op dag {day} van de '
        f"maand {month} in onze streek</a></li>"
        for day in range(10)
    )
    body = f'<html><head><title>Agenda</title></head><body><main><ul>{days}</ul></main><a rel="next" '
    return Answer((body + f'href="/kalender?maand={month + 1}">Volgende maand</a></body></html>').encode())


def million_urls() -> bytes:
    """Return a sitemap of a million URLs, as small as gzip makes it."""
    row = "<url><loc>http://127.0.0.5/nieuws/over-de-brug-en-het-water-artikel-{}</loc></url>"
    xml = "".join(map(row.format, range(1_000_000)))
    return gzip.compress(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{xml}</urlset>'.encode(), 1, mtime=0
    )


def index(*urls: str) -> bytes:
    rows = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'.encode()


@pytest.fixture(scope="module")
def sprung(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sprung]:
    name = f"traps_{os.getpid()}"
    with World(5, 2) as world, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        feed, months, loop, huge, sessions = world.papers.values()
        feed.route("/rss", lambda _: Answer(type="application/rss+xml", stream=endless_feed()))
        months.route("/kalender", lambda path: calendar(months, path))
        months.route("/agenda/*", lambda _: Answer(status=404))
        around = f"{loop.origin}/rond.xml"
        loop.route("/sitemap.xml", lambda _: Answer(index(f"{loop.origin}/sitemap.xml", around), type="text/xml"))
        loop.route("/rond.xml", lambda _: Answer(index(around, f"{loop.origin}/sitemap.xml"), type="text/xml"))
        packed = million_urls().replace(b"127.0.0.5", huge.host.encode())
        huge.route("/sitemap.xml", lambda _: Answer(packed, type="application/gzip"))
        numbers = itertools.count(1)

        def with_session(_: str) -> Answer:
            entries = "".join(
                f"<item><title>t</title><link>{sessions.url(n)};jsessionid={next(numbers):032X}?PHPSESSID={'ab12' * 8}"
                f"</link></item>"
                for n in (0, 1, 0, 1, 0, 1)
            )
            return Answer(f'<rss version="2.0"><channel><title>S</title>{entries}</channel></rss>'.encode())

        sessions.route("/rss", with_session)
        sessions.route(
            "/nieuws/*", lambda path: Answer(sessions.article(int(path.partition(";")[0].rpartition("-")[2])))
        )
        lists = [("feeds", "/rss"), ("sections", "/kalender"), ("sitemaps", "/sitemap.xml")]
        lists += [("sitemaps", "/sitemap.xml"), ("feeds", "/rss")]
        file = sites_file(tmp_path_factory.mktemp("traps"), world, lists)
        settings = {"SITEMAP_UNDATED": 20, "HOST_FAILURES": 0, "EXTRACTION_MEMORY_MB": 1024, "RETRY_TIMES": 0}
        (ran,) = news(file, uri=mongodb_uri, database=name, **settings)
        yield Sprung(world=world, database=client[name], ran=ran)
        client.drop_database(name)


def sites_file(folder: Path, world: World, lists: list[tuple[str, str]]) -> Path:
    tables = [
        f'[paper_{number}]\ndomains = ["{paper.host}:{world.port}"]\ndelay = 0\n{key} = ["{paper.origin}{path}"]\n'
        for number, (paper, (key, path)) in enumerate(zip(world.papers.values(), lists, strict=True))
    ]
    file = folder / "sites.toml"
    file.write_text("\n".join(tables), encoding="utf-8")
    return file


def test_the_run_ends_and_balances(sprung: Sprung) -> None:
    assert sprung.ran.exit_code == 0, sprung.ran.stderr
    assert "Traceback" not in sprung.ran.stderr
    assert sprung.ran.balance["pending"] == 0


def test_memory_stays_bounded(sprung: Sprung) -> None:
    peak = peak_of(sprung.ran)
    print(f"\ntraps: {len(sprung.world.log)} requests, {peak:.0f} MiB")
    assert peak < BASE + ROOM


def test_a_feed_of_200_megabytes_is_cut_off_and_says_so(sprung: Sprung) -> None:
    row = sprung.listing(sprung.paper(0), "/rss")
    assert row["failures"] == 1
    assert "response-too-large" in row["reason"]


def test_a_calendar_without_end_is_read_for_a_few_pages(sprung: Sprung) -> None:
    pages = [access.path for access in sprung.paper(1).log if access.path.startswith("/kalender")]
    assert 1 <= len(pages) <= 5
    assert len(set(pages)) == len(pages)


def test_a_sitemap_that_names_itself_is_read_once(sprung: Sprung) -> None:
    paths = [access.path for access in sprung.paper(2).log if access.path.endswith(".xml")]
    assert sorted(paths) == ["/rond.xml", "/sitemap.xml"]


def test_of_a_million_urls_some_are_read_and_the_log_says_what_is_left_out(sprung: Sprung) -> None:
    paper = sprung.paper(3)
    row = sprung.listing(paper, "/sitemap.xml")
    said = [line for line in sprung.ran.stderr.splitlines() if f"{paper.origin}/sitemap.xml" in line]
    assert said or row["reason"]
    assert len(paper.log) <= 50
    assert sprung.database.pages.count_documents({"site": paper.host}) <= 50_000


def test_sessions_in_addresses_lead_to_each_article_once(sprung: Sprung) -> None:
    paper = sprung.paper(4)
    assert sprung.database.articles.count_documents({"site": paper.host}) == 2
    asked = [access.path.partition(";")[0] for access in paper.log if access.path.startswith("/nieuws/")]
    assert sorted(asked) == [path_of(0), path_of(1)]
