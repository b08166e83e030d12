"""The templates, with the words they may use. Everything a template puts out is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from crawler.dashboard import charts, choice, layout, words

if TYPE_CHECKING:
    from crawler.text_search import Words

_TEMPLATES = Path(__file__).with_name("templates")
_EXCERPT = 240  # characters


def render(template: str, **values: Any) -> str:
    """Return a page. values: what its template names."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "number": words.number,
        "percent": words.percent,
        "duration": words.duration,
        "moment": words.moment,
        "day": words.day,
        "machine_time": words.machine_time,
        "language_name": words.language_name,
        "direction": words.direction,
        "safe_link": words.safe_link,
        "bare_address": words.bare_address,
        "shortened": words.shortened,
        "place": choice.encoded,
        "below": below,
        "blocks": grouped_blocks,
    }
    found.globals |= {
        "counted": words.counted,
        "published": words.published,
        "date_source": words.date_source,
        "via": words.via,
        "excerpt": excerpt,
        "charts": charts,
        "layout": layout,
    }
    return found


def below(body: Sequence[dict[str, Any]], lead: str | None) -> Sequence[dict[str, Any]]:
    """Return a body without the block that is the standfirst, which stands under the headline already."""
    return body[1:] if body and lead is not None and body[0]["text"] == lead else body


def grouped_blocks(body: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the blocks of a body with list items that follow each other taken together: the type, and the blocks."""
    for kind, blocks in groupby(body, key=lambda block: block["type"]):
        if kind == "list_item":
            yield kind, list(blocks)
        else:
            yield from ((kind, [block]) for block in blocks)


def excerpt(text: str, found: Words) -> list[tuple[str, bool]]:
    """Return the part of a text around the first word that was searched for, in pieces: each with whether it is one.

    The beginning of the text where none of them is in it as written. Length: about `_EXCERPT` characters.
    """
    text = " ".join(text.split())
    folded = text.casefold()
    wanted = [word.casefold() for word in found.wanted]
    first = min((at for at in (folded.find(word) for word in wanted) if at >= 0), default=0)
    # Letters that grow when folded (ß) shift what follows by one or two: no harm to an excerpt.
    start = max(first - _EXCERPT // 3, 0)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    part = words.shortened(text[start:], _EXCERPT)
    pieces = list(_marked(part, wanted))
    return [("… ", False), *pieces] if start else pieces


def _marked(text: str, wanted: Sequence[str]) -> Iterator[tuple[str, bool]]:
    folded, at = text.casefold(), 0
    if len(folded) != len(text):
        yield text, False
        return
    while True:
        hits = [(where, -len(word)) for word in wanted if (where := folded.find(word, at)) >= 0]
        if not hits:
            break
        where, length = min(hits)
        if where > at:
            yield text[at:where], False
        yield text[where : where - length], True
        at = where - length
    if at < len(text):
        yield text[at:], False
