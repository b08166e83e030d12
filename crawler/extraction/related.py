"""Read-also links as data: the lines and boxes by which an article points to other articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.article import Position
from crawler.extraction.announcements import find_labelled
from crawler.extraction.labels import normalise
from crawler.extraction.lines import read_lines
from crawler.extraction.pointers import Announcement, Pointers
from crawler.extraction.prose import find_prose
from crawler.extraction.targets import target_key
from crawler.extraction.unlabelled import find_unlabelled

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.lines import PageLines
    from crawler.extraction.page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """One read-also link as it stands on the page."""

    label: str | None
    """What announces it, without its colon: `Lees ook`. None where the page shows none."""
    title: str
    """The headline of the target: no kicker, time, byline or teaser."""
    teaser: str | None = None
    """The sentence or two beneath the headline, where the page has one."""
    url: str
    """Absolute URL, as the page writes it."""
    position: Position
    """inline: more of the body follows; end: after the last paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What a page says about other articles, and what of it must not stay in the body."""

    links: tuple[FoundLink, ...] = ()
    """The read-also links in page order, one per target."""
    elements: tuple[HtmlElement, ...] = ()
    """Elements of the page's tree that hold read-also material and nothing else; none inside another."""
    texts: frozenset[str] = frozenset()
    """The same material line by line, in the form of `labels.normalise`, to be cleaned from the body afterwards."""


def find_related(page: Page, *, title: str | None = None) -> Harvest:
    """Return the read-also links of a page. `title` is the article's own headline, where it is known."""
    body = page.tree.find("body")
    content = read_lines(page.tree if body is None else body)
    prose = find_prose(content)
    pointers = Pointers(content, prose, base=page.base_url, own=page.url)
    labelled = find_labelled(content, prose, pointers)
    found = [*labelled.found, *find_unlabelled(content, prose, pointers, labelled)]
    if not found:
        return Harvest()
    claimed = {index for one in found for index in one.lines}
    own = normalise(title) if title else None
    last = prose.last_sentence(claimed)
    links: dict[str, FoundLink] = {}
    for one in sorted(found, key=lambda one: one.order):
        if own is not None and normalise(one.title) == own:
            continue
        key = target_key(one.url)
        known = links.get(key)
        position = Position.INLINE if one.order < last else Position.END
        links[key] = FoundLink(
            label=one.label if known is None else known.label or one.label,
            title=one.title if known is None else known.title,
            teaser=one.teaser if known is None else known.teaser or one.teaser,
            url=one.url if known is None else known.url,
            position=position if known is None else known.position,
        )
    return Harvest(
        links=tuple(links.values()),
        elements=_whole_elements(content, claimed),
        texts=_texts(content, claimed, found),
    )


def _whole_elements(content: PageLines, claimed: set[int]) -> tuple[HtmlElement, ...]:
    """Return the largest elements all of whose lines are claimed, in page order."""
    chosen: dict[HtmlElement, None] = {}
    done = -1
    for index in sorted(claimed):
        if index <= done:
            continue
        best: HtmlElement | None = None
        element: HtmlElement | None = content.lines[index].block
        while element is not None and element.tag not in {"body", "html"}:
            extent = content.extent(element)
            if extent is not None:
                if any(line not in claimed for line in range(extent.first, extent.end)):
                    break
                best, done = element, extent.end - 1
            element = element.getparent()
        if best is not None:
            chosen[best] = None
    return tuple(chosen)


def _texts(content: PageLines, claimed: set[int], found: list[Announcement]) -> frozenset[str]:
    texts = {content.lines[index].text for index in claimed}
    for one in found:
        if one.lines:
            texts.update(text for text in (one.label, one.title, one.teaser) if text)
    return frozenset(line for text in texts if (line := normalise(text)))
