"""The byline: names of authors where a page only shows them and declares none."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree

from crawler.article import DateSource
from crawler.extraction.authors import BY, names_in
from crawler.extraction.dates import parse
from crawler.extraction.surroundings import behind
from crawler.extraction.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from crawler.extraction.head import Head

_AUTHOR = re.compile(
    r"(?<![a-z])(?:author|byline|autor(?:in|en|es|a)?|auteurs?|autore|forfatter|skribent|journalist|reporter|writer|"
    r"redakteur|contributor|writtenby|written-by|posted-by|post-by)(?![a-z])",
    re.IGNORECASE,
)
_NOT_BYLINE = re.compile(
    r"bio|box|desc|about|avatar|image|img|photo|picture|social|follow|job|role|position|comment|related|more-?from|"
    r"card-?list|teaser|recommend|newsletter|footer|popular|list-?page|widget|sidebar|quote|share|latest",
    re.IGNORECASE,
)
_AUTHOR_PAGE = re.compile(r"/(?:authors?|autor(?:en|es)?|auteurs?)/[^/]")
_NAMED = frozenset(["class", "id"])
_FRAME = frozenset(["nav", "footer", "aside", "form", "figure", "figcaption", "blockquote", "template"])
_SKIPPED = frozenset(["script", "style", "img", "svg", "option", "button", "input"])
_LINE = re.compile(rf"\s*{BY}\b\s*:?\s*\S", re.IGNORECASE)
_NEAR = 120
"""Elements behind the headline among which a line "By …" is looked for."""
_LONGEST = 200
"""Characters of a byline."""


def find_byline(tree: HtmlElement, head: Head, sites: Iterable[str]) -> tuple[str, ...]:
    """Return the names in a page's byline; empty where there is none.

    First elements marked as author (`rel`, `itemprop`, telling classes), the ones behind the headline before all
    others; then a line right behind the headline that begins with "By" in one of many languages, or one that stands
    right before the date, in one box with it, and has the shape of a name.
    """
    sites = tuple(sites)
    headline = next(tree.iter("h1"), None)
    before, behind = _marked(tree, head, headline)
    for candidates in (behind, before[::-1]):
        for element in candidates:
            if not _elsewhere(element) and (names := names_in(_lines(element), sites=sites, byline=True)):
                return _with_siblings(element, candidates, names, sites)
    lines = list(_lines_behind(headline))
    texts = [text for text, _ in lines]
    for line, following in itertools.pairwise([*texts, ""]):
        said = f"{line} {following}" if _is_by(line) else line
        if _LINE.match(said) and (names := names_in([said], sites=sites, byline=True)):
            return names
    for (line, element), (following, neighbour) in itertools.pairwise(lines):
        if (
            element.getparent() is neighbour.getparent()
            and element.tag in ("span", "div", "p", "strong", "b")
            and len(following) <= 60
            and parse(following, DateSource.TIME)
            and len(names := names_in([line], sites=sites, byline=True)) == 1
        ):
            return names
    return ()


def _marked(tree: HtmlElement, head: Head, headline: HtmlElement | None) -> tuple[list[HtmlElement], list[HtmlElement]]:
    """Return the elements marked as author, before and behind the headline."""
    telling = {line for line in head.names.split("\n") if line and _says_author(line)}
    before: list[HtmlElement] = []
    behind: list[HtmlElement] = []
    found = before if headline is not None else behind
    for element in tree.iter(etree.Element):
        if element is headline:
            found = behind
        elif _is_marked(element, telling) and element.tag not in _SKIPPED:
            found.append(element)
    return before, behind


def _is_marked(element: HtmlElement, telling: set[str]) -> bool:
    # One look at all of an element's attributes takes half as long as to ask for five of them, or as an XPath.
    for name, value in element.items():
        if name in _NAMED:
            marked = value in telling
        elif name == "rel":
            marked = value == "author"
        elif name == "itemprop":
            marked = "author" in value
        elif name == "href":
            # The search alone would look at every slash.
            marked = "/aut" in value and element.tag == "a" and _AUTHOR_PAGE.search(value) is not None
        else:
            continue
        if marked:
            return True
    return False


@lru_cache(maxsize=20_000)
def _says_author(names: str) -> bool:
    return bool(_AUTHOR.search(names)) and not _NOT_BYLINE.search(names)


def _with_siblings(
    element: HtmlElement, candidates: list[HtmlElement], names: tuple[str, ...], sites: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the names of one byline element and of those like it in the same box."""
    box = element.getparent()
    box = box.getparent() if box is not None and box.getparent() is not None else box
    alike = [
        other
        for other in candidates
        if other.tag == element.tag
        and other.get("class") == element.get("class")
        and box is not None
        and (other.getparent() is box or any(parent is box for parent in other.iterancestors()))
    ]
    more = names_in([line for other in alike[:10] for line in _lines(other)], sites=sites, byline=True)
    return more or names


def _lines(element: HtmlElement) -> list[str]:
    """Return the texts of an element and its parts, one for each run of text; none for a long element."""
    lines = [one_line(text) for text in element.itertext(with_tail=False) if not text.isspace()]
    return [] if sum(map(len, lines)) > _LONGEST else [_joined(lines)] if lines and _is_by(lines[0]) else lines


def _is_by(text: str) -> bool:
    return re.fullmatch(rf"{BY}\s*:?", text, re.IGNORECASE) is not None


def _joined(lines: list[str]) -> str:
    return f"{lines[0]} {' | '.join(lines[1:])}"


def _lines_behind(headline: HtmlElement | None) -> Iterator[tuple[str, HtmlElement]]:
    if headline is None:
        return
    for element in behind(headline, _NEAR):
        if element.tag not in _SKIPPED and (element.text or "").strip():
            line = one_line("".join(element.itertext()) if len(element) < 6 else element.text)
            if len(line) <= _LONGEST:
                yield line, element


def _elsewhere(element: HtmlElement) -> bool:
    """Tell whether an element belongs to another article, a comment or the frame of the page."""
    return any(
        ancestor.tag in _FRAME or _NOT_BYLINE.search(ancestor.get("class") or "")
        for ancestor in element.iterancestors()
        if ancestor.tag not in ("body", "html")
    )
