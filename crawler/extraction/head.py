"""What a page says about itself outside its text: meta tags, link relations, title, the names of its elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lxml import etree

from crawler.extraction.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement


_NAMES = etree.XPath("//@class | //@id", smart_strings=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The declarations of a page. Names are lower-case; values are as written, in page order, none empty."""

    metas: Mapping[str, tuple[str, ...]]
    """Contents of `<meta>` by `property`, `name`, `itemprop` or `http-equiv`."""
    links: Mapping[str, tuple[str, ...]]
    """`href` of each `<link>` by relation (`canonical`, `amphtml`, …)."""
    scripts: tuple[str, ...]
    """The JSON-LD scripts, unparsed."""
    title: str
    """The `<title>`, one line; empty where there is none."""
    names: str
    """All class names and ids of the page, each element's on a line of its own, no line twice: one search over them
    tells whether looking for an element is worth the while."""

    def first(self, *names: str) -> str | None:
        """Return the first value among these meta names, in the order of the names, as plain text."""
        for name in names:
            for value in self.metas.get(name, ()):
                if text := plain(value):
                    return text
        return None

    def every(self, *names: str) -> list[str]:
        """Return all values of these meta names as plain text, in the order of the names."""
        return [text for name in names for value in self.metas.get(name, ()) if (text := plain(value))]


def read_head(tree: HtmlElement) -> Head:
    """Return a page's declarations, wherever in the page they stand: broken mark-up moves them into the body."""
    metas: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    scripts: list[str] = []
    title = ""
    for element in tree.iter("meta", "link", "script", "title"):
        tag = element.tag
        if tag == "meta":
            content = element.get("content") or element.get("value") or ""
            if content and not content.isspace():
                for attribute in ("property", "name", "itemprop", "http-equiv"):
                    if name := element.get(attribute):
                        metas.setdefault(name.strip().lower(), []).append(content)
        elif tag == "script":
            if "ld+json" in (element.get("type") or "").lower() and element.text:
                scripts.append(element.text)
        elif tag == "link":
            if (href := element.get("href")) and (rel := element.get("rel")):
                for name in rel.lower().split():
                    links.setdefault(name, []).append(href)
        elif not title and not _inside_svg(element):
            title = one_line("".join(element.itertext()))
    return Head(
        metas={name: tuple(values) for name, values in metas.items()},
        links={name: tuple(values) for name, values in links.items()},
        scripts=tuple(scripts),
        title=title,
        names="\n".join(dict.fromkeys(cast("list[str]", _NAMES(tree)))),
    )


def _inside_svg(element: HtmlElement) -> bool:
    return next(element.iterancestors("svg"), None) is not None
