"""Forgetting: an article, its revisions and what others say of it erased, and kept from coming back.

What stays is a tombstone: a row in `pages`, rejected as `forgotten`, for the article's URL and every other that led to
it. It holds these URLs, by which alone one can know what must not come back, and nothing of what was written there. In
other articles, and their revisions, the whole read-also link goes: without title and teaser it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from crawler.article import RejectionReason, Via
from crawler.frontier.ledger import PAGES, PageState
from crawler.mongodb.lookup import filters_of, key_of
from crawler.url import article_id, canonical_url, site_of
from pipelines.store_articles import DURABLE, ArticleStore
from pipelines.store_schema import ARTICLES, REVISIONS

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    AsyncMongo = AsyncDatabase[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be forgotten, or has been."""

    id: str
    """`_id` of the article, whether it is stored or not."""
    article: Mapping[str, Any] | None
    """Its document; None if there is none, or none any more."""
    urls: Mapping[str, str]
    """URLs that must not be fetched again, by their keys."""
    forgotten: bool
    """Every one of them has its tombstone already."""
    revisions: int
    """Earlier versions in `revisions`."""
    duplicates: int
    """Articles that are linked to it as repeats of it."""
    pointing: int
    """Articles with a read-also link to it."""

    @property
    def leaves_nothing_to_do(self) -> bool:
        """Whether it is forgotten altogether."""
        return self.forgotten and not (self.article or self.revisions or self.duplicates or self.pointing)


async def find_subject(database: AsyncMongo, name: str) -> Subject | None:
    """Return what an `_id` or a URL names; None for an `_id` nobody has ever seen. Raises InvalidURL, PyMongoError."""
    articles, pages = database[ARTICLES], database[PAGES]
    article: Mapping[str, Any] | None = None
    for query in filters_of(name):
        article = article or await articles.find_one(query, sort=[("first_seen_at", 1), ("_id", 1)])
    key = key_of(name)
    row = await pages.find_one({"_id": key}, {"article_id": 1})
    own = article["_id"] if article else (row or {}).get("article_id") or key
    urls = {} if key == name else {key: canonical_url(name)}
    if article:
        urls |= {article_id(url): canonical_url(url) for url in (*article["aliases"], article["url"])}
    led_here = {"$or": [{"_id": {"$in": [key, own]}}, {"article_id": own}]}
    urls |= {row["_id"]: row["url"] async for row in pages.find(led_here, {"url": 1})}
    if not urls:
        return None
    # A URL that has an article of its own is no longer merely another way to this one.
    others = {"_id": {"$in": [key for key in urls if key != own]}}
    for other in [found["_id"] async for found in articles.find(others, {"_id": 1})]:
        del urls[other]
    marked = await pages.count_documents({"_id": {"$in": list(urls)}, "reason": RejectionReason.FORGOTTEN})
    return Subject(
        id=own,
        article=article,
        urls=urls,
        forgotten=marked == len(urls),
        revisions=await database[REVISIONS].count_documents({"article_id": own}),
        duplicates=await articles.count_documents({"duplicate_of": own}),
        pointing=await articles.count_documents({"related.article_id": {"$in": [own, *urls]}}),
    )


async def forget(database: AsyncMongo, subject: Subject, *, now: datetime) -> None:
    """Erase a subject and keep it from coming back. now: UTC. To be repeated when it was interrupted.

    Marked first and erased afterwards: a crawl that stores it meanwhile looks for marks after it has written.
    """
    articles = database.get_collection(ARTICLES, write_concern=DURABLE)
    revisions = database.get_collection(REVISIONS, write_concern=DURABLE)
    pages = database.get_collection(PAGES, write_concern=DURABLE)
    await pages.bulk_write([_tombstone(key, url, subject.id, now) for key, url in subject.urls.items()], ordered=False)
    await ArticleStore(database).erase([subject.id])
    keys = [subject.id, *subject.urls]
    pointing = {"related.article_id": {"$in": keys}}
    for collection in (articles, revisions):
        await collection.update_many(pointing, {"$pull": {"related": {"article_id": {"$in": keys}}}})


def _tombstone(key: str, url: str, own: str, now: datetime) -> UpdateOne:
    """Return the write that turns a row of `pages` into a tombstone; its run's balance keeps counting it."""
    return UpdateOne(
        {"_id": key},
        {
            "$set": {
                "state": PageState.REJECTED,
                "reason": RejectionReason.FORGOTTEN,
                "article_id": own,
            },
            "$max": {"visited_at": now},
            "$unset": dict.fromkeys(("detail", "etag", "last_modified", "listed"), ""),
            "$setOnInsert": {
                "url": url,
                "site": site_of(url),
                "via": Via.LIST,
                "found_on": None,
                "depth": 0,
                "discovered_at": now,
                "run": None,
                "claim": None,
                "visits": 0,
            },
        },
        upsert=True,
    )
