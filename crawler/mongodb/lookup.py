"""Which article somebody means: by its `_id`, by its URL, or by another URL that led to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.url import article_id, canonical_url

if TYPE_CHECKING:
    from pymongo.database import Database

_KEY = re.compile(r"[0-9a-f]{24}")


def key_of(name: str) -> str:
    """Return the `_id` that an `_id` or a URL names. Raises InvalidURL for anything else."""
    return name if _KEY.fullmatch(name) else article_id(name)


def filters_of(name: str) -> list[dict[str, Any]]:
    """Return the filters for `articles` to try in turn; the first that finds one is right. Raises InvalidURL."""
    filters: list[dict[str, Any]] = [{"_id": key_of(name)}]
    if not _KEY.fullmatch(name):
        filters.append({"aliases": {"$in": sorted({name, canonical_url(name)})}})
    return filters


def find_article(database: Database[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Return the document of `articles` that an `_id` or a URL names, if need be by where its page led; None if none.

    Raises InvalidURL for what is neither, and PyMongoError.
    """
    filters = filters_of(name)
    page = database["pages"].find_one({"_id": key_of(name)}, {"article_id": 1})
    if page and page.get("article_id"):
        filters.append({"_id": page["article_id"]})
    for query in filters:
        if found := database["articles"].find_one(query, sort=[("first_seen_at", 1), ("_id", 1)]):
            return found
    return None
