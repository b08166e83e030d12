"""A clock set back an hour, under a crawl or between two: no date and no revision runs backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.faults.clock import SettableClock
from tests.faults.crawling import assert_settled_once, crawl_paper
from tests.faults.site import Paper
from tests.running import Ran

HOUR = timedelta(hours=1)
LOOK_AGAIN = {"REVISITS": 0, "LISTING_PERIOD_MAX": 0}
"""Pages are looked at again by the next run, and feeds, too."""
_PUBLISHERS = {"published_at", "modified_at"}
"""Dates that others give: no clock of ours has to do with them."""


def dates(database: Database[Any]) -> dict[tuple[str, ...], datetime]:
    """Return every date that a crawl has written down, by where it stands."""
    found: dict[tuple[str, ...], datetime] = {}

    def walk(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, datetime):
            found[path] = value
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name not in _PUBLISHERS:
                    walk((*path, name), inner)

    for name in database.list_collection_names(filter={"type": "collection"}):
        for document in database[name].find():
            walk((name, str(document["_id"])), document)
    return found


def assert_none_runs_backwards(before: dict[tuple[str, ...], datetime], after: dict[tuple[str, ...], datetime]) -> None:
    """Check that each date is as it was, or later, where it still is."""
    earlier = {path: (at, after[path]) for path, at in before.items() if path in after and after[path] < at}
    assert not earlier, list(earlier.items())[:3]


@pytest.fixture
def paper() -> Iterator[Paper]:
    """Give a paper of forty articles."""
    with Paper(40, pace=0.05) as paper:
        yield paper


class TestSetBack:
    """The clock of the crawl itself is set, that of mongod is not."""

    @pytest.fixture
    def clock(self, tmp_path: Path) -> SettableClock:
        return SettableClock(tmp_path)

    def test_while_a_crawl_runs_and_before_the_next(
        self,
        round_: int,
        paper: Paper,
        clock: SettableClock,
        mongodb_uri: str,
        database: Database[Any],
        tmp_path: Path,
        tally: Callable[..., None],
    ) -> None:
        where = {"uri": mongodb_uri, "database": database.name, "environ": clock.environment}
        with crawl_paper(paper, tmp_path, **where, **LOOK_AGAIN) as running:
            running.wait_until(lambda: database.articles.estimated_document_count() >= 10)
            midway = dates(database)
            clock.set_back(HOUR)
            ran = running.end()
        assert ran.exit_code == 0, ran.stderr
        assert_settled_once(database, paper.urls, tally)
        first = dates(database)
        assert_none_runs_backwards(midway, first)
        (run,) = database.crawls.find()
        for row in database.pages.find():
            assert run["started_at"] < row["discovered_at"] < row["visited_at"] <= run["ended_at"], row

        paper.rewritten.update({"/nieuws/artikel-3", "/nieuws/artikel-31"})
        with crawl_paper(paper, tmp_path, **where, LISTING_PERIOD_MAX=0) as running:
            ran = running.end()
        assert ran.exit_code == 0, ran.stderr
        assert (ran.balance["unchanged"], ran.balance["stored"]) == (38, 2)
        second = dates(database)
        assert_none_runs_backwards(first, second)
        # And it did visit them: what it wrote is later than all the first run wrote.
        ended = max(at for path, at in first.items() if path[0] == "crawls")
        assert all(row["visited_at"] > ended for row in database.pages.find())
        changed = list(database.articles.find({"revision": 2}))
        assert {article["url"].removeprefix(paper.address) for article in changed} == paper.rewritten
        for article in changed:
            (earlier,) = database.revisions.find({"article_id": article["_id"]})
            assert earlier["first_seen_at"] <= earlier["changed_at"] < article["changed_at"] <= article["last_seen_at"]
            assert earlier["replaced_at"] >= earlier["last_seen_at"]
            assert article["fetch"]["at"] > earlier["fetch"]["at"]

        # Half an hour later that clock still shows a time that has been; what is not due stays unvisited.
        clock.set_back(HOUR / 2)
        requests = sum(paper.requests[path] for path in paper.paths)
        with crawl_paper(paper, tmp_path, **where, LISTING_PERIOD_MAX=0) as running:
            assert running.end().balance["discovered"] == 0
        assert sum(paper.requests[path] for path in paper.paths) == requests
        assert_none_runs_backwards(second, dates(database))


def midway_start(database: Database[Any]) -> datetime:
    """Return when the first run began."""
    row = database.crawls.find_one(sort=[("started_at", 1)])
    assert row is not None
    started: datetime = row["started_at"]
    return started


class TestWrittenAhead:
    """What the first run wrote lies an hour ahead of the second, as if the clock had been so far ahead then."""

    def test_no_date_runs_backwards_and_pages_are_visited(
        self, paper: Paper, mongodb_uri: str, database: Database[Any], tmp_path: Path
    ) -> None:
        self.crawl(paper, mongodb_uri, database, tmp_path, **LOOK_AGAIN)
        self.set_ahead(database)
        before = dates(database)
        assert max(before.values()) > datetime.now(UTC) + HOUR / 2
        assert self.crawl(paper, mongodb_uri, database, tmp_path, **LOOK_AGAIN).balance["unchanged"] == 40
        assert_none_runs_backwards(before, dates(database))
        assert {row["visits"] for row in database.pages.find()} == {2}
        assert database.articles.distinct("revision") == [1]
        assert database.revisions.count_documents({}) == 0
        # One that makes appointments, and one that finds that nobody has any for now.
        assert self.crawl(paper, mongodb_uri, database, tmp_path).balance["unchanged"] == 40
        assert self.crawl(paper, mongodb_uri, database, tmp_path).balance["discovered"] == 0

    def test_a_run_left_over_from_the_future_keeps_nobody_out(
        self, paper: Paper, mongodb_uri: str, database: Database[Any], tmp_path: Path
    ) -> None:
        self.crawl(paper, mongodb_uri, database, tmp_path)
        database.articles.delete_many({})
        database.pages.update_many({}, {"$set": {"state": "pending", "visits": 0}})
        database.crawls.update_many({}, {"$set": {"ended_at": None, "reason": None, "process.host": "elders"}})
        self.set_ahead(database)
        assert self.crawl(paper, mongodb_uri, database, tmp_path).balance["stored"] == 40
        assert_settled_once(database, paper.urls)
        assert database.crawls.count_documents({"ended_at": None}) == 0

    def crawl(self, paper: Paper, uri: str, database: Database[Any], folder: Path, **settings: object) -> Ran:
        with crawl_paper(paper, folder, uri=uri, database=database.name, **settings) as running:
            ran: Ran = running.end()
        assert ran.exit_code == 0, ran.stderr
        return ran

    def set_ahead(self, database: Database[Any]) -> None:
        """Move every instant of bookkeeping an hour ahead."""
        hour = int(HOUR.total_seconds())
        names = {
            "articles": ("first_seen_at", "last_seen_at", "changed_at", "fetch.at"),
            "pages": ("discovered_at", "taken_at", "visited_at", "fresh_at", "next_visit_at"),
            "crawls": ("started_at", "heartbeat_at", "ended_at"),
        }
        for collection, fields in names.items():
            for name in fields:
                ahead = {"$set": {name: {"$add": [f"${name}", hour * 1000]}}}
                database[collection].update_many({name: {"$type": "date"}}, [ahead])
        database.crawls.update_many({}, {"$inc": {"beat": hour}})
