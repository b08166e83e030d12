"""Ctrl-C once, twice, SIGTERM to the whole group: the next run completes what was left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.faults.crawling import assert_settled_once, crawl_paper
from tests.faults.site import Paper
from tests.running import with_load

AT_ONCE = 5.0
"""Seconds the second Ctrl-C may take, on a machine that has nothing else to do."""


@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGINT,), 130), ((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 143)],
    ids=["ctrl-c", "ctrl-c-twice", "sigterm"],
)
def test_stopped_and_run_again(
    round_: int,
    signals: tuple[signal.Signals, ...],
    code: int,
    mongodb_uri: str,
    database: Database[Any],
    tmp_path: Path,
    tally: Callable[..., None],
) -> None:
    with Paper(160, pace=1) as paper:
        where = {"uri": mongodb_uri, "database": database.name}
        # So slowly that not all is fetched before the first article is stored, on a busy machine neither.
        with crawl_paper(paper, tmp_path, **where, CONCURRENT_REQUESTS_PER_DOMAIN=8) as running:
            running.wait_until(lambda: bool(database.articles.estimated_document_count()))
            for number in signals:
                os.killpg(running.process.pid, number)
                last = time.monotonic()
                time.sleep(0.2)
            stopped = running.end()
            seconds = time.monotonic() - last
        assert stopped.exit_code == code, stopped.stderr
        assert "Traceback" not in stopped.stderr
        pending = database.pages.count_documents({"state": "pending"})
        assert pending, "it was stopped when all was done: the test shows nothing"
        if len(signals) == 2:
            assert seconds < with_load(AT_ONCE)
        else:
            # Whatever was under way has been settled, and the books are closed.
            (run,) = database.crawls.find()
            assert (run["exit_code"], run["balances"], run["states"]["pending"]) == (code, True, pending)
        with crawl_paper(paper, tmp_path, **where) as running:
            assert running.end().exit_code == 0
        asked = sum(paper.requests[path] for path in paper.paths)
    tally(left_pending_by_the_first_run=pending, fetched_again=asked - len(paper.paths))
    assert_settled_once(database, paper.urls, tally)
