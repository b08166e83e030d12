"""`scrapy crawl news` by cron, every ten minutes: what ten runs in a row ask a paper that brings little news."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.politeness_world.crawls import age, news
from tests.politeness_world.world import Access, World, path_of

TEN_MINUTES = timedelta(minutes=10)
ARTICLES = 8
RUNS = 10
NEWS_AT = 6
"""Before which run the one new article appears."""


@pytest.fixture(scope="module")
def runs(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> list[list[Access]]:
    """Give the access log of each run; between two of them ten minutes pass."""
    name = f"cron_{os.getpid()}"
    logs = []
    with World(1, ARTICLES) as world, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        (paper,) = world.papers.values()
        file = world.sites_file(tmp_path_factory.mktemp("cron"), delay=0)
        for number in range(RUNS):
            if number == NEWS_AT:
                paper.articles += 1
            (ran,) = news(Path(file), uri=mongodb_uri, database=name)
            assert ran.exit_code == 0, ran.stderr
            logs.append(world.log)
            world.forget()
            age(client[name], TEN_MINUTES)
        client.drop_database(name)
    counts = [f"{len(log)} ({sum(a.bytes for a in log)} B)" for log in logs]
    print(f"\nrequests of {RUNS} runs, ten minutes apart: {', '.join(counts)}")
    return logs


def test_runs_without_news_ask_next_to_nothing(runs: list[list[Access]]) -> None:
    assert len(runs[0]) >= ARTICLES + 4
    # Within the first hour a page is due once, and the lists every half hour or less.
    later = [len(log) for log in runs[1:]]
    assert sum(later) <= 2 * len(runs[0])
    assert sum(not count for count in later) >= 4, later


def test_nothing_known_is_asked_for_unconditionally(runs: list[list[Access]]) -> None:
    for log in runs[1:]:
        assert [a.path for a in log if not a.conditional] in ([], [path_of(ARTICLES)])


def test_the_new_article_is_found_by_the_time_its_list_is_due(runs: list[list[Access]]) -> None:
    found = [n for n, log in enumerate(runs) if any(a.path == path_of(ARTICLES) for a in log)]
    assert len(found) >= 1
    assert NEWS_AT <= found[0] <= NEWS_AT + 3


def test_fresh_articles_are_looked_at_again_after_an_hour(runs: list[list[Access]]) -> None:
    again = [n for n, log in enumerate(runs) if n and any(a.path == path_of(0) for a in log)]
    assert again[0] in (6, 7)
