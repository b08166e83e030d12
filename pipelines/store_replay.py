"""Articles read again from the archive: what another reading of the same answer changes, and writing it down.

A better reading is no new revision: `revision`, `changed_at` and all that tells when an article was seen stay as they
are, and nothing goes into `revisions`. `extractor` says who read it last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crawler.archive.writing import plain_url
from crawler.article import Article, Fetch, Outcome, from_document
from crawler.frontier.ledger import PAGES
from crawler.listed import Listed, from_row
from crawler.url import InvalidURL, article_id
from pipelines import store_plan
from pipelines.store_articles import ArticleStore
from pipelines.store_schema import ARTICLES

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from pipelines import store_batch
    from pipelines.history import Document

_KEPT = frozenset("aliases fetched_url revision first_seen_at last_seen_at changed_at rights fetch".split())
"""What another reading does not touch: the history of the article, how it came, and what its host reserved then."""
_DERIVED = frozenset("extractor signature bands content_hash duplicate_of similarity".split())
"""What follows from other fields, or from other articles, and is not counted as a change of its own."""


class Fate(StrEnum):
    """What became of an article that was read again."""

    CHANGED = "changed"
    """Today's extractor reads it otherwise."""
    SAME = "same"
    """It reads the same."""
    REFUSED = "refused"
    """Today's extractor finds no article, or none that may be stored; it stays as it was."""
    MOVED = "moved"
    """Its address reads otherwise, which would make it another article; it stays as it was."""
    OVERTAKEN = "overtaken"
    """Somebody else changed it meanwhile; it stays as that left it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article whose answer is in the archive."""

    document: Document
    """As it stands."""
    listed: Listed | None
    """What a list said of it."""

    @property
    def fetch(self) -> Fetch:
        """How its answer came. Raises KeyError, TypeError or ValueError for a document of another version."""
        return from_document(dict(self.document)).fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """An article that was read again."""

    before: Document
    """As it stood."""
    after: Document
    """As it is now; as before, where it could not be changed."""
    fate: Fate
    """What became of it."""
    why: str = ""
    """The reason, for what was refused."""

    @property
    def fields(self) -> list[str]:
        """The fields that changed, of those that are read from the page."""
        names = self.before.keys() | self.after.keys()
        return sorted(n for n in names - _DERIVED if self.before.get(n) != self.after.get(n))


class ReplayStore:
    """Finds the articles of archived answers, and stores what another reading makes of them."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]]) -> None:
        self._articles = database[ARTICLES]
        self._pages = database[PAGES]
        self._store = ArticleStore(database)

    async def articles(self) -> int:
        """Return about how many articles there are."""
        return await self._articles.estimated_document_count()

    async def find(self, answers: Iterable[tuple[str, datetime | None]]) -> dict[tuple[str, datetime], Known]:
        """Return the articles that stand on these answers, by the URL that answered and when it did (UTC).

        An article stands on the last answer that was read; earlier ones are no longer what it says.
        """
        wanted = {(url, at) for url, at in answers if at is not None}
        urls = sorted({url for url, _ in wanted})
        query = {"$or": [{"_id": {"$in": [*_keys(urls)]}}, {"aliases": {"$in": urls}}]}
        found: dict[tuple[str, datetime], Document] = {}
        if not urls:
            return {}
        async for document in self._articles.find(query):
            fetch = document.get("fetch") or {}
            key = (plain_url(document.get("fetched_url") or ""), fetch.get("at"))
            if key in wanted:
                found[key] = document
        requested = {key: _key(d["fetch"]["requested_url"]) for key, d in found.items()}
        rows = self._pages.find({"_id": {"$in": [*requested.values()]}}, {"listed": 1})
        listed = {row["_id"]: from_row(row.get("listed")) async for row in rows} if found else {}
        return {key: Known(document=d, listed=listed.get(requested[key] or "")) for key, d in found.items()}

    async def store(self, read: Sequence[tuple[Known, Outcome]], *, now: datetime, dry_run: bool) -> list[Reread]:
        """Store what another reading made of articles; return what became of each. now: UTC. Raises PyMongoError.

        Doing so twice is the same as doing it once. dry_run: nothing is written.
        """
        fates: list[Reread] = []
        articles: list[Article] = []
        for known, outcome in read:
            before = known.document
            if not isinstance(outcome, Article):
                why = f"{getattr(outcome, 'reason', 'failed')} {getattr(outcome, 'detail', '')}".strip()
                fates.append(Reread(before=before, after=before, fate=Fate.REFUSED, why=why))
            elif outcome.id != before["_id"]:
                fates.append(Reread(before=before, after=before, fate=Fate.MOVED, why=outcome.url))
            else:
                articles.append(outcome)
        if not articles:
            return fates
        plan = replan(articles, await self._store.read(articles), now=now)
        overtaken: frozenset[str] = frozenset()
        refused: Mapping[str, str] = {}
        if not dry_run:
            written = await self._store.carry_out(plan)
            overtaken, refused = written.overtaken, written.refused
        befores = {known.document["_id"]: known.document for known, _ in read}
        afters = {write.id: write.document for write in plan.writes}
        for key in {article.id for article in articles}:
            before, after = befores[key], afters.get(key, befores[key])
            if key in refused or key not in afters:
                why = refused.get(key, "it may not be stored")
                fates.append(Reread(before=before, after=before, fate=Fate.REFUSED, why=why))
            elif key in overtaken:
                fates.append(Reread(before=before, after=before, fate=Fate.OVERTAKEN))
            else:
                reread = Reread(before=before, after=after, fate=Fate.SAME)
                fates.append(dataclasses.replace(reread, fate=Fate.CHANGED) if reread.fields else reread)
        return fates


def replan(articles: Sequence[Article], known: store_batch.Known, *, now: datetime) -> store_batch.Plan:
    """Return what to write for articles that were read again: as for new answers, but for their history. now: UTC."""
    planned = store_plan.plan(articles, known, now=now)
    writes = [
        dataclasses.replace(write, document={**write.document, **_history(write.before)})
        for write in planned.writes
        if write.before is not None
    ]
    return dataclasses.replace(planned, revisions=(), writes=writes, touches={}, settlements={})


def _history(before: Document) -> dict[str, Any]:
    return {name: before[name] for name in _KEPT if name in before}


def _key(url: str) -> str | None:
    try:
        return article_id(url)
    except InvalidURL:
        return None


def _keys(urls: Iterable[str]) -> Iterable[str]:
    return filter(None, map(_key, urls))
