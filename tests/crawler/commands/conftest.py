"""A database as a crawl of the fixtures leaves it, a fresh copy for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.server import FixtureServer
from tests.running import ROOT, Ran, environment, scrapy

if TYPE_CHECKING:
    import pymongo
    from pymongo.database import Database

NEWS = ("crawl", "news", "-a", f"sites_file={ROOT / 'fixtures' / 'sites.toml'}", "-s", "SITEMAP_DAYS=0")


@pytest.fixture(scope="session")
def server() -> Iterator[FixtureServer]:
    """Return the server of the invented newspapers."""
    with FixtureServer() as server:
        yield server


@pytest.fixture(scope="session")
def _first_crawl(
    mongodb_uri: str, _mongodb_client: pymongo.MongoClient[dict[str, Any]], server: FixtureServer
) -> Iterator[str]:
    name = f"crawled_{os.getpid()}"
    ran = scrapy(*NEWS, env=environment(mongodb_uri=mongodb_uri, database=name, proxy=server.url))
    assert ran.exit_code == 0, ran.stderr
    yield name
    _mongodb_client.drop_database(name)


@dataclass(frozen=True)
class Desk:
    """A database, and the commands that work on it."""

    database: Database[dict[str, Any]]
    run: Callable[..., Ran]
    """Runs `scrapy …` on it."""

    def crawl(self, *options: str) -> Ran:
        """Run the scheduled job again; revisits nothing unless told."""
        ran = self.run(*NEWS, *options)
        assert ran.exit_code == 0, ran.stderr
        return ran


@pytest.fixture
def desk(mongodb_uri: str, database: Database[dict[str, Any]], server: FixtureServer) -> Desk:
    """Return an empty database and the commands."""
    env = environment(mongodb_uri=mongodb_uri, database=database.name, proxy=server.url)
    server.forget()
    return Desk(database, lambda *arguments: scrapy(*arguments, env=env))


@pytest.fixture
def crawled(desk: Desk, _first_crawl: str) -> Desk:
    """Return the same with what a crawl of the fixtures brings."""
    source = desk.database.client[_first_crawl]
    for name in source.list_collection_names(filter={"type": "collection"}):
        if not name.startswith("system."):
            source[name].aggregate([{"$out": {"db": desk.database.name, "coll": name}}])
    return desk
