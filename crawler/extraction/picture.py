"""The picture that stands for an article, with its caption."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.article import Image
from crawler.extraction.jsonld import first_text
from crawler.extraction.text import one_line
from crawler.url import absolute_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd
    from crawler.extraction.page import Page

_SIZE = re.compile(r"[-_]?\d{2,4}x\d{2,4}|[-_](?:scaled|large|medium|small|crop|\d{3,4}w?)(?=\.|$)", re.IGNORECASE)
_LONGEST = 600
"""Characters of a caption."""


def image_of(page: Page, head: Head, data: JsonLd) -> Image | None:
    """Return the article's main picture: JSON-LD's, else Open Graph's; the caption from JSON-LD or the figure."""
    node = data.resolve(_first(data.article.get("image")))
    candidates = [*_urls(node), *head.every("og:image:secure_url", "og:image", "og:image:url", "twitter:image")]
    url = next((found for text in candidates if (found := absolute_url(page.base_url, text))), None)
    if url is None:
        return None
    caption = first_text(node, "caption") if isinstance(node, dict) else None
    caption = caption or _caption_on_page(page.tree, url)
    return Image(url=url, caption=caption if caption and len(caption) <= _LONGEST else None)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _urls(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name in ("url", "contentUrl", "@id"):
            value = _first(node.get(name))
            if isinstance(value, str) and value:
                yield value


def _caption_on_page(tree: HtmlElement, url: str) -> str | None:
    """Return the caption of the figure that shows a picture, told by the name of its file."""
    name = _file_name(url)
    if len(name) < 6:
        return None
    for caption in tree.iter("figcaption"):
        figure = next(caption.iterancestors("figure"), None)
        if figure is None:
            continue
        for image in figure.iter("img", "source"):
            sources = " ".join(filter(None, map(image.get, ("src", "data-src", "srcset", "data-srcset"))))
            if name in sources:
                return one_line("".join(caption.itertext())) or None
    return None


def _file_name(url: str) -> str:
    """Return what the file of a picture is called in all its sizes."""
    last = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]
    return _SIZE.sub("", last.rsplit(".", 1)[0])
