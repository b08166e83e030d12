from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import AsyncMongoClient

from crawler.url import article_id
from pipelines.store_forget import find_subject, forget
from tests.faults.crawling import crawl_paper
from tests.faults.site import Paper

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

    from fixtures.server import FixtureServer
    from tests.crawler.commands.conftest import Desk

SITE = "http://www.noorderkoerier.example"
PAGE = f"{SITE}/sport/a4106/kruispolder-marathon-eindigt-in-massasprint"


def test_a_forgotten_article_does_not_come_back_in_a_crawl(crawled: Desk, server: FixtureServer) -> None:
    """Its feed still lists it, and a second crawl visits all that is listed."""
    assert crawled.database.articles.find_one({"_id": article_id(PAGE)})
    ran = crawled.run("forget", PAGE, "--yes")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0].startswith("Kruispolder")
    assert ran.stdout.endswith("\nForgotten.\n")
    before = crawled.database.articles.count_documents({})
    server.forget()
    assert crawled.crawl("-s", "REVISITS=0", "-s", "LISTING_PERIOD_MAX=0").balance["pending"] == 0
    assert len(server.access_log) > 40
    assert not any("a4106" in access.path for access in server.access_log)
    assert crawled.database.articles.count_documents({}) == before
    assert crawled.database.articles.find_one({"_id": article_id(PAGE)}) is None


def test_nor_when_an_unknown_url_leads_to_it(crawled: Desk, server: FixtureServer, tmp_path: Path) -> None:
    """The page says itself which its canonical URL is."""
    assert crawled.run("forget", article_id(PAGE), "--yes").exit_code == 0
    listed = tmp_path / "urls.txt"
    listed.write_text(f"{PAGE}?pagina=1\n")
    server.forget()
    ran = crawled.run("crawl", "backfill", "-a", f"urls={listed}")
    assert [access.status for access in server.access_log if "a4106" in access.path] == [200]
    assert (ran.balance["discovered"], ran.balance["rejected"]) == (1, 1)
    assert "rejected       1   forgotten 1" in ran.stdout
    assert crawled.database.articles.find_one({"_id": article_id(PAGE)}) is None


def test_twice_is_as_good_as_once(crawled: Desk) -> None:
    crawled.run("forget", PAGE, "--yes")
    ran = crawled.run("forget", f"{PAGE}/amp", "--yes")
    assert (ran.exit_code, ran.stdout) == (0, f"{PAGE}/amp is forgotten already.\n")


def test_nobody_there_to_ask(desk: Desk) -> None:
    ran = desk.run("forget", PAGE)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "give --yes" in ran.stderr


def test_what_is_no_article(desk: Desk) -> None:
    for name, complaint in (
        ("marathon", "marathon is neither the URL nor the _id of an article"),
        ("0" * 24, f"there is no article {'0' * 24}, and no page of that key"),
    ):
        ran = desk.run("forget", name, "--yes")
        assert (ran.exit_code, ran.stdout, ran.stderr) == (1, "", f"scrapy forget: {complaint}\n")


async def forget_all(uri: str, database: str, *names: str) -> None:
    """Do what the command does, without the second it takes to start."""
    async with AsyncMongoClient[Any](uri, tz_aware=True) as client:
        for name in names:
            subject = await find_subject(client[database], name)
            assert subject
            await forget(client[database], subject, now=datetime.now(UTC))


def test_the_run_at_work_meanwhile_balances(
    database: Database[dict[str, Any]], mongodb_uri: str, tmp_path: Path
) -> None:
    """One page that it has stored, and one that it has yet to fetch, and another that will turn out to be none."""
    with Paper(80, pace=0.15) as paper:
        paper.gone.add(paper.paths[1])
        slowly = {"uri": mongodb_uri, "database": database.name, "CONCURRENT_REQUESTS": 2}
        with crawl_paper(paper, tmp_path, **slowly) as running:
            running.wait_until(lambda: bool(database.pages.count_documents({"state": "stored"})))
            stored = database.pages.find_one({"state": "stored"})
            pending = database.pages.find_one({"state": "pending", "_id": {"$ne": article_id(paper.urls[1])}})
            assert stored
            assert pending
            asyncio.run(forget_all(mongodb_uri, database.name, stored["url"], pending["url"], paper.urls[1]))
            assert running.process.poll() is None, "it ended too early: the test shows nothing"
            ran = running.end()
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.balance == {**dict.fromkeys(ran.balance, 0), "discovered": 80, "stored": 77, "rejected": 3}
    row = database.crawls.find_one()
    assert row
    assert (row["balances"], row["exit_code"], row["reasons"]) == (True, 0, {"rejected": {"forgotten": 3}})
    assert database.articles.count_documents({}) == 77
