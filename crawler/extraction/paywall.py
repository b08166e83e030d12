"""Whether the text of a page is whole: what the publisher declares, and what the page shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crawler.article import Paywall
from crawler.extraction.jsonld import texts
from crawler.extraction.text import one_line, word_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from crawler.article import Block
    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd, Node

_WALL = re.compile(
    r"(?<![a-z])(?:pay-?wall|reg-?wall|metered-?content|premium-?(?:wall|barrier|overlay)|piano-?(?:offer|paywall|inline)|"
    r"subscription-?(?:wall|required|barrier)|subscribe-?wall|abo-?(?:wall|schranke|barrier)|content-?gate|locked-?content|"
    r"article-?locked|gated)(?![a-z])",
    re.IGNORECASE,
)
_CUT = ("…", "...", "[…]", "[...]")
_STUB = 150
"""Words below which a text behind a wall is a sample."""
_LONGER = 1.5
"""How many times the words shown a declared count must be before the text counts as cut."""


def declared_paid(head: Head, data: JsonLd) -> bool:
    """Tell whether the publisher declares the text as not free.

    By schema.org's `isAccessibleForFree` of the article, else of its parts (`hasPart`), else the meta tag
    `article:content_tier` with the value `locked`.
    """
    own = _free(data.article)
    if own is not None:
        return not own
    if any(_free(part) is False for part in _parts(data.article)):
        return True
    return head.first("article:content_tier", "og:article:content_tier") == "locked"


def paywall_of(tree: HtmlElement, head: Head, data: JsonLd, body: tuple[Block, ...], *, words: int) -> Paywall:
    """Return whether the text is declared as paid, and whether the page shows only its beginning.

    It is cut if JSON-LD counts far more words than the page shows, if the parts it declares as paid are missing or
    empty and the text is short, or if a short text before a wall ends in dots.
    """
    paid = declared_paid(head, data)
    ends_in_dots = bool(body) and body[-1].text.endswith(_CUT)
    if not paid:
        return Paywall(truncated=words < _STUB and ends_in_dots and has_wall(head))
    counted = str(data.article.get("wordCount") or "").strip()
    full = word_count(next(texts(data.article.get("articleBody")), ""))
    missing = words < 2 * _STUB and not _shows_paid_parts(tree, data.article)
    short = words < _STUB and (ends_in_dots or has_wall(head))
    promised = max(int(counted) if counted.isdecimal() and len(counted) < 8 else 0, full)
    return Paywall(declared=True, truncated=promised > _LONGER * words + 40 or missing or short)


def has_wall(head: Head) -> bool:
    """Tell whether an element of the page is named as a barrier before the text."""
    return _WALL.search(head.names) is not None


def words_before_wall(tree: HtmlElement, body: tuple[Block, ...]) -> int:
    """Return the words of the blocks that are no part of the barrier itself: its offer is no text of the article."""
    barrier = " ".join(one_line("".join(element.itertext())) for element in _walls(tree) if len(element) < 20)
    return sum(word_count(block.text) for block in body if block.text not in barrier)


def _walls(tree: HtmlElement) -> Iterator[HtmlElement]:
    for element in tree.iter("div", "section", "aside", "article"):
        if _WALL.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
            yield element


def _free(node: Node) -> bool | None:
    value = node.get("isAccessibleForFree")
    if isinstance(value, bool):
        return value
    text = str(value).rsplit("/", 1)[-1].strip().lower() if isinstance(value, (str, int)) else ""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text)


def _parts(article: Node) -> list[dict[str, Any]]:
    value = article.get("hasPart")
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]


def _shows_paid_parts(tree: HtmlElement, article: Node) -> bool:
    """Tell whether the elements that JSON-LD names as paid (`cssSelector`, class names only) hold text."""
    wanted = {
        name
        for part in _parts(article)
        if _free(part) is False
        for selector in texts(part.get("cssSelector"))
        for name in re.findall(r"\.([\w-]+)", selector)
    }
    if not wanted:
        return True
    for element in tree.iter("div", "section", "article", "p", "main", "span"):
        if wanted & set((element.get("class") or "").split()):
            text = "".join(element.itertext())
            if len(text.split()) > 30:
                return True
    return False
