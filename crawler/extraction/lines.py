"""A page as the lines a reader sees, each with its links and its place in the tree; one pass over the tree."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from crawler.extraction.labels import kind_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr".split()
)
"""Elements that do not start a line (HTML Standard, phrasing content with text)."""
SKIPPED = frozenset(
    "script style noscript template svg iframe object embed select textarea canvas math head video audio picture img "
    "input button amp-img source map".split()
)
"""Elements whose content is not text of the page."""
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_BLOCK, _INLINE, _LINK, _MENU, _SKIPPED = range(5)
_KINDS = {
    **dict.fromkeys(INLINE, _INLINE),
    **dict.fromkeys(SKIPPED, _SKIPPED),
    "a": _LINK,
    "nav": _MENU,
}
_EMPHASIS = frozenset("em i b strong u mark sub sup abbr q font cite dfn wbr bdi code del ins s small big".split())


_APART = re.compile(r"date|time|author|byline|kicker|label|badge|flag|premium|count|duration", re.IGNORECASE)


class Piece(NamedTuple):
    """A run of text within one element."""

    text: str
    """As in the tree, never blank."""
    element: HtmlElement
    """The element that holds it."""
    link: HtmlElement | None
    """The `a` with an href around it."""


@dataclass(slots=True, eq=False)
class Line:
    """What stands between two line breaks."""

    block: HtmlElement
    """The innermost block element around the text."""
    pieces: list[Piece] = field(default_factory=list)
    """Its text in order, at least one piece."""
    plain: int = 0
    """Characters outside links."""
    linked: int = 0
    """Characters inside links."""

    @property
    def text(self) -> str:
        """The whole line, white space collapsed."""
        return " ".join("".join(piece.text for piece in self.pieces).split())


class Anchor(NamedTuple):
    """An `a` with an href."""

    element: HtmlElement
    """The `a`."""
    href: str
    """As written."""
    start: int
    """Index of the line in which it opens."""
    end: int
    """Index after its last line; equal to `start` where it holds no text."""


class Extent(NamedTuple):
    """Which part of the page an element covers."""

    first: int
    """Index of its first line."""
    end: int
    """Index after its last line."""
    first_anchor: int
    """Index of its first anchor."""
    end_anchor: int
    """Index after its last anchor."""


class Unit(NamedTuple):
    """A part of a line with one meaning: a label, a headline, a time."""

    text: str
    """White space collapsed, never empty."""
    element: HtmlElement
    """The element that holds its first words."""
    link: HtmlElement | None
    """The `a` around it."""


@dataclass(slots=True, eq=False)
class PageLines:
    """The page in lines."""

    lines: list[Line]
    """In document order."""
    anchors: list[Anchor]
    """In document order."""
    extents: dict[HtmlElement, Extent]
    """For each block element, and each `a` with an href, that holds a line or a link."""

    def extent(self, element: HtmlElement) -> Extent | None:
        """Return what an element covers; None where it holds neither line nor link, or is not a block or link."""
        return self.extents.get(element)

    def anchor_range(self, first: int, end: int) -> tuple[int, int]:
        """Return which of the links open in the lines from `first` up to `end`: the first index, and the one after."""
        low = bisect_left(self.anchors, first, key=_start_of)
        return low, bisect_left(self.anchors, end, lo=low, key=_start_of)

    def anchors_within(self, first: int, end: int) -> list[Anchor]:
        """Return the links that open in the lines from `first` up to `end`."""
        low, high = self.anchor_range(first, end)
        return self.anchors[low:high]


# A named tuple's own constructor is Python code: without it, a page with its hundreds of both costs a tenth less.
_extent = partial(tuple.__new__, Extent)
_piece = partial(tuple.__new__, Piece)


def _start_of(anchor: Anchor) -> int:
    return anchor.start


def read_lines(tree: HtmlElement) -> PageLines:
    """Return the lines and links of a tree. Hidden elements are read like others; scripts and menus are not."""
    lines: list[Line] = []
    anchors: list[Anchor] = []
    extents: dict[HtmlElement, Extent] = {}
    # Per open block: the element, and where its lines and anchors start.
    blocks: list[tuple[HtmlElement, int, int]] = [(tree, 0, 0)]
    # Per open link: the element, the line open at its start, how many pieces that had, and its place among the anchors.
    links: list[tuple[HtmlElement, int, int, int]] = []
    line: Line | None = None
    link: HtmlElement | None = None
    walker = etree.iterwalk(tree, events=("start", "end", "comment", "pi"))
    for event, element in walker:
        if event == "start":
            kind = _KINDS.get(element.tag, _BLOCK)
            if kind == _MENU:
                kind = _SKIPPED if _is_menu(element) else _BLOCK
            if kind == _BLOCK:
                line = None
                blocks.append((element, len(lines), len(anchors)))
            elif kind == _INLINE:
                pass
            elif kind == _SKIPPED:
                walker.skip_subtree()
                continue
            elif href := element.get("href"):
                if line is None:
                    links.append((element, len(lines), 0, len(anchors)))
                else:
                    links.append((element, len(lines) - 1, len(line.pieces), len(anchors)))
                anchors.append(Anchor(element, href, len(lines), len(lines)))
                link = element
            text = element.text
            holder: HtmlElement | None = element
        else:
            # Comments and processing instructions have no tag of their own: only the text behind them counts.
            kind = _KINDS.get(element.tag, _BLOCK) if event == "end" else _INLINE
            if kind == _BLOCK or (kind == _MENU and blocks[-1][0] is element):
                line = None
                block, first, first_anchor = blocks.pop()
                if first < len(lines) or first_anchor < len(anchors):
                    extents[block] = _extent((first, len(lines), first_anchor, len(anchors)))
            elif kind == _LINK and links and links[-1][0] is element:
                _, start, pieces, index = links.pop()
                end = len(lines)
                if start < end and len(lines[start].pieces) <= pieces:
                    # Nothing was added to the line open at its start: it opens in the next.
                    start += 1
                anchors[index] = Anchor(element, anchors[index].href, start, end)
                extents[element] = _extent((start, end, index, len(anchors)))
                link = links[-1][0] if links else None
            elif kind == _MENU:
                line = None
            text = element.tail
            holder = None
        if not text:
            continue
        if text.isspace():
            if line is not None:
                last = line.pieces[-1]
                line.pieces[-1] = _piece((f"{last.text} ", last.element, last.link))
        else:
            if line is None:
                line = Line(blocks[-1][0])
                lines.append(line)
            if holder is None:
                holder = element.getparent()
                if holder is None:
                    continue
            line.pieces.append(_piece((text, holder, link)))
            if link is None:
                line.plain += len(text)
            else:
                line.linked += len(text)
    return PageLines(lines, anchors, extents)


def _is_menu(element: HtmlElement) -> bool:
    """Return whether a `nav` is only links: an unclosed one swallows the article, and some hold read-also boxes."""
    return not announces(element) and next(element.iter("p", "article", *HEADINGS), None) is None


def announces(element: HtmlElement) -> bool:
    """Return whether an element is named, for those who do not see it, by a label of read-also links."""
    name = element.get("aria-label")
    kind = kind_of(name) if name else None
    return kind is not None and kind.announces


def units(pieces: list[Piece]) -> list[Unit]:
    """Return the parts of a line that mean one thing each.

    A link and a `span` or `time` of its own begin a new part; emphasis, and a span in running text, do not.
    """
    parts: list[list[Piece]] = []
    for piece in pieces:
        if parts and _runs_on(parts[-1], piece):
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return [
        Unit(text, part[0].element, part[0].link)
        for part in parts
        if (text := " ".join("".join(piece.text for piece in part).split()))
    ]


def _runs_on(part: list[Piece], piece: Piece) -> bool:
    last = part[-1]
    if last.link is not piece.link:
        return False
    if last.element is piece.element:
        return True
    here, there = last.element, piece.element
    opens = there.getparent() is here
    closes = here.getparent() is there
    if there.tag in _EMPHASIS and opens:
        return True
    if here.tag in _EMPHASIS and closes:
        return True
    # Running text, then a span in it, then running text again.
    if opens and there.tag == "span":
        return _APART.search(there.get("class") or "") is None
    if closes and here.tag == "span":
        return part[0].element is there or len(last.text.strip()) <= 2
    return False
