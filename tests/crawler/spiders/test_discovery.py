"""Papers found by what they say of themselves: real crawls of made-up papers, seen by their server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from crawler.spiders.news import NewsSpider
from crawler.url import article_id
from fixtures.server import Access, FixtureServer
from tests.crawler.spiders.making import MadePaper, ago, index, rss, sitemap
from tests.running import Ran, environment, scrapy

_POLICIES = ("/robots.txt", "/.well-known/tdmrep.json")


class Desk:
    """A made-up paper, its server, and the crawls of it."""

    def __init__(self, folder: Path, mongodb_uri: str, database: Database[Any]) -> None:
        self.world = folder / "world"
        self.paper = MadePaper(self.world, "www.polderbode.example")
        self.database = database
        self._uri = mongodb_uri
        self._folder = folder
        self.seen: list[str] = []
        """Paths asked for by the last crawl, in order."""
        self.log: list[Access] = []
        """The server's own log of it."""

    def crawl(self, *arguments: str, **settings: object) -> Ran:
        """Run `scrapy crawl news`."""
        options = {"DOWNLOAD_DELAY": 0, "EXTRACTION_WORKERS": 1, **settings}
        given = [part for name, value in options.items() for part in ("-s", f"{name}={value}")]
        with FixtureServer(world=self.world) as server:
            env = environment(mongodb_uri=self._uri, database=self.database.name, proxy=server.url)
            ran = scrapy("crawl", "news", *arguments, *given, env=env)
            self.log = server.access_log
            self.seen = [access.path for access in server.access_log if access.path not in _POLICIES]
        return ran

    def site(self, lists: str) -> tuple[str, str]:
        """Return the arguments for a crawl of the paper, described by a site file with these lines."""
        path = self._folder / "sites.toml"
        path.write_text(f'[polderbode]\ndomains = ["polderbode.example"]\n{lists}\n', encoding="utf-8")
        return "-a", f"sites_file={path}"

    def row(self, url: str) -> dict[str, Any]:
        """Return the ledger's row of a page."""
        row = self.database.pages.find_one({"_id": article_id(url)})
        assert row is not None, url
        return dict(row)

    def stored(self) -> set[str]:
        """Return the URLs of all articles."""
        return {article["url"] for article in self.database.articles.find({}, {"url": 1})}


@pytest.fixture
def desk(tmp_path: Path, mongodb_uri: str, database: Database[Any]) -> Iterator[Desk]:
    return Desk(tmp_path, mongodb_uri, database)


START = ("-a", "start=http://www.polderbode.example/")


def test_a_paper_nobody_knows_is_found_by_the_feed_its_home_page_names(desk: Desk) -> None:
    paper = desk.paper
    written = paper.article("/nieuws/de-brug-is-dicht-10001", published=ago(hours=1))
    paper.file("/voorpagina.rss", rss((written, ago(hours=1))))
    paper.file("/reacties.rss", rss((f"{paper.url}/nieuws/reactie-10002", None)))
    paper.file(
        "/index.html",
        """<html lang="nl"><head><link rel="alternate" type="application/rss+xml" href="voorpagina.rss">
        <link rel="alternate" type="application/rss+xml" title="Reacties" href="/reacties.rss"></head><body>Bode""",
    )
    ran = desk.crawl(*START)
    assert ran.exit_code == 0, ran.stderr
    assert desk.stored() == {written}
    assert "/reacties.rss" not in desk.seen
    # The second time nobody asks again where the lists are.
    again = desk.crawl(*START, LISTING_PERIOD_MAX=0)
    assert again.exit_code == 0, again.stderr
    assert set(desk.seen) == {"/", "/voorpagina.rss"}


def test_a_home_page_that_says_nothing_leaves_robots_txt_and_the_usual_paths(desk: Desk) -> None:
    paper = desk.paper
    one, other = (paper.article(f"/nieuws/de-brug-is-dicht-1000{n}", published=ago(hours=n)) for n in (1, 2))
    paper.file("/robots.txt", f"User-agent: *\nDisallow: /intern/\nSitemap: {paper.url}/kaart.xml\n")
    paper.file("/kaart.xml", sitemap((one, ago(hours=1))))
    paper.file("/feed.xml", rss((other, ago(hours=2))))
    paper.file("/index.html", "<html><body>Bode")
    ran = desk.crawl(*START)
    assert ran.exit_code == 0, ran.stderr
    assert desk.stored() == {one, other}
    assert desk.row(one)["via"] == "sitemap"
    assert desk.row(other)["via"] == "feed"
    assert "/atom.xml" not in desk.seen, "the search ends with what is found"


def test_a_paper_without_feed_and_sitemap_is_read_by_its_sections(desk: Desk) -> None:
    paper = desk.paper
    urls = [paper.article(f"/binnenland/de-brug-is-dicht-{n}", published=ago(hours=1)) for n in range(10001, 10011)]
    menu = '<nav><a href="/">Voorpagina</a><a href="/binnenland">Binnenland</a><a href="/inloggen">Inloggen</a></nav>'

    def page(*links: str, following: str = "") -> str:
        cards = "".join(
            f'<article><h3><a href="{link}">De brug is weer eens dicht</a></h3></article>' for link in links
        )
        return f"<html><body>{menu}<main>{cards}</main>{following}</body></html>"

    paper.file("/index.html", page(*urls[:2]))
    paper.file("/binnenland.html", page(*urls[:4], following='<a rel="next" href="/binnenland?page=2">Volgende</a>'))
    for number, links in ((2, urls[4:8]), (3, urls[6:8]), (4, urls[8:])):
        paper.file(f"/p{number}.html", page(*links, following=f'<a href="/binnenland?page={number + 1}">Volgende</a>'))
        paper.route(f"/binnenland?page={number}", file=f"p{number}.html")
    ran = desk.crawl(*START)
    assert ran.exit_code == 0, ran.stderr
    assert desk.stored() == set(urls[:8]), "the third page brought nothing new, so the fourth was not read"
    assert {desk.row(url)["via"] for url in urls[:8]} == {"section"}
    assert "/inloggen" not in desk.seen
    assert "/binnenland?page=4" not in desk.seen
    again = desk.crawl(*START, LISTING_PERIOD_MAX=0)
    assert again.exit_code == 0, again.stderr
    assert set(desk.seen) == {"/", "/binnenland"}


def test_a_paper_that_has_moved_says_so(desk: Desk) -> None:
    MadePaper(desk.world, "www.elders.example").file("/index.html", "<html><body>Elders")
    desk.paper.route("/", status=301, location="http://www.elders.example/")
    ran = desk.crawl(*START)
    assert ran.exit_code == 1
    assert "redirects to http://www.elders.example/, another site: start there" in ran.stderr


def test_what_lists_say_fills_what_pages_lack_also_in_a_later_run(desk: Desk) -> None:
    paper = desk.paper
    bare = [paper.article(f"/nieuws/kaal-{number}", title=False) for number in (1, 2, 3)]
    paper.file("/rss.xml", rss(*((url, ago(hours=number)) for number, url in enumerate(bare, 1))))
    site = desk.site(f'feeds = ["{paper.url}/rss.xml"]')
    first = desk.crawl(*site, "-a", "max_articles=1")
    assert first.exit_code == 0, first.stderr
    assert desk.database.articles.count_documents({}) == 1
    pending = list(desk.database.pages.find({"state": "pending"}))
    assert [row["listed"]["authors"] for row in pending] == [["Anke de Vos"]] * 2
    # The feed is not asked again: what it said is in the ledger.
    second = desk.crawl(*site)
    assert second.exit_code == 0, second.stderr
    assert "/rss.xml" not in desk.seen
    for article in desk.database.articles.find():
        assert (article["title"], article["authors"]) == ("Uit de lijst", ["Anke de Vos"])
        assert (article["published_source"], article["published_offset"]) == ("feed", 0)
    assert desk.database.articles.count_documents({}) == 3


def test_ten_years_of_archive_are_not_walked_by_an_hourly_run(desk: Desk) -> None:
    paper = desk.paper
    fresh = paper.article("/nieuws/vers-10001", published=ago(hours=1))
    now = ago(hours=0)
    months = [f"sitemap-{year}-{month:02}.xml" for year in range(now.year - 10, now.year - 1) for month in (1, 6)]
    for name in months:
        paper.file(name, sitemap((f"{paper.url}/nieuws/oud-{name[8:15]}", None)))
    paper.file("nieuw.xml", sitemap((fresh, ago(hours=1)), (f"{paper.url}/nieuws/oud-20002", ago(days=400))))
    listed = [(f"{paper.url}/{name}", now) for name in months]
    paper.file("sitemap.xml", index(*listed, (f"{paper.url}/nieuw.xml", ago(hours=1))))
    ran = desk.crawl(*desk.site(f'sitemaps = ["{paper.url}/sitemap.xml"]'))
    assert ran.exit_code == 0, ran.stderr
    assert desk.seen == ["/sitemap.xml", "/nieuw.xml", "/nieuws/vers-10001"]


def test_a_breaking_story_is_not_behind_the_archive(desk: Desk) -> None:
    paper = desk.paper
    archive = [f"{paper.url}/2016/03/0{n % 9 + 1}/oud-bericht-{n}" for n in range(400)]
    paper.file("alles.xml", sitemap(*((url, ago(days=3_000)) for url in archive)))
    story = paper.article("/nieuws/dijk-doorgebroken-10001", published=ago(minutes=5))
    others = [paper.article(f"/nieuws/gewoon-{n}", published=ago(days=n)) for n in (1, 3, 6)]
    # Its feed answers late, when the archive has long been listed.
    paper.file(
        "laat.rss",
        rss(*((url, ago(days=n)) for url, n in zip(others, (1, 3, 6), strict=True)), (story, ago(minutes=5))),
    )
    paper.route("/laat.rss", delay=1.0)
    site = desk.site(f'sitemaps = ["{paper.url}/alles.xml"]\nfeeds = ["{paper.url}/laat.rss"]\ndelay = 0.02')
    ran = desk.crawl(*site, "-a", "max_articles=3", SITEMAP_DAYS=0, CONCURRENT_REQUESTS=16)
    assert ran.exit_code == 0, ran.stderr
    # From when the feed was read: the 16 requests that are with the downloader by then are on their way, and more go
    # while the feed's links are written to the ledger, fifty a second at most.
    known = desk.row(story)["discovered_at"]
    after = [f"{paper.url}{access.path}" for access in desk.log if access.time > known]
    assert story in after
    assert after.index(story) <= len(archive) // 4
    assert len(desk.seen) < len(archive), "the archive had not been read to its end"
    # All of the archive is in the ledger, and waits there.
    assert desk.database.pages.count_documents({"via": "sitemap"}) == 400


def test_allow_and_deny_decide_which_pages_are_fetched(desk: Desk) -> None:
    paper = desk.paper
    wanted = paper.article("/nieuws/brug-10001", published=ago(hours=1), related="/nieuws/video/sluis-bij-nacht-10004")
    others = [
        paper.article(path, published=ago(hours=1)) for path in ("/sport/kaatsen-10002", "/nieuws/video/sluis-10003")
    ]
    paper.article("/nieuws/video/sluis-bij-nacht-10004")
    paper.file("/rss.xml", rss(*((url, ago(hours=1)) for url in (wanted, *others))))
    site = desk.site(f'feeds = ["{paper.url}/rss.xml"]\nallow = ["/nieuws/"]\ndeny = ["*/video/"]')
    ran = desk.crawl(*site)
    assert ran.exit_code == 0, ran.stderr
    assert desk.seen == ["/rss.xml", "/nieuws/brug-10001"]
    assert "2 listed links outside the chosen sites" in ran.stdout


def test_css_hints_of_the_outlet_are_read(desk: Desk) -> None:
    paper = desk.paper
    url = paper.article("/nieuws/brug-10001", published=ago(hours=1))
    paper.file("/rss.xml", rss((url, None)))
    site = desk.site(f'feeds = ["{paper.url}/rss.xml"]\ncss = {{ remove = "p:last-of-type" }}')
    ran = desk.crawl(*site)
    assert ran.exit_code == 0, ran.stderr
    (article,) = desk.database.articles.find()
    assert len(article["body"]) == 4


def test_read_also_links_end_at_depth_and_budget_and_the_rest_waits(desk: Desk) -> None:
    paper = desk.paper
    away = MadePaper(desk.world, "www.elders.example").article("/nieuws/bij-de-buren-30001")
    listed = []
    for number in range(4):
        paper.article(f"/nieuws/tweede-stap-{20000 + number}")
        paper.article(f"/nieuws/eerste-stap-{10000 + number}", related=f"/nieuws/tweede-stap-{20000 + number}")
        listed.append(paper.article(f"/nieuws/lijst-{number}", related=f"/nieuws/eerste-stap-{10000 + number}"))
    listed.append(paper.article("/nieuws/lijst-9", related=away))
    paper.file("/rss.xml", rss(*((url, ago(hours=1)) for url in listed)))
    site = desk.site(f'feeds = ["{paper.url}/rss.xml"]')
    ran = desk.crawl(*site, READ_ALSO_BUDGET=2)
    assert ran.exit_code == 0, ran.stderr
    steps = [path for path in desk.seen if "stap" in path]
    assert len(steps) == 2
    assert all("eerste" in path for path in steps)
    assert desk.database.pages.count_documents({"via": "read-also", "state": "pending"}) == 2
    assert desk.database.pages.count_documents({"site": "elders.example"}) == 0
    source = desk.database.articles.find_one({"url": listed[0]})
    assert source is not None
    assert desk.row(f"{paper.url}/nieuws/eerste-stap-10000")["found_on"] == source["_id"]
    # The next run has a budget of its own.
    again = desk.crawl(*site)
    assert again.exit_code == 0, again.stderr
    assert len([path for path in desk.seen if "eerste" in path]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"start": "polderbode.nl"}, "give the home page of a paper in full"),
        ({"start": "ftp://polderbode.nl/"}, "give the home page of a paper in full"),
        ({"start": "https://polderbode.nl/", "country": "nl"}, "leave out -a country="),
        ({"sites": "zzz.example"}, "name its home page, -a start=https://"),
        ({"sites_file": "LICENSE"}, "LICENSE:2, at 'Apache License': not valid TOML"),
    ],
    ids=["no-scheme", "scheme", "two-choices", "unknown", "no-toml"],
)
def test_mistakes_say_what_to_do(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        NewsSpider(**arguments)
