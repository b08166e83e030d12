"""`scrapy sites`: outlets listed, tried at real servers on loopback, and described."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crawler.sites import known_sites, read_site_file
from tests.crawler.spiders.making import index, rss
from tests.politeness_world.world import Answer, World
from tests.running import Ran, environment, scrapy

NOW = datetime.now(UTC).replace(microsecond=0)
DELAY = 0.1
Run = Callable[..., Ran]


@pytest.fixture
def run(mongodb_uri: str, _mongodb_client: Any) -> Iterator[Run]:
    name = f"sites_{uuid.uuid4().hex}"
    env = environment(mongodb_uri=mongodb_uri, database=name)
    yield lambda *arguments: scrapy(
        "sites", *arguments, "-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "RETRY_TIMES=0", env=env
    )
    _mongodb_client.drop_database(name)


def xml(text: str) -> Callable[[str], Answer]:
    return lambda _: Answer(text.encode(), type="application/xml")


def test_the_outlets_are_listed_for_people_and_for_machines(run: Run) -> None:
    ran = run("--country", "nl")
    assert (ran.exit_code, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].split() == ["site", "name", "country", "language", "feeds", "sitemaps", "sections", "verified"]
    dutch = [site.key for site in known_sites() if site.country == "nl"]
    assert [line.split()[0] for line in lines[1 : len(dutch) + 1]] == dutch
    assert lines[-1].startswith(f"{len(dutch)} outlets, 0 verified; ")
    (found,) = json.loads(run("--json", "www.nrc.nl").stdout)
    assert (found["key"], found["domains"], found["verified"]) == ("nrc.nl", ["nrc.nl"], False)
    assert Path(found["file"]).name == "nl.toml"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("nooit.nl",), 1, "unknown site 'nooit.nl'; "),
        (("--write",), 2, "--write goes with --check"),
        (("--add", "krant.nl"), 2, "give the home page of a paper in full"),
        (("--add", "https://krant.nl/", "--output", "/nergens/x.toml"), 1, "there is no folder /nergens"),
    ],
)
def test_a_mistake_is_one_clear_line(run: Run, arguments: tuple[str, ...], status: int, says: str) -> None:
    ran = run(*arguments)
    assert (ran.exit_code, ran.stdout) == (status, "")
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_without_a_database_nobody_is_asked(run: Run) -> None:
    ran = run("--check", "nrc.nl", "-s", "MONGODB_URI=mongodb://127.0.0.1:9/", "-s", "CONTACT=x@krant.example")
    assert ran.exit_code == 3
    assert "no contact with MongoDB" in ran.stderr


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Give a paper whose lists all work, and one with lists of every other kind."""
    with World(3, 4) as world:
        fine, mixed, closed = world.papers.values()
        fine.route("/index.xml", xml(index((f"{fine.origin}/sitemap.xml", NOW))))
        fine.route("/oud-adres", lambda _: Answer(status=301, headers={"Location": "/rss"}))
        old = [(mixed.url(0), NOW - timedelta(days=500))]
        mixed.route("/oud.rss", xml(rss(*old)))
        mixed.route("/leeg.rss", xml(rss()))
        mixed.route("/ander.rss", xml(rss(("https://elders.example/nieuws/1", NOW))))
        mixed.route("/pagina", lambda _: Answer(b"<html><body><p>Alles over de brug.</p></body></html>"))
        mixed.route("/stuk.xml", lambda _: Answer(status=500))
        closed.robots = "User-agent: *\nDisallow: /\n"
        yield world


def tables(world: World, file: Path) -> Path:
    fine, mixed, closed = world.papers.values()
    host = f"{world.port}"
    file.write_text(
        f"""# Wat wij volgen.
[fijn]
name = "De Fijne"
domains = ["{fine.host}:{host}"]
feeds = ["{fine.origin}/rss", "{fine.origin}/oud-adres"]    # de tweede is verhuisd
sitemaps = ["{fine.origin}/index.xml"]

[gemengd]
domains = ["{mixed.host}:{host}"]
feeds = ["{mixed.origin}/oud.rss", "{mixed.origin}/leeg.rss", "{mixed.origin}/ander.rss", "{mixed.origin}/pagina"]
sitemaps = ["{mixed.origin}/weg.xml", "{mixed.origin}/stuk.xml", "{mixed.origin}/sitemap.xml"]
verified = true    # vorig jaar

[dicht]
domains = ["{closed.host}:{host}"]
feeds = ["{closed.origin}/rss"]
verified = true
""",
        encoding="utf-8",
    )
    return file


def test_each_list_is_tried_politely_and_its_mark_set(run: Run, world: World, tmp_path: Path) -> None:
    file = tables(world, tmp_path / "sites.toml")
    text = file.read_text(encoding="utf-8")
    world.forget()
    ran = run("--file", str(file), "--check", "--write")
    assert ran.exit_code == 1
    closed = world.papers["127.0.0.4"]
    said = [" ".join(line.split()) for line in re.sub(r"http://127.0.0.[23]:\d+", "", ran.stdout).splitlines()]
    for line in (
        "robots works /robots.txt", "feed works /rss 3 pages", "feed moved /oud-adres -> /rss 3 pages",
        "sitemap works /index.xml 1 sitemap, the newest of ", "feed old /oud.rss 1 page, the newest of ",
        "feed empty /leeg.rss names nothing", "feed foreign /ander.rss none of its 1 pages is one of ",
        "feed dead /pagina ", "sitemap dead /weg.xml HTTP 404", "sitemap away /stuk.xml HTTP 500",
        "sitemap works /sitemap.xml 2 pages, the newest of ",
    ):  # fmt: skip
        assert any(one.startswith(line) for one in said), (line, said)
    assert "robots-txt: " in ran.stdout
    assert "1 of 3 outlets work" in ran.stdout
    assert ran.stderr.splitlines() == [
        "scrapy sites: verified = true set at 1 outlets, verified = false at 2",
        "scrapy sites: something of gemengd does not work (and 1 more)",
    ]
    assert file.read_text(encoding="utf-8") == text.replace('index.xml"]\n', 'index.xml"]\nverified = true\n').replace(
        "verified = true    # vorig", "verified = false    # vorig"
    ).replace('/rss"]\nverified = true', '/rss"]\nverified = false')
    for paper in world.papers.values():
        times = sorted(access.at for access in paper.log)
        assert min((later - earlier for earlier, later in pairwise(times)), default=DELAY) >= DELAY
        assert all(access.agent.startswith("leesook/") for access in paper.log)
    assert {access.path for access in closed.log} == {"/robots.txt"}
    assert run("--file", str(file), "--check", "fijn").exit_code == 0


def test_an_outlet_without_lists_is_tried_by_its_home_page_and_a_silent_one_keeps_its_mark(
    run: Run, world: World, tmp_path: Path
) -> None:
    fine, mixed, _ = world.papers.values()
    fine.route("/", lambda _: Answer(b'<html><link rel="alternate" type="application/rss+xml" href="/rss"></html>'))
    file = tmp_path / "sites.toml"
    file.write_text(
        f'[thuis]\ndomains = ["{fine.host}:{world.port}"]\n'
        f'[stil]\ndomains = ["127.0.0.9:9"]\nfeeds = ["http://127.0.0.9:9/rss"]\nverified = true\n',
        encoding="utf-8",
    )
    text = file.read_text(encoding="utf-8")
    ran = run("--file", str(file), "--check", "--write", "--json")
    assert ran.exit_code == 1
    home, silent = json.loads(ran.stdout)
    assert (home["works"], silent["works"]) == (True, False)
    assert [(one["kind"], one["standing"]) for one in home["tried"]] == [
        ("robots", "works"), ("home", "works"), ("feed", "works"), ("sitemap", "works"),
    ]  # fmt: skip
    assert {one["standing"] for one in silent["tried"]} == {"away"}
    assert file.read_text(encoding="utf-8") == text.replace("[stil]", "verified = true\n[stil]")
    assert not [access for access in mixed.log if access.path == "/"]


HOME = """<html lang="nl-BE"><head><title>Nieuws uit Leieveld | De Leiebode</title>
<link rel="alternate" type="application/rss+xml" href="/rss">
<link rel="alternate" type="application/rss+xml" href="/weg.rss"></head>
<body><nav><a href="/sport">Sport</a></nav></body></html>"""


def test_a_new_paper_is_described(run: Run, tmp_path: Path) -> None:
    with World(1, 4) as world:
        (paper,) = world.papers.values()
        paper.robots = f"User-agent: *\nDisallow: /intern/\nSitemap: {paper.origin}/sitemap.xml\n"
        paper.route("/", lambda _: Answer(HOME.encode()))
        ran = run("--add", paper.origin)
        assert ran.exit_code == 0, ran.stderr
        assert ran.stderr == f"scrapy sites: left out: feed {paper.origin}/weg.rss: dead, HTTP 404\n"
        printed = tmp_path / "printed.toml"
        printed.write_text(ran.stdout, encoding="utf-8")
        (site,) = read_site_file(printed)
        assert (site.name, site.country, site.language) == ("De Leiebode", "be", "nl")
        assert site.domains == (f"127.0.0.2:{world.port}",)
        assert (site.feeds, site.sitemaps) == ((f"{paper.origin}/rss",), (f"{paper.origin}/sitemap.xml",))
        assert (site.sections, site.verified, site.home) == ((), True, None)
        assert f'#     "{paper.origin}/sport",' in ran.stdout

        file = tmp_path / "my.toml"
        file.write_text('# van mij\n[x]\ndomains = ["x.example"]', encoding="utf-8")
        ran = run("--add", paper.origin, "--output", str(file))
        assert ran.exit_code == 0, ran.stderr
        assert ran.stdout == f"{file}: [127.0.0.2:{world.port}] with 1 feed, 1 sitemap\n"
        assert file.read_text(encoding="utf-8").startswith('# van mij\n[x]\ndomains = ["x.example"]\n\n["127.0.0.2:')
        assert [site.verified for site in read_site_file(file)] == [False, True]
        text = file.read_bytes()
        world.forget()
        ran = run("--add", paper.origin, "--output", str(file))
        assert ran.exit_code == 1
        assert f'there is a table ["127.0.0.2:{world.port}"] already; nothing is written' in ran.stderr
        assert (file.read_bytes(), world.log) == (text, [])
        assert {path.name for path in tmp_path.iterdir()} == {"my.toml", "printed.toml"}


def test_a_paper_that_says_nothing_is_described_by_its_sections_or_not_at_all(run: Run) -> None:
    with World(2, 4) as world:
        menus, gone = world.papers.values()
        nothing = lambda _: Answer(status=404)  # noqa: E731
        for path in ("/rss", "/sitemap.xml"):
            menus.route(path, nothing)
        cards = "".join(
            f'<article><h3><a href="{url}">De brug is weer eens dicht</a></h3></article>' for url in menus.urls
        )
        page = f'<html><body><nav><a href="/binnenland">Binnenland</a></nav><main>{cards}</main></body></html>'
        menus.route("/", lambda _: Answer(page.encode()))
        menus.route("/binnenland", lambda _: Answer(page.encode()))
        ran = run("--add", menus.origin)
        assert ran.exit_code == 0, ran.stderr
        assert f'sections = [\n    "{menus.origin}/",\n    "{menus.origin}/binnenland",\n]' in ran.stdout
        ran = run("--add", gone.origin)
        assert (ran.exit_code, ran.stdout) == (1, "")
        assert ran.stderr == f"scrapy sites: {gone.origin}/: HTTP 404\n"
