"""Every page of the fixtures through a real crawl into a real MongoDB, against what was written down by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest

from crawler.url import article_id
from fixtures.server import FixtureServer
from tests.crawler.spiders.expected import differences, expected_pages
from tests.running import Ran, environment, scrapy

EXPECTED = expected_pages()


@pytest.fixture(scope="module")
def crawled(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ran, Any]]:
    """Give the crawl of all pages that have an expectation, and its database."""
    listed = tmp_path_factory.mktemp("list") / "urls.txt"
    listed.write_text("\n".join(EXPECTED), encoding="utf-8")
    name = f"pages_{os.getpid()}"
    with FixtureServer() as server, pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        env = environment(mongodb_uri=mongodb_uri, database=name, proxy=server.url)
        # What extraction reads is the matter here, also of pages whose publisher reserves them.
        options = ["-s", "DOWNLOAD_DELAY=0.01", "-s", "TDM_OBEY=False"]
        yield scrapy("crawl", "backfill", "-a", f"urls={listed}", *options, env=env), client[name]
        client.drop_database(name)


def test_the_run_did_what_was_asked(crawled: tuple[Ran, Any]) -> None:
    ran, database = crawled
    assert ran.exit_code == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    keys = {article_id(url) for url in EXPECTED}
    assert ran.balance["discovered"] == len(keys)
    assert ran.balance["discovered"] == sum(ran.balance.values()) - ran.balance["discovered"]
    assert ran.balance["pending"] == 0
    assert database.pages.count_documents({}) == len(keys)


@pytest.mark.parametrize("url", EXPECTED)
def test_page(crawled: tuple[Ran, Any], url: str) -> None:
    _, database = crawled
    expected = EXPECTED[url]
    row = database.pages.find_one({"_id": article_id(url)})
    assert row is not None
    if "rejected" in expected or "failed" in expected:
        ((state, reason),) = expected.items()
        if reason == "off-site":
            # A backfill goes where its list leads, here to a host that answers nothing but 502, robots.txt included;
            # test_news sees it turned away.
            state, reason = "failed", "robots-unreachable"
        assert (row["state"], row["reason"]) == (state, reason), row["detail"]
        return
    assert row["state"] in ("stored", "duplicate"), f"{row['state']} {row['reason']}: {row['detail']}"
    document = database.articles.find_one({"_id": article_id(expected["url"])})
    assert document is not None, f"stored under another address: {row['article_id']}"
    wrong = differences(expected, document)
    assert not wrong, "\n".join(wrong)


def test_every_page_with_an_expectation_is_there() -> None:
    assert len(EXPECTED) >= 40
    assert {page.get("language") for page in EXPECTED.values()} >= {"nl", "fy", "en", "de", "fr", "ar", "ja"}
