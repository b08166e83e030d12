"""What of the lines above an article's first paragraph belongs to it: the standfirst, as a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.article import BlockType
from crawler.extraction.hints import Hint
from crawler.extraction.home import BESIDE, is_prose
from crawler.extraction.runs import key_of, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from crawler.extraction.home import Home
    from crawler.extraction.runs import Line

_SHORTEST_NAMED, _SHORTEST_UNDER, _SHORTEST_UNNAMED = 30, 40, 60
"""Letters of a standfirst that is named one, stands right under the headline, or has only its place to speak for it."""
_START = 60
"""Letters at the start of a description that are enough to know its sentences again; pages cut the rest off."""


def opening(lines: Sequence[Line], chosen: Set[Line], home: Home, *, titles: Set[str], lead: str | None) -> list[Line]:
    """Return those of the lines above the first paragraph that are the article's.

    `chosen` are the lines that trafilatura kept, `titles` the keys of the headline, `lead` the standfirst that the
    page names in its metadata.
    """
    lead_key = key_of(lead or "")
    headline: Line | None = None
    sure: list[Line] = []
    under: list[Line] = []
    likely: list[Line] = []
    for line in lines:
        if line.level == 1 or line.key in titles:
            if line.linked < 0.5 or line.key in titles:  # else it is the name of the paper
                headline = line
                under.clear()
                likely.clear()
            continue
        named = headline is not None and _is_named(line, headline, home)
        if line.linked >= 0.5 or home.is_foreign(line) or (home.is_beside(line) and not named):
            continue
        long_prose = is_prose(line) and line.size >= _SHORTEST_UNNAMED
        if (
            named
            or _is_said_to_be(line, lead_key)
            or (line in chosen and is_prose(line))
            or (long_prose and home.opens_into(line))
        ):
            sure.append(line)
        elif headline is not None and _is_under(line, headline):
            under.append(line)
        elif headline is not None and long_prose:
            likely.append(line)
    # Without a name it may be anything that stands above an article; the standfirst is one paragraph.
    return sure or next((found for found in (under, likely) if len(found) == 1), [])


def _is_said_to_be(line: Line, lead_key: str) -> bool:
    """Return whether a line is the standfirst that the page names in its metadata, or one of its sentences."""
    if not lead_key:
        return False
    if line.key == lead_key:
        return True
    if line.size < 20 or line.type is BlockType.LIST_ITEM:
        return False
    return line.key in lead_key or (size_of(lead_key) >= 40 and lead_key[:_START] in line.key)


def _is_named(line: Line, headline: Line, home: Home) -> bool:
    """Return whether the mark-up calls a line the standfirst.

    The name on the paragraph itself is stronger than that of a box around it, if the headline stands in that box too.
    """
    if line.size < _SHORTEST_NAMED or not any(Hint.LEAD in hint for _, hint in line.hints[-2:]):
        return False
    if not home.is_beside(line):
        return True
    element, hint = line.hints[-1]
    header = headline.element.getparent()
    return element is line.element and not hint & BESIDE and any(around is header for around in element.iterancestors())


def _is_under(line: Line, headline: Line) -> bool:
    """Return whether a smaller heading stands right under the headline: that is how many papers set a standfirst."""
    return (
        line.type is BlockType.HEADING
        and line.size >= _SHORTEST_UNDER
        and headline.level == 1
        and line.element.getparent() is headline.element.getparent()
    )
