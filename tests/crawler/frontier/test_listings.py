from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.frontier.listings import Listing, ListingKind, Listings, body_hash, listing_id
from crawler.frontier.periods import Bounds
from crawler.frontier.runs import Runs

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOUNDS = Bounds(shortest=5 * MINUTE, longest=timedelta(days=1))
FEED = Listing(url="https://k.example/rss?type=amp", kind=ListingKind.FEED)
INDEX = Listing(url="https://k.example/sitemap.xml", kind=ListingKind.SITEMAP)


def child(number: int, changed_at: datetime | None = None) -> Listing:
    url = f"https://k.example/sitemap-{number}.xml"
    return Listing(url=url, kind=ListingKind.SITEMAP, parent=INDEX.url, changed_at=changed_at)


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
        yield client


class World:
    """Runs on one database, as if each were a process."""

    def __init__(self, client: AsyncMongoClient[Any], database: Database[Any]) -> None:
        self._client, self.database = client, database

    async def run(self) -> Listings:
        runs = Runs(self._client[self.database.name])
        await runs.open(spider="news", arguments={}, now=datetime.now(UTC))
        listings = Listings(self._client[self.database.name], runs, BOUNDS)
        await listings.create_indexes()
        return listings

    def row(self, listing: Listing) -> dict[str, Any]:
        found = self.database.listings.find_one({"_id": listing.listing_id})
        assert found is not None
        return dict(found)

    def end_all(self) -> None:
        self.database.crawls.update_many({}, {"$set": {"ended_at": datetime.now(UTC)}})


@pytest.fixture
def world(client: AsyncMongoClient[Any], database: Database[Any]) -> World:
    return World(client, database)


def test_what_is_noise_in_an_article_may_choose_a_feed() -> None:
    assert listing_id("https://k.example/rss?type=amp") != listing_id("https://k.example/rss")


async def test_a_new_listing_is_due_and_taken_up_once(world: World) -> None:
    one, two = await world.run(), await world.run()
    (ticket,) = await one.due([FEED, FEED], now=NOW)
    assert (ticket.url, ticket.kind, ticket.etag, ticket.body_hash) == (FEED.url, "feed", None, None)
    assert await one.due([FEED], now=NOW) == []
    assert await two.due([FEED], now=NOW) == []


async def test_what_a_dead_run_had_in_hand_is_free_at_once(world: World) -> None:
    await (await world.run()).due([FEED], now=NOW)
    world.end_all()
    assert len(await (await world.run()).due([FEED], now=NOW)) == 1


async def test_who_asks_again_after_a_lost_answer_gets_the_same(world: World) -> None:
    run, claim = await world.run(), ObjectId()
    first = await run.due([FEED, INDEX], now=NOW, claim=claim)
    assert {t.url for t in first} == {FEED.url, INDEX.url}
    assert {t.url for t in await run.due([FEED, INDEX], now=NOW, claim=claim)} == {FEED.url, INDEX.url}


async def test_validators_and_the_body_are_known_at_the_next_look_which_comes_when_due(world: World) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    body = body_hash(b"<rss/>")
    period = await run.looked(ticket, now=NOW, new=40, etag='"1"', last_modified="Tue", body=body)
    assert period == 30 * MINUTE
    assert await run.due([FEED], now=NOW + period - MINUTE) == []
    (again,) = await run.due([FEED], now=NOW + period)
    assert (again.etag, again.last_modified, again.body_hash) == ('"1"', "Tue", body)


async def test_a_304_keeps_the_validators_and_stretches_the_period(world: World) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    await run.looked(ticket, now=NOW, new=40, etag='"1"')
    (ticket,) = await run.due([FEED], now=NOW + 30 * MINUTE)
    period = await run.looked(ticket, now=NOW + 30 * MINUTE, not_modified=True)
    assert period == 45 * MINUTE
    row = world.row(FEED)
    assert (row["etag"], row["looks"], row["news"], row["news_at"]) == ('"1"', 2, 40, NOW)


async def test_news_shortens_the_period(world: World) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    await run.looked(ticket, now=NOW)
    assert await run.looked(ticket, now=NOW + 30 * MINUTE, new=12) == 15 * MINUTE


async def test_the_same_look_written_twice_teaches_once(world: World) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    await run.looked(ticket, now=NOW)
    for _ in range(2):
        assert await run.looked(ticket, now=NOW + 30 * MINUTE, new=12) == 15 * MINUTE
    assert world.row(FEED)["looks"] == 2


async def test_failures_in_a_row_are_waited_out_longer_and_longer_and_say_why(world: World) -> None:
    run, now = await world.run(), NOW
    for pause in (5, 10, 20, 40):
        (ticket,) = await run.due([FEED], now=now)
        await run.failed(ticket, now=now, reason="HTTP 500")
        assert await run.due([FEED], now=now + (pause - 1) * MINUTE) == []
        now += pause * MINUTE
    assert (world.row(FEED)["failures"], world.row(FEED)["reason"]) == (4, "HTTP 500")
    (ticket,) = await run.due([FEED], now=now)
    await run.looked(ticket, now=now)
    assert (world.row(FEED)["failures"], world.row(FEED)["reason"]) == (0, None)


async def test_a_failure_leaves_what_the_last_good_answer_was_known_by(world: World) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    await run.looked(ticket, now=NOW, etag='"1"')
    await run.failed(ticket, now=NOW + MINUTE, reason="timeout")
    (ticket,) = await run.due([FEED], now=NOW + timedelta(days=1))
    assert ticket.etag == '"1"'


async def test_an_index_that_is_as_it_was_still_leads_to_the_sitemaps_it_names(world: World) -> None:
    run = await world.run()
    tickets = await run.due([child(1), child(2)], now=NOW)
    await run.looked(next(t for t in tickets if t.url == child(1).url), now=NOW)
    world.end_all()
    run = await world.run()
    (ticket,) = await run.children_due(INDEX.url, now=NOW + MINUTE)
    assert (ticket.url, ticket.parent) == (child(2).url, INDEX.url)
    assert len(await run.children_due(INDEX.url, now=NOW + 31 * MINUTE)) == 1
    assert await run.children_due("https://other.example/sitemap.xml", now=NOW + 31 * MINUTE) == []


async def test_a_sitemap_that_its_index_dates_before_the_last_look_is_not_due(world: World) -> None:
    run, later = await world.run(), NOW + timedelta(hours=5)
    (ticket,) = await run.due([child(1, changed_at=NOW - MINUTE)], now=NOW)
    await run.looked(ticket, now=NOW)
    assert await run.due([child(1, changed_at=NOW - MINUTE)], now=later) == []
    assert len(await run.due([child(1, changed_at=NOW + MINUTE)], now=later)) == 1


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=-2)], ids=["a year", "two days"])
async def test_a_clock_set_back_does_not_silence_a_listing(world: World, jump: timedelta) -> None:
    run = await world.run()
    (ticket,) = await run.due([FEED], now=NOW)
    await run.looked(ticket, now=NOW)
    (ticket,) = await run.due([FEED], now=NOW + jump)
    assert await run.looked(ticket, now=NOW + jump) == 30 * MINUTE
    assert await run.due([FEED], now=NOW + jump + 29 * MINUTE) == []
    assert len(await run.due([FEED], now=NOW + jump + 30 * MINUTE)) == 1
