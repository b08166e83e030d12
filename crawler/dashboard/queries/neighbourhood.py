"""The read-also links around an article: what it points to, what points to it, and one step further."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymongo.database import Database

PER_COLUMN = 14
"""Articles at most at each distance; the rest is counted."""

_SHOWN = {"title": 1, "site": 1, "language": 1, "published_at": 1, "related.article_id": 1, "related.title": 1,
          "related.url": 1}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An article, or the target of a link that we have no copy of."""

    id: str
    """The `_id` it has, or would have."""
    title: str
    """Headline; of what is not ours, as the link has it."""
    site: str | None
    """Registrable domain; null for what is not ours."""
    language: str | None
    """ISO 639 code; null for what is not ours."""
    url: str | None
    """Of what is not ours: where the link leads."""
    step: int
    """0 the article itself; 1 and 2: so many links lead from it there; −1, −2: so many lead from there to it."""

    @property
    def ours(self) -> bool:
        """Whether it is in `articles`."""
        return self.site is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The articles around one."""

    nodes: tuple[Node, ...]
    """By step, then in the order in which they were met; each article once, at its shortest distance."""
    links: tuple[tuple[str, str], ...]
    """From which `_id` to which."""
    left_out: dict[int, int]
    """How many more there are at each step, at least."""


def neighbourhood(database: Database[dict[str, Any]], key: str) -> Neighbourhood | None:
    """Return what lies within two links of an article, in either direction; None if there is none. PyMongoError."""
    centre = database["articles"].find_one({"_id": key}, _SHOWN)
    if centre is None:
        return None
    known = {key: centre}
    nodes = {key: _node(centre, 0)}
    left_out: dict[int, int] = {}
    for way in (1, -1):
        frontier = [centre]
        for step in (way, 2 * way):
            met = _targets(database, frontier) if way > 0 else _sources(database, frontier)
            new = [(document, title, url) for document, title, url in met if document["_id"] not in nodes]
            for document, title, url in new[:PER_COLUMN]:
                nodes[document["_id"]] = _node(document, step, title=title, url=url)
            if len(new) > PER_COLUMN:
                left_out[step] = len(new) - PER_COLUMN
            frontier = [document for document, _, _ in new[:PER_COLUMN] if "site" in document]
            known |= {document["_id"]: document for document in frontier}
    return Neighbourhood(
        nodes=tuple(sorted(nodes.values(), key=lambda node: node.step)),
        links=tuple(_links(known.values(), nodes)),
        left_out=left_out,
    )


def _targets(
    database: Database[dict[str, Any]], documents: Iterable[Mapping[str, Any]]
) -> list[tuple[dict[str, Any], str, str | None]]:
    """Return what the documents point to, each once, in page order; what is not ours has its `_id` alone."""
    links = {link["article_id"]: link for document in documents for link in document.get("related") or [] if link}
    rows = {row["_id"]: row for row in database["articles"].find({"_id": {"$in": list(links)}}, _SHOWN)}
    return [(rows.get(key, {"_id": key}), link["title"], link["url"]) for key, link in links.items()]


def _sources(
    database: Database[dict[str, Any]], documents: Iterable[Mapping[str, Any]]
) -> list[tuple[dict[str, Any], str, str | None]]:
    """Return the articles that point to the documents, the newest first."""
    keys = [document["_id"] for document in documents]
    cursor = database["articles"].find({"related.article_id": {"$in": keys}}, _SHOWN)
    rows = cursor.sort([("published_at", -1), ("_id", -1)]).limit(8 * PER_COLUMN)
    return [(row, row["title"], None) for row in rows]


def _links(documents: Iterable[Mapping[str, Any]], nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
    pairs = (
        (document["_id"], link["article_id"])
        for document in documents
        for link in document.get("related") or []
        if link["article_id"] in nodes and link["article_id"] != document["_id"]
    )
    return list(dict.fromkeys(pairs))


def _node(document: Mapping[str, Any], step: int, *, title: str = "", url: str | None = None) -> Node:
    ours = "site" in document
    return Node(
        id=document["_id"],
        title=document["title"] if ours else title,
        site=document["site"] if ours else None,
        language=document.get("language"),
        url=None if ours else url,
        step=step,
    )
