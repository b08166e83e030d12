"""Section and keywords, as the publisher files an article."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.extraction.jsonld import first_text, texts, types_of
from crawler.extraction.title import key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd

_DIVIDER = re.compile(r"\s*[,;|、，；]\s*")
_SECTION_METAS = (
    "article:section", "og:article:section", "section", "parsely-section", "sailthru.section", "dc.subject",
    "cxenseparse:articlesection", "category",
)  # fmt: skip
_KEYWORD_METAS = ("news_keywords", "article:tag", "og:article:tag", "parsely-tags", "sailthru.tags", "keywords")
_MOST, _LONGEST = 60, 80
"""Keywords of one article, and characters of one."""
_HOME = tuple(
    "home homepage startseite start accueil inicio início hem hjem etusivu forside voorpagina index news".split()
)


def section_of(head: Head, data: JsonLd, *, title: str | None, sites: Iterable[str]) -> str | None:
    """Return the publisher's section: JSON-LD's, else the meta tag's, else the first breadcrumb behind the home page.

    `title` and `sites`, the names of the site, are no sections.
    """
    none = {key(name) for name in (*sites, title or "", *_HOME)}
    for name in (first_text(data.article, "articleSection"), head.first(*_SECTION_METAS), *_breadcrumbs(data)):
        if name and len(name) <= _LONGEST and "://" not in name and key(name) not in none:
            return name
    return None


def keywords_of(head: Head, data: JsonLd) -> tuple[str, ...]:
    """Return the publisher's keywords, each once: JSON-LD's, else those of the first kind of meta tag that has any."""
    for values in (list(texts(data.article.get("keywords"))), *(head.every(name) for name in _KEYWORD_METAS)):
        found: dict[str, str] = {}
        for value in values:
            # A list of many entries is divided already; a single one is a list in one string.
            for word in _DIVIDER.split(value) if len(values) == 1 or len(value) > _LONGEST else [value]:
                if 1 < len(word) <= _LONGEST and "://" not in word:
                    found.setdefault(key(word), word)
        if found:
            return tuple(found.values())[:_MOST]
    return ()


def _breadcrumbs(data: JsonLd) -> list[str]:
    """Return the names in the page's breadcrumb trail, the outermost first."""
    for node in data.nodes:
        trail = node if "BreadcrumbList" in types_of(node) else node.get("breadcrumb")
        items: Any = trail.get("itemListElement") if isinstance(trail, dict) else None
        if isinstance(items, list):
            return [name for item in items if isinstance(item, dict) and (name := _crumb(item))]
    return []


def _crumb(item: dict[str, Any]) -> str | None:
    inner = item.get("item")
    return first_text(item, "name") or (first_text(inner, "name") if isinstance(inner, dict) else None)
