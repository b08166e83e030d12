"""One article with all that is known of it: revisions, repeats, who points to it, and how it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.url import article_id
from crawler.word_diff import Piece, word_diff

if TYPE_CHECKING:
    from pymongo.database import Database

MANY = 30
"""Of repeats, of articles that point here, and of pages that led here, so many are shown."""
_REVISIONS = 20
_COMPARED = (("title", "Headline"), ("lead", "Standfirst"), ("text", "Text"))
_BRIEF = {"title": 1, "site": 1, "published_at": 1, "language": 1, "similarity": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Another article, as far as a line about it goes."""

    id: str
    """`_id`."""
    title: str
    """Headline."""
    site: str
    """Registrable domain."""
    language: str | None
    """ISO 639 code."""
    published_at: datetime | None
    """UTC."""
    similarity: float | None
    """How much it has in common with what it repeats, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A read-also link of the article."""

    label: str | None
    """What announces it."""
    title: str
    """Headline of the link."""
    teaser: str | None
    """The sentence beneath it."""
    url: str
    """Canonical URL of the target; may be anything a page can say."""
    id: str | None
    """`_id` of our copy; null where we have none."""
    inline: bool
    """It stood between the paragraphs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """How one field changed."""

    name: str
    """What the field is called by a reader."""
    paragraphs: tuple[tuple[Piece, ...], ...]
    """The words, paragraph by paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one revision to the next."""

    number: int
    """The later one's number."""
    at: datetime | None
    """When the later one was stored, UTC."""
    changed: tuple[str, ...]
    """Names of the fields that changed."""
    diffs: tuple[FieldDiff, ...]
    """How headline, standfirst and text did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A page that led to the article, as its row in `pages` has it."""

    url: str
    """As discovered."""
    via: str | None
    """As in crawler.article.Via."""
    found_on: str | None
    """The feed, sitemap or list it stood in."""
    pointer: Brief | None
    """The article whose read-also link it was."""
    depth: int
    """How many read-also links lead from a listed page to it."""
    state: str
    """As in PageState."""
    reason: str | None
    """Why."""
    discovered_at: datetime | None
    """UTC."""
    visited_at: datetime | None
    """UTC."""
    visits: int
    """How often it was settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """An article and what surrounds it."""

    document: Mapping[str, Any]
    """The document as stored."""
    cards: tuple[Card, ...]
    """Its read-also links."""
    steps: tuple[Step, ...]
    """Its revisions, the latest first."""
    original: Brief | None
    """The article it repeats."""
    repeats: tuple[Brief, ...]
    """Articles that repeat it, or the same original."""
    pointers: tuple[Brief, ...]
    """Articles that point to it, the newest first."""
    trails: tuple[Trail, ...]
    """Pages that led to it, its own first."""
    founding_shape: str | None
    """The text in the shape of the view `documents`; null where that is not there."""


def article(database: Database[dict[str, Any]], key: str) -> Portrait | None:
    """Return an article by its `_id`; None if there is none. Raises PyMongoError."""
    document = database["articles"].find_one({"_id": key})
    if document is None:
        return None
    original_key = document.get("duplicate_of")
    shape = database["documents"].find_one({"_id": key}, {"document": 1})
    return Portrait(
        document=document,
        cards=_cards(database, document),
        steps=_steps(database, document),
        original=_brief_of(database, original_key) if original_key else None,
        repeats=_repeats(database, key, original_key),
        pointers=_briefs(database, {"related.article_id": key, "_id": {"$ne": key}}),
        trails=_trails(database, document),
        founding_shape=shape["document"] if shape else None,
    )


def _cards(database: Database[dict[str, Any]], document: Mapping[str, Any]) -> tuple[Card, ...]:
    links = document.get("related") or []
    keys = [link["article_id"] for link in links]
    ours = {row["_id"] for row in database["articles"].find({"_id": {"$in": keys}}, {"_id": 1})} if keys else set()
    return tuple(
        Card(
            label=link.get("label"),
            title=link["title"],
            teaser=link.get("teaser"),
            url=link["url"],
            id=link["article_id"] if link["article_id"] in ours else None,
            inline=link.get("position") == "inline",
        )
        for link in links
    )


def _steps(database: Database[dict[str, Any]], document: Mapping[str, Any]) -> tuple[Step, ...]:
    if (document.get("revision") or 1) == 1:
        return ()
    wanted = {"title": 1, "lead": 1, "text": 1, "revision": 1, "changed": 1, "replaced_at": 1, "changed_at": 1}
    earlier = database["revisions"].find({"article_id": document["_id"]}, wanted).sort("revision", -1)
    later, steps = document, []
    for before in earlier.limit(_REVISIONS):
        steps.append(
            Step(
                number=later.get("revision") or 1,
                at=later.get("changed_at") or before.get("replaced_at"),
                changed=tuple(before.get("changed") or ()),
                diffs=_diffs(before, later),
            )
        )
        later = before
    return tuple(steps)


def _diffs(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldDiff, ...]:
    return tuple(
        FieldDiff(
            name=label,
            paragraphs=tuple(tuple(part) for part in word_diff(before.get(name) or "", after.get(name) or "")),
        )
        for name, label in _COMPARED
        if (before.get(name) or "") != (after.get(name) or "")
    )


def _repeats(database: Database[dict[str, Any]], key: str, original: str | None) -> tuple[Brief, ...]:
    stands_for = {"$in": [key, original]} if original else key
    return _briefs(database, {"duplicate_of": stands_for, "_id": {"$ne": key}})


def _briefs(database: Database[dict[str, Any]], query: dict[str, Any]) -> tuple[Brief, ...]:
    rows = database["articles"].find(query, _BRIEF).sort([("published_at", -1), ("_id", -1)]).limit(MANY + 1)
    return tuple(_brief(row) for row in rows)


def _brief_of(database: Database[dict[str, Any]], key: str) -> Brief | None:
    found = database["articles"].find_one({"_id": key}, _BRIEF)
    return _brief(found) if found else None


def _brief(document: Mapping[str, Any]) -> Brief:
    return Brief(
        id=document["_id"],
        title=document["title"],
        site=document["site"],
        language=document.get("language"),
        published_at=document.get("published_at"),
        similarity=document.get("similarity"),
    )


def _trails(database: Database[dict[str, Any]], document: Mapping[str, Any]) -> tuple[Trail, ...]:
    try:
        own = article_id((document.get("fetch") or {}).get("requested_url") or document["url"])
    except ValueError:
        own = document["_id"]
    rows = {row["_id"]: row for row in database["pages"].find({"article_id": document["_id"]}).limit(MANY)}
    if own not in rows and (row := database["pages"].find_one({"_id": own})):
        rows = {own: row, **rows}
    ordered = sorted(rows.values(), key=lambda row: (row["_id"] != own, str(row.get("url"))))
    return tuple(_trail(database, row) for row in ordered)


def _trail(database: Database[dict[str, Any]], row: Mapping[str, Any]) -> Trail:
    found_on = row.get("found_on")
    by_link = row.get("via") == "read-also" and isinstance(found_on, str)
    return Trail(
        url=row["url"],
        via=row.get("via"),
        found_on=found_on,
        pointer=_brief_of(database, found_on) if by_link and isinstance(found_on, str) else None,
        depth=row.get("depth") or 0,
        state=row["state"],
        reason=row.get("reason"),
        discovered_at=row.get("discovered_at"),
        visited_at=row.get("visited_at"),
        visits=row.get("visits") or 0,
    )
