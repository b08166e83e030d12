"""Articles in a prepared database, and the dashboard on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.database import Database

from crawler.article import Article, to_document
from crawler.frontier.ledger import INDEXES
from crawler.text_search import grammar_of
from pipelines.store_schema import prepare
from tests.crawler.dashboard.serving import Dashboard, serving

Store = Callable[..., dict[str, Any]]


@pytest.fixture
def prepared(database: Database[dict[str, Any]], mongodb_uri: str) -> Database[dict[str, Any]]:
    """Return an empty database as a crawl prepares it."""

    async def make() -> None:
        async with AsyncMongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
            await prepare(client[database.name])

    asyncio.run(make())
    database["pages"].create_indexes(list(INDEXES))
    return database


@pytest.fixture
def store(prepared: Database[dict[str, Any]], make_article: Callable[..., Article]) -> Store:
    """Return a function that stores an article and returns its document; any field may be given."""

    def stored(url: str, **fields: Any) -> dict[str, Any]:
        article = make_article(url, **{"search_language": grammar_of(fields.get("language", "nl")), **fields})
        document = to_document(article)
        prepared["articles"].insert_one(document)
        return document

    return stored


@pytest.fixture
def dashboard(prepared: Database[dict[str, Any]]) -> Iterator[Dashboard]:
    """Return a dashboard on that database."""
    with serving(prepared) as running:
        yield running
