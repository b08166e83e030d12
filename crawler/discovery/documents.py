"""Home and section pages as trees, and what they say of the links in them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree, html

from crawler.extraction.encoding import decode
from crawler.url import absolute_url

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MAX_BYTES = 8 << 20
"""More is no page for readers; what is cut off there is the least important of it."""


def document_of(body: bytes, content_type: str | None = None) -> HtmlElement | None:
    """Return the tree of a page; None where there is nothing to read."""
    text = decode(body[:_MAX_BYTES], content_type).text
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return tree


def base_of(tree: HtmlElement, url: str) -> str:
    """Return what the links of a page are resolved against: its `base`, else its own address."""
    written = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
    return (absolute_url(url, written) if written else None) or url


def text_of(element: HtmlElement) -> str:
    """Return what an element shows, as one line; for a picture alone, its description."""
    shown = " ".join(" ".join(element.itertext()).split())
    if shown:
        return shown
    described = [element.get("aria-label"), element.get("title"), *(image.get("alt") for image in element.iter("img"))]
    return next((" ".join(text.split()) for text in described if text and text.strip()), "")
