from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.article import DatePrecision, DateSource, Via
from crawler.frontier.ledger import Discovery, Ledger
from crawler.frontier.runs import Runs
from crawler.listed import Listed

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
LISTED = Listed(
    source=DateSource.FEED,
    title="De brug is dicht",
    authors=("Anke de Vos",),
    published_at=NOW,
    published_offset=60,
    published_precision=DatePrecision.SECOND,
    language="nl",
)


def found(path: str, days_old: int, listed: Listed | None = None) -> Discovery:
    url = f"https://k.example/{path}"
    return Discovery(url=url, via=Via.SITEMAP, news_at=NOW - timedelta(days=days_old), listed=listed)


@pytest.fixture
async def ledger(mongodb_uri: str, database: Database[Any]) -> AsyncIterator[Ledger]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        runs = Runs(client[database.name])
        await runs.open(spider="news", arguments={}, now=datetime.now(UTC))
        ledger = Ledger(client[database.name], runs)
        await ledger.create_indexes()
        yield ledger


async def test_noted_pages_are_nobodys_until_taken_up_the_newest_first(ledger: Ledger) -> None:
    assert await ledger.note([found("oud", 900), found("nieuw", 0), found("gisteren", 1)], now=NOW) == 3
    assert ledger.claimed == 0
    asked = {"sites": ["k.example"], "vias": [Via.SITEMAP], "now": NOW}
    first = await ledger.left_over(**asked, limit=2)
    assert {ticket.url[-5:] for ticket in first} == {"nieuw", "teren"}
    (last,) = await ledger.left_over(**asked, limit=2)
    assert last.url == "https://k.example/oud"
    assert await ledger.left_over(**asked) == []
    assert ledger.claimed == 3


async def test_a_known_page_is_noted_once(ledger: Ledger) -> None:
    await ledger.discover([found("een", 0)], now=NOW, revisit_after=None)
    assert await ledger.note([found("een", 0), found("twee", 0)], now=NOW) == 1
    assert await ledger.note([], now=NOW) == 0
    (ticket,) = await ledger.left_over(sites=["k.example"], vias=[Via.SITEMAP], now=NOW)
    assert ticket.url == "https://k.example/twee"


async def test_what_lists_say_of_a_page_comes_back_with_it(ledger: Ledger) -> None:
    (ticket,) = await ledger.discover([found("een", 0, LISTED)], now=NOW, revisit_after=None)
    assert (ticket.listed, ticket.news_at) == (LISTED, NOW)
    await ledger.note([found("twee", 1)], now=NOW)
    (later,) = await ledger.left_over(sites=["k.example"], vias=[Via.SITEMAP], now=NOW)
    assert (later.listed, later.news_at) == (None, NOW - timedelta(days=1))
