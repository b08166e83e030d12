"""Links to articles that stand between the sentences of the body with no label known to the lexicon."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from crawler.extraction.cards import words_in
from crawler.extraction.labelled import look_of
from crawler.extraction.labels import LONGEST_LABEL, LabelKind, kind_of, label_at_start
from crawler.extraction.lines import HEADINGS, INLINE, announces
from crawler.extraction.pointers import announcement, is_hidden
from crawler.extraction.targets import is_viewer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from crawler.extraction.labelled import Labelled
    from crawler.extraction.lines import Anchor, Extent, PageLines
    from crawler.extraction.pointers import Announcement, Pointers, Target
    from crawler.extraction.prose import Prose

_MOST_CARDS = 6
"""More links in one box between sentences are a list of the article's own."""
_SHORTEST_TITLE = 4
"""Words; a shorter link between paragraphs is a button as often as a headline."""
_BESIDE_LINK = 12
"""Characters that may stand beside the link in its line: an arrow, a quotation mark."""
_NO_POINTERS = frozenset("td th dt dd nav form footer header time caption figcaption details".split())
_NOT_A_BOX = HEADINGS | INLINE | frozenset({"dl", "table", "tbody", "tr"})
_LISTS = frozenset({"ul", "ol"})
_LEADS_UP = (":", "：")
_NEIGHBOUR_BY_WORD = re.compile(
    r"\W*(?:previous|next|vorherige[rs]?|nächste[rs]?|vorige?|volgende?|précédent|suivant|anterior|siguiente|próxim[oa]|precedente"
    r"|successivo|prossimo|poprzedni|następny|předchozí|další|предыдущ\w+|следующ\w+|попередн\w+|наступн\w+|föregående|nästa|forrige"
    r"|neste|næste|önceki|sonraki)(?:\s+\w+)?\s*[:»›→|]",
    re.IGNORECASE,
)
"""The neighbour in a series: `Next: …`, `« Previous post: …`."""
_NEIGHBOURS_IN_SERIES = frozenset({"prev", "next"})
# No bare "promo": so newsrooms call the teaser of another story.
_TRAP = re.compile(
    r"newsletter|nieuwsbrief|subscri|sign-?up|paywall|most-?read|most-?popular|trending|sponsor|advert|auto-?promo|taboola"
    r"|outbrain|podcast|player|video|gallery|breadcrumb|social|share|comment|author|byline|(?<![a-z])toc(?![a-z])"
    r"|up-?sell|cross-?sell|product",
    re.IGNORECASE,
)
_NEIGHBOURS = 30
"""Elements before and after a box among which a sentence stands."""
_LABEL_ATTRIBUTES = ("data-label", "data-title", "data-heading", "aria-label", "title")


def find_unlabelled(content: PageLines, prose: Prose, pointers: Pointers, labelled: Labelled) -> Iterator[Announcement]:
    """Yield the links of boxes and paragraphs between sentences that hold nothing but links to articles."""
    if prose.container is None or len(prose.lines) < 2:
        return
    finder = _Finder(content, prose, pointers, labelled)
    seen: set[HtmlElement] = set()
    for anchor in content.anchors_within(prose.lines[0] + 1, prose.lines[-1] + 1):
        if anchor.start in labelled.claimed:
            continue
        # Where a link leads is asked last: most stand in sentences, and an answer costs more than a look at the line.
        if finder.has_words_beside(anchor):
            one = finder.read_line(anchor)
            if one is not None:
                yield one
            continue
        found = pointers.resolve(anchor.href)
        if found is None or is_viewer(found[1]):
            continue
        box = finder.box_of(anchor)
        if box is not None and box not in seen:
            seen.add(box)
            yield from finder.read(box)


class _Finder:
    """Reads the boxes between the sentences of one page."""

    def __init__(self, content: PageLines, prose: Prose, pointers: Pointers, labelled: Labelled) -> None:
        self.content = content
        self.prose = prose
        self.pointers = pointers
        self.labelled = labelled

    def has_words_beside(self, anchor: Anchor) -> bool:
        """Return whether the first line of a link holds more than the link and a mark or two."""
        if anchor.start >= anchor.end:
            return False
        line = self.content.lines[anchor.start]
        return sum(len(piece.text.strip()) for piece in line.pieces if piece.link is None) > _BESIDE_LINK

    def read_line(self, anchor: Anchor) -> Announcement | None:
        """Return what a line announces that sets a word or two off from a linked headline: `Word: <a>…</a>`."""
        line = self.content.lines[anchor.start]
        link = anchor.element
        before = "".join(piece.text for piece in line.pieces if piece.link is None)
        label = before.strip()
        if line.block.tag not in {"p", "div"} or line.block.getparent() is not self.prose.container:
            return None
        if len(label) > LONGEST_LABEL or not label.endswith((":", "|", "：")) or not label[:-1].strip():
            return None
        if line.pieces[0].link is not None or any(
            piece.link is not link for piece in line.pieces if piece.link is not None
        ):
            return None
        if line.pieces[-1].link is not link or kind_of(label) is not None:
            return None
        title = " ".join("".join(piece.text for piece in line.pieces if piece.link is link).split())
        if words_in(title) < _SHORTEST_TITLE:
            return None
        found = self.pointers.resolve(anchor.href)
        if found is None or is_viewer(found[1]):
            return None
        return announcement(
            label.rstrip(" :|："),
            title,
            None,
            url=found[1],
            order=anchor.start,
            lines=frozenset({anchor.start}),
        )

    def box_of(self, anchor: Anchor) -> HtmlElement | None:
        """Return the largest element around a link that holds no sentence of the body; None if it is a trap."""
        box: HtmlElement | None = None
        for element in (anchor.element, *anchor.element.iterancestors()):
            if element is self.prose.container:
                break
            extent = self.content.extents.get(element)
            if extent is not None and self.prose.holds_sentence(extent.first, extent.end):
                break
            if element.tag in _NO_POINTERS and element.tag != "figcaption" and not announces(element):
                return None
            if _TRAP.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
                return None
            if extent is not None:
                box = element
        if box is None or box.tag == "figcaption" or is_hidden(box):
            return None
        if box.tag in _NOT_A_BOX and not self._is_block_link(box):
            return None
        return box

    def _is_block_link(self, box: HtmlElement) -> bool:
        """Return whether a link stands between paragraphs as one, with parts of its own: a card with no box around."""
        if box.tag != "a" or box.getparent() is not self.prose.container:
            return False
        return next(box.iter("span", "img"), None) is not None

    def read(self, box: HtmlElement) -> list[Announcement]:
        """Return the announcements of a box, none if anything in it is not part of them."""
        extent = self.content.extents[box]
        last = extent.end - 1
        if any(self._is_foreign(index, last=index == last > extent.first) for index in range(extent.first, extent.end)):
            return []
        if not self._has_sentences_beside(box):
            return []
        anchors = self.content.anchors[extent.first_anchor : extent.end_anchor]
        if box.tag in _LISTS and not self._is_list_of_links(box, extent):
            return []
        if any(not _NEIGHBOURS_IN_SERIES.isdisjoint((anchor.element.get("rel") or "").split()) for anchor in anchors):
            return []
        targets = self.pointers.targets(anchors)
        if not 0 < len(targets) <= _MOST_CARDS or any(is_viewer(target.url) for target in targets.values()):
            return []
        label, label_line = self._label_of(box, extent)
        if label is None and (self._has_heading(extent) if len(targets) > 1 else self._is_headed(extent)):
            return []
        found: list[Announcement] = []
        rest = set(range(extent.first, extent.end))
        for target in targets.values():
            if len(targets) == 1:
                root, indices = box, rest.copy()
            else:
                root = self.pointers.card_of(target, box, -1 if label_line is None else label_line)
                card = self.content.extents[root]
                indices = set(range(card.first, card.end))
            one = self.pointers.read(label, target, indices, root, without=label_line)
            if one is None or words_in(one.title) < _SHORTEST_TITLE or one.title.endswith("."):
                return []
            if self._is_path(target) or _NEIGHBOUR_BY_WORD.match(one.title):
                return []
            found.append(one)
            rest -= indices
        if label_line is None and any(self.content.lines[index].plain > _BESIDE_LINK for index in rest):
            return []
        return found

    def _is_path(self, target: Target) -> bool:
        """Return whether a link stands in one line with several to places that are no articles: breadcrumbs."""
        first = target.anchors[0]
        pieces = self.content.lines[first.start].pieces if first.start < first.end else []
        links = {piece.link for piece in pieces if piece.link is not None}
        return sum(self.pointers.resolve(link.get("href") or "") is None for link in links) > 1

    def _is_list_of_links(self, box: HtmlElement, extent: Extent) -> bool:
        """Return whether a list between paragraphs, each item a link and no more, is not what the text speaks of.

        That it is where an item is a sentence, under a heading, and behind a sentence that leads up to it.
        """
        above = self.content.lines[extent.first - 1]
        if box.getparent() is not self.prose.container or above.block.tag in HEADINGS or above.text.endswith(_LEADS_UP):
            return False
        return all(line.plain <= _BESIDE_LINK < line.linked for line in self.content.lines[extent.first : extent.end])

    def _is_foreign(self, index: int, *, last: bool) -> bool:
        """Return whether a line is already read, or bears a label: a trap, or one whose links lead elsewhere.

        `Read more` as the last line of a box over which a link is laid is its button.
        """
        if index in self.labelled.claimed:
            return True
        hit = self.labelled.labels.get(index)
        if hit is None or (last and hit.label.kind is LabelKind.MORE and hit.alone):
            return False
        return not hit.label.kind.announces or self.content.lines[index].linked == 0

    def _has_sentences_beside(self, box: HtmlElement) -> bool:
        """Return whether sentences stand before and after a box among its siblings: then it is no part of a river."""
        return all(
            any(self._holds_sentence(sibling) for sibling in islice(siblings, _NEIGHBOURS))
            for siblings in (box.itersiblings(preceding=True), box.itersiblings())
        )

    def _holds_sentence(self, element: HtmlElement) -> bool:
        extent = self.content.extents.get(element)
        return extent is not None and self.prose.holds_sentence(extent.first, extent.end)

    def _has_heading(self, extent: Extent) -> bool:
        """Return whether a box begins with a few unlinked words: a module of its own, and not one that points on."""
        line = self.content.lines[extent.first]
        return not line.linked and words_in(line.text) < _SHORTEST_TITLE

    def _is_headed(self, extent: Extent) -> bool:
        """Return whether a box begins with a heading of a few words, and its links come below: a module."""
        return self._has_heading(extent) and self.content.lines[extent.first].block.tag in HEADINGS

    def _label_of(self, box: HtmlElement, extent: Extent) -> tuple[str | None, int | None]:
        """Return the label of a box and its line: a word in the place of a known one, or an attribute."""
        look = self.labelled.components.get(look_of(box))
        for index in range(extent.first, extent.end):
            line = self.content.lines[index]
            if len(line.text) > LONGEST_LABEL:
                continue
            if look is not None and look_of(line.pieces[0].element) == look:
                return line.text.rstrip(" :："), index
        for element in box.iter("*"):
            for name in _LABEL_ATTRIBUTES:
                value = element.get(name)
                kind = kind_of(value) if value else None
                if value and kind is not None and kind.announces:
                    label = label_at_start(value)
                    return (value if label is None else label.text), None
        return None, None
