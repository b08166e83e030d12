"""Archives for tests, in which pages have several captures, in several files; and what one process makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pymongo.database import Database

from benchmarks.storage import address, made_page, made_record
from crawler.url import article_id
from tests.running import Ran, environment, scrapy

CAPTURED = datetime(2025, 3, 1, 6, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Archives:
    """A folder of them."""

    folder: Path
    """Where they are."""
    files: int
    """How many."""
    pages: int
    """How many each has that are in no file before it."""

    @property
    def glob(self) -> str:
        """What `-a warc=` is given."""
        return f"{self.folder}/*.warc.gz"

    @property
    def keys(self) -> set[str]:
        """The keys of all articles in the folder."""
        return {article_id(address(number)) for number in range(self.files * self.pages)}

    def write(self) -> None:
        """Write them: in each file new pages, later captures of those of the next one, and records of the last one."""
        for file in range(self.files):
            records = [*self._records(file, edition=0), *self._records(file + 1, edition=1)]
            Random(file).shuffle(records)
            records += list(self._records(file - 1, edition=0))[:3]
            (self.folder / f"{file:03}.warc.gz").write_bytes(b"".join(records))

    def _records(self, file: int, *, edition: int) -> Iterator[bytes]:
        """Yield a capture of each page of a file; in a later edition every other page says something else."""
        for place in range(self.pages):
            number = file % self.files * self.pages + place
            page = made_page(Random(f"{number}-{edition if place % 2 else 0}"), number, CAPTURED - timedelta(days=9))
            yield made_record(number, page, captured_at=CAPTURED + timedelta(days=edition, minutes=number))


def backfill(glob: str, env: dict[str, str], *, scheduler: str | None) -> Ran:
    """Read archives, by Dask or, without a scheduler, in one process."""
    options = ["-s", f"DASK_SCHEDULER={scheduler}"] if scheduler else ["-s", "EXTRACTION_WORKERS=1"]
    return scrapy("crawl", "backfill", "-a", f"warc={glob}", *options, env=env)


def stored(database: Database[Any]) -> dict[str, Any]:
    """Return all that a backfill has stored, but for when it did so."""
    known = {document["_id"]: document for document in database.articles.find()}
    known |= {document["_id"]: document for document in database.revisions.find({}, {"replaced_at": 0})}
    return known


def stored_by_one_process(archives: Archives, database: Database[Any], mongodb_uri: str) -> dict[str, Any]:
    """Return what a single process stores of them. database: beside which it does so."""
    alone = database.client[f"{database.name}_alone"]
    try:
        env = environment(mongodb_uri=mongodb_uri, database=alone.name)
        ran = backfill(archives.glob, env, scheduler=None)
        assert ran.exit_code == 0, ran.stderr
        return stored(alone)
    finally:
        database.client.drop_database(alone.name)
