"""Notices: lines by which a page speaks of itself (newsletters, paywalls, credits), told by their words."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST = 300
"""Characters above which a line is taken for text whatever it begins with."""
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_ENDS = "\u0370"
_ENDING = r"[\s.:…!»›>*)\]]*"


def is_notice(text: str) -> bool:
    """Return whether a line is a notice of the page about itself, by the lexicon `notices.toml`."""
    if len(text) > _LONGEST:
        return False
    latin, other = _lexicon()
    first = _LETTER.search(text)
    return (latin if first is None or first[0] < _LATIN_ENDS else other).match(text.lower()) is not None


@cache
def _lexicon() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the notices that begin in the Latin alphabet, or with anything at all, and those that may in another."""
    kinds = tomllib.loads(files("crawler.extraction").joinpath("notices.toml").read_text("utf-8"))
    whole = [one for kind in kinds.values() for phrase in kind.get("whole", ()) for one in _alternatives(phrase)]
    start = [one for kind in kinds.values() for phrase in kind.get("start", ()) for one in _alternatives(phrase)]
    return _pattern(whole, start, latin=True), _pattern(whole, start, latin=False)


def _pattern(whole: Iterable[str], start: Iterable[str], *, latin: bool) -> re.Pattern[str]:
    one, other = (
        "|".join(phrase for phrase in phrases if _may_begin(phrase, latin=latin)) for phrases in (whole, start)
    )
    return re.compile(rf"\W*(?:(?:{one}){_ENDING}$|(?:{other}))")


def _may_begin(phrase: str, *, latin: bool) -> bool:
    """Return whether a phrase can begin with a letter of the Latin alphabet, or of another one."""
    first = _LETTER.search(phrase)
    anything = first is None or phrase[0] in ".[(\\" or phrase[0].isdigit()
    return anything or (first is not None and (first[0] < _LATIN_ENDS) is latin)


def _alternatives(phrase: str) -> Iterator[str]:
    """Yield the alternatives of a regular expression, those within brackets left together."""
    depth, begin = 0, 0
    for place, sign in enumerate(phrase):
        if sign == "|" and not depth:
            yield phrase[begin:place]
            begin = place + 1
        elif not place or phrase[place - 1] != "\\":
            depth += (sign in "([") - (sign in ")]")
    yield phrase[begin:]
