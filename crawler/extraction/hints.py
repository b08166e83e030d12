"""What the class names and ids of an element say about the text in it."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from enum import Flag, auto
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_OPEN = r"\w*"
_LETTER = re.compile(r"[a-z](?![?*+{|])")
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
    lower = name.lower()
    words = f"-{_CUT.sub('-', lower if lower == name else _CAMEL.sub('-', name).lower())}-"
    found = NOTHING
    vocabulary = _vocabulary()
    # Three names in four say nothing: one look instead of seven.
    if vocabulary.anything.search(words):
        for hint, pattern in vocabulary.patterns:
            if pattern.search(words):
                found |= hint
    return found


class _Vocabulary(NamedTuple):
    """What `hints.toml` says."""

    patterns: tuple[tuple[Hint, re.Pattern[str]], ...]
    """What names hint at, and those names: their words with a hyphen before, between and behind them."""
    anything: re.Pattern[str]
    """The names that hint at anything."""


@cache
def _vocabulary() -> _Vocabulary:
    sections = tomllib.loads(files("crawler.extraction").joinpath("hints.toml").read_text("utf-8"))
    found = {Hint[name.upper()]: [*chain.from_iterable(lists.values())] for name, lists in sections.items()}
    # A comment has to be the whole name: `has-comments` is said of articles.
    comment = f"^-(?:{'|'.join(found.pop(Hint.COMMENT))})-$"
    anything = f"{_any_of([*chain.from_iterable(found.values())])}|{comment}"
    patterns = {hint: _any_of(words) for hint, words in found.items()} | {Hint.COMMENT: comment}
    return _Vocabulary(tuple((hint, re.compile(pattern)) for hint, pattern in patterns.items()), re.compile(anything))


def _any_of(words: Sequence[str]) -> str:
    r"""Return a regular expression for any of these between two hyphens, or behind other letters where one has `\w*`.

    Words with the same first letter stand together: what cannot begin with the letter at hand is tried once, not word
    by word, and that takes a third of the time.
    """
    open_words = [word.removeprefix(_OPEN) for word in words if word.startswith(_OPEN)]
    by_letter: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if not word.startswith(_OPEN):
            letter = word[0] if _LETTER.match(word) else ""
            by_letter[letter].append(word.removeprefix(letter))
    closed = "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
    return f"(?:{'|'.join([f'-(?:{closed})', *open_words])})(?=-)"
