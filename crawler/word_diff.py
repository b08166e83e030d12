"""What changed between two texts, word by word, within the paragraphs that changed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_CONTEXT = 1  # paragraphs shown on either side of a change


class Change(StrEnum):
    """What became of a piece of text."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"
    LEFT_OUT = "left-out"
    """Paragraphs that did not change, too far from any that did; the text says how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text with one fate."""

    change: Change
    """Which fate."""
    text: str
    """The text."""


def word_diff(before: str, after: str) -> Iterator[list[Piece]]:
    """Yield the paragraphs of both texts in order, each as its pieces, with those far from any change summed up.

    Words are compared only within the stretches of paragraphs that differ, so that the cost of a long live blog grows
    with what changed in it. The kept and removed pieces of all paragraphs make up `before`, the kept and added ones
    `after`.
    """
    old, new = _paragraphs(before), _paragraphs(after)
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (step, i1, i2, j1, j2) in enumerate(steps):
        if step == "equal":
            yield from _shortened(old[i1:i2], first=number == 0, last=number == len(steps) - 1)
        else:
            yield from _changed(old[i1:i2], new[j1:j2])


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def _shortened(same: Sequence[str], *, first: bool, last: bool) -> Iterator[list[Piece]]:
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    hidden = len(same) - head - tail
    if hidden <= 1:  # a line that says that one is left out is no shorter
        head, tail, hidden = len(same), 0, 0
    for text in same[:head]:
        yield [Piece(change=Change.KEPT, text=text)]
    if hidden:
        yield [Piece(change=Change.LEFT_OUT, text=f"{hidden} paragraphs unchanged")]
    for text in same[len(same) - tail :] if tail else ():
        yield [Piece(change=Change.KEPT, text=text)]


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[list[Piece]]:
    # Pair by pair; what has no partner came or went as a whole.
    for before, after in zip(old, new, strict=False):
        yield list(_words(before, after))
    for text in old[len(new) :]:
        yield [Piece(change=Change.REMOVED, text=text)]
    for text in new[len(old) :]:
        yield [Piece(change=Change.ADDED, text=text)]


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.quick_ratio() < 0.3:
        # Two paragraphs that share a few articles and commas are not one that was edited.
        yield Piece(change=Change.REMOVED, text=before)
        yield Piece(change=Change.ADDED, text=after)
        return
    removed = added = ""
    for step, i1, i2, j1, j2 in matcher.get_opcodes():
        one, other = "".join(old[i1:i2]), "".join(new[j1:j2])
        if step != "equal":
            removed, added = removed + one, added + other
        elif one.isspace() and (removed or added) and i2 < len(old):
            # A blank between two changed words belongs to the change: phrases stay whole.
            removed, added = removed + one, added + one
        else:
            yield from _pieces(removed, added)
            removed = added = ""
            yield Piece(change=Change.KEPT, text=one)
    yield from _pieces(removed, added)


def _pieces(removed: str, added: str) -> Iterator[Piece]:
    """Yield a change, with a blank that both sides end on given back to what is kept."""
    end = ""
    while removed and added and removed[-1] == added[-1] and removed[-1].isspace():
        end, removed, added = removed[-1] + end, removed[:-1], added[:-1]
    if removed:
        yield Piece(change=Change.REMOVED, text=removed)
    if added:
        yield Piece(change=Change.ADDED, text=added)
    if end:
        yield Piece(change=Change.KEPT, text=end)
