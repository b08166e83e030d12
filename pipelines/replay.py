"""Today's extractor over the archive: page by page, in worker processes, from where it was left."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo.write_concern import WriteConcern

from crawler.archive.reading import Found, Place, files, pages
from crawler.article import Failure, FailureReason, Outcome
from crawler.discovery.warc import ArchivedPage, Damage
from crawler.extraction import EXTRACTOR
from crawler.extraction.work import read_page
from crawler.extraction.workers import WorkerCrash, Workers, WorkTimeout
from pipelines.store_replay import Fate, Known, ReplayStore, Reread

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.sites import SiteIndex
    from crawler.spiders.steps import Steps

REPLAYS = "replays"
_AT_ONCE = 64
"""Pages read, then stored, then noted as done."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which articles are read again."""

    sites: tuple[str, ...] = ()
    """Registrable domains; none means all."""
    since: datetime | None = None
    """Answers that came at this instant (UTC) or later."""
    older_than: str | None = None
    """Read by an extractor before this version."""

    def has(self, document: Mapping[str, Any]) -> bool:
        """Whether an article is meant."""
        version = str((document.get("extractor") or {}).get("version"))
        return (not self.sites or document["site"] in self.sites) and (
            self.older_than is None or version_key(version) < version_key(self.older_than)
        )


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a replay is; what its row in `replays` keeps."""

    place: Place | None = None
    """The last record that is done."""
    records: int = 0
    """Answers looked at."""
    damaged: int = 0
    """Places that could not be read."""
    fates: Counter[str] = field(default_factory=Counter)
    """Articles by what became of them."""
    fields: Counter[str] = field(default_factory=Counter)
    """Articles by the fields that changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a batch came to."""

    progress: Progress
    """How far it is now."""
    rereads: Sequence[Reread]
    """The articles that were read again."""
    damage: Sequence[Found]
    """Places that could not be read."""


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by; that of a source tree nobody installed comes before all."""
    return tuple(map(int, _NUMBER.findall(version)))


class Replay:
    """One pass over an archive. A pass that was broken off goes on where it was when the same is asked again."""

    def __init__(
        self,
        database: AsyncDatabase[Mapping[str, Any]],
        directory: Path,
        wanted: Wanted,
        *,
        workers: Workers,
        steps: Steps,
        index: SiteIndex,
        dry_run: bool,
    ) -> None:
        """index: the outlets, for what their tables say of their pages. dry_run: nothing is written, not even that."""
        self._store = ReplayStore(database)
        self._replays = database.get_collection(REPLAYS, write_concern=WriteConcern(w=1, j=True))
        self._wanted = wanted
        self._workers, self._steps, self._index = workers, steps, index
        self._dry_run = dry_run
        self.paths = files(directory)
        asked = [str(directory.resolve()), *wanted.sites, str(wanted.since), wanted.older_than, EXTRACTOR.version]
        self._key = blake2b(json.dumps(asked).encode(), digest_size=12).hexdigest()
        self.progress = Progress()

    @property
    def bytes(self) -> int:
        """Size of the archive."""
        return sum(path.stat().st_size for path in self.paths)

    def bytes_done(self) -> int:
        """Return how much of it lies behind us."""
        place = self.progress.place
        if place is None:
            return 0
        return sum(path.stat().st_size for path in self.paths if path.name < place.file) + place.offset

    async def resume(self) -> bool:
        """Go on where the same was broken off; return whether it was. Raises PyMongoError."""
        row = None if self._dry_run else await self._replays.find_one({"_id": self._key})
        if row is None:
            return False
        self.progress = Progress(
            place=Place(file=row["file"], offset=row["offset"]),
            records=row["records"],
            damaged=row["damaged"],
            fates=Counter(row["fates"]),
            fields=Counter(row["fields"]),
        )
        return True

    async def run(self) -> AsyncIterator[Step]:
        """Yield what each batch came to. Raises OSError where a file cannot be opened, PyMongoError."""
        found = pages(self.paths, after=self.progress.place)
        while batch := await asyncio.to_thread(_take, found, _AT_ONCE):
            yield await self._batch(batch)
        if not self._dry_run:
            await self._replays.delete_one({"_id": self._key})

    async def _batch(self, batch: Sequence[Found]) -> Step:
        damage = [found for found in batch if isinstance(found.what, Damage)]
        answers = [found.what for found in batch if isinstance(found.what, ArchivedPage)]
        since = self._wanted.since
        meant = [a for a in answers if since is None or (a.captured_at is not None and a.captured_at >= since)]
        known = await self._store.find((answer.url, answer.captured_at) for answer in meant)
        todo: dict[str, tuple[Known, ArchivedPage]] = {}
        for answer in meant:
            article = known.get((answer.url, answer.captured_at)) if answer.captured_at is not None else None
            if article is not None and self._wanted.has(article.document):
                todo[article.document["_id"]] = (article, answer)
        outcomes = await asyncio.gather(*(self._read(*one) for one in todo.values()))
        read = [(article, outcome) for (article, _), outcome in zip(todo.values(), outcomes, strict=True)]
        rereads = await self._store.store(read, now=datetime.now(UTC), dry_run=self._dry_run) if read else []
        await self._note(batch, len(answers), len(damage), rereads)
        return Step(progress=self.progress, rereads=rereads, damage=damage)

    async def _read(self, article: Known, answer: ArchivedPage) -> Outcome:
        site = self._index.find(answer.url)
        try:
            fetch = article.fetch
            return await self._workers.run_then(
                self._steps.functions,
                read_page,
                answer.body,
                answer.url,
                headers=answer.headers,
                fetch=fetch,
                listed=article.listed,
                css=site.css if site else None,
            )
        except WorkTimeout as error:
            reason, detail = FailureReason.EXTRACTION_TIMEOUT, str(error)
        except WorkerCrash as error:
            reason, detail = FailureReason.EXTRACTION_CRASH, str(error)
        except Exception as error:
            reason, detail = FailureReason.EXTRACTION_ERROR, " ".join(f"{type(error).__name__}: {error}".split())
        return Failure(requested_url=article.document["fetch"]["requested_url"], reason=reason, detail=detail[:300])

    async def _note(self, batch: Sequence[Found], records: int, damaged: int, rereads: Sequence[Reread]) -> None:
        progress = self.progress
        progress.place = batch[-1].place
        progress.records += records
        progress.damaged += damaged
        for reread in rereads:
            progress.fates[str(reread.fate)] += 1
            if reread.fate is Fate.CHANGED:
                progress.fields.update(reread.fields)
        if not self._dry_run:
            row = {
                "file": progress.place.file,
                "offset": progress.place.offset,
                "records": progress.records,
                "damaged": progress.damaged,
                "fates": dict(progress.fates),
                "fields": dict(progress.fields),
                "at": datetime.now(UTC),
            }
            await self._replays.replace_one({"_id": self._key}, row, upsert=True)


def _take(found: Iterator[Found], number: int) -> list[Found]:
    return list(itertools.islice(found, number))
