"""Which lines of a page are the article: trafilatura's choice, mended by where the lines stand in the tree."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.article import BlockType
from crawler.extraction.hints import Hint
from crawler.extraction.home import BESIDE, Home, is_prose, locate
from crawler.extraction.labels import LabelKind, kind_of, label_at_start, may_open_with_label
from crawler.extraction.notices import is_notice
from crawler.extraction.opening import opening
from crawler.extraction.roles import is_small_print
from crawler.extraction.runs import key_of
from crawler.extraction.sentences import ends_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from lxml.html import HtmlElement

    from crawler.extraction.runs import Line

_NEVER = Hint.PAYWALL | Hint.UNSEEN | Hint.EMBED
"""What is no part of an article on any kind of page."""
_LABELS_IN_TEXTS = frozenset([LabelKind.MORE, LabelKind.TOPIC, LabelKind.MEDIA, LabelKind.SOURCES])
"""Kinds of labels that may as well be intertitles: `Sources`, `In this story`."""
_TECHNICAL = re.compile(r"https?://\S+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?")
"""Lines for machines: an address, an instant."""
_LONGEST_HEADING, _LONGEST_NAMED_HEADING = 200, 120
_LONGEST_TIME = 40
_ENTRIES = 3
"""Times with text below them from which on a page is a liveblog."""
_POINTERS = 0.6
"""Share of a list in links from which on it is there for them."""
_TRUST = 0.5
"""Share of trafilatura's choice that must be left: if less is, the page is laid out like no article."""
_LITTLE = 400
"""Letters of prose under which a page is a note, and its short lines are much of it."""
_SCATTERED = 0.15
"""Share of trafilatura's choice outside the places of prose above which the layout tells little: a recipe, a shop."""
_LONG = 80
"""Letters from which on a line is kept for its length."""


def select(lines: Sequence[Line], kept: Sequence[Line], *, title: str | None, lead: str | None) -> list[Line]:
    """Return the lines of the article in page order.

    `lines` are all lines of the page, `kept` those that trafilatura returned. Lost intertitles, paragraphs and the
    standfirst are added; the headline and what stands beside the article are left out. An intertitle that is one only
    by its name comes back as a heading, a standfirst set as a heading as a paragraph.
    """
    kept = _without_comments(kept)
    home = locate(lines, kept)
    if home is None:
        return list(kept)
    chosen = frozenset(kept)
    titles = _titles(lines, title)
    live = _is_liveblog(lines, chosen, home)
    extent = _extent(lines, chosen, home, titles=titles, live=live)
    if not extent:
        return list(kept)
    above = opening(lines[: extent.start], chosen, home, titles=titles, lead=lead)
    middle = [
        line for line in _middle(lines[extent.start : extent.stop], chosen, home, live=live) if line.key not in titles
    ]
    below = [line for line in lines[extent.stop :] if _is_epilogue(line, chosen, home)]
    left = _size(line for line in [*above, *middle, *below] if line in chosen)
    if left < _TRUST * _size(line for line in kept if not home.hints(line) & _NEVER):
        article = [line for line in kept if line.key not in titles]
    else:
        article = [*map(_as_paragraph, above), *_named_headings(middle), *below]
    return _without_repeats(line for line in article if not _is_notice(line))


def _without_comments(kept: Sequence[Line]) -> Sequence[Line]:
    """Return the lines without those of readers, of which a page may hold more than of the article.

    Where hardly anything else is left, the page is a forum, and they are what it is about.
    """
    written = [line for line in kept if not any(Hint.COMMENT in hint for _, hint in line.hints)]
    return written if _size(written) >= _LITTLE else kept


def _titles(lines: Sequence[Line], title: str | None) -> frozenset[str]:
    """Return the keys under which the headline may stand on the page."""
    first = next((line.key for line in lines if line.level == 1 and line.linked < 0.5), None)
    return frozenset(key for key in (first, key_of(title or "")) if key)


def _extent(lines: Sequence[Line], chosen: Set[Line], home: Home, *, titles: Set[str], live: bool) -> range:
    """Return the positions from the article's first paragraph to its last, with the lists and intertitles around."""
    core = [
        at
        for at, line in enumerate(lines)
        if (line in chosen or line.container in home.containers)
        and is_prose(line)
        and home.holds(line)
        and not home.is_beside(line)
    ]
    if not core:
        return range(0)
    first, last = core[0], core[-1]
    while (
        first
        and lines[first - 1].key not in titles
        and (_leads_in(lines[first - 1], chosen, home) or (live and _is_time(lines[first - 1], home)))
    ):
        first -= 1
    for at in range(last + 1, len(lines)):
        if lines[at].type is not BlockType.HEADING and _belongs(lines[at], chosen, home):
            last = at
    return range(first, last + 1)


def _leads_in(line: Line, chosen: Set[Line], home: Home) -> bool:
    """Return whether a line right above the first paragraph is the article's: a short sentence is no byline."""
    if _belongs(line, chosen, home):
        return True
    amid = line in chosen and line.container in home.containers
    return amid and line.linked < 0.5 and ends_sentence(line.text) and not home.is_beside(line)


def _belongs(line: Line, chosen: Set[Line], home: Home) -> bool:
    """Return whether an intertitle, item or quotation outside the prose stands in the same place as the prose.

    A short paragraph there hardly ever does: it is a byline, a place, a credit. Where there is little prose, it may.
    """
    if line.level == 1 or line.linked >= 0.5 or home.is_beside(line):
        return False
    if line.type is BlockType.HEADING:
        return home.holds(line)
    if line not in chosen or line.container not in home.containers:
        return False
    return _is_set_apart(line) or (home.total < _LITTLE and not is_small_print(line.text))


def _middle(lines: Sequence[Line], chosen: Set[Line], home: Home, *, live: bool) -> list[Line]:
    """Return the article's lines between its first and its last paragraph."""
    scattered = _is_scattered(lines, chosen, home)
    pointers = _lists_of_links(lines)
    taken: list[Line] = []
    above_text = above_taken = False
    for line in reversed(lines):
        if live and above_taken and _is_time(line, home):
            taken.append(line)
            continue
        if home.is_beside(line) or line in pointers or _TECHNICAL.fullmatch(line.text):
            continue
        at_home = home.holds(line)
        if line.level == 1:
            take = line in chosen and at_home
        elif line.type is BlockType.HEADING:
            take = (line in chosen and (at_home or scattered)) or (
                above_text and line.linked < 0.8 and len(line.text) < _LONGEST_HEADING and home.covers(line.element)
            )
        elif line in chosen:
            take = (
                at_home
                or scattered
                or line.size >= _LONG
                or (_is_set_apart(line) and home.covers(line.element))
                or (above_text and _is_named_heading(line))
            )
        else:
            take = at_home and _is_lost(line, home) and not home.is_foreign(line)
        if take:
            taken.append(line)
        above_taken = take
        # A heading above another is one too where it stands in the same place.
        above_text = take and (line.type is not BlockType.HEADING or at_home)
    return taken[::-1]


def _lists_of_links(lines: Sequence[Line]) -> frozenset[Line]:
    """Return the items of those lists that are mostly links: they point to other pages, whatever is above them."""
    lists: dict[HtmlElement, list[Line]] = defaultdict(list)
    for line in lines:
        if line.type is BlockType.LIST_ITEM:
            lists[next(line.element.iterancestors("ul", "ol", "dl"), line.container)].append(line)
    return frozenset(
        line
        for items in lists.values()
        if len(items) > 1 and sum(item.size * item.linked for item in items) >= _POINTERS * _size(items)
        for line in items
    )


def _is_scattered(lines: Sequence[Line], chosen: Set[Line], home: Home) -> bool:
    taken = [line for line in lines if line in chosen and line.level != 1]
    return _size(line for line in taken if not home.holds(line)) > _SCATTERED * _size(taken)


def _is_lost(line: Line, home: Home) -> bool:
    """Return whether a line that trafilatura dropped belongs to the article all the same."""
    if is_prose(line):
        return True
    if line.container not in home.containers or line.row:
        return False
    # One link is a pointer; several are names with pages of their own: the towns, the players.
    return line.linked < 0.5 or (line.links > 1 and line.linked < 0.9 and line.type is BlockType.PARAGRAPH)


def _is_epilogue(line: Line, chosen: Set[Line], home: Home) -> bool:
    """Return whether a line below the last paragraph belongs to the article."""
    if not is_prose(line) or home.is_beside(line):
        return False
    return home.holds(line) or (line in chosen and line.size >= _LONG and home.covers(line.element))


def _is_set_apart(line: Line) -> bool:
    """Return whether a line is an item, a quotation, a row or code: what need not be a sentence."""
    return line.type in (BlockType.LIST_ITEM, BlockType.QUOTE) or line.row or line.element.tag == "pre"


def _is_liveblog(lines: Sequence[Line], chosen: Set[Line], home: Home) -> bool:
    """Return whether several lines that are only a time stand right above lines of the article."""
    times = 0
    for line, following in pairwise(lines):
        if _is_time(line, home) and (following in chosen or home.holds(following)):
            times += 1
    return times >= _ENTRIES


def _is_time(line: Line, home: Home) -> bool:
    return line.timed > 0.9 and len(line.text) <= _LONGEST_TIME and home.covers(line.element)


def _is_named_heading(line: Line) -> bool:
    """Return whether a short paragraph is an intertitle by its name."""
    if line.type is not BlockType.PARAGRAPH or not line.hints or line.linked > 0.5:
        return False
    element, hint = line.hints[-1]
    return (
        element is line.element
        and Hint.TITLE in hint
        and not hint & BESIDE
        and len(line.text) <= _LONGEST_NAMED_HEADING
        and not line.text.endswith(".")
    )


def _named_headings(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with those that are intertitles by their name as headings."""
    last = len(lines) - 1
    return [
        replace(line, type=BlockType.HEADING, level=3)
        if at < last and lines[at + 1].type is not BlockType.HEADING and _is_named_heading(line)
        else line
        for at, line in enumerate(lines)
    ]


def _as_paragraph(line: Line) -> Line:
    return replace(line, type=BlockType.PARAGRAPH, level=None) if line.type is BlockType.HEADING else line


def _is_notice(line: Line) -> bool:
    """Return whether a line speaks of the page, or points to others whether or not that made it a read-also link."""
    # An item of a list is rarely a notice, and often an instruction: to sign up for what the article is about.
    if line.type is BlockType.LIST_ITEM and len(line.text) >= 20:
        return False
    if is_notice(line.text):
        return True
    if not may_open_with_label(line.text):
        return False
    if (kind := kind_of(line.text)) is not None:
        return kind not in _LABELS_IN_TEXTS
    label = label_at_start(line.text)
    return label is not None and label.kind.announces and line.linked >= 0.5


def _without_repeats(lines: Iterable[Line]) -> list[Line]:
    """Return the lines without those that say a second time what was said, and without headings of nothing."""
    places: dict[str, HtmlElement] = {}
    result: list[Line] = []
    for line in lines:
        # The same words twice in one place are meant: the meals of a week.
        if line.size > 60 and places.setdefault(line.key, line.container) is not line.container:
            continue
        result.append(line)
    while result and result[-1].type is BlockType.HEADING:
        result.pop()
    return result


def _size(lines: Iterable[Line]) -> int:
    return sum(line.size for line in lines)
