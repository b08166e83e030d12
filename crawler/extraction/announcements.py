"""From labels to links: which links of a page are announced as read-also, and what belongs to each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.extraction.cards import headline_and_teaser, words_in
from crawler.extraction.label_lines import LabelLine, find_label_lines
from crawler.extraction.labelled import Labelled, look_of
from crawler.extraction.labels import LabelKind, kind_of, normalise
from crawler.extraction.lines import HEADINGS, units
from crawler.extraction.pointers import Announcement, Pointers, Target, announcement, is_hidden, is_paid
from crawler.extraction.prose import is_prose, start_of_next_article

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.lines import Anchor, Extent, Line, PageLines, Piece
    from crawler.extraction.prose import Prose

_CLIMB = 6
"""Blocks between a label and the one that also holds its links."""
_LOOK_AHEAD = 20
"""Lines without links behind a label, in which anything but small print ends the search for its links."""
_SECTIONS = frozenset({"section", "aside", "article", "nav", "footer", "form"})
_MOST_LINKS = 15
"""More links than this under one label are a feed."""
_SKIPPED_CARDS = frozenset({LabelKind.SPONSORED, LabelKind.NEWSLETTER})
_ITALIC = frozenset({"em", "i"})
_RANKINGS = frozenset({LabelKind.MOST_READ, LabelKind.PICKS})
_REST_OF_LINE = 20
"""Characters beside label and links that a line may hold (`by Jan Jansen`), before it is a sentence."""
_SHORTEST_AFTER_MORE = 3
"""Words; `Read more` also heads lists of sections."""
_LONGEST_POINTER = 2
"""Words of a link that only points: `here`."""
_SHORTEST_PLAIN = 4
"""Words of a headline that is not linked itself."""
_MOST_OF_THE_DESK = 2
"""More links than this under `Don't miss` are the paper's own promotion."""
_SMALL_PRINT = 100
"""Characters; a longer linked line that is no card ends a box."""
_LONG_TEASER = 400
"""Characters; a longer paragraph in a box is text of its own."""


def find_labelled(content: PageLines, prose: Prose, pointers: Pointers) -> Labelled:
    """Return what the labels of a page announce."""
    result = Labelled(labels={one.line: one for one in find_label_lines(content.lines)})
    reader = _Reader(content, prose, pointers, result)
    for hit in result.labels.values():
        if hit.label.kind.announces and hit.line not in result.claimed and not reader.is_button(hit):
            reader.follow(hit)
    return result


def _is_italic(line: Line) -> bool:
    return all(
        any(element.tag in _ITALIC for element in (piece.element, *piece.element.iterancestors()))
        for piece in line.pieces
        if piece.text.strip()
    )


class _Reader:
    """Follows the labels of one page to their links."""

    def __init__(self, content: PageLines, prose: Prose, pointers: Pointers, result: Labelled) -> None:
        self.content = content
        self.prose = prose
        self.pointers = pointers
        self.result = result
        self.limit = start_of_next_article(content, prose)

    def follow(self, hit: LabelLine) -> None:
        if hit.line >= self.limit or self._is_menu_entry(hit) or self._names_the_paper(hit):
            return
        if is_hidden(self.content.lines[hit.line].block):
            return
        if not hit.alone:
            if self._follow_in_line(hit) and not hit.within_sentence:
                self._follow_downwards(hit, in_flow=True)
        elif not self._follow_in_link(hit):
            self._follow_downwards(hit)

    def _is_menu_entry(self, hit: LabelLine) -> bool:
        """Return whether a word that is a label elsewhere is here a link to some section: `Read`, `Watch`."""
        link = self.content.lines[hit.line].pieces[hit.piece].link
        if link is None or not hit.alone or hit.label.kind is not LabelKind.READ_ALSO:
            return False
        word = " " not in hit.label.text and hit.label.text.isascii()
        return word and self.pointers.resolve(link.get("href") or "") is None

    def _names_the_paper(self, hit: LabelLine) -> bool:
        """Return whether a label promises more of the paper, not of the subject: `More on TIME.com`."""
        first, *others = hit.label.text.split()
        if (
            hit.label.kind is not LabelKind.RELATED
            or kind_of(first) is not LabelKind.MORE
            or len(self.pointers.brand) < 3
        ):
            return False
        return self.pointers.brand in "".join(normalise(word) for word in others)

    def is_button(self, hit: LabelLine) -> bool:
        """Return whether `Read more` closes a card instead of opening a list: it is linked and nothing follows."""
        if hit.label.kind is not LabelKind.MORE or not hit.alone:
            return False
        link = self.content.lines[hit.line].pieces[hit.piece].link
        if link is None:
            return False
        extent = self.content.extents.get(link)
        return extent is None or extent.first < hit.line or extent.end == hit.line + 1

    # Label and link in one line.

    def _follow_in_line(self, hit: LabelLine) -> bool:
        pieces = self.content.lines[hit.line].pieces
        own, after = pieces[hit.piece], pieces[hit.piece + 1 :]
        if own.link is not None and hit.label.rest:
            # The label opens the text of the link: <a>Lees ook: Titel</a>
            after = [own._replace(text=hit.label.rest), *after]
        linked = sum(len(piece.text) for piece in after if piece.link is not None)
        plain = sum(len(piece.text.strip()) for piece in after if piece.link is None)
        if not linked and own.link is not None:
            return self._follow_label_link(hit, own.link, after)
        if plain > _REST_OF_LINE + linked // 3 and not hit.within_sentence:
            return self._follow_plain_title(hit, after)
        lines = frozenset[int]() if hit.within_sentence else frozenset({hit.line})
        got = False
        for link in dict.fromkeys(piece.link for piece in after if piece.link is not None):
            got = self._add_inline(hit, link, [piece for piece in after if piece.link is link], lines) or got
            if hit.within_sentence:
                break
        return got

    def _add_inline(self, hit: LabelLine, link: HtmlElement, pieces: list[Piece], lines: frozenset[int]) -> bool:
        found = self.pointers.resolve(link.get("href") or "")
        if found is None:
            return False
        parts = units(pieces)
        extent = self.content.extents.get(link)
        if extent is not None and extent.end > hit.line + 1:
            if self.pointers.wraps_text(self.content.anchors[extent.first_anchor]):
                return False
        else:
            block = self.content.lines[hit.line].block
            extent = None if hit.within_sentence else self._card_around(hit.line, block, found[0])
        if extent is not None:
            # Label and headline share a line of a link, or of a box, that goes on with the teaser.
            following = range(hit.line + 1, extent.end)
            parts += [unit for index in following for unit in units(self.content.lines[index].pieces)]
            lines = lines.union(range(extent.first, extent.end))
        title, teaser = headline_and_teaser(parts, link, [link])
        return self._keep(announcement(hit.label.text, title, teaser, url=found[1], order=hit.line, lines=lines))

    def _card_around(self, line: int, block: HtmlElement, key: str) -> Extent | None:
        """Return the extent of the block of a line, or of the box whose heading that is, as `_card_from`."""
        box = block.getparent() if block.tag in HEADINGS else None
        if box is not None and box.get("class") and box is not self.prose.container:
            extent = self._card_from(line, box, key)
            if extent is not None:
                return extent
        return self._card_from(line, block, key)

    def _card_from(self, line: int, element: HtmlElement, key: str) -> Extent | None:
        """Return the extent of an element that is a card from this line on: one article, no sentence of the body."""
        extent = self.content.extents.get(element)
        if extent is None or extent.first != line or extent.end == line + 1 or element.tag == "body":
            return None
        if self.prose.holds_sentence(extent.first, extent.end) or not self.pointers.is_card(extent, key):
            return None
        return extent

    def _follow_label_link(self, hit: LabelLine, link: HtmlElement, after: list[Piece]) -> bool:
        """Take the headline beside a label that is itself the link: `<a>Lees ook</a>: Titel`."""
        found = self.pointers.resolve(link.get("href") or "")
        if found is None or hit.within_sentence or hit.label.kind is LabelKind.MORE:
            return False
        title = " ".join("".join(piece.text for piece in after).split()).lstrip(":：-–—| ")
        return self._keep(
            announcement(hit.label.text, title, None, url=found[1], order=hit.line, lines=frozenset({hit.line}))
        )

    def _follow_plain_title(self, hit: LabelLine, after: list[Piece]) -> bool:
        """Take a headline between the label and the one short link behind it: `Lees ook: Titel <a>(hier)</a>`."""
        last = after[-1]
        if hit.label.kind is not LabelKind.READ_ALSO or last.link is None or words_in(last.text) > _LONGEST_POINTER:
            return False
        if any(piece.link is not None for piece in after[:-1]):
            return False
        found = self.pointers.resolve(last.link.get("href") or "")
        title = " ".join([hit.label.rest, *(piece.text for piece in after[:-1])])
        title = " ".join(title.split()).strip(":：-–—| ")
        if found is None or words_in(title) < _SHORTEST_PLAIN or title.endswith((".", ",", "(", ";")):
            return False
        return self._keep(
            announcement(hit.label.text, title, None, url=found[1], order=hit.line, lines=frozenset({hit.line}))
        )

    def _follow_in_link(self, hit: LabelLine) -> bool:
        """Take the article whose link holds the label on a line of its own; return whether there is one."""
        link = self.content.lines[hit.line].pieces[hit.piece].link
        extent = None if link is None else self.content.extents.get(link)
        if link is None or extent is None:
            return False
        found = self.pointers.resolve(link.get("href") or "")
        anchors = self.content.anchors[extent.first_anchor : extent.first_anchor + 1]
        if found is None or self.pointers.wraps_text(anchors[0]):
            return False
        target = Target(found[0], found[1], anchors)
        if extent.end - extent.first == 1:
            # Nothing but the label: the headline may be in an attribute, else it labels what follows.
            return self._keep(self.pointers.read(hit.label.text, target, {hit.line}, link, without=hit.line))
        root = self.pointers.card_of(target, None, -1)
        self._remember(root, hit)
        around = self.content.extents[root]
        indices = range(around.first, around.end)
        return self._keep(self.pointers.read(hit.label.text, target, indices, root, without=hit.line))

    # Label and links in lines of their own.

    def _follow_downwards(self, hit: LabelLine, *, in_flow: bool = False) -> None:
        block = self.content.lines[hit.line].block
        climbed = 0
        for element in (block, *block.iterancestors()):
            extent = self.content.extents.get(element)
            if extent is None:
                continue
            targets = self.pointers.targets(self.pointers.anchors_after(hit.line, extent), teased=True)
            if targets:
                self._take(hit, element, targets, in_flow=in_flow)
                return
            if not in_flow and self._follow_stretched_link(hit, element, extent):
                return
            climbed += 1
            if element.tag in _SECTIONS:
                # Its content was to come by script: what follows the section is not announced by its heading.
                return
            ahead = range(hit.line + 1, min(extent.end, hit.line + _LOOK_AHEAD))
            if climbed > _CLIMB or any(self._ends_search(index) for index in ahead):
                return

    def _follow_stretched_link(self, hit: LabelLine, box: HtmlElement, around: Extent) -> bool:
        """Take the article of a card that opens with a link without text, laid over all of it; the label follows."""
        if around.first != hit.line:
            return False
        targets = self.pointers.targets(self.content.anchors[around.first_anchor : around.end_anchor])
        target = next(iter(targets.values()), None)
        if target is None or any(anchor.start < anchor.end for anchor in target.anchors) or is_paid(box, target):
            return False
        extent = self._card_from(hit.line, box, target.key)
        if extent is None or (hit.label.kind is LabelKind.MORE and not self._is_label(hit, in_box=True)):
            return False
        self._remember(box, hit)
        indices = range(extent.first, extent.end)
        return self._keep(self.pointers.read(hit.label.text, target, indices, box, without=hit.line))

    def _ends_search(self, index: int) -> bool:
        line = self.content.lines[index]
        return is_prose(line) or (line.block.tag in HEADINGS and not line.linked) or index in self.result.labels

    def _take(self, hit: LabelLine, scope: HtmlElement, targets: dict[str, Target], *, in_flow: bool) -> None:
        """Take the cards behind a label in the element that holds both, up to the first thing that is none."""
        if hit.label.kind is LabelKind.MUST_READ and len(targets) > _MOST_OF_THE_DESK and not self._is_inline(hit):
            return
        in_box = not in_flow and self._is_box(scope, hit.line)
        if hit.label.kind is LabelKind.MORE and not in_flow and not self._is_label(hit, in_box=in_box):
            return
        if in_box and len(targets) == 1 and self._take_plain_title(hit, scope, next(iter(targets.values()))):
            return
        roots = {key: self.pointers.card_of(target, scope, hit.line) for key, target in targets.items()}
        taken, small_print, whole = self._cards_behind(hit.line, self.content.extents[scope].end, roots, in_box=in_box)
        if len(taken) > _MOST_LINKS:
            return
        kept = [
            one
            for key, indices in taken.items()
            if not is_paid(roots[key], targets[key])
            and (one := self.pointers.read(hit.label.text, targets[key], indices, roots[key])) is not None
            and (hit.label.kind is not LabelKind.MORE or words_in(one.title) >= _SHORTEST_AFTER_MORE)
        ]
        if not kept:
            return
        last = kept[-1].lines
        if hit.alone:
            last |= {hit.line}
        if in_box and whole:
            last |= small_print
        for one in (*kept[:-1], replace(kept[-1], lines=last)):
            self._keep(one)
        if in_box:
            self._remember(scope, hit)

    def _take_plain_title(self, hit: LabelLine, box: HtmlElement, target: Target) -> bool:
        """Take the headline between a label and a link that has no words for it, an arrow or a button; return if so."""
        if any(not self._is_wordless(anchor) for anchor in target.anchors) or is_paid(box, target):
            return False
        extent = self._card_from(self.content.extents[box].first, box, target.key)
        if extent is None or all(self.content.lines[index].linked for index in range(hit.line + 1, extent.end)):
            return False
        indices = range(extent.first, extent.end)
        return self._keep(self.pointers.read(hit.label.text, target, indices, box, without=hit.line))

    def _is_inline(self, hit: LabelLine) -> bool:
        """Return whether a sentence of the article follows a label."""
        return hit.line < self.prose.last_sentence()

    def _is_wordless(self, anchor: Anchor) -> bool:
        """Return whether a link says nothing of the article it leads to: it is empty, or `Read more`."""
        if anchor.start >= anchor.end:
            return True
        hit = self.result.labels.get(anchor.start)
        return hit is not None and hit.alone and hit.label.kind is LabelKind.MORE

    def _cards_behind(
        self, label: int, end: int, roots: dict[str, HtmlElement], *, in_box: bool
    ) -> tuple[dict[str, set[int]], set[int], bool]:
        """Return the cards between a label and an end (lines by key), the other lines, and whether it got there."""
        starts: dict[int, list[str]] = {}
        for key, root in roots.items():
            starts.setdefault(self.content.extents[root].first, []).append(key)
        title = self.content.lines[label].pieces[0].element
        in_tail = not in_box and self._is_tail(label, end, {index: roots[keys[0]] for index, keys in starts.items()})
        taken: dict[str, set[int]] = {}
        small_print: set[int] = set()
        teasers: set[int] = set()
        paragraphs = 0
        index = label + 1
        # At the end itself a card may stand that has no text, only attributes.
        while index <= end:
            if index < end and self._looks_like(index, title):
                # The title of the next module looks like the label.
                return taken, small_print, False
            if index in starts:
                kicker = self.result.labels.get(index)
                if kicker is not None and self._opens_module(kicker):
                    return taken, small_print, False
                # More than one card where links stand side by side in a line.
                cards = {key: self.content.extents[roots[key]] for key in starts.pop(index)}
                if kicker is None or kicker.label.kind not in _SKIPPED_CARDS:
                    taken.update((key, set(range(extent.first, extent.end))) for key, extent in cards.items())
                # A card that has only attributes takes no line: the one here is read next.
                index = max(extent.end for extent in cards.values())
                continue
            if index == end:
                break
            line = self.content.lines[index]
            other = self.result.labels.get(index)
            if (other is not None and not self.is_button(other)) or self._is_next_heading(line, inside=bool(taken)):
                return taken, small_print, False
            if line.plain > 0 and line.linked <= line.plain:
                if in_tail and taken and index - 1 in taken[next(reversed(taken))]:
                    taken[next(reversed(taken))].add(index)
                    index += 1
                    continue
                if not in_box or (is_prose(line) and (not taken or len(line.text) > _LONG_TEASER)):
                    return taken, small_print, False
                last = next(reversed(taken), None)
                paragraphs += is_prose(line)
                if paragraphs > len(taken):
                    # More paragraphs than cards: the box was never closed, and this is the article going on.
                    return {key: lines - teasers for key, lines in taken.items()}, set(), False
                if last is not None and self._belongs_to(line, roots[last]):
                    taken[last].add(index)
                    teasers.add(index)
                    index += 1
                    continue
            elif not in_box and line.plain > 3:
                return taken, small_print, False
            if line.linked > _SMALL_PRINT:
                return taken, small_print, False
            small_print.add(index)
            index += 1
        return taken, small_print, True

    def _is_tail(self, label: int, end: int, cards: dict[int, HtmlElement]) -> bool:
        """Return whether an article ends in a label and then links, each with its teaser in a paragraph behind it.

        Told by the order alone, for papers without a class for it: link, text, link, text, and no sentence more. A
        single link with a paragraph behind it may as well be followed by the last of the article; there the teaser
        must be set in italics.
        """
        teasers: list[int] = []
        links, index = 0, label + 1
        while index < end:
            if index in cards:
                links += 1
                # A card that has only attributes takes no line: the one here is read next.
                index = self.content.extents[cards.pop(index)].end
                continue
            line = self.content.lines[index]
            behind_a_link = links > 0 and (not teasers or teasers[-1] != index - 1)
            if line.linked or not behind_a_link or line.block.tag in HEADINGS or index in self.result.labels:
                break
            if words_in(line.text) < 3 or len(line.text) > _LONG_TEASER:
                break
            teasers.append(index)
            index += 1
        if any(is_prose(self.content.lines[later]) for later in range(index, min(end, self.limit))):
            return False
        if links == 1:
            return len(teasers) == 1 and _is_italic(self.content.lines[teasers[0]])
        return len(teasers) >= 2 and len(teasers) >= links - 1

    def _opens_module(self, hit: LabelLine) -> bool:
        """Return whether a label on the first line of a card belongs to another module, and is no kicker."""
        if hit.label.kind.announces:
            return not self.is_button(hit) and (hit.alone or hit.label.kind is LabelKind.READ_ALSO)
        if hit.label.kind in _SKIPPED_CARDS:
            return False
        line = self.content.lines[hit.line]
        heads = hit.alone and line.block.tag in HEADINGS
        return heads or (hit.label.kind in _RANKINGS and not line.linked)

    def _looks_like(self, index: int, title: HtmlElement) -> bool:
        line = self.content.lines[index]
        return not line.linked and bool(title.get("class")) and look_of(line.pieces[0].element) == look_of(title)

    @staticmethod
    def _is_next_heading(line: Line, *, inside: bool) -> bool:
        """Return whether a heading outside of cards opens the next module: no topic, no link to the page itself."""
        if line.block.tag not in HEADINGS:
            return False
        return line.plain >= line.linked or (inside and words_in(line.text) < 4)

    @staticmethod
    def _belongs_to(line: Line, card: HtmlElement) -> bool:
        """Return whether a plain line is the teaser beside the headline before it."""
        return line.block.getparent() is card.getparent() and words_in(line.text) >= 3

    def _is_box(self, scope: HtmlElement, label: int) -> bool:
        """Return whether an element begins with the label and does not hold the body."""
        extent = self.content.extents[scope]
        container = self.prose.container
        return all(self._is_chrome(index) for index in range(extent.first, label)) and (
            container is None or (scope is not container and scope not in container.iterancestors())
        )

    def _is_chrome(self, index: int) -> bool:
        """Return whether a line before a label is a mark or a number, not text."""
        if index in self.result.claimed:
            return True
        line = self.content.lines[index]
        return line.plain + line.linked <= 30 and index not in self.result.labels and line.block.tag not in HEADINGS

    def _is_label(self, hit: LabelLine, *, in_box: bool) -> bool:
        """Return whether `Read more` is a label: it opens a box, or is a paragraph of the body."""
        line = self.content.lines[hit.line]
        # One short word is as often the name of a menu.
        telling = " " in hit.label.text or not hit.label.text.isascii() or line.text.endswith(":")
        if self.prose.container is None:
            return telling and in_box
        if telling and (in_box or line.block.getparent() is self.prose.container):
            return True
        return self.prose.holds_sentence(hit.line - 1, hit.line) and self.prose.last_sentence() > hit.line

    def _keep(self, one: Announcement | None) -> bool:
        if one is None:
            return False
        self.result.found.append(one)
        self.result.claimed |= one.lines
        return True

    def _remember(self, box: HtmlElement, hit: LabelLine) -> None:
        """Note what a labelled box looks like: the same box with another word on it means the same."""
        element = self.content.lines[hit.line].pieces[hit.piece].element
        if box.get("class") and element.get("class"):
            self.result.components[look_of(box)] = look_of(element)
