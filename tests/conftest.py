"""What many tests need: a real MongoDB, the embedded one, for as long as the session lasts; and articles to store."""

from __future__ import annotations

import signal
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from crawler.article import Article, Block, BlockType, DatePrecision, DateSource, Extractor, Fetch, Via
from crawler.mongodb.embedded import embedded_server
from crawler.url import article_id, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A job started in the background by a shell is deaf to Ctrl-C, and so would be every command a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


_FIRST = ("faults", "politeness_world", "cluster")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the folders first whose tests wait for minutes: whichever comes last keeps the other processes waiting."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in _FIRST)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URI of an embedded server that runs for the whole session."""
    with embedded_server(tmp_path_factory.mktemp("mongodb")) as server:
        yield server.uri


@pytest.fixture(scope="session")
def _mongodb_client(mongodb_uri: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client


@pytest.fixture
def database(_mongodb_client: pymongo.MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """Return an empty database of its own name, dropped after the test."""
    database = _mongodb_client[f"test_{uuid.uuid4().hex}"]
    yield database
    _mongodb_client.drop_database(database.name)


@pytest.fixture
def make_article() -> Callable[..., Article]:
    """Return a function that makes a whole, valid article; any field may be given."""

    def make(url: str = "https://www.polderbode.example/sluis", **fields: Any) -> Article:
        body = (Block(type=BlockType.PARAGRAPH, text="De sluis bij het dorp gaat een halve winter dicht."),)
        whole: dict[str, Any] = {
            "id": article_id(url),
            "url": url,
            "fetched_url": url,
            "site": site_of(url),
            "date": "2022-01",
            "published_at": datetime(2022, 1, 7, 13, 5, tzinfo=UTC),
            "published_offset": 60,
            "published_source": DateSource.JSON_LD,
            "published_precision": DatePrecision.MINUTE,
            "title": "De sluis gaat dicht",
            "language": "nl",
            "body": body,
            "text": body[0].text,
            "word_count": 9,
            "fetch": Fetch(requested_url=url, via=Via.LIST, at=datetime(2022, 1, 8, 6, 0, tzinfo=UTC)),
            "extractor": Extractor(version="0.1.0", trafilatura="2.3.1"),
        }
        return Article(**{**whole, **fields})

    return make
