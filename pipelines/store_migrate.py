"""Bringing the documents of `articles` up to the current version: in batches, resumable, the hopeless left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson.codec_options import CodecOptions
from pymongo import DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from crawler.article import SCHEMA_VERSION, Article, to_document
from pipelines.migrations import NotMigratable, brought_up
from pipelines.store_articles import DURABLE, ArticleStore
from pipelines.store_schema import ARTICLES

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

MIGRATIONS = "migrations"
"""The collection that remembers how far a migration is: one row, for `articles`."""

BATCH = 200
"""Documents brought up at a time."""

_AWARE: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one batch."""

    brought_up: int
    """Documents that are of the current version now."""
    removed: int
    """Documents that had been stored again under their key already, or are to be forgotten."""
    left: Mapping[str, str]
    """Documents that stay as they are: `_id` to the reason."""


class Migration:
    """One migration of a database, from where an interrupted one stopped."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], *, dry_run: bool, now: datetime) -> None:
        """dry_run: write nothing, remember nothing. now: UTC."""
        self._articles = database.get_collection(ARTICLES, write_concern=DURABLE, codec_options=_AWARE)
        self._state = database.get_collection(MIGRATIONS, write_concern=DURABLE)
        self._store = ArticleStore(database)
        self._dry_run = dry_run
        self._now = now
        self.left_before = 0
        """Documents that an interrupted migration, which this one continues, left as they are."""

    async def outstanding(self) -> int:
        """Return how many documents are not of the current version."""
        return await self._articles.count_documents({"schema": {"$ne": SCHEMA_VERSION}})

    async def run(self) -> AsyncIterator[Step]:
        """Bring up one batch after another. Raises PyMongoError; then run another migration."""
        after = await self._resume()
        left = self.left_before
        while batch := await self._batch(after):
            step = await self._bring_up(batch)
            after, left = batch[-1]["_id"], left + len(step.left)
            await self._remember({"after": after, "left": left, "in_hand": []})
            yield step
        if not self._dry_run:
            await self._state.delete_one({"_id": ARTICLES})

    async def _resume(self) -> Any:
        """Return behind which `_id` to begin, None for the first; finish what was in hand."""
        if self._dry_run:
            return None
        state = await self._state.find_one({"_id": ARTICLES, "to": SCHEMA_VERSION})
        if state is None:
            return None
        self.left_before = state.get("left", 0)
        in_hand = {"_id": {"$in": state.get("in_hand", [])}, "schema": SCHEMA_VERSION}
        await self._store.mend([document async for document in self._articles.find(in_hand)], frozenset())
        return state.get("after")

    async def _remember(self, change: dict[str, Any]) -> None:
        if not self._dry_run:
            await self._state.update_one({"_id": ARTICLES}, {"$set": {"to": SCHEMA_VERSION, **change}}, upsert=True)

    async def _batch(self, after: Any) -> list[Mapping[str, Any]]:
        """Return the next documents that are not of the current version, whatever the types of their `_id`s."""
        cursor = self._articles.find({"schema": {"$ne": SCHEMA_VERSION}}).sort("_id", 1).limit(BATCH + 1)
        if after is not None:
            # As a bound of the index: `$gt` would see only values of the same type.
            cursor = cursor.min([("_id", after)]).hint([("_id", 1)])
        return [document async for document in cursor if document["_id"] != after][:BATCH]

    async def _bring_up(self, batch: Sequence[Mapping[str, Any]]) -> Step:
        left: dict[str, str] = {}
        good: list[tuple[Mapping[str, Any], Article]] = []
        for document in batch:
            try:
                good.append((document, brought_up(document, now=self._now)))
            except NotMigratable as error:
                left[str(document["_id"])] = str(error)
        removed: list[Any] = []
        good = [pair for pair in good if not await self._is_settled(*pair, left=left, removed=removed)]
        first: dict[str, tuple[Mapping[str, Any], Article]] = {}
        for document, article in good:
            if first.setdefault(article.id, (document, article))[0] is not document:
                left[str(document["_id"])] = f"url: {first[article.id][0]['_id']} has the same, and comes first"
        if not self._dry_run:
            left |= await self._write(list(first.values()))
            await self._articles.bulk_write([DeleteOne({"_id": key}) for key in removed]) if removed else None
        done = sum(str(document["_id"]) not in left for document, _ in first.values())
        return Step(brought_up=done, removed=len(removed), left=left)

    async def _is_settled(
        self, document: Mapping[str, Any], article: Article, *, left: dict[str, str], removed: list[Any]
    ) -> bool:
        """Whether the document is not to be brought up: what becomes of it instead is noted."""
        if await self._store.forgotten([article.id]):
            removed.append(document["_id"])
            return True
        if document["_id"] == article.id:
            return False
        there = await self._articles.find_one({"_id": article.id}, {"content_hash": 1})
        if there is None:
            return False
        if there.get("content_hash") == article.content_hash:
            removed.append(document["_id"])
        else:
            left[str(document["_id"])] = f"url: {article.id} has the same, and another text"
        return True

    async def _write(self, good: Sequence[tuple[Mapping[str, Any], Article]]) -> dict[str, str]:
        """Write the articles in the place of their documents; return those that MongoDB refuses, and why."""
        if not good:
            return {}
        await self._remember({"in_hand": [article.id for _, article in good]})
        writes: list[UpdateOne] = []
        for document, article in good:
            new = to_document(article)
            if document["_id"] == article.id:
                writes.append(bringing_up(document, new))
            else:
                writes.append(UpdateOne({"_id": article.id}, {"$setOnInsert": new}, upsert=True))
        refused: dict[int, str] = {}
        try:
            await self._articles.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            if error.details["writeConcernErrors"]:
                raise
            refused = {problem["index"]: problem["errmsg"] for problem in error.details["writeErrors"]}
        kept = [pair for number, pair in enumerate(good) if number not in refused]
        moved = [DeleteOne({"_id": document["_id"]}) for document, article in kept if document["_id"] != article.id]
        if moved:
            await self._articles.bulk_write(moved, ordered=False)
        await self._store.mend([to_document(article) for _, article in kept], frozenset())
        return {str(good[number][0]["_id"]): why for number, why in refused.items()}


def bringing_up(document: Mapping[str, Any], new: Mapping[str, Any]) -> UpdateOne:
    """Return the write that brings a document up in its place; nothing where a crawl has done so meanwhile.

    Only what differs is written: a crawl that finds the article as it was may note that at the same time.
    """
    changes = {name: value for name, value in new.items() if name not in document or document[name] != value}
    gone = dict.fromkeys(document.keys() - new.keys(), "")
    query = {"_id": document["_id"], "schema": document.get("schema")}
    return UpdateOne(query, {"$set": changes, **({"$unset": gone} if gone else {})})
