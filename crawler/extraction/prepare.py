"""A copy of a page's tree that holds little but text: what the body is looked for in."""

from __future__ import annotations

import re
from collections import Counter
from copy import copy
from typing import TYPE_CHECKING

from lxml import etree

from crawler.extraction.runs import BREAKS, INLINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from lxml.html import HtmlElement

    from crawler.extraction.runs import Line

_CODE = ("script", "style", "svg", "template", "head")
_SWALLOWERS = ("noscript", "nav", "aside", "footer", "figure", "menu", "dialog", "button", "object")
_FURNITURE = ("iframe", "embed", "audio", "video", "canvas", "map", "select", "option", "textarea", "picture")
_RUN_ON = INLINE | BREAKS
_POINTER, _SHORT = 0.9, 80
"""Share of a line in links from which on it is there for them, and letters from which on it is read all the same."""
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAGES = frozenset(["html", "body", "main", "article"])
_LONGEST_PITCH, _MOST_PARAGRAPHS = 400, 2
"""Characters, white space included, and paragraphs of a box that asks for an address."""
_MOST_FIELDS = 20
"""Such fields on a page that are looked at."""
_FEWEST_PARTS = 2
"""Items of a table of contents."""
_MENU = 3
"""Pointers from which on an element that holds nothing else is a menu."""


def prepared(page: HtmlElement, foreign: Sequence[HtmlElement] = (), *, broken: bool = False) -> HtmlElement:
    """Return a copy of a page's tree without what is never text, and without the given elements of the page.

    Everything taken out here trafilatura would take out too; before it makes its own copies, it is cheaper. On a
    `broken` page an element that was never closed may hold the article: there, what holds most of the text stays.
    """
    tree = copy(page)
    # Found by their paths, so before anything else leaves the copy.
    for twin in [_at(tree, _path(page, element)) for element in foreign]:
        if twin.getparent() is not None:
            drop(twin)
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    etree.strip_elements(tree, *_CODE, with_tail=False)
    if broken:
        most = _length(tree) / 2
        for element in tree.iter(*_SWALLOWERS):
            if _length(element) > most:
                element.tag = "div"
    fields, parts = _fields_and_parts(tree)
    for element in [*_pitches(fields), *_contents(parts)]:
        if element.getparent() is not None:
            drop(element)
    etree.strip_elements(tree, *_SWALLOWERS, *_FURNITURE, with_tail=False)
    return tree


def _fields_and_parts(tree: HtmlElement) -> tuple[list[HtmlElement], list[HtmlElement]]:
    """Return the fields for an e-mail address and the links to parts of the page, in one pass."""
    fields: list[HtmlElement] = []
    parts: list[HtmlElement] = []
    for element in tree.iter("a", "input"):
        if element.tag == "input":
            if _takes_an_address(element):
                fields.append(element)
        elif (target := element.get("href")) and target[0] == "#" and len(target) > 1:
            parts.append(element)
    return fields, parts


def _pitches(fields: Sequence[HtmlElement]) -> Iterator[HtmlElement]:
    """Yield the boxes around fields for an e-mail address, with the words that ask for it."""
    for field in fields[:_MOST_FIELDS]:
        box = field
        for element in field.iterancestors():
            if element.tag in _PAGES or _is_longer(element, _LONGEST_PITCH) or _is_article(element):
                break
            box = element
        yield box


def _is_article(element: HtmlElement) -> bool:
    """Return whether a box that asks for an address holds more than that: a headline, several paragraphs."""
    return next(element.iter("h1"), None) is not None or sum(1 for _ in element.iter("p")) > _MOST_PARAGRAPHS


def _takes_an_address(field: HtmlElement) -> bool:
    kind = field.get("type")
    return kind == "email" or (kind != "hidden" and "mail" in (field.get("name") or "").lower())


def _contents(parts: Sequence[HtmlElement]) -> Iterator[HtmlElement]:
    """Yield the lists of which each item is a link to a part of the page, and no more."""
    lists = dict.fromkeys(next(link.iterancestors("ul", "ol"), None) for link in parts)
    inside = {element for link in parts for element in link.iterancestors("li")}
    for found in lists:
        if found is None or len(found) < _FEWEST_PARTS or any(item not in inside for item in found.iter("li")):
            continue
        if _length(found) - sum(_length(link) for link in found.iter("a")) <= _length_of_blanks(found):
            yield found


def _length_of_blanks(element: HtmlElement) -> int:
    return sum(len(text) for text in element.itertext() if not text.strip())


def drop(element: HtmlElement) -> None:
    """Take an element out of its tree and leave the text behind it, whatever characters that has."""
    before, parent = element.getprevious(), element.getparent()
    ahead = parent.text if before is None else before.tail
    try:
        element.drop_tree()
    except ValueError:
        # lxml reads control characters (`&#1;`) that it does not write, and loses the text they would be joined to.
        element.tail = _UNWRITABLE.sub("", element.tail or "")
        ahead = _UNWRITABLE.sub("", ahead or "")
        if before is None:
            parent.text = ahead
        else:
            before.tail = ahead
        element.drop_tree()


def drop_menus(tree: HtmlElement, lines: Sequence[Line]) -> None:
    """Take out of a prepared tree what holds none of these lines, its own, or only several that are links.

    That is half of the elements of a page, and trafilatura costs in proportion to them; it would leave these out too.
    A link or two alone between paragraphs stay, since they may be the article's.
    """
    held = {tree}
    pointers: list[HtmlElement] = []
    for line in lines:
        element: HtmlElement | None = line.element
        if line.linked >= _POINTER and line.size < _SHORT:
            pointers.append(line.element)
            continue
        if line.row:
            held.update(line.element.iterdescendants())
        while element is not None and element not in held:
            held.add(element)
            element = element.getparent()
    menus = Counter(_highest_below(held, element) for element in pointers if element not in held)
    idle = [
        child
        for element in held
        for child in element
        if child not in held and (child.tag not in _RUN_ON or _is_blank(child)) and not 0 < menus[child] < _MENU
    ]
    for element in idle:
        drop(element)


def _is_blank(element: HtmlElement) -> bool:
    """Return whether an inline element shows nothing: an icon, the place of a counter."""
    return element.tag in INLINE and len(element) == 0 and not element.text


def _highest_below(held: Set[HtmlElement], element: HtmlElement) -> HtmlElement:
    """Return the outermost element around one that is not itself held."""
    while (parent := element.getparent()) is not None and parent not in held:
        element = parent
    return element


def _is_longer(element: HtmlElement, limit: int) -> bool:
    """Return whether an element holds more than so many characters, without counting those beyond."""
    counted = 0
    for text in element.itertext():
        counted += len(text)
        if counted > limit:
            return True
    return False


def _length(element: HtmlElement) -> int:
    return sum(len(text) for text in element.itertext())


def _path(root: HtmlElement, element: HtmlElement) -> list[int]:
    """Return the positions that lead from an element to one below it."""
    path = []
    while element is not root and (parent := element.getparent()) is not None:
        path.append(parent.index(element))
        element = parent
    return path[::-1]


def _at(root: HtmlElement, path: Sequence[int]) -> HtmlElement:
    element = root
    for position in path:
        element = element[position]
    return element
