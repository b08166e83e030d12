"""Backfills of a span of papers: real crawls of a made-up paper, seen by its server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from crawler.sites import UnknownSite
from crawler.spiders.backfill import BackfillSpider
from crawler.spiders.pages import ArgumentError
from crawler.url import article_id
from fixtures.server import FixtureServer
from tests.crawler.spiders.making import MadePaper, index, sitemap
from tests.running import Ran, environment, scrapy

JANUARY = ("-a", "since=2022-01", "-a", "until=2022-01")
START = ("-a", "start=http://www.polderbode.example/")


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


class Desk:
    """A made-up paper, its server, and the backfills of it."""

    def __init__(self, folder: Path, mongodb_uri: str, database: Database[Any]) -> None:
        self.world = folder / "world"
        self.paper = MadePaper(self.world, "www.polderbode.example")
        self.database = database
        self._uri = mongodb_uri
        self.seen: list[str] = []
        """Paths asked for by the last crawl, in order."""

    def backfill(self, *arguments: str, **settings: object) -> Ran:
        """Run `scrapy crawl backfill`."""
        options = {"DOWNLOAD_DELAY": 0, "EXTRACTION_WORKERS": 1, **settings}
        given = [part for name, value in options.items() for part in ("-s", f"{name}={value}")]
        with FixtureServer(world=self.world) as server:
            env = environment(mongodb_uri=self._uri, database=self.database.name, proxy=server.url)
            ran = scrapy("crawl", "backfill", *arguments, *given, env=env)
            policies = ("/robots.txt", "/.well-known/tdmrep.json")
            self.seen = [access.path for access in server.access_log if access.path not in policies]
        return ran

    def articles(self) -> set[str]:
        """Return the paths of all articles stored."""
        return {article["url"].removeprefix(self.paper.url) for article in self.database.articles.find({}, {"url": 1})}


@pytest.fixture
def desk(tmp_path: Path, mongodb_uri: str, database: Database[Any]) -> Desk:
    return Desk(tmp_path, mongodb_uri, database)


def archive(desk: Desk) -> None:
    """Give the paper an archive: an index of months, named by robots.txt, and one of what nobody dates."""
    paper = desk.paper

    def month(name: str, *pages: tuple[str, datetime]) -> str:
        urls = [(paper.article(path, published=when), when) for path, when in pages]
        return paper.file(f"/kaart-{name}.xml", sitemap(*urls))

    months = [
        month("2021-11", ("/a/november-10001", at(2021, 11, 5))),
        month("2022-01", ("/a/begin-10002", at(2022, 1, 1)), ("/a/eind-10003", at(2022, 1, 31, 22))),
        month("2022-03", ("/a/maart-10004", at(2022, 3, 3))),
    ]
    old = paper.file("/kaart-oud.xml", sitemap((f"{paper.url}/a/oud-10005", at(2020, 5, 5))))
    loose = paper.file(
        "/kaart-los.xml",
        sitemap(
            (paper.article("/a/zonder-datum-10006", published=at(2022, 1, 9)), None),
            (paper.article("/a/verkeerd-10007", published=at(2019, 1, 9)), None),
            (paper.article("/a/bijgewerkt-10008", published=at(2022, 1, 20)), at(2023, 6, 1)),
            (f"{paper.url}/a/eerder-10009", at(2021, 6, 1)),
            (f"{paper.url}/2020/05/05/adres-10010", at(2022, 1, 9)),
        ),
    )
    dated = [(url, None) for url in months]
    paper.file("/kaart.xml", index(*dated, (old, at(2020, 5, 6)), (loose, None)))
    paper.file("/robots.txt", f"User-agent: *\nSitemap: {paper.url}/kaart.xml\n")


def test_a_month_of_a_paper_is_found_by_the_dates_and_names_of_its_sitemaps(desk: Desk) -> None:
    archive(desk)
    ran = desk.backfill(*START, *JANUARY)
    assert ran.exit_code == 0, ran.stderr
    month = {"/a/begin-10002", "/a/eind-10003", "/a/zonder-datum-10006", "/a/bijgewerkt-10008"}
    assert desk.articles() == month | {"/a/verkeerd-10007"}
    assert set(desk.seen) == {"/kaart.xml", "/kaart-2022-01.xml", "/kaart-los.xml", *desk.articles()}
    assert "1 articles of another time than was asked for, stored all the same" in ran.stdout
    assert "3 sitemaps of another time not asked for" in ran.stdout
    row = desk.database.pages.find_one({"_id": article_id(f"{desk.paper.url}/a/verkeerd-10007")})
    assert row is not None
    assert (row["state"], row["via"], row["found_on"]) == ("stored", "sitemap", f"{desk.paper.url}/kaart-los.xml")

    again = desk.backfill(*START, *JANUARY)
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == 0
    assert set(desk.seen) == {"/kaart.xml", "/kaart-2022-01.xml", "/kaart-los.xml"}


def test_what_is_left_of_an_interrupted_job_is_done_by_the_next_and_the_newest_comes_first(desk: Desk) -> None:
    paper = desk.paper
    days = [
        (paper.article(f"/a/dag-{day}-1000{day:02}", published=at(2022, 1, 1 + day // 2)), at(2022, 1, 1 + day // 2))
        for day in range(1, 41)
    ]
    paper.file("/sitemap.xml", sitemap(*days))
    ran = desk.backfill(*START, *JANUARY, "-a", "max_articles=5", CONCURRENT_REQUESTS=1)
    assert ran.exit_code == 0, ran.stderr
    assert len(desk.articles()) == 5
    pages = [path for path in desk.seen if path.startswith("/a/")]
    assert pages[0] == "/a/dag-40-100040", "newest first"
    assert ran.balance["pending"] > 0
    ran = desk.backfill(*START, *JANUARY)
    assert ran.exit_code == 0, ran.stderr
    assert len(desk.articles()) == 40
    assert desk.database.pages.count_documents({"state": {"$ne": "stored"}}) == 0


def test_a_sitemap_that_is_missing_is_named_and_the_rest_is_read(desk: Desk, tmp_path: Path) -> None:
    paper = desk.paper
    written = paper.article("/a/dag-10001", published=at(2022, 1, 5))
    paper.file("/kaart.xml", sitemap((written, at(2022, 1, 5))))
    file = tmp_path / "sites.toml"
    file.write_text(
        f'[bode]\ndomains = ["polderbode.example"]\nsitemaps = ["{paper.url}/weg.xml", "{paper.url}/kaart.xml"]\n'
        '[leeg]\ndomains = ["leeg.example"]\n',
        encoding="utf-8",
    )
    ran = desk.backfill("-a", f"sites_file={file}", *JANUARY)
    assert ran.exit_code == 1
    assert desk.articles() == {"/a/dag-10001"}
    assert f"{paper.url}/weg.xml: HTTP 404" in ran.stderr
    assert "leeg.example: no sitemap is named by its table or its robots.txt" in ran.stderr
    assert ran.stderr.splitlines()[-1].endswith(" (and 1 more)")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sites": "nrc.nl"}, "-a since is missing"),
        ({"sites": "nrc.nl", "until": "2022"}, "-a since is missing"),
        ({"sites": "nrc.nl", "since": "2022-13"}, "-a since=2022-13: not a date; write 2022-01-31"),
        ({"sites": "nrc.nl", "since": "januari"}, "-a since=januari: not a date"),
        ({"sites": "nrc.nl", "since": "0001"}, "-a since=0001: not a date"),
        (
            {"sites": "nrc.nl", "since": "2022-02", "until": "2022-01-31"},
            "-a since=2022-02 comes after until=2022-01-31",
        ),
        ({"sites": "nrc.nl", "since": "2098"}, "-a since=2098 comes after today"),
        ({"sites": "nrc.nl", "since": "2022", "undated": "maybe"}, "-a undated=maybe: say yes or no"),
        ({"sites": "geen.nl", "since": "2022"}, "unknown site 'geen.nl'"),
        ({"since": "2022", "urls": "x.txt"}, "-a since=… does not go with -a urls=…"),
        ({"since": "2022", "base_url": "https://x.nl/"}, "-a base_url=… goes only together"),
        ({}, "or papers and a span, as in -a sites=nrc.nl"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments: dict[str, str], says: str) -> None:
    with pytest.raises((ArgumentError, UnknownSite)) as raised:
        BackfillSpider(**arguments)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_span_without_a_choice_of_papers_is_for_all_of_them() -> None:
    assert len(BackfillSpider(since="2022").sites) > 140
    with pytest.raises(ArgumentError):
        BackfillSpider(since="2022", max_articles="0")
