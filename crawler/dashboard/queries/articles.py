"""The list of articles: by publication, the newest first, a page at a time by key, with words or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from crawler.dashboard.choice import Choice, Place, conditions
from crawler.dashboard.queries.search import RARE, having
from crawler.text_search import Words, words_of

if TYPE_CHECKING:
    from pymongo.database import Database

ROWS = 25
"""Articles on a page."""
COUNTED = 1_000
"""So far articles are counted; whoever reads a list wants to know no more."""

_SHOWN = {
    "title": 1, "lead": 1, "site": 1, "language": 1, "section": 1, "kind": 1, "published_at": 1, "word_count": 1,
    "published_offset": 1, "published_precision": 1, "first_seen_at": 1, "paywall": 1, "duplicate_of": 1,
    "related": {"$size": {"$ifNull": ["$related", []]}},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An article in a list."""

    id: str
    """`_id`."""
    title: str
    """Headline."""
    lead: str | None
    """Standfirst."""
    text: str
    """The beginning of the text, or where there are words to be found all of it."""
    site: str
    """Registrable domain."""
    section: str | None
    """The publisher's section."""
    language: str | None
    """ISO 639 code."""
    kind: str
    """As in crawler.article.Kind."""
    published_at: datetime | None
    """UTC."""
    published_offset: int | None
    """The publisher's offset in minutes."""
    published_precision: str | None
    """As in DatePrecision."""
    first_seen_at: datetime | None
    """When it came in, UTC."""
    word_count: int
    """Words in the text."""
    related: int
    """Read-also links."""
    closed: bool
    """Behind a paywall, declared or met."""
    repeats: bool
    """Repeats an earlier article."""

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(published_at=self.published_at, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the list."""

    rows: tuple[Row, ...]
    """The articles."""
    newer: Place | None
    """The place before which the page above ends; null on the first."""
    older: Place | None
    """The place after which the page below begins; null on the last."""
    words: Words
    """What was searched for."""


def list_articles(
    database: Database[dict[str, Any]],
    chosen: Choice,
    *,
    after: Place | None = None,
    before: Place | None = None,
    rare: int = RARE,
) -> Listed:
    """Return a page of the articles chosen: the first, the one after a place, or the one before one.

    rare: a word in fewer articles than this is found in every form (`crawler.dashboard.queries.search`). Raises
    NoTextIndex where words are to be found and nothing is there to find them with, and PyMongoError.
    """
    words = words_of(chosen.q)
    wanted, shown = conditions(chosen), _SHOWN | {"text": {"$substrCP": [{"$ifNull": ["$text", ""]}, 0, 400]}}
    if chosen.q:
        languages = [chosen.language] if chosen.language else known_languages(database)
        wanted += having(database, words, languages, rare=rare) if words.wanted else [{"_id": {"$in": []}}]
        shown = _SHOWN | {"text": 1}
    found: list[dict[str, Any]] = []
    for step, newest_first in _steps(after, before):
        way = DESCENDING if newest_first else ASCENDING
        query, order = {"$and": [*wanted, step]}, [("published_at", way), ("_id", way)]
        found += database["articles"].find(query, shown, sort=order, limit=ROWS + 1 - len(found))
        if len(found) > ROWS:
            break
    more, rows = len(found) > ROWS, [_row(document) for document in found[:ROWS]]
    if before:
        rows.reverse()
    return Listed(
        rows=tuple(rows),
        newer=rows[0].place if rows and (more if before else after is not None) else None,
        older=rows[-1].place if rows and (before is not None or more) else None,
        words=words,
    )


def count_articles(database: Database[dict[str, Any]], chosen: Choice) -> int:
    """Return how many articles are chosen, `COUNTED` + 1 for all above that. Not for words. Raises PyMongoError."""
    wanted = conditions(chosen)
    if not wanted:
        return int(database["articles"].estimated_document_count())
    return int(database["articles"].count_documents({"$and": wanted}, limit=COUNTED + 1))


def known_sites(database: Database[dict[str, Any]]) -> list[str]:
    """Return the sites there are articles of. Read from an index alone. Raises PyMongoError."""
    return sorted(site for site in database["articles"].distinct("site") if isinstance(site, str))


def known_languages(database: Database[dict[str, Any]]) -> list[str]:
    """Return the languages there are articles in. Read from an index alone. Raises PyMongoError."""
    return sorted(code for code in database["articles"].distinct("language") if isinstance(code, str))


def _steps(after: Place | None, before: Place | None) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield filters that, one after the other, give the list from a place on, and whether the newest come first.

    The undated come last. Each filter is one stretch of an index, however far down the list it begins.
    """
    place, newest_first = before or after, before is None
    if newest_first:
        if place is None or place.published_at:
            yield _dated(place, "$lt"), True
            yield {"published_at": None}, True
        else:
            yield {"published_at": None, "_id": {"$lt": place.id}}, True
        return
    if place and place.published_at is None:
        yield {"published_at": None, "_id": {"$gt": place.id}}, False
        yield _dated(None, "$gt"), False
    else:
        yield _dated(place, "$gt"), False


def _dated(place: Place | None, beyond: str) -> dict[str, Any]:
    if place is None:
        return {"published_at": {"$type": "date"}}
    at, key = place.published_at, place.id
    # The first condition bounds the index; the second leaves out the articles of that very instant that come before.
    behind = [{"published_at": {beyond: at}}, {"_id": {beyond: key}}]
    return {"$and": [{"published_at": {f"{beyond}e": at}}, {"$or": behind}]}


def _row(document: dict[str, Any]) -> Row:
    paywall = document.get("paywall") or {}
    return Row(
        id=document["_id"],
        title=document["title"],
        lead=document.get("lead"),
        text=document.get("text") or "",
        site=document["site"],
        section=document.get("section"),
        language=document.get("language"),
        kind=document.get("kind") or "article",
        published_at=document.get("published_at"),
        published_offset=document.get("published_offset"),
        published_precision=document.get("published_precision"),
        first_seen_at=document.get("first_seen_at"),
        word_count=document.get("word_count") or 0,
        related=document["related"],
        closed=bool(paywall.get("declared") or paywall.get("truncated")),
        repeats=document.get("duplicate_of") is not None,
    )
