"""Which article is the original among those that say the same: pure decisions, the same in whatever order they come.

Articles with the same words are one text, and the earliest of them stands for it. A text repeats another if the two are
nearly the same and the other is earlier; of several it repeats the earliest. That is said of two texts directly, never
through a third one, so that it depends on nothing but which articles there are: not on the order in which they came,
nor on who wrote them. All articles of a text point to what the text repeats.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.article import Article, Outcome
from pipelines.fingerprint import content_hash
from pipelines.minhash import PERMUTATIONS, bands, likeness, signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from scrapy.crawler import Crawler

SAME_TEXT = 1.0
"""`similarity` of articles whose texts have the same words, and of no others."""

NEAR = 0.67
"""From this estimated likeness on a text repeats another: 0.7, less the standard deviation of the estimate."""

WINDOW = 100
"""Texts on either side, in the order of `_id`, that are looked at for one key.

A key that more than twice as many have in common is that of a form with standing phrases. Who is compared with whom
still depends on nothing but the articles there are, and the work for one of them stays bounded.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the articles that may say the same."""

    id: str
    """`_id` of the article."""
    published_at: datetime | None
    """Instant of publication, UTC."""
    first_seen_at: datetime | None
    """When it was first seen, UTC."""
    content_hash: str = ""
    """Fingerprint of its text."""
    signature: str | None = None
    """MinHash of its text; None for a short one."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys by which it is found if it stands for its text: that of the text itself first."""
        return (self.content_hash, *(bands(self.signature) if self.signature else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an article is among those that say the same."""

    duplicate_of: str | None = None
    """`_id` of the article it repeats; None for one that repeats no other."""
    similarity: float | None = None
    """Likeness to that article: SAME_TEXT, or less."""
    bands: tuple[str, ...] = ()
    """The keys by which it is found; none for one that does not stand for its text."""

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the article's document that say so."""
        return {"duplicate_of": self.duplicate_of, "similarity": self.similarity, "bands": list(self.bands)}


def seniority(member: Member) -> tuple[bool, float, str]:
    """Return the key by which the original comes first: published, else first seen, earliest; then by `_id`."""
    since = member.published_at or member.first_seen_at
    return since is None, since.timestamp() if since else 0.0, member.id


def original_of(members: Iterable[Member]) -> Member:
    """Return the article that the others repeat. Raises ValueError if there is none at all."""
    return min(members, key=seniority)


def similarity(one: Member, other: Member) -> float:
    """Return how like two texts are: SAME_TEXT for the same words, less for others, 0 where one is too short."""
    if one.content_hash == other.content_hash:
        return SAME_TEXT
    if one.signature is None or other.signature is None:
        return 0.0
    # An estimate cannot tell the same words from nearly the same: half a step less.
    return min(likeness(one.signature, other.signature), SAME_TEXT - 0.5 / PERMUTATIONS)


def heads(members: Iterable[Member]) -> dict[str, Member]:
    """Return, for each text, the article that stands for it."""
    found: dict[str, Member] = {}
    for member in members:
        head = found.setdefault(member.content_hash, member)
        found[member.content_hash] = min(head, member, key=seniority)
    return found


def holders(members: Iterable[Member]) -> dict[str, list[Member]]:
    """Return who is found by each key, in the order of `_id`."""
    found: dict[str, list[Member]] = {}
    for member in sorted(members, key=_id):
        for key in member.keys:
            found.setdefault(key, []).append(member)
    return found


def neighbours(member: Member, found: Mapping[str, Sequence[Member]], *, window: int = WINDOW) -> dict[str, Member]:
    """Return those with which a member is compared, by `_id`. found: who is found by each key, in that order."""
    near: dict[str, Member] = {}
    for key in member.keys:
        others = found.get(key, ())
        # Most keys are had by nobody else.
        if len(others) == 1 and others[0].id == member.id:
            continue
        at = bisect_left(others, member.id, key=_id)
        after = at + 1 if at < len(others) and others[at].id == member.id else at
        near |= {other.id: other for other in (*others[max(0, at - window) : at], *others[after : after + window])}
    return near


def repeated(member: Member, others: Iterable[Member]) -> tuple[Member, float] | None:
    """Return which of the others a member repeats, and how like it is to that one; None if it repeats none."""
    older = (other for other in others if seniority(other) < seniority(member))
    likenesses = ((other, similarity(member, other)) for other in sorted(older, key=seniority))
    return next(((other, like) for other, like in likenesses if like >= NEAR), None)


def links(members: Sequence[Member], *, beside: Iterable[Member] = (), window: int = WINDOW) -> dict[str, Link]:
    """Return what each of these articles is, by `_id`, among themselves and others that are there beside them."""
    standing = heads((*members, *beside))
    found = holders(standing.values())
    repeats = {
        text: repeated(standing[text], neighbours(standing[text], found, window=window).values())
        for text in {member.content_hash for member in members}
    }
    return {
        member.id: link_of(head, repeats[member.content_hash], stands=member.id == head.id)
        for member in members
        for head in [standing[member.content_hash]]
    }


def link_of(head: Member, repeats: tuple[Member, float] | None, *, stands: bool) -> Link:
    """Return what an article is, given who stands for its text (whether or not it does) and what the text repeats."""
    keys = head.keys if stands else ()
    if repeats is not None:
        return Link(duplicate_of=repeats[0].id, similarity=repeats[1], bands=keys)
    if stands:
        return Link(bands=keys)
    return Link(duplicate_of=head.id, similarity=SAME_TEXT)


def signed(article: Article) -> Article:
    """Return the article with all by which others that say the same are found: `content_hash` and `signature`."""
    if article.content_hash:
        return article
    return dataclasses.replace(article, content_hash=content_hash(article.text), signature=signature(article.text))


def _id(member: Member) -> str:
    return member.id


def fingerprinted(item: Outcome) -> Outcome:
    """Return an article with its `content_hash` and its `signature`; what has them, unchanged."""
    return signed(item) if isinstance(item, Article) else item


class DedupePipeline:
    """Gives every article the fingerprint and the signature of its text; other outcomes pass."""

    step = staticmethod(fingerprinted)
    loads = ("pipelines.sketch",)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DedupePipeline:
        """Build the component; it has no settings."""
        return cls()

    def process_item(self, item: Outcome) -> Outcome:
        """Return the article with its `content_hash` and its `signature`."""
        return fingerprinted(item)
