from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from crawler.frontier.ledger import INDEXES
from crawler.frontier.overview import page_counts, recent_runs

if TYPE_CHECKING:
    from pymongo.database import Database

    from tests.crawler.commands.conftest import Desk


def test_a_database_that_nothing_was_crawled_into(desk: Desk) -> None:
    ran = desk.run("status")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "Nothing has been crawled into it yet: scrapy crawl news" in ran.stdout
    found = json.loads(desk.run("status", "--json").stdout)
    assert (found["articles"], found["runs"], found["pages"]) == (0, [], [])


def test_as_a_person_reads_it(crawled: Desk) -> None:
    ran = crawled.run("status")
    lines = [line.split() for line in ran.stdout.splitlines()]
    pages, states = crawled.database.pages, ("stored", "unchanged", "duplicate", "rejected", "failed", "pending")
    counts = [pages.count_documents({"state": state}) for state in states]
    assert ["all", *map(str, [sum(counts), *counts])] in lines
    (run,) = [line for line in lines if "news" in line]
    assert run[-8:] == [*map(str, [sum(counts), *counts]), "yes"]
    assert "finished" in run
    missing = "http://www.noorderkoerier.example/binnenland/a4097/nooit-geschreven"
    (failed,) = [line for line in lines if line[1:3] == ["failed", "http-status"]]
    assert failed[3] == str(pages.count_documents({"reason": "http-status"}))
    assert missing in failed
    assert "HTTP 404" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_as_a_machine_reads_it(crawled: Desk) -> None:
    ran = crawled.run("status", "--json", "--site", "noorderkoerier.example")
    found = json.loads(ran.stdout)
    assert set(found) == {"database", "where", "at", "articles", "revisions", "runs", "pages", "cluster"}
    assert found["articles"] == crawled.database.articles.count_documents({})
    (run,) = found["runs"]
    assert set(run) == {
        "id", "spider", "arguments", "started_at", "ended_at", "seconds", "ended", "exit_code",
        "discovered", "states", "balances",
    }  # fmt: skip
    assert (run["ended"], run["exit_code"], run["balances"]) == ("finished", 0, True)
    assert run["discovered"] == sum(run["states"].values())
    assert datetime.fromisoformat(run["started_at"]).utcoffset() == timedelta(0)
    assert {count["site"] for count in found["pages"]} == {"noorderkoerier.example"}
    total = crawled.database.pages.count_documents({"site": "noorderkoerier.example"})
    assert sum(count["pages"] for count in found["pages"]) == total


def test_what_a_page_says_does_not_reach_the_terminal(desk: Desk) -> None:
    row = {"site": "k.example", "state": "failed", "reason": "bad-response", "via": "feed"}
    desk.database.pages.insert_one(
        {**row, "url": "https://k.example/[red]a", "detail": "\x1b]0;weg\x07[bold]b\n\u202ec"}
    )
    (line,) = [line for line in desk.run("status").stdout.splitlines() if "bad-response" in line]
    assert line.endswith(" https://k.example/[red]a  ]0;weg [bold]b c")


def test_a_site_that_is_not_known(crawled: Desk) -> None:
    assert "No page of nrc.nl is known." in crawled.run("status", "--site", "www.nrc.nl").stdout


class TestRuns:
    NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)

    def row(self, **fields: Any) -> dict[str, Any]:
        started = self.NOW - timedelta(hours=1)
        return {
            "_id": ObjectId(),
            "spider": "news",
            "arguments": {},
            "started_at": started,
            "heartbeat_at": self.NOW - timedelta(seconds=5),
            "beat": self.NOW.timestamp() - 5,
            "ended_at": None,
            "reason": None,
            **fields,
        }

    def test_one_at_work_shows_what_is_in_its_name(self, database: Database[dict[str, Any]]) -> None:
        row = self.row()
        database.crawls.insert_one(row)
        states = ["stored", "stored", "pending"]
        database.pages.insert_many([{"run": row["_id"], "state": state, "reason": None} for state in states])
        (run,) = recent_runs(database, limit=5, now=self.NOW)
        assert (run.ended, run.ended_at, run.seconds, run.discovered, run.balances) == (None, None, 3600, None, None)
        assert run.states == {"stored": 2, "pending": 1}

    def test_one_that_fell_silent_was_killed(self, database: Database[dict[str, Any]]) -> None:
        heard = self.NOW - timedelta(minutes=30)
        database.crawls.insert_one(self.row(heartbeat_at=heard, beat=heard.timestamp()))
        (run,) = recent_runs(database, limit=5, now=self.NOW)
        assert (run.ended, run.ended_at, run.seconds) == ("killed", heard, 1800)

    def test_the_latest_come_first(self, database: Database[dict[str, Any]]) -> None:
        for hours in (3, 1, 2):
            database.crawls.insert_one(self.row(started_at=self.NOW - timedelta(hours=hours)))
        hours = [run.seconds / 3600 for run in recent_runs(database, limit=2, now=self.NOW)]
        assert hours == [1, 2]


def test_pages_are_counted_from_the_index_alone(crawled: Desk) -> None:
    """No page is loaded but the examples."""
    database = crawled.database
    database.pages.create_indexes(list(INDEXES))
    database.command({"profile": 2})
    try:
        counts = page_counts(database, sites=())
    finally:
        database.command({"profile": 0})
    assert sum(count.pages for count in counts) == database.pages.count_documents({})
    (aggregated,) = database["system.profile"].find({"command.aggregate": "pages"})
    assert (aggregated["docsExamined"], aggregated["planSummary"]) == (0, "IXSCAN { site: 1, state: 1, reason: 1 }")
