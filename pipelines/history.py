"""The versions of an article in the order in which they stood on the page, whatever order archives give them in. Pure.

A version is a document of `articles` or `revisions`. It stood there from `changed_at`, when it was first seen, to
`last_seen_at`, when it was last seen, as far as anybody looked.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import normalize

Document = Mapping[str, Any]

CONTENT = ("title", "lead", "text")
"""What makes a revision where it changes."""


def says_the_same(one: Document, other: Document) -> bool:
    """Whether title, lead and text of two versions are the same, white space apart."""
    return all(_words(one.get(name)) == _words(other.get(name)) for name in CONTENT)


def versions_of(newest: Document, revisions: Sequence[Document]) -> list[Document]:
    """Return the versions of an article, oldest first. newest: its document; revisions: the earlier ones, in any order.

    Where versions are just moving up, or whoever moved them was killed, one is there twice. The last counts: the place
    of the first is for another.
    """
    known: dict[Any, Document] = {}
    for version in sorted(revisions, key=lambda version: version["revision"]):
        if version["changed_at"] < newest["changed_at"]:
            known[version["changed_at"]] = version
    return [*sorted(known.values(), key=lambda version: version["changed_at"]), newest]


def with_capture(versions: Sequence[Document], capture: Document, at: datetime) -> list[Document]:
    """Return the versions with what the page was at an instant (UTC), from the oldest to the newest, numbered anew.

    Where the capture says what a version before or after says, that one was merely there earlier or longer. Where it
    says something else in the midst of a version's time, it parts that one in two: of the second half only the last
    sight of it is known. No number becomes smaller. In the order of capture the result is exact, and in any other
    unless a text came back after it had been another.
    """
    place = sum(version["changed_at"] <= at for version in versions)
    before, after = list(versions[:place]), list(versions[place:])
    new = {**capture, "changed_at": at, "last_seen_at": at, "revision": 1}
    stood = before[-1] if before else None
    if stood is not None and says_the_same(stood, capture):
        if stood["last_seen_at"] < at:
            # All else is what it was when it was last seen, as where captures come in their order.
            kept = {name: stood[name] for name in ("changed_at", "revision", "replaced_at") if name in stood}
            before[-1] = {**capture, **kept, "last_seen_at": at}
        return _numbered([*before, *after])
    if stood is not None and stood["last_seen_at"] > at:
        before[-1] = {**stood, "last_seen_at": stood["changed_at"]}
        return _numbered([*before, new, {**stood, "changed_at": stood["last_seen_at"]}, *after])
    if after and says_the_same(after[0], capture):
        return _numbered([*before, {**after[0], "changed_at": at}, *after[1:]])
    return _numbered([*before, new, *after])


def _numbered(versions: Sequence[Document]) -> list[Document]:
    """Return the versions with numbers that rise, each its own as far as that is possible."""
    numbers = itertools.accumulate(
        (version.get("revision") or 1 for version in versions), lambda last, own: max(own, last + 1)
    )
    return [{**version, "revision": number} for version, number in zip(versions, numbers, strict=True)]


def _words(text: str | None) -> list[str]:
    """A text as far as a revision is concerned: other white space is no change."""
    return normalize("NFC", text or "").split()
