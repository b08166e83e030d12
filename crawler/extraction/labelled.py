"""What the labels of a page announce, for whoever looks at the rest of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from crawler.extraction.label_lines import LabelLine
    from crawler.extraction.pointers import Announcement


@dataclass(slots=True, eq=False)
class Labelled:
    """What the labels of a page announce."""

    found: list[Announcement] = field(default_factory=list)
    """The announced links; a target may come twice."""
    claimed: set[int] = field(default_factory=set)
    """Indices of the lines that hold labels and cards."""
    labels: dict[int, LabelLine] = field(default_factory=dict)
    """All labels of the page by line, traps included."""
    components: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Tag and class of boxes that bore a label, and tag and class of the label in them."""


def look_of(element: HtmlElement) -> tuple[str, str]:
    """Return tag and class, by which designers tell components apart."""
    return element.tag, element.get("class") or ""
