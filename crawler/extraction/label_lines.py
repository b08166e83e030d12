"""Where labels stand on a page: alone on a line, before links in a line, or at the end of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.extraction.labels import (
    LONGEST_LABEL,
    Label,
    LabelKind,
    is_mark,
    kind_of,
    label_at_start,
    label_with_topic,
    may_open_with_label,
)
from crawler.extraction.lines import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.extraction.lines import Line, Piece

_CLAUSE_END = re.compile(r"[.!?…。！？()\[\]–—|>»]")
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", ".”", '."', ".»")
_ROOM_FOR_TOPIC = 32
"""Characters that a heading may add to a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """A label found on the page."""

    label: Label
    """What it says."""
    line: int
    """Index of its line."""
    piece: int
    """Index, in the line, of the piece that holds it or its end."""
    alone: bool
    """The line holds nothing else."""
    within_sentence: bool
    """Running text stands before it in the same line."""


def find_label_lines(lines: Iterable[Line]) -> Iterator[LabelLine]:
    """Yield the labels of a page in order, traps included, at most one a line."""
    for index, line in enumerate(lines):
        found = _at_start(index, line)
        if found is None and line.linked and len(line.pieces) > 1:
            found = _before_link(index, line.pieces)
        if found is not None:
            yield found


def _at_start(index: int, line: Line) -> LabelLine | None:
    pieces = line.pieces
    last = len(pieces) - 1
    first = 0
    while first < last and is_mark(pieces[first].text):
        first += 1
    if not may_open_with_label(pieces[first].text):
        return None
    label = label_at_start(pieces[first].text)
    if label is not None and (first == last or line.linked or kind_of(line.text) is None):
        # Tabs without panels of their own: the first is open.
        tabs = all(one.link is not None and one.link.get("href") == "#" for one in pieces[first:])
        heads = line.block.tag in HEADINGS and not line.linked
        alone = (not label.rest and (first == last or tabs)) or heads
        return LabelLine(label=label, line=index, piece=first, alone=alone, within_sentence=False)
    if line.plain + line.linked > LONGEST_LABEL + _ROOM_FOR_TOPIC:
        return None
    if last and (kind := kind_of(line.text)) is not None:
        # The words of the label stand in elements of their own.
        whole = label_at_start(line.text) or Label(text=line.text, kind=kind)
        return LabelLine(label=whole, line=index, piece=last, alone=True, within_sentence=False)
    if line.block.tag in HEADINGS or not line.linked or line.text.endswith(":"):
        label = label_with_topic(line.text)
        if label is not None:
            return LabelLine(label=label, line=index, piece=last, alone=True, within_sentence=False)
    return None


def _before_link(index: int, pieces: list[Piece]) -> LabelLine | None:
    """Return a label later in a line, with a colon and right before a link: `… (Lees ook: <a>…</a>)`."""
    for place, (piece, following) in enumerate(pairwise(pieces)):
        if piece.link is not None or following.link is None:
            continue
        text = piece.text.rstrip()
        if text.endswith(_SENTENCE_ENDS) and (label := _opens_link(following)) is not None:
            # The label is part of the link behind a whole sentence: `… . <a>Lees ook: Titel</a>`.
            return LabelLine(label=label, line=index, piece=place + 1, alone=False, within_sentence=True)
        if not text.endswith((":", "：")):
            continue
        tail = _CLAUSE_END.split(text[:-1])[-1].strip()
        kind = kind_of(tail)
        if kind is not None and kind.announces:
            before = sum(len(one.text) for one in pieces[: place + 1])
            return LabelLine(
                label=Label(text=tail, kind=kind),
                line=index,
                piece=place,
                alone=False,
                within_sentence=before > LONGEST_LABEL,
            )
    return None


def _opens_link(piece: Piece) -> Label | None:
    """Return the label by which the text of a link opens, with the headline behind it."""
    if not may_open_with_label(piece.text):
        return None
    label = label_at_start(piece.text)
    return label if label is not None and label.kind is LabelKind.READ_ALSO and label.rest else None
