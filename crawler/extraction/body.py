"""The body of an article as typed blocks: trafilatura says what belongs to it, the page's tree says the rest."""

from __future__ import annotations

import logging
from collections import defaultdict
from copy import copy
from typing import TYPE_CHECKING

import trafilatura
from trafilatura.settings import Document, Extractor

from crawler.extraction.blocks import from_json_ld, letters, to_blocks
from crawler.extraction.home import is_prose
from crawler.extraction.labels import normalise
from crawler.extraction.matching import kept_lines
from crawler.extraction.prepare import drop_menus, prepared
from crawler.extraction.runs import Line, key_of, read_lines
from crawler.extraction.selection import select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from crawler.article import Block
    from crawler.extraction.page import Page
    from crawler.extraction.related import Harvest

_logger = logging.getLogger(__name__)

# Not "python", its default: that renders the text once more, which nobody reads.
_FAST, _WHOLE = (Extractor(fast=fast, comments=False, output_format="xml") for fast in (True, False))
"""What trafilatura is asked; for each page a copy, as what it reads from its configuration takes ten times as long."""
_SILENT_PAGE = 500
"""Letters on a whole page under which its mark-up is suspected to be broken."""
_FEW, _FEW_OF_PROSE = 2000, 0.6
"""Letters, and share of the page's long paragraphs, under both of which the fast pass of trafilatura is not believed.

Of 116 real pages under one of 800 letters and this share, a full pass changed 20; all but one of them are under both of
these."""
_LITTLE, _NOTHING, _RESCUE_GAIN = 600, 150, 1.5
"""Letters of a body under which `articleBody` may be taken instead, or is without asking whether it tells the same,
and how many times as long it has to be."""


def extract_body(
    page: Page, harvest: Harvest, *, title: str | None, lead: str | None, json_ld_body: str | None
) -> tuple[Block, ...]:
    """Return the article's text in page order: standfirst first, no headline, no read-also material.

    `title` and `lead` are the headline and standfirst where they are known, `json_ld_body` the `articleBody` of
    schema.org, used only where the page shows little else. Empty where the page has no text. Raises nothing for what
    a page holds; the page's tree is left as it is.

    Trafilatura is asked which texts are the article's, in its fast mode and without the menus first. Its answer is
    looked up among the lines of the page, and mended there, where class names, links and neighbours are still to be
    seen.
    """
    broken = False
    tree = prepared(page.tree, harvest.elements)
    lines = read_lines(tree)
    if sum(line.size for line in lines) < _SILENT_PAGE:
        broken = True
        tree = prepared(page.tree, harvest.elements, broken=broken)
        lines = read_lines(tree)
    if harvest.texts:
        # Normalising takes away accents and the marks at the ends, not half of a text: paragraphs need no look.
        longest = 2 * max(map(len, harvest.texts)) + 20
        lines = [line for line in lines if len(line.text) > longest or normalise(line.text) not in harvest.texts]
    drop_menus(tree, lines)
    kept = kept_lines(lines, _ask(tree, page.url, fast=True))
    if _is_too_little(kept, lines):
        whole = prepared(page.tree, harvest.elements, broken=broken)
        kept = kept_lines(lines, _ask(whole, page.url, fast=False)) or _densest(lines)
    blocks = to_blocks(select(lines, kept, title=title, lead=lead))
    return _rescue(blocks, json_ld_body) or blocks


def _rescue(blocks: Sequence[Block], json_ld_body: str | None) -> tuple[Block, ...]:
    """Return `articleBody` as blocks if the page shows only a part of it, or next to nothing; else nothing."""
    shown = letters(blocks)
    if not json_ld_body or shown >= _LITTLE:
        return ()
    rescued = from_json_ld(json_ld_body)
    if letters(rescued) < _RESCUE_GAIN * shown:
        return ()
    whole = key_of(json_ld_body)
    part = sum(letters([block]) for block in blocks if key_of(block.text) in whole)
    return rescued if shown < _NOTHING or part > shown / 2 else ()


def _ask(tree: HtmlElement, url: str, *, fast: bool) -> list[str]:
    """Return the keys of the texts that trafilatura keeps, one for each of its elements."""
    try:
        options = copy(_FAST if fast else _WHOLE)
        options.url = options.source = url
        document = trafilatura.bare_extraction(tree, options=options)
    except Exception:  # whatever a page does to it: the lines of the page are still there
        _logger.debug("trafilatura failed on %r", url, exc_info=True)
        return []
    if not isinstance(document, Document):
        return []
    elements = (part for top in document.body for part in (top.iter("item") if top.tag == "list" else (top,)))
    return [key for element in elements if (key := key_of("".join(map(str, element.itertext()))))]


def _is_too_little(kept: Sequence[Line], lines: Sequence[Line]) -> bool:
    found = sum(line.size for line in kept)
    if found >= _FEW:
        return False
    return not kept or found < _FEW_OF_PROSE * sum(line.size for line in lines if line.size >= 80 and is_prose(line))


def _densest(lines: Sequence[Line]) -> list[Line]:
    """Return the prose of the element that directly holds most of it: an answer where trafilatura has none."""
    places: dict[HtmlElement, list[Line]] = defaultdict(list)
    for line in lines:
        if is_prose(line):
            places[line.container].append(line)
    return max(places.values(), key=lambda there: sum(line.size for line in there), default=[])
