"""The language a page says it is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawler.extraction.jsonld import first_text

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import Node

_CODE = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
_OLD = {"iw": "he", "in": "id", "ji": "yi", "jp": "ja", "cz": "cs", "gr": "el", "ua": "uk", "dk": "da", "se": "sv"}
"""Withdrawn ISO 639 codes, and codes of countries that stand where a language belongs."""


def declared_language(tree: HtmlElement, head: Head, article: Node) -> str | None:
    """Return the declared language as a bare lower-case code: `nl` for `nl-BE`; None where none is declared.

    In order: the article's `inLanguage`, the `lang` of the page, Open Graph's locale, `Content-Language`. `se` and
    `in` are taken for Swedish and Indonesian: pages mean these far more often than Northern Sami.
    """
    for value in (
        first_text(article, "inLanguage"),
        tree.get("lang"),
        tree.get("{http://www.w3.org/XML/1998/namespace}lang") or tree.get("xml:lang"),
        head.first("og:locale"),
        head.first("content-language", "language", "dc.language"),
    ):
        match = _CODE.fullmatch((value or "").strip().lower())
        if match:
            return _OLD.get(match[1], match[1])
    return None
