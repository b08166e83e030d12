"""A paper that changes its templates: each break is noticed by the first crawl after it, and told once."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from crawler.extraction import extract
from crawler.frontier.health import metrics_text, take_stock
from crawler.health.readings import Tally
from fixtures.server import FixtureServer
from tests.crawler.health.paper import ARTICLES, HOST, SITE, SLUG, Paper, Template, page
from tests.running import Ran, environment, scrapy

if TYPE_CHECKING:
    from pymongo.database import Database

RUNS_BEFORE = 8
KEEP = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('ab').write(sys.stdin.buffer.read() + b'\\n')"


@dataclass
class Beat:
    """The paper, a database that has known it for eight days, and crawls of it."""

    paper: Paper
    database: Database[dict[str, Any]]
    env: dict[str, str]
    told: Path
    """What HEALTH_COMMAND was given, a line each time."""
    crawls: int = 0

    def crawl(self, template: Template) -> Ran:
        self.crawls += 1
        self.paper.set(template, run=self.crawls)
        command = f"{shlex.quote(sys.executable)} -c {shlex.quote(KEEP)} {shlex.quote(str(self.told))}"
        options = ["-a", f"sites_file={self.paper.sites_file}", "-s", "REVISITS=0", "-s", "LISTING_PERIOD_MAX=0"]
        options += ["-s", "DOWNLOAD_DELAY=0"]
        options += ["-s", f"HEALTH_COMMAND={command}", "-s", f"METRICS_FILE={self.told.with_suffix('.prom')}"]
        ran = scrapy("crawl", "news", *options, env=self.env)
        assert "Traceback" not in ran.stderr
        assert ran.balance["pending"] == 0, ran.stderr
        return ran

    def alarms(self) -> list[tuple[str, bool]]:
        """Return measure and whether it healed, of the alarms of the last run."""
        (row,) = self.database.crawls.find().sort("started_at", -1).limit(1)
        assert all(alarm["site"] == SITE for alarm in row.get("alarms", ()))
        return [(alarm["measure"], alarm["healed"]) for alarm in row.get("alarms", ())]


def remember(database: Database[dict[str, Any]], now: datetime) -> None:
    """Write what eight daily runs counted while the paper was as usual, as runs do."""
    for back in range(RUNS_BEFORE, 0, -1):
        tally = Tally()
        for number in range(ARTICLES):
            url = f"http://{HOST}/nieuws/{SLUG}-{number}"
            tally.add(extract(page(Template.USUAL, number, -back).encode(), url))
        at = now - timedelta(days=back)
        assert take_stock(database, ObjectId(), {SITE: tally}, looked_at=[SITE], now=at) == []


@pytest.fixture
def beat(mongodb_uri: str, database: Database[dict[str, Any]], tmp_path: Path) -> Iterator[Beat]:
    paper = Paper(tmp_path)
    remember(database, datetime.now(UTC).replace(microsecond=0))
    with FixtureServer(world=paper.world) as server:
        env = environment(mongodb_uri=mongodb_uri, database=database.name, proxy=server.url)
        yield Beat(paper, database, env, tmp_path / "told")


@pytest.mark.parametrize(
    ("template", "measure"),
    [
        (Template.RENAMED, "body"),
        (Template.WALL, "articles"),
        (Template.HALF_EMPTY, "articles"),
    ],
)
def test_a_break_is_noticed_by_the_first_crawl_after_it(beat: Beat, template: Template, measure: str) -> None:
    ran = beat.crawl(template)
    assert (measure, False) in beat.alarms()
    assert f"health: {SITE}: " in ran.stderr
    (told,) = map(json.loads, beat.told.read_text().splitlines())
    assert {(alarm["site"], alarm["measure"]) for alarm in told["alarms"]} >= {(SITE, measure)}


def test_a_dropped_date_is_told_once_and_once_more_when_it_is_back(beat: Beat) -> None:
    beat.crawl(Template.USUAL)
    assert beat.alarms() == []
    beat.crawl(Template.UNDATED)
    assert beat.alarms() == [("time", False)]
    assert b'leesook_outlet_broken{measure="time",site="wisselbode.example"} 1.0' in metrics_text(beat.database)
    assert scrapy("health", env=beat.env).exit_code == 1
    beat.crawl(Template.UNDATED)
    assert beat.alarms() == []
    assert 'measure="time",site="wisselbode.example"} 1.0' in beat.told.with_suffix(".prom").read_text()
    beat.crawl(Template.USUAL)
    assert beat.alarms() == [("time", True)]
    assert scrapy("health", env=beat.env).exit_code == 0
    told = [json.loads(line) for line in beat.told.read_text().splitlines()]
    assert [[alarm["healed"] for alarm in one["alarms"]] for one in told] == [[False], [True]]
    assert told[0]["text"] == f"{SITE}: articles with date and time broke: 0 of {ARTICLES}, usually 100%"
