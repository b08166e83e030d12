"""The queries and writes of the store: what is known of a batch, and a plan carried out, each step repeatable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from crawler.article import Article, NotModified, Outcome, RejectionReason
from crawler.frontier.ledger import PAGES
from crawler.url import canonical_url
from pipelines import store_graph
from pipelines.dedupe import WINDOW, Member, signed
from pipelines.store_batch import Known
from pipelines.store_links import NOTHING_LEFT, DuplicateLinks, Left
from pipelines.store_plan import is_past, keys_of, member_of
from pipelines.store_schema import ARTICLES, REVISIONS

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from pipelines.history import Document
    from pipelines.store_batch import ArticleWrite, Plan, RevisionWrite

DURABLE = WriteConcern(w=1, j=True)
"""Acknowledged from the journal: without `j` a killed mongod lost 253 of 13,500 acknowledged writes."""

# Set right after the write, by whoever comes first: no sign that a document is not the one that was sent.
_MENDED = frozenset({"duplicate_of", "similarity", "bands", "related"})
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the documents of a plan."""

    refused: Mapping[str, str]
    """Articles MongoDB will never take as they are: `_id` to the reason."""
    overtaken: frozenset[str]
    """Articles somebody else changed between the reading and the writing: to be read and decided again."""


class ArticleStore:
    """The collections `articles` and `revisions`, as one writer of several sees them; of `pages`, what is forgotten."""

    def __init__(self, database: AsyncDatabase[Mapping[str, Any]], *, window: int = WINDOW) -> None:
        """window: how many texts with one key in common are compared, as in `dedupe.neighbours`."""
        self._articles = database.get_collection(ARTICLES, write_concern=DURABLE)
        self._revisions = database.get_collection(REVISIONS, write_concern=DURABLE)
        self._pages = database.get_collection(PAGES)
        self._links = DuplicateLinks(self._articles, window=window)

    async def read(self, outcomes: Sequence[Outcome], *, overtaken: bool = False) -> Known:
        """Return what is known of the articles of a batch.

        overtaken: somebody else has just written them, perhaps versions that they do not tell of yet.
        """
        articles = [outcome for outcome in outcomes if isinstance(outcome, Article)]
        by_page = await self._articles_behind([o for o in outcomes if isinstance(o, NotModified)])
        if not articles:
            return Known(by_page=by_page)
        ids = list({article.id for article in articles})
        known = {document["_id"]: document async for document in self._articles.find({"_id": {"$in": ids}})}
        past = [a.id for a in articles if a.id in known and (overtaken or is_past(a, known[a.id]))]
        nearby = tuple(map(member_of, await self._links.nearby([_member(article) for article in articles])))
        links = [link for article in articles for link in article.related]
        forgotten = await self.forgotten({*(k for a in articles for k in keys_of(a)), *(lk.article_id for lk in links)})
        found = await store_graph.targets(self._articles, (link.url for link in links))
        return Known(
            articles=known,
            revisions=await self._past(past),
            by_page=by_page,
            nearby=nearby,
            targets=found,
            forgotten=forgotten,
        )

    async def _past(self, keys: Sequence[str]) -> dict[str, list[Document]]:
        """Return the earlier versions of these articles."""
        past: dict[str, list[Document]] = {key: [] for key in keys}
        if keys:
            async for revision in self._revisions.find({"article_id": {"$in": list(keys)}}):
                past[revision["article_id"]].append(revision)
        return past

    async def forgotten(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the keys under which nothing may be stored: somebody asked to forget them."""
        query = {"reason": RejectionReason.FORGOTTEN, "_id": {"$in": list(keys)}}
        return frozenset([row["_id"] async for row in self._pages.find(query, {"_id": 1})])

    async def carry_out(self, plan: Plan) -> Written:
        """Write everything in the plan but its settlements. Doing so twice is the same as doing it once."""
        # Before they leave: a crash in between then leaves two originals, which the next look mends,
        # and not a link to an article that says something else by now.
        left = await self._links.leave(plan.leaving)
        overtaken = await self._make_room([write for write in plan.writes if write.room])
        revisions = [revision for revision in plan.revisions if revision.article_id not in overtaken]
        overtaken |= await self._write_revisions(revisions)
        written = await self._write([write for write in plan.writes if write.id not in overtaken])
        if plan.touches:
            await self._articles.bulk_write(
                [UpdateOne({"_id": key}, {"$max": {"last_seen_at": at}}) for key, at in plan.touches.items()],
                ordered=False,
            )
        # Whatever was overtaken: to see that nothing is left of what is forgotten.
        documents = [write.document for write in plan.writes if write.id not in written.refused]
        texts = left.texts | await self._links.followers(plan.leaving)
        gone = [
            *left.members,
            *(member_of(write.before) for write in plan.writes if write.before and write.stands_down),
        ]
        await self.mend(documents, plan.reconsider, left=Left(texts=texts, members=gone))
        overtaken |= written.overtaken | await self._taken_back(documents)
        return dataclasses.replace(written, overtaken=overtaken)

    async def _make_room(self, writes: Sequence[ArticleWrite]) -> frozenset[str]:
        """Give articles their new numbers, and return those that somebody else has changed since they were read."""
        if not writes:
            return frozenset()
        operations = [UpdateOne(_as_read(write.before or {}), {"$set": {"revision": write.room}}) for write in writes]
        result = await self._articles.bulk_write(operations, ordered=False)
        if result.matched_count == len(writes):
            return frozenset()
        # Who has given one the same number is no hindrance: of its revisions only one of us writes the first.
        ours = [_as_read({**(write.before or {}), "revision": write.room}) for write in writes]
        found = {document["_id"] async for document in self._articles.find({"$or": ours}, {"_id": 1})}
        return frozenset(write.id for write in writes) - found

    async def _write_revisions(self, revisions: Sequence[RevisionWrite]) -> frozenset[str]:
        """Write earlier versions, and return the articles of which somebody else has written another in such a place.

        In order: where versions move up to make room for one, none may be overwritten before it has moved.
        """
        overtaken: set[str] = set()
        while revisions:
            try:
                await self._revisions.bulk_write([ReplaceOne(r.place, r.document, upsert=True) for r in revisions])
                break
            except BulkWriteError as error:
                problems = error.details["writeErrors"]
                if error.details["writeConcernErrors"] or problems[0]["code"] != _DUPLICATE_KEY:
                    raise
                failed = revisions[problems[0]["index"]]
                revisions = revisions[problems[0]["index"] + 1 :]
            if not failed.is_there(await self._revisions.find_one({"_id": failed.id})):
                overtaken.add(failed.article_id)
                revisions = [revision for revision in revisions if revision.article_id != failed.article_id]
        return frozenset(overtaken)

    async def _taken_back(self, documents: Sequence[Document]) -> frozenset[str]:
        """Return which articles were written although forgotten, or with links to such; the former are gone again.

        Who forgets marks first and erases afterwards; who stores writes first and looks afterwards: one of them sees.
        """
        keys = {document["_id"] for document in documents}
        linked = {document["_id"]: {link["article_id"] for link in document["related"]} for document in documents}
        forgotten = await self.forgotten(keys.union(*linked.values()))
        if gone := sorted(forgotten & keys):
            await self.erase(gone)
        return frozenset(key for key, links in linked.items() if key in forgotten or links & forgotten)

    async def erase(self, keys: Sequence[str]) -> None:
        """Delete articles and their revisions; those that repeated them get the next original, or none."""
        left = await self._links.leave(keys)
        await self._revisions.delete_many({"article_id": {"$in": keys}})
        gone = await self._links.delete(keys)
        # Again, as somebody may have stored another repeat meanwhile.
        await self._links.put_right(left.texts | gone.texts, gone=[*left.members, *gone.members])

    async def _write(self, writes: Sequence[ArticleWrite]) -> Written:
        """Send the documents in one unordered batch, and find out about each."""
        if not writes:
            return Written(refused={}, overtaken=frozenset())
        errors: dict[str, Mapping[str, Any]] = {}
        try:
            result = await self._articles.bulk_write([_operation(write) for write in writes], ordered=False)
            landed = result.inserted_count + result.matched_count
        except BulkWriteError as error:
            if error.details["writeConcernErrors"]:
                raise
            errors = {writes[problem["index"]].id: problem for problem in error.details["writeErrors"]}
            landed = error.details["nInserted"] + error.details["nMatched"]
        refused = {key: _why(error) for key, error in errors.items() if error["code"] != _DUPLICATE_KEY}
        doubtful = [write for write in writes if write.id not in refused] if landed + len(refused) < len(writes) else []
        return Written(refused=refused, overtaken=frozenset(await self._not_there(doubtful)))

    async def _not_there(self, writes: Sequence[ArticleWrite]) -> set[str]:
        """Return which documents are not as they were to be written; one from a try whose answer got lost is."""
        if not writes:
            return set()
        stored = self._articles.find({"_id": {"$in": [write.id for write in writes]}})
        found = {document["_id"]: document async for document in stored}
        return {
            write.id
            for write in writes
            if any(
                found.get(write.id, {}).get(name) != value
                for name, value in write.document.items()
                if name not in _MENDED
            )
        }

    async def _articles_behind(self, unmodified: Sequence[NotModified]) -> dict[str, str]:
        """Return the article that each page led to when it was last read, as far as there is one."""
        if not unmodified:
            return {}
        urls = {canonical_url(outcome.requested_url): outcome.page_id for outcome in unmodified}
        query = {"$or": [{"_id": {"$in": list(urls.values())}}, {"aliases": {"$in": list(urls)}}]}
        behind: dict[str, str] = {}
        async for document in self._articles.find(query, {"aliases": 1}):
            for alias in document.get("aliases") or ():
                if alias in urls:
                    behind.setdefault(urls[alias], document["_id"])
            if document["_id"] in urls.values():
                behind[document["_id"]] = document["_id"]
        return behind

    async def mend(
        self, documents: Sequence[Document], reconsider: frozenset[str], *, left: Left = NOTHING_LEFT
    ) -> None:
        """See that documents just written, and all that repeat them or are linked to them, are linked as they should.

        reconsider: content hashes another of whose articles may have to stand for the text. left: what else to look at.
        """
        if not documents and not left.texts:
            return
        await store_graph.mend(self._articles, documents)
        texts = {document["content_hash"] for document in documents}
        moved = {document["_id"] for document in documents if document["content_hash"] in reconsider}
        texts = texts.union(left.texts, await self._links.followers(moved))
        written = map(member_of, documents)
        await self._links.put_right(texts, doubtful=reconsider, gone=left.members, written=written)


def _member(article: Article) -> Member:
    """Return what decides about the duplicates of an article that is about to be stored."""
    article = signed(article)
    return Member(
        id=article.id,
        published_at=article.published_at,
        first_seen_at=None,
        content_hash=article.content_hash or "",
        signature=article.signature,
    )


def _operation(write: ArticleWrite) -> InsertOne[Document] | UpdateOne:
    """Return the write of one document, which does nothing where somebody else has written it since it was read."""
    if write.before is None:
        return InsertOne(dict(write.document))
    before = write.before if write.room is None else {**write.before, "revision": write.room}
    return UpdateOne(_as_read(before), {"$set": write.changes or {"last_seen_at": write.document["last_seen_at"]}})


def _as_read(document: Document) -> dict[str, Any]:
    """Return the query that finds an article as long as nobody has written it since it was read."""
    return {name: document.get(name) for name in ("_id", "revision", "last_seen_at", "aliases")}


def _why(error: Mapping[str, Any]) -> str:
    """Return MongoDB's objection to one document: the fields that break the schema, or its own words."""
    fields = sorted(set(_fields_at_fault((error.get("errInfo") or {}).get("details"), "")))
    words = str(error.get("errmsg") or "refused")
    return f"{words}: {', '.join(fields)}" if fields else words


def _fields_at_fault(details: Any, path: str) -> Iterable[str]:
    """Yield the paths named in the explanation of a failed `$jsonSchema`."""
    if isinstance(details, list):
        for item in details:
            yield from _fields_at_fault(item, path)
    elif isinstance(details, Mapping):
        name = details.get("propertyName")
        here = f"{path}.{name}".lstrip(".") if name else path
        if "itemIndex" in details:
            here = f"{here}[{details['itemIndex']}]"
        inner = [value for value in details.values() if isinstance(value, (list, Mapping))]
        deeper = [found for value in inner for found in _fields_at_fault(value, here)]
        yield from deeper or ([here] if name else [])
        for missing in ("missingProperties", "additionalProperties"):
            if isinstance(details.get(missing), list):
                yield from (f"{here}.{name}".lstrip(".") for name in details[missing])
