"""What the site file of an outlet says about where things are on its pages, as CSS selectors. Pure."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from lxml.cssselect import CSSSelector

from crawler.article import DateSource
from crawler.extraction.authors import names_in
from crawler.extraction.dates import Instant, parse, plausible
from crawler.extraction.prepare import drop
from crawler.extraction.text import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.html import HtmlElement

    from crawler.extraction.metadata import Metadata
    from crawler.sites.site import CssHints

_DATE_ATTRIBUTES = ("datetime", "content", "data-date", "data-timestamp", "title")


def take_out(tree: HtmlElement, hints: CssHints) -> None:
    """Take the elements of `remove` out of a page, what follows each of them stays."""
    for element in _found(tree, hints.remove):
        if element.getparent() is not None:
            drop(element)


def keep_body(tree: HtmlElement, hints: CssHints) -> None:
    """Empty a page of all that is not in the elements of `body`; does nothing where there are none.

    Its headings of the first level stay: an article without its headline is read as a list.
    """
    kept = _found(tree, hints.body)
    if not kept:
        return
    whole = {below for element in kept for below in element.iter()}
    whole |= {below for heading in tree.iter("h1") for below in heading.iter()}
    around = {above for element in (*kept, *tree.iter("h1")) for above in element.iterancestors()}
    body = next(tree.iter("body"), None)
    for element in [] if body is None else list(body.iterdescendants()):
        if element not in whole and element not in around and element.getparent() is not None:
            drop(element)


def hinted(found: Metadata, tree: HtmlElement, hints: CssHints, *, now: datetime) -> Metadata:
    """Return what is known of an article, with what the outlet's selectors find in the place of what the page says."""
    titles = [one_line(element.text_content()) for element in _found(tree, hints.title)]
    authors = names_in([one_line(element.text_content()) for element in _found(tree, hints.authors)])
    return dataclasses.replace(
        found,
        title=next(filter(None, titles), found.title),
        authors=authors or found.authors,
        published=_published(tree, hints, found.language, now) or found.published,
    )


def _published(tree: HtmlElement, hints: CssHints, language: str | None, now: datetime) -> Instant | None:
    for element in _found(tree, hints.published):
        written = [element.get(name) for name in _DATE_ATTRIBUTES]
        for text in (*written, element.text_content()):
            instant = parse(text, DateSource.TIME, language=language) if text and text.strip() else None
            if instant is not None and plausible(instant, now):
                return instant
    return None


def _found(tree: HtmlElement, selector: str | None) -> list[HtmlElement]:
    return cast("list[HtmlElement]", _compiled(selector)(tree)) if selector else []


@lru_cache(maxsize=500)
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")
