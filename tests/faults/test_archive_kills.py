"""A pile of archives with daily captures, read by runs that are killed: each record counts once, in its order."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from crawler.url import article_id
from tests.crawler.discovery.test_warc import HTML, archive
from tests.faults.rounds import KILLS
from tests.faults.test_kills import kill_at
from tests.faults.test_page_faults import ordinary
from tests.running import environment, scrapy

DAYS, ARTICLES = 6, 25
FIRST = datetime(2021, 3, 1, 4, 0, tzinfo=UTC)


def versions(number: int) -> list[int]:
    """Return the days on which an article has another text than the day before: never, once, every other, each day."""
    return list(range(0, DAYS, (DAYS, 3, 2, 1)[number % 4]))


def capture(number: int, day: int) -> bytes:
    """Return an article as it was on a day."""
    version = max(since for since in versions(number) if since <= day)
    html = ordinary(f"artikel-{number}").replace("zegt de gemeente", f"zegt de gemeente op dag {version}")
    return html.encode()


def write_pile(folder: Path) -> None:
    """Write a file for each day, the last with each of its records twice."""
    for day in range(DAYS):
        records = [
            (f"https://bode.example/nieuws/artikel-{n}.html", "200 OK", HTML, capture(n, day)) for n in range(ARTICLES)
        ]
        date = f"{FIRST + day * timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        content, _ = archive(records * (2 if day == DAYS - 1 else 1), compressed=True, date=date)
        (folder / f"bode-{date[:10]}.warc.gz").write_bytes(content)


def test_killed_at_random_moments_while_it_reads_archives(
    round_: int, mongodb_uri: str, database: Database[Any], tmp_path: Path, tally: Callable[..., None]
) -> None:
    write_pile(tmp_path)
    chance = random.Random(f"archive {round_}")
    env = environment(mongodb_uri=mongodb_uri, database=database.name)
    arguments = ["crawl", "backfill", "-a", f"warc={tmp_path}/*.warc.gz", "-s", "EXTRACTION_WORKERS=2"]
    command = [sys.executable, "-m", "scrapy", *arguments]
    killed = sum(kill_at(chance.uniform(-1, 4), command, env, database) for _ in range(min(KILLS, 5)))
    last = scrapy(*arguments, env=env, timeout=900)
    again = scrapy(*arguments, env=env, timeout=900)

    wrong = 0
    for number in range(ARTICLES):
        key = article_id(f"https://bode.example/nieuws/artikel-{number}.html")
        article = database.articles.find_one({"_id": key})
        earlier = list(database.revisions.find({"article_id": key}).sort("revision"))
        told = [
            (version["revision"], version["changed_at"], f"op dag {day}." in version["text"])
            for version, day in zip((*earlier, *filter(None, [article])), versions(number), strict=False)
        ]
        wanted = [(n + 1, FIRST + day * timedelta(days=1), True) for n, day in enumerate(versions(number))]
        wrong += told != wanted or article is None or article["last_seen_at"] != FIRST + (DAYS - 1) * timedelta(days=1)
    rows = list(database.pages.find())
    dealt_with = sum(len({*row.get("captures", ()), row["capture"]}) for row in rows)
    tally(
        kills=killed,
        pages=len(rows),
        records=dealt_with,
        articles_with_wrong_revisions=wrong,
        not_settled=sum(row["state"] not in {"stored", "unchanged"} for row in rows),
        settled_twice=sum(row["visits"] != DAYS for row in rows),
    )
    assert last.exit_code == 0, last.stderr
    assert wrong == 0
    assert (len(rows), dealt_with) == (ARTICLES, ARTICLES * DAYS)
    assert {row["visits"] for row in rows} == {DAYS}
    assert {row["state"] for row in rows} <= {"stored", "unchanged"}
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == 0
    assert f"{ARTICLES * (DAYS + 1)} pages already in hand or settled, and not due" in again.stdout
