from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from crawler.extraction import extract
from crawler.frontier.health import HEALTH, history, read_outlets, take_stock
from crawler.health.readings import FIELDS, Measure, Reading, Tally, to_row
from tests.crawler.health.paper import ARTICLES, HOST, SITE, SLUG, Template, page
from tests.running import environment, scrapy

if TYPE_CHECKING:
    from pymongo.database import Database

    from tests.crawler.commands.conftest import Desk

NOW = datetime(2026, 3, 30, 6, tzinfo=UTC)


def counted(template: Template) -> Tally:
    tally = Tally()
    for number in range(ARTICLES):
        tally.add(extract(page(template, number, 1).encode(), f"http://{HOST}/nieuws/{SLUG}-{number}"))
    return tally


@pytest.fixture
def broken(desk: Desk) -> Desk:
    usual = counted(Template.USUAL)
    for day in range(10):
        take_stock(desk.database, ObjectId(), {SITE: usual}, looked_at=[SITE], now=NOW + timedelta(days=day))
    take_stock(
        desk.database,
        ObjectId(),
        {SITE: counted(Template.UNDATED), "other.example": usual},
        looked_at=[SITE],
        now=NOW + timedelta(days=10),
    )
    return desk


def test_a_break_makes_it_exit_1_and_shows_which(broken: Desk) -> None:
    ran = broken.run("health")
    assert (ran.exit_code, ran.stderr) == (1, "")
    (line,) = [line for line in ran.stdout.splitlines() if "BROKEN" in line]
    assert line.split() == [SITE, *"articles with date and time BROKEN 0 of 16 100% 2026-04-09 06:00".split()]


def test_one_outlet_alone(broken: Desk) -> None:
    ran = broken.run("health", "--site", "other.example")
    assert ran.exit_code == 0
    assert SITE not in ran.stdout


def test_as_json(broken: Desk) -> None:
    ran = broken.run("health", "--json", "--site", SITE)
    assert ran.exit_code == 1
    (outlet,) = json.loads(ran.stdout)
    assert (outlet["site"], outlet["broken"], outlet["looked_at"]) == (SITE, ["time"], "2026-04-09T06:00:00Z")
    (time,) = [measure for measure in outlet["measures"] if measure["measure"] == "time"]
    assert (time["hits"], time["of"], time["usual"]) == (0, ARTICLES, 1.0)


def test_nothing_known_is_nothing_broken(desk: Desk) -> None:
    ran = desk.run("health")
    assert (ran.exit_code, ran.stdout.count("\n")) == (0, 1)


def test_mistakes_are_2_and_no_database_is_3(desk: Desk) -> None:
    assert desk.run("health", "--site", "no site").exit_code == 2
    assert desk.run("health", "more").exit_code == 2
    ran = scrapy("health", env=environment(mongodb_uri="mongodb://127.0.0.1:1/", database="news"))
    assert ran.exit_code == 3
    assert len(ran.stderr.splitlines()) == 1


def test_a_run_judged_twice_is_told_once(database: Database[dict[str, Any]]) -> None:
    usual, run = counted(Template.USUAL), ObjectId()
    for day in range(8):
        take_stock(database, ObjectId(), {SITE: usual}, looked_at=[SITE], now=NOW + timedelta(days=day))
    undated, later = counted(Template.UNDATED), NOW + timedelta(days=8)
    assert len(take_stock(database, run, {SITE: undated}, looked_at=[SITE], now=later)) == 1
    stood = read_outlets(database)
    assert take_stock(database, run, {SITE: undated}, looked_at=[SITE], now=later) == []
    assert read_outlets(database) == stood


def test_a_webhook_that_is_none_stops_the_crawl_before_it_starts(desk: Desk) -> None:
    ran = desk.run("crawl", "news", "-s", "HEALTH_WEBHOOK_URL=s3cret")
    assert ran.exit_code == 2
    assert "HEALTH_WEBHOOK_URL" in ran.stderr
    assert "s3cret" not in ran.stderr


def test_very_many_runs_are_read_as_fewer_that_add_up_to_the_same(database: Database[dict[str, Any]]) -> None:
    rows = [
        Reading(
            site=SITE,
            at=NOW - timedelta(minutes=10 * back),
            pages=1 + back % 3,
            articles=1,
            new=back % 2,
            filled=dict.fromkeys(FIELDS, back % 2),
            words=(back,),
            broken=frozenset({Measure.TIME}) if 500 < back < 520 else frozenset(),
        )
        for back in range(1_000, 0, -1)
    ]
    database[HEALTH].insert_many({"run": ObjectId(), **to_row(row)} for row in rows)
    read = history(database, SITE, before=ObjectId(), now=NOW)
    assert len(read) < 300
    assert [reading.at for reading in read] == sorted(reading.at for reading in read)
    assert read[-100:] == rows[-100:]
    for name in ("pages", "articles", "new"):
        assert sum(getattr(reading, name) for reading in read) == sum(getattr(row, name) for row in rows)
    assert sum(reading.filled[Measure.TIME] for reading in read) == 500
    assert sum(reading.pages for reading in read if reading.broken) == sum(row.pages for row in rows if row.broken)
    assert sorted(length for reading in read for length in reading.words) == [*range(1, 1_001)]
