"""Three crawls at once on one database, one killed and run again: no page is fetched twice, and all books balance."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from crawler.frontier.balance import balance_of, run_counts
from crawler.url import article_id
from tests.faults.crawling import Crawl, assert_settled_once, crawl, wait_until
from tests.faults.site import Paper

PAGES = 120


def busy(crawls: Sequence[Crawl], database: Database[Any]) -> Iterator[tuple[int, ObjectId]]:
    """Yield which of the crawls have settled some pages and have more in hand, each with its `_id` in `crawls`."""
    for number, one in enumerate(crawls):
        row = database.crawls.find_one({"process.pid": one.process.pid}, {"_id": 1})
        pages = run_counts(database, row["_id"]) if row else {}
        pending = pages.pop(("pending", None), 0)
        if row and pending >= 5 and sum(pages.values()) >= 3:
            yield number, row["_id"]


def test_one_of_three_is_killed_and_run_again(
    round_: int, mongodb_uri: str, database: Database[Any], tmp_path: Path, tally: Callable[..., None]
) -> None:
    """The scheduled job, the same once more, and a backfill of a list whose first half its feed names as well."""
    slowly = {"uri": mongodb_uri, "database": database.name, "EXTRACTION_WORKERS": 1, "CONCURRENT_REQUESTS": 2}
    with Paper(PAGES, pace=0.2) as paper, ExitStack() as stack:
        urls = paper.urls
        sites = paper.sites_file(tmp_path)
        feed, listed = urls[: 2 * PAGES // 3], urls[PAGES // 3 :]
        paper.articles = len(feed)
        (tmp_path / "urls.txt").write_text("\n".join(listed))
        news = ("news", "-a", f"sites_file={sites}", "-s", "LISTING_PERIOD_MAX=0")
        backfill = ("backfill", "-a", f"urls={tmp_path / 'urls.txt'}", "-s", "DOWNLOAD_DELAY=0")
        jobs = (news, backfill, news)
        crawls = [stack.enter_context(crawl(*job, **slowly)) for job in jobs]
        # Who comes first has the feed, and most of the pages.
        found: list[tuple[int, ObjectId]] = []
        wait_until(lambda: bool(found.extend(busy(crawls, database)) or found))
        victim, killed = found[0]
        os.killpg(crawls[victim].process.pid, signal.SIGKILL)
        crawls[victim].process.communicate()
        in_hand = {row["_id"] for row in database.pages.find({"run": killed, "state": "pending"}, {"_id": 1})}
        again = stack.enter_context(crawl(*jobs[victim], **slowly))
        ended = [one.end() for one in (*crawls[:victim], *crawls[victim + 1 :], again)]
        asked = {url: paper.requests[url.removeprefix(paper.address)] for url in urls}
    assert [ran.exit_code for ran in ended] == [0, 0, 0], [ran.stderr for ran in ended]
    assert in_hand, "it was killed when it had done all it had taken up: the test shows nothing"
    tally(in_hand_when_killed=len(in_hand), fetched_again=sum(asked.values()) - len(asked))
    assert_settled_once(database, urls, tally)
    # What was under way when it was killed may have been fetched, and nobody knows: that, and nothing else, once more.
    assert {article_id(url) for url, times in asked.items() if times > 1} <= in_hand
    assert max(asked.values()) <= 2
    taken = 0
    for run in database.crawls.find():
        counted = run_counts(database, run["_id"])
        taken += sum(counted.values())
        if run["_id"] == killed:
            assert (run["reason"], run.get("discovered")) == ("killed", None)
            assert {state for state, _ in counted} <= {"stored", "unchanged"}
        else:
            balance = balance_of(run["discovered"], counted)
            assert (run["balances"], run["exit_code"], run["reason"]) == (True, 0, "finished")
            assert (balance.balances, balance.states) == (True, run["states"])
    assert database.crawls.count_documents({}) == 4
    assert taken == PAGES
    sheets = sorted(run["discovered"] for run in database.crawls.find({"_id": {"$ne": killed}}))
    assert sheets == sorted(ran.balance["discovered"] for ran in ended)
