"""What is decided about a batch starts and ends in these: what is known of its articles, and what is to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.dedupe import Link
from pipelines.history import CONTENT

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.ledger import Settlement
    from pipelines.dedupe import Member
    from pipelines.history import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database holds of the articles of a batch."""

    articles: Mapping[str, Document] = field(default_factory=dict)
    """Documents of `articles` by `_id`."""
    revisions: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    """Their earlier versions, for those of which an archive gives a capture that may be older (`store_plan.is_past`),
    and for those that somebody else has just written."""
    by_page: Mapping[str, str] = field(default_factory=dict)
    """`_id` of the article that a page answered with "not modified" once gave us, by the page's key."""
    nearby: Sequence[Member] = ()
    """Articles whose text is the same as one of the batch, or may be nearly so; each stands for its text."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """For the key of a link that has no article of its own, the article that its URL leads to (`store_graph`)."""
    forgotten: frozenset[str] = frozenset()
    """Those of the batch's keys (`store_plan.keys_of`) that somebody asked to forget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleWrite:
    """One document of `articles` to insert or to change."""

    document: Document
    """The whole document as it is to stand."""
    before: Document | None
    """The document as it was read; None for a new one."""
    room: int | None = None
    """The number it gets where versions that have been found belong before it. It gets that before they are written:
    whoever is about to replace what it says then cannot take its old number, which is theirs, for that."""

    @property
    def id(self) -> str:
        """`_id` of the article."""
        return str(self.document["_id"])

    @property
    def stands_down(self) -> bool:
        """Whether it was found by keys, and is so no longer (`dedupe.Link.bands`)."""
        return bool(self.before and self.before.get("bands") and not self.document["bands"])

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that differ from what was read."""
        before = self.before or {}
        changes = {name: value for name, value in self.document.items() if name not in before or before[name] != value}
        if "content_hash" in changes:
            # Somebody else may have linked it since, by the text it no longer has.
            changes |= {name: self.document[name] for name in Link().as_fields()}
        return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionWrite:
    """One document of `revisions` to write."""

    document: Document
    """The whole document as it is to stand."""
    before: Document | None = None
    """What stood under its `_id` when that was read; None: nothing, or nobody looked."""

    @property
    def id(self) -> str:
        """`_id` of the revision."""
        return str(self.document["_id"])

    @property
    def article_id(self) -> str:
        """`_id` of its article."""
        return str(self.document["article_id"])

    @property
    def place(self) -> dict[str, Any]:
        """What has to stand under its `_id`, or nothing: else somebody else has put another version there since."""
        if self.before is None:
            return {"_id": self.id, "changed_at": self.document.get("changed_at")}
        return {"_id": self.id, **{name: self.before.get(name) for name in ("changed_at", "last_seen_at")}}

    def is_there(self, stored: Document | None) -> bool:
        """Whether a stored document is this one, from a try whose answer got lost."""
        names = ("changed_at", "last_seen_at", *CONTENT)
        return stored is not None and all(stored.get(name) == self.document.get(name) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to write for a batch, in this order: hand over, numbers, revisions, articles, touches; then settle."""

    leaving: frozenset[str]
    """Articles whose text changed: others that repeat them need another original first."""
    revisions: Sequence[RevisionWrite]
    """Earlier versions, for `revisions`; of one article those of higher numbers first."""
    writes: Sequence[ArticleWrite]
    """Documents of `articles`."""
    touches: Mapping[str, datetime]
    """Articles found as they were by a server that said so: `_id` to the instant of the answer."""
    settlements: Mapping[str, Settlement]
    """The outcome of each page, by its key."""
    reconsider: frozenset[str]
    """Content hashes whose original may have to change, because the date of one of their articles did."""
