"""The links between articles that say the same, as MongoDB has them: who is found by a key, and links put right.

An article that stands for its text carries the text's keys in `bands`, and is found by them; its copies carry none. Who
writes first and looks afterwards, and looks again after each correction, cannot miss another who does the same: whoever
is the last to write has seen all that was there, and found it right. Who takes an article's keys away looks afterwards,
too, and where they were: another may have come beside it in the last moment, and have counted with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import UpdateMany

from pipelines.dedupe import (
    NEAR,
    WINDOW,
    Link,
    Member,
    heads,
    holders,
    link_of,
    neighbours,
    original_of,
    repeated,
    seniority,
    similarity,
)
from pipelines.store_plan import member_of

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

    Document = Mapping[str, Any]

FOUND_AT_ONCE = 1_000
"""Articles that one query may find; where there are more, the keys that so many share are asked for by themselves."""
_REMEMBERED = 10_000
"""Crowded keys that are remembered."""

_ROUNDS = 50
_LINK = ("duplicate_of", "similarity", "bands")
_FIELDS = dict.fromkeys(("content_hash", "signature", "published_at", "first_seen_at", *_LINK), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What articles leave behind that change their text, or go."""

    texts: frozenset[str]
    """Texts to be looked at, once they have."""
    members: Sequence[Member]
    """The articles as they were, to be looked around for where they are no longer found."""


NOTHING_LEFT = Left(texts=frozenset(), members=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """One text, as it was found."""

    head: Member
    """The article that stands for it, or has to."""
    rows: Sequence[Document]
    """Its articles: all of them, or only the one that stands for it."""
    whole: bool
    """All of them."""

    def standing(self) -> list[Member]:
        """Return who stands for it, or did until now."""
        return [self.head, *self.former()]

    def former(self) -> list[Member]:
        """Return who is found by its keys, and should not be."""
        return [member_of(row) for row in self.rows if row.get("bands") and row["_id"] != self.head.id]

    @property
    def changes_hands(self) -> bool:
        """Whether another has to stand for it than does."""
        return not any(row["_id"] == self.head.id and row.get("bands") for row in self.rows) or bool(self.former())

    def link(self, around: _Around, *, stands: bool) -> Link:
        """Return what its articles are: the one that stands for it, or the copies."""
        return link_of(self.head, around.repeated_by(self.head), stands=stands)

    def corrections(self, around: _Around) -> list[UpdateMany]:
        """Return what must be written so that those articles of it that were read are linked as they have to be."""
        writes = []
        for stands in (False, True):
            wanted = self.link(around, stands=stands).as_fields()
            rows = [row for row in self.rows if (row["_id"] == self.head.id) is stands]
            wrong = [row for row in rows if any(row.get(name) != wanted[name] for name in _LINK)]
            keyed, bare = [row for row in wrong if row.get("bands")], [row for row in wrong if not row.get("bands")]
            # Those that were read, and no other: one that has come since may have to stand for the text. And of copies
            # none that has been given keys since: who takes them away has to know it (`former`).
            unkeyed: dict[str, Any] = {} if stands else {"bands": []}
            for group, still in ((bare, unkeyed), (keyed, {})):
                if group:
                    ids = [row["_id"] for row in group]
                    query = {"_id": {"$in": ids}, "content_hash": self.head.content_hash, **still}
                    writes.append(UpdateMany(query, {"$set": wanted}))
        return writes

    def disturbed(self, around: _Around) -> Iterable[str]:
        """Yield the texts whose links may be wrong now that this one is what it is."""
        head = self.head
        for key, other in around.compared(head).items():
            if other.content_hash == head.content_hash or similarity(head, other) < NEAR:
                continue
            target = around.rows[key].get("duplicate_of")
            if seniority(head) > seniority(other):
                wrong = target == head.id
            else:
                older = around.rows.get(target or "")
                wrong = target != head.id and not (older and seniority(member_of(older)) < seniority(head))
            if wrong:
                yield other.content_hash
        for member in self.standing():
            for row in around.crowd(member):
                # Who comes only takes the place of others; who goes lets others in.
                if self.whole or row.get("duplicate_of"):
                    yield row["content_hash"]


class DuplicateLinks:
    """`duplicate_of`, `similarity` and `bands` in the collection `articles`."""

    def __init__(self, articles: AsyncCollection[Mapping[str, Any]], *, window: int = WINDOW) -> None:
        """window: as in `dedupe.neighbours`."""
        self._articles = articles
        self._window = window
        self._crowded: dict[str, None] = {}
        """Keys that many share, or did once: that only decides how they are asked for."""

    async def nearby(self, members: Sequence[Member], *, leaving: Collection[str] = ()) -> list[Document]:
        """Return all who are to be compared with these, and maybe others, with the fields that decide about links.

        leaving: articles that are as good as gone. One query in nearly all cases. A key that so many share that one
        query would find more than FOUND_AT_ONCE is remembered, and costs two queries for each member from then on, that
        find no more than the window.
        """
        while members:
            keys = {key for member in members for key in member.keys}
            query = _holding(sorted(keys - self._crowded.keys()), leaving)
            found = await self._articles.find(query, _FIELDS).limit(FOUND_AT_ONCE + 1).to_list()
            if len(found) <= FOUND_AT_ONCE:
                asked = [(key, member.id) for member in members for key in member.keys if key in self._crowded]
                parts = await asyncio.gather(*(self._around(key, own, leaving) for key, own in asked))
            elif not self._remember(found, keys, one=len(members) == 1):
                middle = len(members) // 2
                found = []
                parts = [await self.nearby(half, leaving=leaving) for half in (members[:middle], members[middle:])]
            else:
                continue
            return list({row["_id"]: row for part in (found, *parts) for row in part}.values())
        return []

    def _remember(self, found: Sequence[Document], keys: Collection[str], *, one: bool) -> bool:
        """Remember which of the keys are crowded, as far as what was found shows; False where none of them is.

        one: all are keys of one member, so that the one most shared counts as crowded.
        """
        shared = Counter(key for row in found for key in row["bands"] if key in keys and key not in self._crowded)
        crowded = [key for key, holding in shared.items() if holding > self._window]
        if one and not crowded:
            crowded = [key for key, _ in shared.most_common(1)]
        self._crowded.update(dict.fromkeys(crowded))
        while len(self._crowded) > _REMEMBERED:
            del self._crowded[next(iter(self._crowded))]
        return bool(crowded)

    async def _around(self, key: str, own: str, leaving: Collection[str]) -> list[Document]:
        """Return who is found by a key, as far as a member looks on either side."""
        found: list[Document] = []
        for bound, order in (({"$lt": own}, -1), ({"$gte": own}, 1)):
            query = {"bands": key, "_id": {**bound, "$nin": list(leaving)}}
            # One more, as the member itself may be among them.
            found += await self._articles.find(query, _FIELDS).sort("_id", order).limit(self._window + 1).to_list()
        return found

    async def leave(self, keys: Collection[str]) -> Left:
        """Let none point to these articles any more, as they are about to change their text, or to go.

        What is returned has to be put right once they have.
        """
        if not keys:
            return NOTHING_LEFT
        going = [row async for row in self._articles.find({"_id": {"$in": list(keys)}}, _FIELDS)]
        texts = {row["content_hash"] for row in going} | await self.followers(keys)
        standing = [member_of(row) for row in going if row.get("bands")]
        around = _Around(await self.nearby(standing, leaving=keys), self._window)
        texts |= {row["content_hash"] for member in standing for row in around.crowd(member)}
        await self.put_right(texts, leaving=keys)
        # Also who does not stand for a text: until it goes, another may have made it.
        return Left(texts=frozenset(texts), members=[member_of(row) for row in going])

    async def delete(self, keys: Collection[str]) -> Left:
        """Delete articles, and return what they leave behind, as they were in the end."""
        gone = [await self._articles.find_one_and_delete({"_id": key}, _FIELDS) for key in keys]
        members = [member_of(row) for row in gone if row is not None]
        texts = {member.content_hash for member in members} | await self.followers(keys)
        return Left(texts=frozenset(texts), members=members)

    async def followers(self, keys: Collection[str]) -> set[str]:
        """Return the texts of which an article points to one of these."""
        if not keys:
            return set()
        return set(await self._articles.distinct("content_hash", {"duplicate_of": {"$in": list(keys)}}))

    async def put_right(
        self,
        texts: Iterable[str],
        *,
        doubtful: Iterable[str] = (),
        leaving: Collection[str] = (),
        gone: Iterable[Member] = (),
        written: Iterable[Member] = (),
    ) -> None:
        """See that the articles of these texts point to what they repeat, and others to these where they have to.

        texts: content hashes. doubtful: those that another of their articles may have to stand for, too. leaving:
        articles that are as good as gone. gone: who is no longer found where it was. written: who has just been
        written, and may have to stand for its text although it has no keys.
        """
        eldest = heads(written)
        unclear, seen, missing = set(doubtful), set[str](), list(gone)
        waiting = unclear.union(texts)
        for _ in range(_ROUNDS):
            if not waiting and not missing:
                return
            found = await self._texts(sorted(waiting), unclear, leaving, eldest)
            standing = [member for text in found for member in text.standing()]
            around = _Around(await self.nearby([*standing, *missing], leaving=leaving), self._window)
            corrections = {text.head.content_hash: text.corrections(around) for text in found}
            wrong = {text for text, writes in corrections.items() if writes}
            unclear = await self._strays(found, around, leaving)
            disturbed = {row["content_hash"] for member in missing for row in around.crowd(member)}
            disturbed |= {other for text in found for other in text.disturbed(around)}
            missing = [member for text in found if text.head.content_hash in wrong for member in text.former()]
            # Whoever puts another in its place has to see whether an elder came before that stood there.
            unclear |= {
                text.head.content_hash for text in found if text.head.content_hash in wrong and text.changes_hands
            }
            if wrong:
                # In order, who stands for the text last: what a crash leaves undone is then seen at the next look.
                await self._articles.bulk_write([write for writes in corrections.values() for write in writes])
                seen.clear()
            else:
                seen |= waiting
            # Once more those that were wrong, whoever else has been writing; others only after a correction.
            waiting = wrong | unclear | (disturbed - seen)

    async def _texts(
        self,
        texts: Sequence[str],
        unclear: Collection[str],
        leaving: Collection[str],
        eldest: Mapping[str, Member],
    ) -> list[_Text]:
        """Return these texts as they are: with all their articles where it is not clear who stands for one."""
        rows: dict[str, list[Document]] = {text: [] for text in texts}
        async for row in self._articles.find(_holding(texts, leaving), _FIELDS):
            rows[row["content_hash"]].append(row)
        whole = [
            text
            for text in texts
            if text in unclear
            or len(rows[text]) != 1
            or (text in eldest and seniority(eldest[text]) < seniority(member_of(rows[text][0])))
        ]
        if whole:
            rows |= {text: [] for text in whole}
            members = {"content_hash": {"$in": whole}, "_id": {"$nin": list(leaving)}}
            async for row in self._articles.find(members, _FIELDS):
                rows[row["content_hash"]].append(row)
        return [
            _Text(head=original_of(map(member_of, found)), rows=found, whole=text in set(whole))
            for text, found in rows.items()
            if found
        ]

    async def _strays(self, texts: Sequence[_Text], around: _Around, leaving: Collection[str]) -> set[str]:
        """Return those of the texts, read in part, of which a copy does not point to what the text repeats."""
        parts = [text for text in texts if not text.whole]
        if not parts:
            return set()
        strays = [
            {
                "content_hash": text.head.content_hash,
                "duplicate_of": {"$ne": text.link(around, stands=False).duplicate_of},
                "_id": {"$nin": [text.head.id, *leaving]},
            }
            for text in parts
        ]
        return {row["content_hash"] async for row in self._articles.find({"$or": strays}, {"content_hash": 1})}


class _Around:
    """Who may have to be compared with the texts in hand, as it was found."""

    def __init__(self, rows: Sequence[Document], window: int) -> None:
        self.rows = {row["_id"]: row for row in rows}
        self._holders = holders(map(member_of, rows))
        self._window = window
        self._repeated: dict[str, tuple[Member, float] | None] = {}

    def compared(self, member: Member) -> dict[str, Member]:
        """Return those with which a member is compared."""
        return neighbours(member, self._holders, window=self._window)

    def repeated_by(self, member: Member) -> tuple[Member, float] | None:
        """Return what a member repeats, as `dedupe.repeated`."""
        if member.id not in self._repeated:
            self._repeated[member.id] = repeated(member, self.compared(member).values())
        return self._repeated[member.id]

    def crowd(self, member: Member) -> list[Document]:
        """Return who shares a key with so many that one who comes or goes shifts whom they are compared with."""
        crowded = {key: found for key in member.keys if len(found := self._holders.get(key, ())) > self._window}
        return [self.rows[other] for other in neighbours(member, crowded, window=self._window)]


def _holding(keys: Sequence[str], leaving: Collection[str]) -> dict[str, Any]:
    """Return the condition that finds who has one of these keys, and stays."""
    return {"bands": {"$in": list(keys)}, **({"_id": {"$nin": list(leaving)}} if leaving else {})}
