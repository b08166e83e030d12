"""Section pages: which of their links lead to articles, told by address, place and text, for no paper in particular.

A section page is a repeated card: dozens of links of one make, each with a headline, around them menus, most-read
lists and advertisements. An address that looks like an article's is good evidence, a headline in a place where several
such addresses stand is as good, and neither counts in a menu.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.discovery.documents import base_of, document_of, text_of
from crawler.discovery.entries import Entry, UnreadableListing, opening
from crawler.discovery.navigation import in_menu, next_page
from crawler.extraction.hints import Hint, hint_of
from crawler.extraction.targets import brand_of, has_number, is_viewer, target_key, target_url
from crawler.url import InvalidURL, absolute_url, canonical_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

Make = tuple[tuple[str, str], ...]
"""Tag and class of a link and of the elements around it: cards of one list are of one make."""

_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_HEADLINE_WORDS, _HEADLINE_LETTERS = 3, 15
"""A menu's entry is a word or two; a headline is more."""
_LIKE = 3
"""Cards of one make that it takes for the make to count."""
_AGREE = 0.6
"""Share of a make whose addresses look like articles', from which on its other headlines are taken too."""
_MOST_LINKS = 400
"""Articles that one page is read for."""
_MOST_ANCHORS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPage:
    """What a section page shows."""

    entries: tuple[Entry, ...]
    """The articles it points to, in page order."""
    next_page: str | None = None
    """The page that follows it, where it names one."""


@dataclass(slots=True, kw_only=True)
class _Link:
    url: str
    key: str
    make: Make
    headline: bool
    shaped: bool
    menu: bool


def parse_section(body: bytes, url: str) -> SectionPage:
    """Return the articles a section page at `url` points to. Raises UnreadableListing where it is no page."""
    tree = document_of(body)
    if tree is None:
        raise UnreadableListing(f"not a page: {opening(body)}")
    base = base_of(tree, url)
    return SectionPage(entries=article_links(tree, base, url), next_page=next_page(tree, base, url))


def article_links(tree: HtmlElement, base: str, url: str) -> tuple[Entry, ...]:
    """Return the links of a page that lead to articles of its own paper, in page order, each article once.

    `base` is what links are resolved against, `url` the page's own address.
    """
    links = list(_links(tree, base, url))
    total, shaped = Counter[Make](), Counter[Make]()
    for link in links:
        if link.headline and not link.menu:
            total[link.make] += 1
            shaped[link.make] += link.shaped
    agreed = {make for make, count in total.items() if shaped[make] >= max(_LIKE, _AGREE * count)}
    found: dict[str, Entry] = {}
    for link in links:
        if link.menu or link.key in found:
            continue
        # An address with a date or a long number needs no headline: a picture may be the link.
        sure = link.shaped and (link.headline or has_number(link.url))
        if sure or (link.headline and link.make in agreed):
            found[link.key] = Entry(url=link.url)
    return tuple(found.values())[:_MOST_LINKS]


def _links(tree: HtmlElement, base: str, url: str) -> Iterator[_Link]:
    own = _key(url)
    for number, anchor in enumerate(tree.iter("a")):
        if number >= _MOST_ANCHORS:
            return
        written = (anchor.get("href") or "").strip()
        shaped = target_url(base, url, written)
        address = shaped or (absolute_url(base, written) if written and not written.startswith("#") else None)
        if address is None or brand_of(address) != brand_of(url) or is_viewer(address):
            continue
        key = _key(address)
        if key is None or key == own:
            continue
        yield _Link(
            url=address.partition("#")[0],
            key=key,
            make=_make(anchor),
            headline=_is_headline(anchor),
            shaped=shaped is not None,
            menu=in_menu(anchor) or _is_foreign(anchor),
        )


def _key(url: str) -> str | None:
    try:
        canonical_url(url)
        return target_key(url)
    except InvalidURL:
        return None


def _is_headline(anchor: HtmlElement) -> bool:
    """Whether a link reads like a headline: it stands in a heading, holds one, or has as many words as one."""
    text = text_of(anchor)
    if not text:
        return False
    heading = any(above.tag in _HEADINGS for above in (anchor, *_near(anchor))) or any(
        below.tag in _HEADINGS for below in anchor.iter() if isinstance(below.tag, str)
    )
    words = len(text.split())
    # Scripts without spaces have long words.
    return (
        (heading and len(text) >= 4)
        or (words >= _HEADLINE_WORDS and len(text) >= _HEADLINE_LETTERS)
        or len(text.encode()) >= 3 * _HEADLINE_LETTERS
    )


def _near(anchor: HtmlElement) -> Iterator[HtmlElement]:
    for distance, above in enumerate(anchor.iterancestors()):
        if distance == 3:
            return
        yield above


def _is_foreign(anchor: HtmlElement) -> bool:
    """Whether the elements around a link are named as an advertisement, a comment or the like."""
    for above in anchor.iterancestors():
        if above.tag in ("body", "main", "html"):
            return False
        # `aside` is where cards often stand; a name that says advertisement is needed.
        if above.tag != "article" and hint_of(above) & (Hint.COMMENT | Hint.UNSEEN | Hint.EMBED):
            return True
    return False


def _make(anchor: HtmlElement) -> Make:
    elements = (anchor, *_near(anchor))
    return tuple((str(element.tag), element.get("class") or "") for element in elements)
