"""What the servers saw: a world of papers crawled once, again two hours later, and by three crawls at once.

Small and quick by default. `make test-politeness` runs it with twenty hosts, 2,000 articles and a delay of one second,
and prints the figures.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pymongo
import pytest

from crawler.url import article_id
from tests.politeness_world.crawls import age, news, peak_of
from tests.politeness_world.world import Access, World, gaps, path_of, percentile
from tests.running import Ran

HOSTS = int(os.environ.get("POLITENESS_HOSTS", "4"))
ARTICLES = int(os.environ.get("POLITENESS_ARTICLES", "24")) // HOSTS
DELAY = float(os.environ.get("POLITENESS_DELAY", "0.2"))
BUDGET = ARTICLES + 6
"""Requests that a host may get in a first run: its articles, robots.txt, tdmrep.json, a feed, a sitemap; and two."""
TWO_HOURS = timedelta(hours=2)


@dataclass(kw_only=True)
class Crawled:
    """A world, and what was done to it."""

    world: World
    database: Any
    runs: list[list[Ran]] = field(default_factory=list)
    logs: list[list[Access]] = field(default_factory=list)

    def keep(self, ran: list[Ran]) -> None:
        self.runs.append(ran)
        self.logs.append(self.world.log)
        self.world.forget()

    def report(self, name: str, run: int) -> None:
        found = gaps(self.logs[run])
        print(
            f"\n{name}: {len(self.logs[run])} requests to {HOSTS} hosts, delay {DELAY:g} s; "
            f"shortest gap {found[0]:.4f} s, 1st percentile {percentile(found, 0.01):.4f} s, "
            f"median {percentile(found, 0.5):.4f} s"
        )


def database_of(uri: str, name: str) -> Any:
    return pymongo.MongoClient[dict[str, Any]](uri, tz_aware=True)[name]


@pytest.fixture(scope="module")
def once(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """One crawl at a time: a first run, and one two hours later, when one paper has news and another has changed."""
    name = f"world_{os.getpid()}"
    with World(HOSTS, ARTICLES) as world, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        crawled = Crawled(world=world, database=client[name])
        file = world.sites_file(tmp_path_factory.mktemp("world"), delay=DELAY)
        crawled.keep(news(file, uri=mongodb_uri, database=name))
        age(crawled.database, TWO_HOURS)
        first, second, *_ = world.papers.values()
        first.articles += 1
        second.changed[0] = 1
        crawled.keep(news(file, uri=mongodb_uri, database=name, REVISITS_PER_RUN=10_000))
        yield crawled
        client.drop_database(name)


@pytest.fixture(scope="module")
def thrice(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    """Three crawls at once on one database."""
    name = f"world3_{os.getpid()}"
    with World(HOSTS, ARTICLES) as world, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        crawled = Crawled(world=world, database=client[name])
        file = world.sites_file(tmp_path_factory.mktemp("world3"), delay=DELAY)
        crawled.keep(news(file, uri=mongodb_uri, database=name, at_once=3))
        yield crawled
        client.drop_database(name)


def articles_in(log: list[Access]) -> Counter[str]:
    return Counter(f"{access.host}{access.path}" for access in log if access.path.startswith("/nieuws/"))


def test_every_article_is_found_within_budget(once: Crawled) -> None:
    (ran,) = once.runs[0]
    assert ran.exit_code == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.balance["stored"] == HOSTS * ARTICLES
    assert ran.balance["discovered"] * 2 == sum(ran.balance.values())
    assert set(articles_in(once.logs[0]).values()) == {1}
    requests = Counter(access.host for access in once.logs[0])
    assert max(requests.values()) <= BUDGET, requests
    print(f"\nfirst run: {HOSTS * ARTICLES} articles, {max(requests.values())} requests to a host at most, "
          f"{peak_of(ran):.0f} MiB")  # fmt: skip


def test_all_that_is_served_is_stored(once: Crawled) -> None:
    stored = {row["_id"] for row in once.database.articles.find({}, {"_id": 1})}
    assert stored == {article_id(url) for url in once.world.urls}


def test_no_gap_is_shorter_than_the_delay(once: Crawled) -> None:
    once.report("one crawl", 0)
    for log in once.logs:
        assert gaps(log)[0] >= DELAY


def test_no_gap_is_shorter_than_the_delay_with_three_crawls_at_once(thrice: Crawled) -> None:
    thrice.report("three crawls", 0)
    assert gaps(thrice.logs[0])[0] >= DELAY


def test_three_crawls_share_the_work_and_do_nothing_twice(thrice: Crawled) -> None:
    for ran in thrice.runs[0]:
        assert ran.exit_code == 0, ran.stderr
        assert ran.balance["discovered"] * 2 == sum(ran.balance.values())
    assert set(articles_in(thrice.logs[0]).values()) == {1}
    assert sum(ran.balance["stored"] for ran in thrice.runs[0]) == HOSTS * ARTICLES
    assert thrice.database.articles.count_documents({}) == HOSTS * ARTICLES


def test_no_disallowed_path_is_ever_requested(once: Crawled, thrice: Crawled) -> None:
    paths = [access.path for crawled in (once, thrice) for log in crawled.logs for access in log]
    assert "/robots.txt" in paths
    assert not [path for path in paths if path.startswith("/intern/")]
    refused = list(once.database.pages.find({"reason": "robots-txt"}))
    assert {row["state"] for row in refused} == {"rejected"}
    assert len(refused) >= HOSTS


def test_who_we_are_is_said_in_every_request(once: Crawled) -> None:
    assert all(access.agent.startswith("leesook/") for log in once.logs for access in log)


def test_robots_txt_and_reservations_are_asked_for_once_a_day(once: Crawled) -> None:
    asked = Counter(access.path for access in once.logs[0])
    assert asked["/robots.txt"] == asked["/.well-known/tdmrep.json"] == HOSTS
    assert not {"/robots.txt", "/.well-known/tdmrep.json"} & {access.path for access in once.logs[1]}


def test_a_second_run_asks_conditionally_and_for_what_is_new(once: Crawled) -> None:
    (ran,) = once.runs[1]
    assert ran.exit_code == 0, ran.stderr
    first, second, *_ = once.world.papers.values()
    new = path_of(ARTICLES)
    unconditional = [(access.host, access.path) for access in once.logs[1] if not access.conditional]
    assert unconditional == [(first.host, new)]
    answered = {(a.host, a.path) for a in once.logs[1] if a.status == 200}
    # The new article moves the line between what the feed and what the sitemap lists.
    lists = {(first.host, "/rss"), (first.host, "/sitemap.xml")}
    assert answered - lists == {(first.host, new), (second.host, path_of(0))}
    assert ran.balance["stored"] == 2
    assert ran.balance["unchanged"] == HOSTS * ARTICLES - 1
    sent = sum(access.bytes for access in once.logs[1])
    before = sum(access.bytes for access in once.logs[0])
    print(f"\nsecond run: {len(once.logs[1])} requests, {len(unconditional)} of them unconditional; "
          f"{sent} bytes instead of {before}, {1 - sent / before:.1%} saved")  # fmt: skip
    assert sent < before / 2


def test_what_changed_is_a_revision(once: Crawled) -> None:
    second = list(once.world.papers.values())[1]
    article = once.database.articles.find_one({"_id": article_id(second.url(0))})
    assert article["revision"] == 2
