"""Articles out of MongoDB, a few at a time, however many there are."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from pymongo.errors import CursorNotFound

from crawler.export.selection import ORDER, Selection, mongo_filter
from crawler.mongodb.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

COLLECTION = "articles"
VIEW = "documents"
BATCH = 200
"""Documents per round trip; what is held in memory at any time."""


def articles(database: Database[dict[str, Any]], chosen: Selection) -> Iterator[dict[str, Any]]:
    """Yield the chosen documents of `articles`, in the order of an export. Raises PyMongoError."""
    return _ordered(database, chosen, projection=None)


def sites(database: Database[dict[str, Any]], chosen: Selection) -> list[str]:
    """Return the sites of the chosen articles, in order; of a selection by site, those. Raises PyMongoError."""
    return sorted(chosen.sites or database[COLLECTION].distinct("site"))


def founding_texts(database: Database[dict[str, Any]], chosen: Selection) -> Iterator[dict[str, Any]]:
    """Yield the chosen rows of the view `documents`, in the same order: `_id`, `site`, `date`, `document` and more.

    Raises DatabaseUnavailable where the view is not there, and PyMongoError.
    """
    _require_view(database)
    keys = _ordered(database, chosen, projection={"published_at": 1})
    while batch := [row["_id"] for row in islice(keys, BATCH)]:
        rows = {row["_id"]: row for row in database[VIEW].find({"_id": {"$in": batch}})}
        # What somebody removes while we read is not there any more.
        yield from (rows[key] for key in batch if key in rows)


def _require_view(database: Database[dict[str, Any]]) -> None:
    there = set(database.list_collection_names(filter={"name": {"$in": [COLLECTION, VIEW]}}))
    if COLLECTION in there and VIEW not in there:
        raise DatabaseUnavailable(
            f"the database {database.name} has no view {VIEW!r}: a crawl into it makes one (scrapy crawl news)"
        )


def _ordered(
    database: Database[dict[str, Any]], chosen: Selection, *, projection: dict[str, Any] | None
) -> Iterator[dict[str, Any]]:
    wanted = mongo_filter(chosen)
    last: dict[str, Any] | None = None
    while True:
        query = {"$and": [wanted, _after(last)]} if last else wanted
        cursor = database[COLLECTION].find(query, projection, sort=list(ORDER), batch_size=BATCH, allow_disk_use=True)
        try:
            with cursor:
                for document in cursor:
                    last = {"_id": document["_id"], "published_at": document.get("published_at")}
                    yield document
        except CursorNotFound:
            # A server forgets a cursor after ten minutes of silence: somebody reads our output with `less`.
            continue
        return


def _after(last: dict[str, Any]) -> dict[str, Any]:
    """Return the filter for what comes behind a document; unknown dates stand first, as MongoDB sorts null."""
    at, key = last["published_at"], last["_id"]
    later: dict[str, Any] = {"published_at": {"$ne": None} if at is None else {"$gt": at}}
    return {"$or": [{"published_at": at, "_id": {"$gt": key}}, later]}
