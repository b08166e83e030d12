from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient

from crawler.article import DatePrecision, to_document
from crawler.export.selection import ORDER, mongo_filter, selection
from crawler.founding_shape import founding_shape
from crawler.mongodb.errors import DatabaseUnavailable
from crawler.mongodb.reading import BATCH, articles, founding_texts
from pipelines.store_schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.article import Article

MORNING = datetime(2022, 1, 7, 6, 0, tzinfo=UTC)


def url(number: int, site: str = "polderbode.example") -> str:
    return f"https://www.{site}/bericht-{number}"


@pytest.fixture
async def prepared(database: Database[dict[str, Any]], mongodb_uri: str) -> Database[dict[str, Any]]:
    """Return the database with validator, indexes and view."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        await prepare(client[database.name])
    return database


async def test_the_order_is_by_publication_then_by_key_and_undated_ones_come_first(
    prepared: Database[dict[str, Any]], make_article: Callable[..., Article]
) -> None:
    dated = [make_article(url(n), published_at=MORNING + timedelta(minutes=n % 3)) for n in range(30)]
    nothing = {"published_at": None, "published_source": None, "published_precision": None, "date": None}
    undated = [make_article(url(n), **nothing) for n in range(30, 35)]
    prepared.articles.insert_many(map(to_document, dated + undated))
    expected = sorted(undated, key=lambda a: a.id) + sorted(dated, key=lambda a: (a.published_at, a.id))
    assert [d["_id"] for d in articles(prepared, selection())] == [a.id for a in expected]
    assert [d["_id"] for d in founding_texts(prepared, selection())] == [a.id for a in expected]


async def test_more_than_a_batch_comes_whole_and_once(
    prepared: Database[dict[str, Any]], make_article: Callable[..., Article]
) -> None:
    stored = [make_article(url(n), published_at=MORNING + timedelta(minutes=n // 100)) for n in range(3 * BATCH + 7)]
    prepared.articles.insert_many(map(to_document, stored))
    keys = [document["_id"] for document in founding_texts(prepared, selection())]
    assert len(keys) == len(stored)
    assert set(keys) == {article.id for article in stored}


@pytest.mark.parametrize("undated", [0, 2 * BATCH + 5])
async def test_reading_goes_on_where_the_server_forgot_the_cursor(
    prepared: Database[dict[str, Any]], make_article: Callable[..., Article], undated: int
) -> None:
    nothing = {"published_at": None, "published_source": None, "published_precision": None, "date": None}
    stored = [
        make_article(url(n), **(nothing if n < undated else {"published_at": MORNING + timedelta(minutes=n // 50)}))
        for n in range(3 * BATCH)
    ]
    prepared.articles.insert_many(map(to_document, stored))
    whole = [document["_id"] for document in articles(prepared, selection())]
    seen = []
    for number, document in enumerate(articles(prepared, selection())):
        seen.append(document["_id"])
        if number % BATCH == BATCH // 2:
            forget_cursors(prepared)
    assert seen == whole


def forget_cursors(database: Database[dict[str, Any]]) -> None:
    idle = database.client.admin.aggregate(
        [
            {"$currentOp": {"idleCursors": True}},
            {"$match": {"type": "idleCursor", "ns": f"{database.name}.articles"}},
        ]
    )
    cursors = [operation["cursor"]["cursorId"] for operation in idle]
    assert cursors
    database.command("killCursors", "articles", cursors=cursors)


async def test_the_texts_are_those_of_the_founding_shape(
    prepared: Database[dict[str, Any]], make_article: Callable[..., Article]
) -> None:
    article = make_article()
    prepared.articles.insert_one(to_document(article))
    (row,) = founding_texts(prepared, selection())
    assert row["document"] == founding_shape(article)
    assert (row["site"], row["date"]) == ("polderbode.example", "2022-01")


def test_a_database_without_the_view_says_how_to_get_it(
    database: Database[dict[str, Any]], make_article: Callable[..., Article]
) -> None:
    assert list(founding_texts(database, selection())) == []
    database.articles.insert_one(to_document(make_article()))
    with pytest.raises(DatabaseUnavailable, match=r"no view 'documents'.*scrapy crawl"):
        list(founding_texts(database, selection()))


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        # Hours since midnight of 7 January by the publisher's clock, which is two hours ahead of UTC.
        ("2022-01-07", None, {0, 1, 23, 24}),
        (None, "2022-01-07", {-1, 0, 1, 23}),
        ("2022-01-07", "2022-01-07", {0, 1, 23}),
        ("2022-01", "2022-01", {-1, 0, 1, 23, 24}),
        ("2022-01-07T01:00", None, {1, 23, 24}),
        ("2022-01-07T00:00Z", None, {23, 24}),
        ("2022-01-07T01:00+02:00", "2022-01-07T23:00+02:00", {1, 23}),
        ("2022-01-08", "2022-02", {24}),
        ("2022-02", None, set()),
    ],
)
def test_a_period_is_by_the_publishers_clock_and_its_end_is_included(
    database: Database[dict[str, Any]], since: str | None, until: str | None, hours: set[int]
) -> None:
    midnight = datetime(2022, 1, 6, 22, 0, tzinfo=UTC)
    database.articles.insert_many(
        {
            "_id": hour,
            "published_at": midnight + timedelta(hours=hour),
            "published_offset": 120,
            "published_precision": "minute",
        }
        for hour in (-1, 0, 1, 23, 24)
    )
    chosen = selection(since=since, until=until)
    assert {document["_id"] for document in articles(database, chosen)} == hours


@pytest.mark.parametrize("precision", [DatePrecision.DAY, DatePrecision.MONTH])
def test_a_bare_date_is_that_day_whatever_the_offset(database: Database[dict[str, Any]], precision: str) -> None:
    database.articles.insert_one(
        {
            "_id": 1,
            "published_at": datetime(2022, 1, 1, tzinfo=UTC),
            "published_offset": -300,
            "published_precision": str(precision),
        }
    )
    assert list(articles(database, selection(since="2022-01-01", until="2022-01-01")))
    assert not list(articles(database, selection(until="2021-12-31")))


def test_sites_and_languages_narrow_the_choice(
    database: Database[dict[str, Any]], make_article: Callable[..., Article]
) -> None:
    for number, (site, language) in enumerate([("a.example", "nl"), ("b.example", "nl"), ("b.example", "fy")]):
        database.articles.insert_one(to_document(make_article(url(number, site), language=language)))

    def count(**options: Any) -> int:
        return len(list(articles(database, selection(**options))))

    assert count() == 3
    assert count(languages=["nl"]) == 2
    assert count(languages=["nl,fy"]) == 3
    assert count(languages=["fy"], sites=["a.example"]) == 0
    assert count(sites=["https://www.b.example/nieuws"]) == 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"since": "2022-01-01"},
        {"since": "2022-01", "until": "2022-02-01T00:00Z"},
        {"languages": ["nl"]},
        {"sites": ["polderbode.example"], "since": "2022-01-01"},
    ],
)
async def test_the_order_is_served_by_an_index(
    prepared: Database[dict[str, Any]], make_article: Callable[..., Article], options: dict[str, Any]
) -> None:
    prepared.articles.insert_many(to_document(make_article(url(n))) for n in range(50))
    query = prepared.articles.find(mongo_filter(selection(**options)), sort=list(ORDER))
    plan = str(query.explain()["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "'SORT'" not in plan
