"""Hosts that refuse, fail, reserve, or lead astray: what their servers see of us, and what the ledger says."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pymongo
import pytest

from crawler.url import article_id
from tests.politeness_world.crawls import age, crawl, news
from tests.politeness_world.world import Access, Answer, Paper, World, path_of

PAUSE = 2.0
DELAY = 0.1
SETTINGS = {"CONTACT": "redactie@krant.example"}


class Shelf:
    """An empty database, and the crawls that fill it."""

    def __init__(self, uri: str, client: pymongo.MongoClient[dict[str, Any]], name: str) -> None:
        self.uri, self.name, self.database = uri, name, client[name]

    def row(self, url: str) -> dict[str, Any]:
        row = self.database.pages.find_one({"_id": article_id(url)})
        assert row is not None, url
        return row

    def outcome(self, url: str) -> tuple[str, str | None]:
        row = self.row(url)
        return row["state"], row["reason"]


@pytest.fixture
def shelf(mongodb_uri: str, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    name = f"manners_{os.getpid()}_{abs(hash(request.node.name)) % 10_000}"
    with pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield Shelf(mongodb_uri, client, name)
        client.drop_database(name)


def run_news(
    shelf: Shelf, world: World, folder: Path, *, at_once: int = 1, delay: float = DELAY, **settings: Any
) -> str:
    """Crawl the world, check that it went well, and return what was logged."""
    file = world.sites_file(folder, delay=delay, lists={"feeds": "/rss"})
    ended = news(file, uri=shelf.uri, database=shelf.name, at_once=at_once, **SETTINGS, **settings)
    for ran in ended:
        assert ran.exit_code == 0, ran.stderr
        assert ran.balance["discovered"] * 2 == sum(ran.balance.values())
        assert ran.balance["pending"] == 0
    return "".join(ran.stderr for ran in ended)


def refuses(paper: Paper, *, status: int, retry_after: str | None) -> None:
    """Let a paper refuse its second article the first time it is asked for."""
    asked: list[str] = []

    def answer(path: str) -> Answer:
        number = int(path.rpartition("-")[2])
        asked.append(path)
        if number == paper.articles - 2 and asked.count(path) == 1:
            return Answer(status=status, headers={"Retry-After": retry_after} if retry_after else {})
        return Answer(paper.article(number))

    paper.route("/nieuws/*", answer)


def requests_after(log: list[Access], refusal: Access) -> list[float]:
    return sorted(a.at - refusal.at for a in log if a.host == refusal.host and a.at > refusal.at)


def test_during_a_pause_none_of_three_crawls_asks_a_host_anything(shelf: Shelf, tmp_path: Path) -> None:
    with World(3, 8) as world:
        seconds, date, silent = world.papers.values()
        refuses(seconds, status=429, retry_after=f"{PAUSE:.0f}")
        refuses(silent, status=503, retry_after=None)
        until: list[float] = []

        def dated(path: str) -> Answer:
            number = int(path.rpartition("-")[2])
            if number == date.articles - 2 and not until:
                then = datetime.now(UTC) + timedelta(seconds=PAUSE + 1)
                until.append(then.replace(microsecond=0).timestamp() - datetime.now(UTC).timestamp())
                return Answer(status=503, headers={"Retry-After": format_datetime(then, usegmt=True)})
            return Answer(date.article(number))

        date.route("/nieuws/*", dated)
        run_news(shelf, world, tmp_path, at_once=3)
        listed = [paper.url(n) for paper in world.papers.values() for n in range(4, 8)]
        assert {shelf.outcome(url) for url in listed} == {("stored", None)}
        pauses = {seconds.host: PAUSE, date.host: until[0], silent.host: 5.0}
        refusals = [access for access in world.log if access.status in (429, 503)]
        assert {access.host for access in refusals} == set(pauses)
        for refusal in refusals:
            after = requests_after(world.log, refusal)
            assert after[0] >= pauses[refusal.host] - 0.01, (refusal.host, after)


def test_a_host_without_a_delay_gets_its_pause_and_few_requests_at_once(shelf: Shelf, tmp_path: Path) -> None:
    with World(1, 80) as world:
        (paper,) = world.papers.values()
        asked, under_way, at_once = itertools.count(1), set[str](), list[int]()

        def answer(path: str) -> Answer:
            under_way.add(path)
            at_once.append(len(under_way))
            time.sleep(0.05)
            under_way.discard(path)
            if next(asked) == 10:
                return Answer(status=429, headers={"Retry-After": f"{PAUSE:.0f}"})
            return Answer(paper.article(int(path.rpartition("-")[2])))

        paper.route("/nieuws/*", answer)
        run_news(shelf, world, tmp_path, at_once=2, delay=0)
        # CONCURRENT_REQUESTS_PER_DOMAIN, of each crawl.
        assert max(at_once) <= 2 * 2
        (refusal,) = (access for access in world.log if access.status == 429)
        after = requests_after(world.log, refusal)
        # What the other crawl was about to ask still comes, and what it had seen of the host holds for a moment.
        assert not [at for at in after if 1 < at < PAUSE - 0.01], after
        assert len([at for at in after if at > PAUSE - 0.01]) >= 10, after


def test_a_host_that_asks_for_an_hour_is_left_for_a_later_run(shelf: Shelf, tmp_path: Path) -> None:
    with World(2, 8) as world:
        away, fine = world.papers.values()
        away.route("/nieuws/*", lambda _: Answer(status=429, headers={"Retry-After": "3600"}))
        run_news(shelf, world, tmp_path)
        refusal = next(access for access in away.log if access.status == 429)
        assert not requests_after(away.log, refusal)
        for number in range(4, 8):
            assert shelf.outcome(away.url(number)) == ("failed", "host-failing")
            assert "3600" in shelf.row(away.url(number))["detail"]
            assert shelf.outcome(fine.url(number)) == ("stored", None)
        away.route("/nieuws/*", lambda path: Answer(away.article(int(path.rpartition("-")[2]))))
        world.forget()
        age(shelf.database, timedelta(minutes=30))
        run_news(shelf, world, tmp_path)
        assert not away.log, "half an hour later it is still left alone"
        age(shelf.database, timedelta(minutes=31))
        run_news(shelf, world, tmp_path)
        assert {shelf.outcome(away.url(number)) for number in range(4, 8)} == {("stored", None)}


def test_a_host_that_keeps_failing_gets_few_requests_and_the_others_all_of_theirs(shelf: Shelf, tmp_path: Path) -> None:
    with World(2, 40) as world:
        broken, fine = world.papers.values()
        broken.route("/nieuws/*", lambda _: Answer(status=500))
        log = run_news(shelf, world, tmp_path, HOST_FAILURES=4)
        assert len([a for a in broken.log if a.status == 500]) == 4
        assert "left for a later run" in log
        times = [access.at for access in broken.log if access.status == 500]
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert [wait >= pause for wait, pause in zip(waits, (1.0, 2.0, 4.0), strict=True)] == [True] * 3
        outcomes = [shelf.outcome(broken.url(number)) for number in range(20, 40)]
        assert outcomes.count(("failed", "host-failing")) >= 17
        assert {shelf.outcome(fine.url(number)) for number in range(20, 40)} == {("stored", None)}
        world.forget()
        run_news(shelf, world, tmp_path, HOST_FAILURES=4)
        assert not broken.log


def test_where_robots_txt_cannot_be_read_nothing_is_asked_for(shelf: Shelf, tmp_path: Path) -> None:
    with World(4, 4) as world:
        error, absent, moved, huge = world.papers.values()
        error.route("/robots.txt", lambda _: Answer(status=503, headers={"Retry-After": "0"}))
        absent.route("/robots.txt", lambda _: Answer(status=404))
        moved.route("/robots.txt", lambda _: Answer(status=301, headers={"Location": "/elders.txt"}))
        moved.route(
            "/elders.txt", lambda _: Answer(f"User-agent: *\nDisallow: {path_of(2)}\n".encode(), type="text/plain")
        )
        rest = b"# vulling\n" * 60_000
        huge.route(
            "/robots.txt",
            lambda _: Answer(f"User-agent: *\nDisallow: {path_of(3)}\n".encode() + rest, type="text/plain"),
        )
        run_news(shelf, world, tmp_path, RETRY_TIMES=1)
        assert {access.path for access in error.log} == {"/robots.txt"}
        row = shelf.database.listings.find_one({"url": f"{error.origin}/rss"})
        assert row["reason"].startswith("robots-unreachable")
        assert "HTTP 503" in row["reason"]
        assert shelf.outcome(absent.url(2)) == shelf.outcome(absent.url(3)) == ("stored", None)
        assert shelf.outcome(moved.url(2)) == ("rejected", "robots-txt")
        assert shelf.outcome(moved.url(3)) == ("stored", None)
        assert shelf.outcome(huge.url(3)) == ("rejected", "robots-txt")
        world.forget()
        run_news(shelf, world, tmp_path)
        assert not error.log, "not asked again within ten minutes"
        error.route("/robots.txt", lambda _: Answer(b"", type="text/plain"))
        age(shelf.database, timedelta(minutes=11))
        run_news(shelf, world, tmp_path)
        assert shelf.outcome(error.url(3)) == ("stored", None)


def test_crawl_delay_request_rate_and_nofollow_are_obeyed(shelf: Shelf, tmp_path: Path) -> None:
    with World(4, 8) as world:
        slow, rated, shy, open_ = world.papers.values()
        slow.robots = "User-agent: leesook\nCrawl-delay: 0.7\n"
        rated.robots = "User-agent: *\nRequest-rate: 2/1\n"
        for paper, directive in ((shy, "nofollow"), (open_, "all")):
            page = paper.article(7).replace(b"/intern/jaarverslag-van-de-redactie-7", path_of(0).encode())
            paper.route(path_of(7), lambda _, p=page, d=directive: Answer(p, headers={"X-Robots-Tag": d}))
        run_news(shelf, world, tmp_path, delay=0)
        for paper, delay in ((slow, 0.7), (rated, 0.5)):
            # What stands before it is the request for robots.txt itself.
            times = sorted(access.at for access in paper.log)[1:]
            assert min(b - a for a, b in pairwise(times)) >= delay
        assert shelf.outcome(shy.url(7)) == ("stored", None)
        assert shelf.database.pages.find_one({"_id": article_id(shy.url(0))}) is None
        assert shelf.outcome(open_.url(0)) == ("stored", None)


def test_a_redirect_to_another_host_waits_for_the_turn_of_that_host(shelf: Shelf, tmp_path: Path) -> None:
    with World(2, 8) as world:
        moved, slow = world.papers.values()
        slow.robots = "User-agent: *\nCrawl-delay: 0.6\nDisallow: /nieuws/*-5$\n"
        slow.route("/rss", lambda _: Answer(b'<rss version="2.0"><channel><title>leeg</title></channel></rss>'))
        moved.route("/nieuws/*", lambda path: Answer(status=302, headers={"Location": slow.origin + path}))
        run_news(shelf, world, tmp_path, delay=0.05)
        times = sorted(access.at for access in slow.log)[1:]
        assert len(times) > 3
        assert min(b - a for a, b in pairwise(times)) >= 0.6
        assert path_of(5) not in {access.path for access in slow.log}
        assert shelf.outcome(moved.url(5)) == ("rejected", "robots-txt")


@pytest.fixture(scope="module")
def reserving() -> Iterator[World]:
    """Give papers that reserve: by their tdmrep.json, by a header, by a meta tag of which a robots directive is one."""
    with World(3, 4) as world:
        file, header, meta = world.papers.values()
        rules = [
            {"location": "/nieuws/", "tdm-reservation": 1, "tdm-policy": "/licentie.json"},
            {"location": "/nieuws/*-3$", "tdm-reservation": 0},
        ]
        file.route("/.well-known/tdmrep.json", lambda _: Answer(json.dumps(rules).encode(), type="application/json"))
        header.route(
            path_of(3),
            lambda _: Answer(header.article(3), headers={"TDM-Reservation": "1", "TDM-Policy": "/licentie.json"}),
        )
        header.route(
            path_of(2),
            lambda _: Answer(header.article(2), headers={"X-Robots-Tag": "leesook: noindex, noarchive"}),
        )
        meta.route(
            path_of(3),
            lambda _: Answer(meta.article(3).replace(b"<head>", b'<head><meta name="tdm-reservation" content="1">')),
        )
        yield world


def test_a_reserved_page_is_not_fetched_or_not_kept(shelf: Shelf, reserving: World, tmp_path: Path) -> None:
    reserving.forget()
    run_news(shelf, reserving, tmp_path, NOARCHIVE_OBEY=1)
    file, header, meta = reserving.papers.values()
    assert shelf.outcome(file.url(2)) == ("rejected", "tdm-reserved")
    assert f"{file.origin}/licentie.json" in shelf.row(file.url(2))["detail"]
    assert path_of(2) not in {access.path for access in file.log}
    assert shelf.outcome(file.url(3)) == ("stored", None)
    assert shelf.outcome(header.url(3)) == shelf.outcome(meta.url(3)) == ("rejected", "tdm-reserved")
    assert shelf.outcome(header.url(2)) == ("rejected", "noarchive")
    assert shelf.outcome(meta.url(2)) == ("stored", None)
    kept = {article["url"] for article in shelf.database.articles.find()}
    assert kept == {file.url(3), meta.url(2)}


def test_with_a_licence_it_is_kept_and_its_rights_with_it(shelf: Shelf, reserving: World, tmp_path: Path) -> None:
    file, header, meta = reserving.papers.values()
    run_news(shelf, reserving, tmp_path, TDM_LICENSED=f"{file.host},{header.host}")
    rights = {article["url"]: article["rights"] for article in shelf.database.articles.find()}
    policy = f"{file.origin}/licentie.json"
    assert rights[file.url(2)] == {
        "tdm_reserved": True, "source": "tdmrep.json", "tdm_policy": policy, "robots": [],
    }  # fmt: skip
    assert rights[header.url(3)]["source"] == "header"
    assert rights[header.url(2)] == {
        "tdm_reserved": None, "source": None, "tdm_policy": None, "robots": ["noarchive", "noindex"],
    }  # fmt: skip
    assert meta.url(3) not in rights


def test_nothing_leads_into_our_own_network(shelf: Shelf, tmp_path: Path) -> None:
    with World(2, 2) as world:
        paper, neighbour = world.papers.values()
        targets = {
            "metadata": "http://169.254.169.254/latest/meta-data/",
            "private": "http://10.11.12.13/",
            "number": "http://2852039166/",
            "other": f"{neighbour.origin}{path_of(1)}",
        }
        for name, target in targets.items():
            paper.route(f"/{name}", lambda _, to=target: Answer(status=302, headers={"Location": to}))
        listed = tmp_path / "urls.txt"
        listed.write_text("\n".join(f"{paper.origin}/{name}" for name in targets))
        (ran,) = crawl("backfill", "-a", f"urls={listed}", uri=shelf.uri, database=shelf.name, DOWNLOAD_DELAY=0)
        for name in ("metadata", "private", "number"):
            assert shelf.outcome(f"{paper.origin}/{name}") == ("rejected", "private-address"), ran.stderr
            assert "LOCAL_HOSTS" in shelf.row(f"{paper.origin}/{name}")["detail"]
        # Of the start's own kind: this machine.
        assert shelf.outcome(f"{paper.origin}/other") == ("stored", None)


def test_a_public_name_that_points_at_this_machine_is_not_asked(shelf: Shelf, tmp_path: Path) -> None:
    with World(1, 2) as world:
        (paper,) = world.papers.values()
        listed = tmp_path / "urls.txt"
        listed.write_text(f"http://www.rebind.example:{world.port}{path_of(1)}\n")
        resolver = {"TWISTED_DNS_RESOLVER": "tests.politeness_world.resolver.AllHere", "DOWNLOAD_DELAY": 0}
        address = f"http://www.rebind.example:{world.port}{path_of(1)}"
        arguments = ("backfill", "-a", f"urls={listed}")
        (ran,) = crawl(*arguments, uri=shelf.uri, database=shelf.name, RETRY_TIMES=0, **resolver)
        assert not world.log
        assert shelf.outcome(address) == ("failed", "robots-unreachable")
        assert "a local address" in shelf.row(address)["detail"]
        assert ran.stderr.count("cannot reach you") == 1, "nobody set CONTACT"
        shelf.database.pages.delete_many({})
        shelf.database.policies.delete_many({})
        shelf.database.hosts.delete_many({})
        crawl(*arguments, uri=shelf.uri, database=shelf.name, LOCAL_HOSTS="www.rebind.example", **SETTINGS, **resolver)
        assert shelf.outcome(address) == ("stored", None)
        assert {access.agent for access in paper.log} == {"leesook/0.1 (news crawler; +redactie@krant.example)"}
