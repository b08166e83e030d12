"""The scheduled job on the fixtures, three times over: everything, nothing new, a new edition."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pymongo
import pytest

from crawler.article import Via
from crawler.url import article_id
from fixtures.server import Access, FixtureServer
from tests.crawler.spiders.expected import differences, expected_pages
from tests.running import ROOT, Ran, environment, scrapy

NOORD = "http://www.noorderkoerier.example"
CHANGED = f"{NOORD}/politiek/a4104/raad-hoogerzijl-stemt-over-windpark"
LINKS_CHANGED = f"{NOORD}/cultuur/a4105/museum-het-pakhuis-opent-depot"
NEW = f"{NOORD}/binnenland/a4141/eerste-kievitsei-gevonden-bij-hoogerzijl"
OPTIONS = ("-a", f"sites_file={ROOT / 'fixtures' / 'sites.toml'}", "-s", "SITEMAP_DAYS=0")
OPTIONS += ("-s", "REVISITS=0", "-s", "LISTING_PERIOD_MAX=0")


@dataclass
class Days:
    """Three runs of the same job, and what the server saw of each."""

    database: Any
    runs: list[Ran] = field(default_factory=list)
    logs: list[list[Access]] = field(default_factory=list)
    snapshots: list[dict[str, Any]] = field(default_factory=list)

    def run(self, server: FixtureServer, env: dict[str, str]) -> None:
        self.runs.append(scrapy("crawl", "news", *OPTIONS, env=env))
        self.logs.append(list(server.access_log))
        self.snapshots.append({article["_id"]: article for article in self.database.articles.find()})
        server.forget()


@pytest.fixture(scope="module")
def days(mongodb_uri: str) -> Iterator[Days]:
    name = f"news_{os.getpid()}"
    with FixtureServer() as server, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        days = Days(client[name])
        env = environment(mongodb_uri=mongodb_uri, database=name, proxy=server.url)
        days.run(server, env)
        days.run(server, env)
        server.edition = 2
        days.run(server, env)
        yield days
        client.drop_database(name)


def test_every_run_does_what_was_asked(days: Days) -> None:
    for ran in days.runs:
        assert ran.exit_code == 0, ran.stderr
        assert "Traceback" not in ran.stderr
        assert ran.balance["pending"] == 0
        assert ran.balance["discovered"] * 2 == sum(ran.balance.values())
    rows = list(days.database.crawls.find().sort("started_at", 1))
    assert [row["balances"] for row in rows] == [True] * 3
    assert [row["states"]["stored"] for row in rows] == [ran.balance["stored"] for ran in days.runs]


def test_the_first_run_finds_articles_of_all_three_papers(days: Days) -> None:
    sites = {article["site"] for article in days.snapshots[0].values()}
    assert sites == {"noorderkoerier.example", "stadsbode.example", "meridianpost.example"}
    assert days.runs[0].balance["stored"] >= 40


def test_what_was_stored_is_what_the_pages_say(days: Days) -> None:
    expected = {page["url"]: page for page in expected_pages().values() if "url" in page}
    compared = 0
    for article in days.snapshots[0].values():
        assert article["url"] in expected, f"no page of the fixtures is an article at {article['url']}"
        wrong = differences(expected[article["url"]], article)
        # Which URLs led to an article depends on what listed it; test_fixture_pages has them all.
        assert not [line for line in wrong if not line.startswith("aliases")], article["url"]
        compared += 1
    assert compared >= 40


def test_each_article_knows_how_it_was_found(days: Days) -> None:
    ways = {article["fetch"]["via"] for article in days.snapshots[0].values()}
    assert ways >= {Via.FEED, Via.SITEMAP, Via.READ_ALSO}


def test_read_also_links_are_followed_one_step_by_default(days: Days) -> None:
    pages = list(days.database.pages.find({"via": "read-also"}))
    assert pages
    assert {page["depth"] for page in pages} == {1}
    for page in pages:
        source = days.database.articles.find_one({"_id": page["found_on"]})
        assert source is not None
        assert page["_id"] in {link["article_id"] for link in source["related"]}


def test_the_same_story_in_two_papers_is_linked_not_dropped(days: Days) -> None:
    repeats = [article for article in days.snapshots[0].values() if article["duplicate_of"]]
    assert repeats
    for repeat in repeats:
        original = days.snapshots[0][repeat["duplicate_of"]]
        assert original["duplicate_of"] is None
        assert original["site"] != repeat["site"]


def test_no_path_that_robots_txt_disallows_is_requested(days: Days) -> None:
    paths = [access.path for log in days.logs for access in log]
    assert any(path == "/robots.txt" for path in paths)
    assert not [path for path in paths if path.startswith("/intern/")]
    assert days.database.pages.count_documents({"reason": "robots-txt"}) >= 1


def test_a_redirect_out_of_the_chosen_sites_is_no_article(days: Days) -> None:
    row = days.database.pages.find_one({"_id": article_id(f"{NOORD}/partner/a4144/winactie")})
    if row is None:
        pytest.skip("no listing names it")
    assert (row["state"], row["reason"]) == ("rejected", "off-site")


def test_the_second_run_asks_conditionally_and_finds_everything_unchanged(days: Days) -> None:
    second = days.runs[1].balance
    assert second["stored"] == 0
    assert second["unchanged"] >= 40
    stored = {article["fetched_url"] for article in days.snapshots[0].values()}
    again = [access for access in days.logs[1] if f"http://{access.host}{access.path}" in stored]
    assert again
    assert all({"if-none-match", "if-modified-since"} & access.headers.keys() for access in again)
    assert sum(access.status == 304 for access in again) >= 0.9 * len(again)


def test_unchanged_articles_move_only_when_they_were_last_seen(days: Days) -> None:
    first, second = days.snapshots[0], days.snapshots[1]
    assert first.keys() == second.keys()
    asked = {f"http://{access.host}{access.path}" for access in days.logs[1]}
    for key, article in first.items():
        # What only a read-also link names is not visited again.
        assert (second[key]["last_seen_at"] > article["last_seen_at"]) == (article["fetched_url"] in asked)
        moved = {name for name in article if article[name] != second[key][name]}
        assert moved <= {"last_seen_at", "fetch"}, article["url"]


def test_a_changed_text_becomes_a_revision(days: Days) -> None:
    article = days.snapshots[2][article_id(CHANGED)]
    assert article["revision"] == 2
    assert not differences(expected_pages(2)[CHANGED], article)
    (earlier,) = days.database.revisions.find({"article_id": article_id(CHANGED)})
    assert earlier["revision"] == 1
    assert "text" in earlier["changed"]


def test_changed_read_also_links_are_updated_without_a_revision(days: Days) -> None:
    before, after = (days.snapshots[day][article_id(LINKS_CHANGED)] for day in (0, 2))
    assert after["revision"] == 1
    assert after["related"] != before["related"]
    assert not differences(expected_pages(2)[LINKS_CHANGED], after)


def test_the_new_edition_brings_the_new_article_and_nothing_else(days: Days) -> None:
    fresh = days.snapshots[2].keys() - days.snapshots[1].keys()
    assert article_id(NEW) in fresh
    assert len(fresh) <= 3
    assert days.runs[2].balance["stored"] == len(fresh) + 1


def test_a_host_that_names_a_time_is_left_alone_until_then(days: Days) -> None:
    for log in days.logs:
        refusals = [access for access in log if access.status in (429, 503)]
        for refusal in refusals:
            pause = 2.0 if refusal.status == 429 else 0.0
            later = [a for a in log if a.host == refusal.host and a.time > refusal.time]
            early = [a for a in later if (a.time - refusal.time).total_seconds() < pause - 0.05]
            # One request may have been on its way already.
            assert len(early) <= 2, [a.path for a in early]
    assert any(access.status == 429 for access in days.logs[0])
