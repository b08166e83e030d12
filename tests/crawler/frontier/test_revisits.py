from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.article import Via
from crawler.frontier.ledger import Discovery, Ledger, PageState, Settlement
from crawler.frontier.revisits import (
    Revisits,
    SettingError,
    Visit,
    fresh_since,
    next_visit,
    read_steps,
    stretch,
)
from crawler.frontier.runs import Runs

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = (HOUR, 6 * HOUR, DAY, 7 * DAY)
moments = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30)).map(lambda age: NOW + age)
factors = st.floats(0.5, 4.0)


def test_the_setting() -> None:
    assert read_steps(["3600", "21600", "86400", "604800"]) == STEPS
    assert read_steps(["0"]) == (timedelta(),)
    assert read_steps([]) == ()


@pytest.mark.parametrize(
    "values", [["uur"], ["-1"], ["60", "60"], ["60", "30"], ["0", "60"], ["nan"], ["1e300"]], ids=str
)
def test_a_setting_that_means_nothing_names_the_remedy(values: list[str]) -> None:
    with pytest.raises(SettingError, match=r"REVISITS.*give ages in seconds"):
        read_steps(values)


def test_an_article_that_stays_as_it_is_is_looked_at_after_an_hour_six_a_day_and_a_week() -> None:
    visits, now = [], NOW
    while (due := next_visit(STEPS, fresh_at=NOW, now=now, factor=1.0, changed=False)) is not None:
        visits.append(due - NOW)
        now = due
    assert tuple(visits) == STEPS


def test_one_that_changes_is_looked_at_again_after_the_first_step_until_it_is_old() -> None:
    assert next_visit(STEPS, fresh_at=NOW, now=NOW + 6 * HOUR, factor=1.0, changed=True) == NOW + 7 * HOUR
    assert next_visit(STEPS, fresh_at=NOW, now=NOW + 8 * DAY, factor=1.0, changed=True) is None


def test_a_visit_that_was_late_is_not_made_up_for() -> None:
    assert next_visit(STEPS, fresh_at=NOW, now=NOW + 3 * DAY, factor=1.0, changed=False) == NOW + 7 * DAY
    assert next_visit(STEPS, fresh_at=NOW, now=NOW + 50 * MINUTE, factor=1.0, changed=False) == NOW + 6 * HOUR


def test_zero_is_always_and_nothing_is_never() -> None:
    assert next_visit((timedelta(),), fresh_at=NOW, now=NOW + 90 * DAY, factor=4.0, changed=False) == NOW + 90 * DAY
    assert next_visit((), fresh_at=NOW, now=NOW, factor=1.0, changed=True) is None


@given(moments, factors, st.booleans())
def test_a_next_visit_lies_ahead_and_within_reach(now: datetime, factor: float, changed: bool) -> None:
    due = next_visit(STEPS, fresh_at=NOW, now=now, factor=factor, changed=changed)
    assert due is None or now + STEPS[0] * factor / 2 <= due <= NOW + STEPS[-1] * factor + STEPS[0] * factor


@given(moments, factors)
def test_a_change_never_puts_the_next_visit_off(now: datetime, factor: float) -> None:
    calm = next_visit(STEPS, fresh_at=NOW, now=now, factor=factor, changed=False)
    lively = next_visit(STEPS, fresh_at=NOW, now=now, factor=factor, changed=True)
    assert calm is None or (lively is not None and lively <= calm)


@given(st.floats(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_more_changes_never_stretch(looks: float, one: float, other: float) -> None:
    few, many = sorted((one, other))
    assert 0.5 <= stretch(looks, looks * many) <= stretch(looks, looks * few) <= 4.0


def test_a_site_nobody_knows_is_taken_as_it_is_and_one_that_never_changes_is_left_longer() -> None:
    assert stretch(0, 0) == 1.0
    assert stretch(200, 0) == 4.0
    assert stretch(100, 100) == 0.5


@pytest.mark.parametrize(
    ("published", "since"),
    [
        (None, NOW),
        (NOW - 15 * HOUR, NOW),
        (NOW - 3 * DAY, NOW - 3 * DAY),
        (NOW + DAY, NOW),
    ],
    ids=["undated", "today at midnight", "three days ago", "from the future"],
)
def test_an_old_article_is_not_fresh_because_we_just_found_it(published: datetime | None, since: datetime) -> None:
    assert fresh_since(None, seen=NOW, published=published) == since
    assert fresh_since(NOW, seen=NOW + HOUR, published=published) == since


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield client


def look(number: int, *, changed: bool, known: bool = True) -> Visit:
    return Visit(
        page_id=str(number), site="k.example", at=NOW, fresh_at=NOW, published_at=None, known=known, changed=changed
    )


async def test_what_one_run_learns_of_a_site_the_next_one_knows(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    first = Revisits(client[database.name], STEPS)
    await first.appointments([look(n, changed=False) for n in range(50)])
    await first.appointments([look(n, changed=False) for n in range(50)])
    made = await Revisits(client[database.name], STEPS).appointments([look(1, changed=False, known=False)])
    assert made["1"].next_visit_at is not None
    assert made["1"].next_visit_at > NOW + 2 * HOUR
    row = database.rhythms.find_one({"_id": "k.example"})
    assert row is not None
    assert row["changes"] == 0
    assert 70 < row["looks"] < 100, "earlier looks weigh less"


class Desk:
    """One run after another, each with its ledger."""

    def __init__(self, client: AsyncMongoClient[Any], database: Database[Any]) -> None:
        self._client, self.database = client, database

    async def run(self) -> Ledger:
        self.database.crawls.update_many({}, {"$set": {"ended_at": datetime.now(UTC)}})
        runs = Runs(self._client[self.database.name])
        await runs.open(spider="news", arguments={}, now=datetime.now(UTC))
        ledger = Ledger(self._client[self.database.name], runs, Revisits(self._client[self.database.name], STEPS))
        await ledger.create_indexes()
        return ledger

    async def due(self, ledger: Ledger, now: datetime, limit: int = 100) -> list[str]:
        tickets = await ledger.due_again(sites=["k.example"], vias=[Via.FEED], now=now, limit=limit)
        return [ticket.page_id for ticket in tickets]


async def stored(ledger: Ledger, path: str, *, at: datetime = NOW, **fields: Any) -> str:
    found = Discovery(url=f"https://k.example/{path}", via=Via.FEED)
    (ticket,) = await ledger.discover([found], now=at, revisit_after=None)
    settlement = {"state": PageState.STORED, "article_id": ticket.page_id, **fields}
    await ledger.settle([Settlement(page_id=ticket.page_id, at=at, **settlement)])
    return ticket.page_id


async def test_the_ledger_hands_out_a_fresh_page_again_when_it_is_due(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    desk = Desk(client, database)
    page = await stored(await desk.run(), "1")
    ledger = await desk.run()
    assert await desk.due(ledger, NOW + 59 * MINUTE) == []
    assert await desk.due(ledger, NOW + HOUR) == [page]
    assert await desk.due(ledger, NOW + HOUR) == [], "a run has it in hand once"
    await ledger.settle([Settlement(page_id=page, state=PageState.UNCHANGED, article_id=page, at=NOW + HOUR)])
    assert await desk.due(await desk.run(), NOW + 2 * HOUR) == []
    assert await desk.due(await desk.run(), NOW + 7 * HOUR) == [page]


async def test_only_so_many_are_handed_out_the_fresh_ones_first(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    desk = Desk(client, database)
    ledger = await desk.run()
    pages = [await stored(ledger, str(number), at=NOW + number * MINUTE) for number in range(5)]
    assert set(await desk.due(await desk.run(), NOW + 3 * HOUR, limit=2)) == set(pages[-2:])


async def test_an_archive_is_not_looked_at_again(client: AsyncMongoClient[Any], database: Database[Any]) -> None:
    desk = Desk(client, database)
    page = await stored(await desk.run(), "oud", published_at=NOW - 400 * DAY)
    row = database.pages.find_one({"_id": page})
    assert row is not None
    assert "next_visit_at" not in row
    assert await desk.due(await desk.run(), NOW + 400 * DAY) == []


async def test_a_page_of_a_host_that_was_left_alone_comes_back_when_that_ends(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    desk = Desk(client, database)
    left = {"state": PageState.FAILED, "reason": "host-failing", "again_at": NOW + 10 * MINUTE, "article_id": None}
    page = await stored(await desk.run(), "1", **left)
    assert await desk.due(await desk.run(), NOW + 9 * MINUTE) == []
    assert await desk.due(await desk.run(), NOW + 10 * MINUTE) == [page]


async def test_a_list_that_names_such_a_page_again_gets_it_when_that_ends(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    desk = Desk(client, database)
    left = {"state": PageState.FAILED, "reason": "robots-unreachable", "again_at": NOW + 10 * MINUTE}
    page = await stored(await desk.run(), "1", article_id=None, **left)
    gone = await stored(await desk.run(), "2", article_id=None, state=PageState.FAILED, reason="http-status")
    found = [Discovery(url=f"https://k.example/{path}", via=Via.LIST) for path in ("1", "2")]
    ledger = await desk.run()
    assert await ledger.discover(found, now=NOW + 9 * MINUTE, revisit_after=None) == []
    tickets = await ledger.discover(found, now=NOW + 2 * HOUR, revisit_after=None)
    assert [ticket.page_id for ticket in tickets] == [page]
    assert gone != page


async def test_a_clock_set_back_by_a_year_does_not_keep_a_page_from_being_seen(
    client: AsyncMongoClient[Any], database: Database[Any]
) -> None:
    desk = Desk(client, database)
    page = await stored(await desk.run(), "1", at=NOW + 365 * DAY)
    assert await desk.due(await desk.run(), NOW) == [page]


async def test_a_forgotten_page_is_never_due(client: AsyncMongoClient[Any], database: Database[Any]) -> None:
    desk = Desk(client, database)
    page = await stored(await desk.run(), "1")
    database.pages.update_one({"_id": page}, {"$set": {"state": "rejected", "reason": "forgotten"}})
    assert await desk.due(await desk.run(), NOW + DAY) == []
