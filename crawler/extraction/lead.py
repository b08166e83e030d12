"""The standfirst: the sentences that a page sets apart between headline and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.hints import Hint, hint_of
from crawler.extraction.jsonld import first_text
from crawler.extraction.surroundings import behind, main_heading
from crawler.extraction.text import one_line
from crawler.extraction.title import key

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import Node

_BLOCKS = frozenset(["p", "div", "h2", "h3", "h4", "span", "strong", "b", "em", "section", "blockquote", "ul"])
_FRAME = frozenset(["nav", "aside", "footer", "form", "figure", "a", "li", "button"])
_NEAR = 160
"""Elements behind the headline that are looked at."""
_SHORTEST, _LONGEST = 25, 1_200
"""Characters of a standfirst: shorter is a kicker, longer is the text."""
_PARAGRAPH, _PARAGRAPHS = 120, 4
"""Characters of a paragraph of the text, and behind how many of them no standfirst is looked for."""
_MOST_PARTS = 12
"""Children of an element that is a standfirst; a box with more holds other things too."""


def standfirst(tree: HtmlElement, head: Head, article: Node, title: str | None) -> str | None:
    """Return the standfirst as the page shows it; None where it sets none apart.

    It is the text behind the headline that equals one of the declared descriptions, or begins with one that is cut
    off and has a telling class; failing that, the first text with a telling class.
    """
    heading = main_heading(tree, title)
    if heading is None:
        return None
    declared = [
        text
        for text in (
            first_text(article, "description"),
            head.first("og:description"),
            head.first("description"),
            head.first("twitter:description"),
        )
        if text and len(text) >= _SHORTEST
    ]
    whole = {key(text) for text in declared} - {key(title or "")}
    second = key(first_text(article, "alternativeHeadline") or "")
    starts = tuple({key(text.rstrip(".… "))[:200] for text in declared})
    shared = frozenset(heading.iterancestors())
    hinted: str | None = None
    paragraphs = 0
    for element in behind(heading, _NEAR):
        if element.tag not in _BLOCKS or len(element) > _MOST_PARTS:
            continue
        hint = hint_of(element)
        telling = Hint.LEAD in hint and not hint & (Hint.ASIDE | Hint.UNSEEN)
        if not telling and not _may_begin(element, whole, second):
            paragraphs += element.tag == "p" and len(element.text or "") >= _PARAGRAPH
            if paragraphs > _PARAGRAPHS:
                break
            continue
        text = _text(element)
        if not _SHORTEST <= len(text) <= _LONGEST:
            continue
        mark = key(text)
        equal = mark in whole or (telling and bool(starts) and mark.startswith(starts))
        wanted = equal or (hinted is None and not paragraphs and (telling or mark == second))
        if wanted and mark != key(title or "") and not _elsewhere(element, shared):
            if equal:
                return text
            hinted = text
    return hinted


def _may_begin(element: HtmlElement, whole: set[str], second: str) -> bool:
    """Tell whether the first words of an element are those of one of the descriptions: most are told apart so."""
    first = next((part for part in element.itertext() if not part.isspace()), "")
    start = key(first[:40])
    return bool(start) and any(mark.startswith(start) for mark in (*whole, second))


def _text(element: HtmlElement) -> str:
    """Return the text of an element; nothing for a box of many parts without text of its own."""
    if not (element.text and not element.text.isspace()) and len(element) > 4:
        return ""
    parts: list[str] = []
    size = 0
    for part in element.itertext():
        parts.append(part)
        size += len(part)
        if size > 2 * _LONGEST:  # a box around the whole article, mostly
            return ""
    return one_line("".join(parts))


def _elsewhere(element: HtmlElement, shared: frozenset[HtmlElement]) -> bool:
    """Tell whether an element is a link, or stands in a picture, a box or the frame of the page.

    `shared` are the elements that hold the headline too: what they are named says nothing.
    """
    linked = sum(len(one_line("".join(link.itertext()))) for link in element.iter("a"))
    if linked > 0.6 * len(one_line("".join(element.itertext()))):
        return True
    for ancestor in element.iterancestors():
        if ancestor in shared:
            return False
        if ancestor.tag in _FRAME or hint_of(ancestor) & (Hint.ASIDE | Hint.UNSEEN):
            return True
    return False
