"""What the class names and ids of an element say about the text in it."""

from __future__ import annotations

import re
import tomllib
from enum import Flag, auto
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement


class Hint(Flag):
    """Kinds of text that stand beside an article's own."""

    NONE = 0
    ASIDE = auto()
    """Never the article: captions, share bars, newsletter boxes, author boxes, advertisements, comments, hover text."""
    LEAD = auto()
    """The standfirst."""
    TITLE = auto()
    """An intertitle, whatever element it is."""
    PAYWALL = auto()
    """For subscribers: the offer of a subscription, or the text itself."""
    HIDDEN = auto()
    """Hidden from screen readers: decoration, or a duplicate."""
    UNSEEN = auto()
    """Hidden from readers: text for screen readers, boxes that open on hover, elements not displayed."""
    COMMENT = auto()
    """What readers write below an article."""
    EMBED = auto()
    """A post of a social network, quoted whole."""


NOTHING = Hint.NONE
"""What most elements hint at: `is NOTHING` spares the Python code behind a member's name, its truth and its `|`."""

_NAMED_BY_TEXT = frozenset("h1 h2 h3 h4 h5 h6 p".split())
# Attributes by which publishers find the parts of a page in their own tests and style sheets.
_TELLING = frozenset(["itemprop", "data-testid", "data-test", "data-qa", "data-component"])
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CUT = re.compile(r"[^a-z0-9]+")
_PANE = re.compile(r"tab[-_]?pane", re.IGNORECASE)
_NO_SHOW = re.compile(r"(?:^|[\s;])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def hint_of(element: HtmlElement) -> Hint:
    """Return what the attributes of one element say of the text below it."""
    found = NOTHING
    for attribute, value in element.items():
        if attribute == "class":
            if (said := _of_names(value)) is not NOTHING:
                found = said if found is NOTHING else found | said
        elif attribute == "id":
            # The id of a heading or paragraph is made from its words.
            if (said := _of_names(value)) is not NOTHING and element.tag not in _NAMED_BY_TEXT:
                found = said if found is NOTHING else found | said
        elif attribute == "style":
            if _NO_SHOW.search(value):
                found |= Hint.UNSEEN
        elif attribute == "hidden":
            found |= Hint.UNSEEN
        elif attribute == "aria-hidden":
            if value == "true":
                found |= Hint.HIDDEN
        elif attribute in _TELLING and (said := _of_names(value)) is not NOTHING:
            found |= said & Hint.LEAD
    return found


@lru_cache(maxsize=20_000)
def _of_names(names: str) -> Hint:
    """Return what the value of an attribute says, one class after the other: many values share them."""
    found = NOTHING
    for name in names.split():
        if (said := _of_name(name)) is not NOTHING:
            found |= said
    if _PANE.search(names) and "active" not in names.lower():
        found |= Hint.UNSEEN
    return found


@lru_cache(maxsize=20_000)
def _of_name(name: str) -> Hint:
    words = _CUT.sub("-", _CAMEL.sub("-", name).lower())
    found = NOTHING
    for hint, pattern in _vocabulary():
        if pattern.search(words):
            found |= hint
    return found


@cache
def _vocabulary() -> tuple[tuple[Hint, re.Pattern[str]], ...]:
    """Return the patterns of `hints.toml` with what they hint at."""
    sections = tomllib.loads(files("crawler.extraction").joinpath("hints.toml").read_text("utf-8"))
    patterns = []
    for section, lists in sections.items():
        words = "|".join(word for words in lists.values() for word in words)
        # A comment has to be the whole name: `has-comments` is said of articles.
        start, end = ("^", "$") if section == "comment" else ("^|-", "-|$")
        patterns.append((Hint[section.upper()], re.compile(f"(?:{start})(?:{words})(?={end})")))
    return tuple(patterns)
