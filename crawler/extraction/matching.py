"""Which runs of text of a page trafilatura kept: its output carries no trace of where on the page a text stood."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from crawler.extraction.runs import Line

_PIECE = 24
"""Letters in a piece of a text that is looked for where the whole of it is not found."""
_SURE = 20
"""Letters from which on a text is unlikely to stand elsewhere by chance."""
_PAIR = 12
"""Letters from which on two neighbouring lines are sought as one."""
_LONG = 1_000
"""Letters beyond which a paragraph is no better evidence: some pages carry the whole text once more as one blob."""
_PART = 0.1
"""Share of what was found from which on a container is a part of the article."""
_MANY = 1_000
"""Places from which on only the large ones are remembered, which keeps the work in proportion to the page."""
_MOST_WORK = 1_000_000_000
"""Lines times letters above which only whole elements are compared: half a second, on pages no paper prints."""


def kept_lines(lines: Sequence[Line], keys: Sequence[str]) -> list[Line]:
    """Return the lines whose text stands in what trafilatura returned, given as the keys of its elements.

    Of a text that the page shows twice (a teaser of itself, a hidden copy), the one among more of the article counts.
    """
    found = _found(lines, keys)
    places: dict[HtmlElement, list[Line]] = defaultdict(list)
    for line in found:
        places[line.container].append(line)
    weights = {place: sum(min(line.size, _LONG) for line in there) for place, there in places.items()}
    total = sum(weights.values())
    claimed: set[Line] = set()
    text = ""
    for place in sorted(places, key=weights.__getitem__, reverse=True):
        fresh = [line for line in places[place] if not _stands_in(line.key, text)]
        claimed.update(fresh)
        if len(places) < _MANY or weights[place] >= _PART * total:
            text = "\n".join([text, *(line.key for line in fresh)])
    return [line for line in found if line in claimed]


def _stands_in(key: str, text: str) -> bool:
    return len(key) >= 2 * _SURE and (key in text or _mostly_in(key, text))


def _found(lines: Sequence[Line], keys: Sequence[str]) -> list[Line]:
    whole = set(keys)
    text = "\n".join(keys)
    if len(lines) * len(text) > _MOST_WORK:
        return [line for line in lines if line.key in whole]
    return [line for at, line in enumerate(lines) if line.key in whole or _is_within(lines, at, text)]


def _is_within(lines: Sequence[Line], at: int, text: str) -> bool:
    key = lines[at].key
    if len(key) >= _SURE:
        return key in text or _mostly_in(key, text)
    # Too short to be looked for alone: together with its neighbours.
    before = lines[at - 1].key[-_SURE:] if at else ""
    after = lines[at + 1].key[:_SURE] if at + 1 < len(lines) else ""
    return any(len(pair) >= _PAIR and pair in text for pair in (before + key, key + after))


def _mostly_in(key: str, text: str) -> bool:
    """Trafilatura drops `<time>`, `<label>` and the like from within a paragraph: most pieces of it are enough."""
    pieces = [key[at : at + _PIECE] for at in range(0, len(key) - _PIECE + 1, _PIECE)]
    return len(pieces) >= 3 and sum(piece in text for piece in pieces) >= 0.7 * len(pieces)
