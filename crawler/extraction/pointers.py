"""The links of a page that lead to other articles of the same paper, and the cards around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from crawler.extraction.cards import LONGEST_TITLE, headline_and_teaser, is_promotion, words_in
from crawler.extraction.labels import kind_of
from crawler.extraction.lines import units
from crawler.extraction.prose import is_prose
from crawler.extraction.targets import brand_of, has_number, target_key, target_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lxml.html import HtmlElement

    from crawler.extraction.lines import Anchor, Extent, PageLines
    from crawler.extraction.prose import Prose

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PAID = re.compile(r"sponsor|advertis|advertorial|(?<![a-z])native-?ads?(?![a-z])|taboola|outbrain", re.IGNORECASE)
_BULLETS = " \t\r\n\u00a0-–—•·*►▶»>"
_NEW_SENTENCE = re.compile(r"\s*(?:[.:!?]|[–—|-]\s)?\s*[\"'„“«¿¡]?[^\W_a-zß-öø-ÿ]")
"""What begins with a capital, a figure, or in a script without case."""
_SHORTEST_TEASED = 4
"""Words of a headline whose teaser follows it in the same line."""
_REACH = 250
"""Lines behind a label in which its links are looked for."""
_PARAGRAPH = 100
"""Characters; two lines of this length below the first are more than a teaser."""
_TEASER_LINES = 2
"""Lines of prose in one card; more are text of their own."""
_TEASER_LENGTH = 700
"""Characters of prose in one card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One announced link."""

    label: str | None
    """The label as written; None where there is none."""
    title: str
    """The headline."""
    teaser: str | None
    """The sentences beneath it."""
    url: str
    """Absolute URL."""
    order: int
    """Index of the line it starts in."""
    lines: frozenset[int]
    """Indices of the lines that hold this and nothing else; empty where it stands within a sentence."""


@dataclass(slots=True, eq=False)
class Target:
    """One article, and links to it."""

    key: str
    """`targets.target_key` of its URL."""
    url: str
    """Absolute URL as first written."""
    anchors: list[Anchor]
    """The links, in page order."""


class Pointers:
    """What the links of one page point to. Judges each href once."""

    def __init__(self, content: PageLines, prose: Prose, *, base: str, own: str) -> None:
        self.content = content
        self.prose = prose
        self.brand = brand_of(own)
        """The paper's name as its domain spells it."""
        self._base = base
        self._own = own
        self._known: dict[str, tuple[str, str] | None] = {}

    def resolve(self, href: str) -> tuple[str, str] | None:
        """Return the key and the absolute URL of a link to another article; None for any other link."""
        try:
            return self._known[href]
        except KeyError:
            url = target_url(self._base, self._own, href)
            found = None if url is None else (target_key(url), url)
            self._known[href] = found
            return found

    def anchors_after(self, line: int, extent: Extent) -> list[Anchor]:
        """Return the links of an extent in the lines after one; a link without text counts by the line it precedes."""
        first, end = self.content.anchor_range(line + 1, line + _REACH)
        return self.content.anchors[max(first, extent.first_anchor) : min(end, extent.end_anchor)]

    def targets(self, anchors: Iterable[Anchor], *, teased: bool = False) -> dict[str, Target]:
        """Return the articles that links lead to, by key, in order; links in running text do not count.

        With `teased`, a headline at the start of a line counts though its teaser follows it there.
        """
        targets: dict[str, Target] = {}
        for anchor in anchors:
            if (self.in_running_text(anchor) and not (teased and self.opens_teaser(anchor))) or self.wraps_text(anchor):
                continue
            found = self.resolve(anchor.href)
            if found is None:
                continue
            key, url = found
            targets.setdefault(key, Target(key, url, [])).anchors.append(anchor)
        return targets

    def in_running_text(self, anchor: Anchor) -> bool:
        """Return whether a link is part of a sentence."""
        if anchor.start >= anchor.end:
            return False
        line = self.content.lines[anchor.start]
        return line.plain > max(25, 0.6 * line.linked)

    def opens_teaser(self, anchor: Anchor) -> bool:
        """Return whether a line is a linked headline and then a sentence of its own: `<li><a>Titel</a> Zin.`."""
        pieces = self.content.lines[anchor.start].pieces
        first = next(
            (place for place, piece in enumerate(pieces) if piece.link is not None or piece.text.strip(_BULLETS)), 0
        )
        if pieces[first].link is not anchor.element:
            return False
        own = list(takewhile(lambda piece: piece.link is anchor.element, pieces[first:]))
        behind = pieces[first + len(own) :]
        if any(piece.link is not None for piece in behind) or words_in("".join(o.text for o in own)) < _SHORTEST_TEASED:
            return False
        return _NEW_SENTENCE.match("".join(piece.text for piece in behind)) is not None

    def wraps_text(self, anchor: Anchor) -> bool:
        """Return whether a link holds paragraphs: one that was never closed swallows the article."""
        below = self.content.lines[anchor.start + 1 : anchor.end]
        return sum(1 for line in below if line.linked > _PARAGRAPH) >= 2

    def keys_of(self, extent: Extent) -> Iterator[str]:
        """Yield the key of each link to an article in an extent."""
        for anchor in self.content.anchors[extent.first_anchor : extent.end_anchor]:
            found = self.resolve(anchor.href)
            if found is not None:
                yield found[0]

    def card_of(self, target: Target, scope: HtmlElement | None, after: int) -> HtmlElement:
        """Return the largest element around a link that is about this one article.

        It lies within `scope` and behind line `after` (a label's, or -1), and outside of it neither holds the body nor
        more prose than a card does.
        """
        anchor = next((one for one in target.anchors if one.end > one.start), target.anchors[0])
        root = anchor.element
        for element in root.iterancestors():
            if element is scope or element is self.prose.container or element.tag in {"body", "html"}:
                break
            extent = self.content.extents.get(element)
            if extent is None:
                continue
            if extent.first <= after or not self.is_card(extent, target.key):
                break
            root = element
        return root

    def is_card(self, extent: Extent, key: str) -> bool:
        """Return whether an extent leads to no other article than this, and has no more prose than a card."""
        if any(other != key for other in self.keys_of(extent)):
            return False
        lines = self.content.lines[extent.first : extent.end]
        paragraphs = sum(1 for line in lines if line.linked > _PARAGRAPH or is_prose(line))
        return paragraphs <= _TEASER_LINES and sum(line.plain for line in lines if is_prose(line)) <= _TEASER_LENGTH

    def read(
        self,
        label: str | None,
        target: Target,
        indices: Collection[int],
        root: HtmlElement,
        *,
        without: int | None = None,
    ) -> Announcement | None:
        """Return what a card on these lines announces; None where it has no headline.

        `without` is the line of the label, where that is part of the card.
        """
        ordered = sorted(indices)
        parts = [unit for index in ordered if index != without for unit in units(self.content.lines[index].pieces)]
        title, teaser = headline_and_teaser(parts, root, [anchor.element for anchor in target.anchors])
        order = ordered[0] if ordered else target.anchors[0].start
        return announcement(label, title, teaser, url=target.url, order=order, lines=frozenset(ordered))


def announcement(
    label: str | None, title: str | None, teaser: str | None, *, url: str, order: int, lines: frozenset[int]
) -> Announcement | None:
    """Return the announcement, if its title can be a headline: no label, no promotion, and no topic by its length."""
    if title is None or len(title) > LONGEST_TITLE or words_in(title) < (2 if has_number(url) else 3):
        return None
    if kind_of(title) is not None or is_promotion(title):
        return None
    return Announcement(label=label, title=title, teaser=teaser, url=url, order=order, lines=lines)


def is_paid(root: HtmlElement, target: Target) -> bool:
    """Return whether a card says in its mark-up that it is an advertisement."""
    if any("sponsored" in (anchor.element.get("rel") or "") for anchor in target.anchors):
        return True
    anchor = target.anchors[0].element
    around = () if anchor is root else takewhile(lambda element: element is not root, anchor.iterancestors())
    return any(_PAID.search(element.get("class") or "") for element in (anchor, *around, root))


def is_hidden(element: HtmlElement) -> bool:
    """Return whether an element, or one around it, is hidden by attribute or inline style."""
    return any(
        one.get("hidden") is not None or _HIDDEN.search(one.get("style") or "") is not None
        for one in (element, *element.iterancestors())
    )
