"""What stands behind an element in page order: where readers look for standfirst, byline and date."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from crawler.extraction.text import one_line
from crawler.extraction.title import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_NO_TEXT = frozenset(
    ["script", "style", "noscript", "template", "option", "img", "svg", "path", "source", "meta", "link"]
)


def main_heading(tree: HtmlElement, title: str | None) -> HtmlElement | None:
    """Return the `h1` that shows the headline; else the first `h1`; None where there is none."""
    headings = list(tree.iter("h1"))
    wanted = key(title) if title else ""
    for heading in headings:
        if wanted and wanted in key(one_line("".join(heading.itertext()))):
            return heading
    return headings[0] if headings else None


def behind(element: HtmlElement, limit: int) -> Iterator[HtmlElement]:
    """Yield up to `limit` elements with text that follow an element in page order, not those inside it."""
    return islice(_following(element), limit)


def _following(element: HtmlElement) -> Iterator[HtmlElement]:
    here: HtmlElement | None = element
    while here is not None and here.tag != "body":
        for sibling in here.itersiblings():
            for found in sibling.iter():
                if isinstance(found.tag, str) and found.tag not in _NO_TEXT:
                    yield found
        here = here.getparent()


def names_of(element: HtmlElement) -> str:
    """Return the class names, id and `itemprop` of an element as one string."""
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"
