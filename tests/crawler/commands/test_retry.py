from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.server import FixtureServer
    from tests.crawler.commands.conftest import Desk

SITE = "http://www.noorderkoerier.example"


def test_the_next_scheduled_job_takes_failed_pages_up(crawled: Desk, server: FixtureServer) -> None:
    failed = {row["url"] for row in crawled.database.pages.find({"state": "failed"})}
    assert len(failed) >= 4
    ran = crawled.run("retry")
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert lines[0] == f"{len(failed)} pages put back to pending."
    assert lines[1].startswith("  noorderkoerier.example")
    assert lines[-1] == f"  taken up by the next scrapy crawl news of their sites: {len(failed)}"
    ran = crawled.crawl("-s", "LISTING_PERIOD_MAX=0")
    assert (ran.balance["discovered"], ran.balance["failed"]) == (len(failed), len(failed))
    assert {row["url"] for row in crawled.database.pages.find({"state": "failed"})} == failed


def test_those_of_a_list_are_taken_up_by_the_same_backfill(desk: Desk, server: FixtureServer, tmp_path: Path) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text(f"{SITE}/binnenland/a4097/nooit-geschreven\n")
    backfill = ("crawl", "backfill", "-a", f"urls={listed}")
    assert desk.run(*backfill).balance["failed"] == 1
    assert desk.run(*backfill).balance["discovered"] == 0
    ran = desk.run("retry")
    assert "taken up by scrapy crawl backfill -a urls=… with the list they came from: 1" in ran.stdout
    again = desk.run(*backfill).balance
    assert (again["discovered"], again["failed"]) == (1, 1)
    row = desk.database.pages.find_one()
    assert row is not None
    assert (row["visits"], row["status"]) == (2, 404)


def test_only_those_chosen(crawled: Desk) -> None:
    by_reason = {"state": "failed", "reason": "http-status"}
    number = crawled.database.pages.count_documents(by_reason)
    all_failed = crawled.database.pages.count_documents({"state": "failed"})
    ran = crawled.run("retry", "--reason", "http-status", "--site", "noorderkoerier.example", "--dry-run")
    assert ran.stdout.splitlines()[0] == f"{number} pages would be put back."
    assert crawled.database.pages.count_documents({"state": "failed"}) == all_failed
    assert crawled.run("retry", "--site", "stadsbode.example").stdout == "No failed page matches.\n"
    crawled.run("retry", "--reason", "http-status,dns")
    assert crawled.database.pages.count_documents({"state": "failed"}) == all_failed - number
    assert crawled.database.pages.count_documents({"state": "pending", "run": None}) == number


def test_those_of_a_run_at_work_are_left_to_it(crawled: Desk) -> None:
    """Its balance sheet counts them."""
    # On another machine: of this one it is known that its process has ended.
    alive = {"ended_at": None, "beat": datetime.now(UTC).timestamp(), "process.host": "elders"}
    crawled.database.crawls.update_many({}, {"$set": alive})
    ran = crawled.run("retry")
    failed = crawled.database.pages.count_documents({"state": "failed"})
    assert failed
    assert ran.stdout == (f"No failed page matches.\n{failed} pages left to the run that is still at work on them.\n")


def test_options_that_mean_nothing(desk: Desk) -> None:
    for options, complaint in (
        (("--reason", "moe"), "--reason: pages do not fail for 'moe'; there are: http-status, timeout"),
        (("--site", "a b"), "--site: 'a b' is not a site"),
        (("nu",), "'nu' is not an option"),
    ):
        ran = desk.run("retry", *options)
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert complaint in ran.stderr
