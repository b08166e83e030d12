"""Kill -9 at random moments, again and again: in the end every page is settled once and every article is there once.

`make test-faults` runs more rounds (FAULT_ROUNDS) with more kills each (FAULT_KILLS).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo.database import Database

from tests.faults.crawling import MANY, assert_settled_once, wait_until
from tests.faults.rounds import KILLS
from tests.faults.site import Paper
from tests.running import ROOT, environment, scrapy


def kill_at(moment: float, command: list[str], env: dict[str, str], database: Database[Any]) -> bool:
    """Start the crawl, kill its process group `moment` seconds after its run has begun; tell whether it still ran.

    Seconds before that are those of its start, of which a busy machine makes many and nothing happens in them; a moment
    below zero is one of these.
    """
    quiet, begun = subprocess.DEVNULL, database.crawls.count_documents({})
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)
    if moment >= 0:
        wait_until(lambda: process.poll() is not None or database.crawls.count_documents({}) > begun)
    try:
        process.wait(moment if moment >= 0 else -moment)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def test_killed_at_random_moments(
    round_: int, mongodb_uri: str, database: Database[Any], tmp_path: Path, tally: Callable[..., None]
) -> None:
    chance = random.Random(f"{round_}")
    env = environment(mongodb_uri=mongodb_uri, database=database.name)
    with Paper(150, pace=0.1) as paper:
        arguments = ["crawl", "news", "-a", f"sites_file={paper.sites_file(tmp_path)}", "-s", "EXTRACTION_WORKERS=1"]
        arguments += ["-s", f"CONCURRENT_REQUESTS_PER_DOMAIN={MANY}"]
        killed = sum(
            kill_at(chance.uniform(-1, 4), [sys.executable, "-m", "scrapy", *arguments], env, database)
            for _ in range(KILLS)
        )
        last = scrapy(*arguments, env=env, timeout=900)
    asked = [paper.requests[path] for path in paper.paths]
    tally(kills=killed, fetched_again=sum(asked) - len(asked))
    assert_settled_once(database, paper.urls, tally)
    assert killed, "no run was killed while it ran: the test shows nothing"
    assert last.exit_code == 0, last.stderr
    assert last.balance["pending"] == 0
    assert max(asked) <= 1 + killed
