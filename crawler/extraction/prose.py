"""Where the article's own sentences stand on a page, as far as links need to know; not an extraction of the body."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.html import HtmlElement

    from crawler.extraction.lines import Line, PageLines

_SENTENCE = 70
"""Characters outside links that make a line prose; captions and menu entries are shorter."""
_SENTENCE_WIDE = 30
"""The same in Chinese, Japanese, Korean."""
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NOT_THE_BODY = re.compile(
    r"comment|disqus|cookie|consent|gdpr|newsletter|footer|legal|disclaimer|modal|popup|sidebar|author-?bio|related",
    re.IGNORECASE,
)
_ASIDES = frozenset({"aside", "footer", "nav", "form"})
_NOT_RUNNING = _ASIDES | {"figure", "figcaption", "header", "h1", "h2", "h3", "h4", "h5", "h6", "a", "button"}
_NEIGHBOUR = 0.3
"""A container around the body is the body if it adds this share of prose."""
_PLACE_SHARE = 0.2
"""Prose that stands elsewhere in the mark-up than four fifths of it is not of the article."""
_TWIN_SHARE = 0.3
"""The first article of a page may be this much shorter than the next,"""
_TWIN_LINES = 3
"""and has this many paragraphs."""
_LEVELS = 6
"""Levels above a container where its twins are looked for."""
_ARTICLE_HEAD = 40
"""Lines behind a second `h1` in which an article shows its first sentences."""
_ARTICLE_PROSE = 3
"""Sentences, in the same place of the mark-up as those of the first article, that make a second one."""


def is_prose(line: Line) -> bool:
    """Return whether a line is a sentence of running text, by its length outside links."""
    if line.plain < _SENTENCE_WIDE or line.plain < line.linked:
        return False
    return line.plain >= _SENTENCE or any(_WIDE.search(piece.text) for piece in line.pieces)


@dataclass(slots=True, eq=False)
class Prose:
    """The sentences of the article."""

    container: HtmlElement | None
    """The element that holds them; None on a page without prose."""
    lines: list[int]
    """Indices of the prose lines in the container, ascending."""
    places: frozenset[tuple[str, str, str]] = frozenset()
    """Where in the mark-up they stand: tag, and tag and class of the parent."""

    def last_sentence(self, claimed: Collection[int] = ()) -> int:
        """Return the line of the article's last sentence, not counting the claimed ones; -1 where there is none."""
        return next((line for line in reversed(self.lines) if line not in claimed), -1)

    def holds_sentence(self, first: int, end: int) -> bool:
        """Return whether a sentence of the article stands in a range of lines."""
        return bisect_left(self.lines, first) < bisect_left(self.lines, end)


def find_prose(content: PageLines) -> Prose:
    """Return where the article's sentences stand: the container with most prose in its own paragraphs."""
    weights = [line.plain if is_prose(line) else 0 for line in content.lines]
    totals = [0, *accumulate(weights)]
    scores: dict[HtmlElement, float] = {}
    counts: dict[HtmlElement, int] = {}
    for line, weight in zip(content.lines, weights, strict=True):
        if not weight:
            continue
        holder = line.block
        if holder.tag in {"p", "blockquote", "li", "figcaption"}:
            outside = _outside(holder, content)
            holder = holder if outside is None else outside
        scores[holder] = scores.get(holder, 0) + weight
        counts[holder] = counts.get(holder, 0) + 1
        outer = _outside(holder, content)
        if outer is not None:
            scores[outer] = scores.get(outer, 0) + weight / 2
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    container = next((element for element, _ in ranked[:8] if not _is_aside(element)), None)
    if container is None:
        return Prose(None, [])
    container = _first_alike(container, scores, counts)
    container = _widened(container, content, totals, scores)
    extent = content.extents[container]
    places = _sentences(content, weights, container, range(extent.first, extent.end))
    return Prose(container, list(places), frozenset(places.values()))


def _first_alike(
    container: HtmlElement, scores: dict[HtmlElement, float], counts: dict[HtmlElement, int]
) -> HtmlElement:
    """Return the first container of the same class with a fair share of prose: a longer article may follow it."""
    name = container.get("class")
    if not name:
        return container
    least = scores[container] * _TWIN_SHARE
    for one, count in counts.items():
        if one is container:
            break
        if one.tag == container.tag and one.get("class") == name and scores[one] >= least and count >= _TWIN_LINES:
            return one
    return container


def _outside(element: HtmlElement, content: PageLines) -> HtmlElement | None:
    """Return the block around an element: blocks within an inline element belong to the block around that."""
    return next((one for one in element.iterancestors() if one in content.extents and one.tag != "a"), None)


def _sentences(
    content: PageLines, weights: list[int], container: HtmlElement, indices: range
) -> dict[int, tuple[str, str, str]]:
    """Return the lines of a container that are sentences of the article, short ones included, with their places.

    They share their place in the mark-up with a good part of the prose: a note on the author, a call to log in or a
    caption under the same container does not.
    """
    places: dict[int, tuple[str, str, str]] = {}
    shares: dict[tuple[str, str, str], int] = {}
    seen: set[str] = set()
    running: dict[HtmlElement, bool] = {container: True}
    for index in indices:
        line = content.lines[index]
        if not weights[index] and not _is_short_sentence(line):
            continue
        # A sentence that comes again is a hidden copy of the body, or the page speaking.
        text = line.text
        if text not in seen and _is_running(line.block, running):
            place = places[index] = place_of(line.block)
            shares[place] = shares.get(place, 0) + weights[index]
        seen.add(text)
    least = _PLACE_SHARE * sum(shares.values())
    return {index: place for index, place in places.items() if shares[place] >= least}


def _is_short_sentence(line: Line) -> bool:
    return (
        line.plain >= _SENTENCE_WIDE
        and line.block.tag == "p"
        and line.text.endswith((".", "!", "?", "。", "…", "”", '"'))
    )


def place_of(block: HtmlElement) -> tuple[str, str, str]:
    """Return where in the mark-up a block stands: its tag, and tag and class of its parent."""
    parent = block.getparent()
    if parent is None:
        return block.tag, "", ""
    return block.tag, parent.tag, parent.get("class") or ""


def _is_aside(element: HtmlElement) -> bool:
    """Return whether an element, or one of the three around it, is named as something beside the article."""
    return any(
        one.tag in _ASIDES or _NOT_THE_BODY.search(f"{one.get('class') or ''} {one.get('id') or ''}") is not None
        for one in (element, *islice(element.iterancestors(), 3))
        if one.tag not in {"body", "html", "main", "article"}
    )


def _is_running(element: HtmlElement, known: dict[HtmlElement, bool]) -> bool:
    """Return whether a block of the container holds text of the article: it is in no caption, card or aside.

    `known` holds the answers so far, the container's among them: sentences share what stands around them.
    """
    path: list[HtmlElement] = []
    running = True
    one: HtmlElement | None = element
    while one is not None:
        if one in known:
            running = known[one]
            break
        path.append(one)
        if one.tag in _NOT_RUNNING or _NOT_THE_BODY.search(one.get("class") or ""):
            running = False
            break
        one = one.getparent()
    known.update(dict.fromkeys(path, running))
    return running


def _widened(
    container: HtmlElement, content: PageLines, totals: list[int], scores: dict[HtmlElement, float]
) -> HtmlElement:
    """Return what holds the whole article where boxes split its body, or a live blog cuts it into entries.

    The parts are containers of the same class under one ancestor that has no second `h1`; or the parent holds a good
    deal of prose besides.
    """
    name = container.get("class")
    if name:
        twins = [
            one for one in scores if one is not container and one.tag == container.tag and one.get("class") == name
        ]
        for ancestor in islice(container.iterancestors(), _LEVELS) if twins else ():
            if ancestor.tag in {"body", "html"} or next(islice(ancestor.iter("h1"), 1, None), None) is not None:
                break
            if ancestor in content.extents and all(ancestor in one.iterancestors() for one in twins):
                container = ancestor
                break
    parent = _outside(container, content)
    if parent is None or parent.tag in {"body", "html", "main"}:
        return container
    inner, outer = content.extents[container], content.extents[parent]
    has = totals[inner.end] - totals[inner.first]
    gains = totals[outer.end] - totals[outer.first] - has
    if gains < has * _NEIGHBOUR or sum(1 for child in parent if child.tag == "article") > 1:
        return container
    return container if next(islice(parent.iter("h1"), 1, None), None) is not None else parent


def start_of_next_article(content: PageLines, prose: Prose) -> int:
    """Return the line where a second complete article begins below the first; past the last line if none does."""
    if not prose.lines:
        return len(content.lines)
    # Where intertitles are `h1`, too, they share the place of the sentences.
    holders = {place[1:] for place in prose.places}
    for index in range(prose.lines[-1] + 1, len(content.lines)):
        block = content.lines[index].block
        if block.tag == "h1" and place_of(block)[1:] not in holders:
            following = content.lines[index + 1 : index + _ARTICLE_HEAD]
            if (
                sum(1 for line in following if is_prose(line) and place_of(line.block) in prose.places)
                >= _ARTICLE_PROSE
            ):
                return index
    return len(content.lines)
