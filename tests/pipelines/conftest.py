"""Articles to work with, and an empty database as the pipelines see it."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient

from crawler.article import (
    Article,
    Block,
    BlockType,
    DatePrecision,
    DateSource,
    Extractor,
    Fetch,
    Outcome,
    Position,
    RelatedLink,
    Via,
)
from crawler.frontier.ledger import Discovery, Ledger, Settlement
from crawler.frontier.patience import Patience
from crawler.frontier.runs import Runs
from crawler.url import article_id, canonical_url, site_of
from pipelines.store_articles import ArticleStore
from pipelines.store_schema import prepare
from pipelines.store_writer import Gathering, StoreWriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase

SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)


def new_article(
    url: str = "https://www.ochtendpost.example/binnenland/brug-dicht",
    *,
    text: str = "De brug over de Linde blijft dicht.\n\nMonteurs zoeken nog naar de oorzaak.",
    requested_url: str | None = None,
    via: Via = Via.FEED,
    at: datetime = SEEN,
    related: tuple[RelatedLink, ...] = (),
    **fields: Any,
) -> Article:
    """Return a valid article as extraction gives it; further keyword arguments replace its fields."""
    article = Article(
        id=article_id(url),
        url=canonical_url(url),
        fetched_url=requested_url or url,
        site=site_of(url),
        date="2022-01",
        published_at=datetime(2022, 1, 7, 16, 30, tzinfo=UTC),
        published_offset=60,
        published_source=DateSource.JSON_LD,
        published_precision=DatePrecision.SECOND,
        title="Brug over de Linde blijft dicht",
        language_declared="nl",
        body=tuple(Block(type=BlockType.PARAGRAPH, text=paragraph) for paragraph in text.split("\n\n")),
        text=text,
        related=related,
        word_count=len(text.split()),
        fetch=Fetch(requested_url=requested_url or url, via=via, etag='"a1"', bytes=1234, at=at),
        extractor=Extractor(version="0.1.0", trafilatura="2.3.1"),
    )
    return dataclasses.replace(article, **fields)


def new_link(title: str, *, label: str | None = "Lees ook", teaser: str | None = None, path: str = "/a") -> RelatedLink:
    """Return a read-also link."""
    url = canonical_url(f"https://www.ochtendpost.example{path}")
    return RelatedLink(
        label=label, title=title, teaser=teaser, url=url, article_id=article_id(url), position=Position.END
    )


@pytest.fixture(scope="session")
def article() -> Callable[..., Article]:
    """Return the function that makes articles."""
    return new_article


@pytest.fixture(scope="session")
def link() -> Callable[..., RelatedLink]:
    """Return the function that makes read-also links."""
    return new_link


@pytest.fixture
async def client(mongodb_uri: str) -> AsyncIterator[AsyncMongoClient[Mapping[str, Any]]]:
    """Return a client in the event loop of the test."""
    async with AsyncMongoClient[Mapping[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client


@pytest.fixture
async def empty(client: AsyncMongoClient[Mapping[str, Any]]) -> AsyncIterator[AsyncDatabase[Mapping[str, Any]]]:
    """Return a database in which there is nothing yet."""
    name = f"test_{uuid.uuid4().hex}"
    yield client[name]
    await client.drop_database(name)


@pytest.fixture
async def prepared(empty: AsyncDatabase[Mapping[str, Any]]) -> AsyncDatabase[Mapping[str, Any]]:
    """Return an empty database with our collections, indexes and view."""
    await prepare(empty)
    return empty


@dataclass
class Desk:
    """A database with the ledger, the store and a writer of one run."""

    database: AsyncDatabase[Mapping[str, Any]]
    ledger: Ledger
    store: ArticleStore
    writer: StoreWriter
    lost: list[str]
    """Why the writer gave up."""

    async def store_all(self, *outcomes: Outcome) -> list[Settlement]:
        """Write the outcomes at once, with a row in `pages` for each of them."""
        await self.discover(*outcomes)
        return await asyncio.gather(*map(self.writer.write, outcomes))

    async def discover(self, *outcomes: Outcome) -> None:
        """Put the pages of the outcomes in the ledger, as found anew."""
        urls = [o.fetch.requested_url if isinstance(o, Article) else o.requested_url for o in outcomes]
        found = [Discovery(url=url, via=Via.LIST) for url in urls]
        await self.ledger.discover(found, now=datetime.now(UTC), revisit_after=timedelta(0))

    async def document(self, article: Article) -> Mapping[str, Any]:
        """Return the document of an article."""
        document = await self.database.articles.find_one({"_id": article.id})
        assert document is not None
        return document

    async def page(self, outcome: Outcome) -> Mapping[str, Any]:
        """Return the row of an outcome in `pages`."""
        row = await self.database.pages.find_one({"_id": outcome.page_id})
        assert row is not None
        return row


@asynccontextmanager
async def open_desk(
    database: AsyncDatabase[Mapping[str, Any]],
    *,
    patience: float = 60.0,
    gathering: Gathering | None = None,
    clock: Callable[[], datetime] | None = None,
) -> AsyncIterator[Desk]:
    """Give the desk of one run, its writer at work, and close it afterwards."""
    runs = Runs(database)
    await runs.open(spider="news", arguments={}, now=datetime.now(UTC))
    ledger, store, lost = Ledger(database, runs), ArticleStore(database), list[str]()
    await ledger.create_indexes()
    clocked = {"clock": clock} if clock else {}
    patient = Patience(patience)
    writer = StoreWriter(store, ledger, patience=patient, on_lost=lost.append, gathering=gathering, **clocked)
    writer.start()
    try:
        yield Desk(database, ledger, store, writer, lost)
    finally:
        await writer.close()


@pytest.fixture
async def desk(prepared: AsyncDatabase[Mapping[str, Any]]) -> AsyncIterator[Desk]:
    """Return the desk of a run on an empty database."""
    async with open_desk(prepared) as desk:
        yield desk


@pytest.fixture(scope="session")
def desks() -> Callable[..., AbstractAsyncContextManager[Desk]]:
    """Return the function that opens a desk, for tests with several or with one of their own making."""
    return open_desk
