"""The runs of text of a page: what a reader sees as one paragraph, with what its mark-up says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from crawler.article import BlockType
from crawler.extraction.hints import NOTHING, Hint, hint_of
from crawler.extraction.text import one_line

if TYPE_CHECKING:
    from lxml.html import HtmlElement

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q ruby s samp small span "
    "strike strong sub sup time tt u var wbr".split()
)
"""Elements whose text runs on in the line around them."""
BREAKS = frozenset(["br", "hr"])
"""Elements that end a line and hold nothing."""
_BOLD = frozenset(["b", "strong"])
_NO_TEXT = frozenset(["rt", "rp", "rtc", "figcaption", "legend", "img", "input", "link", "meta", "source"])
# Elements that are or hold one paragraph or list: what is around them holds its neighbours.
_PARAGRAPHS = frozenset(
    "p h1 h2 h3 h4 h5 h6 li ul ol dl dt dd blockquote table thead tbody tfoot tr td th pre address center "
    "hgroup".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ITEMS = frozenset(["li", "dd", "dt"])
_CELLS = frozenset(["td", "th"])
_SECTIONS = frozenset(["article", "section", "main"])
_LONGEST_ROW = 300
"""Characters of the cells of a table row beyond which the table lays out the page."""
_SYLLABIC = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_ABUGIDA = re.compile("[\u0900-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WIDE = re.compile("[\u0900-\uffff]")
_NO_KEY = str.maketrans("", "", "".join(sign for sign in map(chr, range(128)) if not sign.isalnum()))


def key_of(text: str) -> str:
    """Return only the letters and digits of a text, lower case: what two renderings of one line share."""
    # Twice as fast as one regular expression for both.
    return (text.translate(_NO_KEY) if text.isascii() else "".join(filter(str.isalnum, text))).lower()


def size_of(key: str) -> int:
    """Return how long a key would be in an alphabet.

    One character of Han, kana or hangul says what takes two or three letters elsewhere; the scripts of India and
    South-East Asia lose their vowel signs in a key, about every third character.
    """
    if key.isascii() or not _WIDE.search(key):
        return len(key)
    return len(key) + 3 * len(_SYLLABIC.findall(key)) // 2 + len(_ABUGIDA.findall(key)) // 2


@dataclass(slots=True, eq=False, kw_only=True)
class Line:
    """One run of text of the page. Two are equal only if they are the same run.

    Not frozen, though nothing changes one: freezing doubles what making it costs, and a page has a hundred.
    """

    text: str
    """The text, whitespace collapsed, never empty."""
    key: str
    """Its letters and digits, for comparison; never empty."""
    size: int
    """How much it says: its letters and digits, counted as in an alphabet."""
    type: BlockType
    """What the mark-up makes of it."""
    level: int | None
    """1 to 6 for a heading."""
    element: HtmlElement
    """The innermost block element around it."""
    container: HtmlElement
    """The element that holds it and its neighbours: the one around its paragraph, list, quote or table."""
    linked: float
    """Share of its characters that stand in links to other pages, 0 to 1."""
    links: int
    """Number of such links."""
    bold: float
    """Share of its characters in bold type, 0 to 1."""
    timed: float = 0.0
    """Share of its characters in `<time>` elements, 0 to 1."""
    hints: tuple[tuple[HtmlElement, Hint], ...] = ()
    """The block elements around it whose names say something, outermost first, and what they say."""
    row: bool = False
    """Whether it is a row of a table."""


@dataclass(slots=True)
class _Place:
    """A block element that is open, and what a line directly in it is."""

    element: HtmlElement
    container: HtmlElement
    type: BlockType
    level: int | None


class _Reader:
    """Collects the text of one line until a block begins or ends."""

    def __init__(self, root: HtmlElement) -> None:
        self.lines: list[Line] = []
        self.places = [_Place(root, root, BlockType.PARAGRAPH, None)]
        self.hints: list[tuple[HtmlElement, Hint]] = []
        self.links = self.bolds = self.times = 0  # open elements of each sort
        self._begin()

    def _begin(self) -> None:
        self.parts: list[str] = []
        self.size = self.linked = self.targets = self.bold = self.timed = 0
        self.after_break = False

    def add(self, text: str | None) -> None:
        if not text:
            return
        self.parts.append(text)
        if size := len(text.strip()):
            self.after_break = False
            self.size += size
            self.linked += size if self.links else 0
            self.bold += size if self.bolds else 0
            self.timed += size if self.times else 0

    def line_break(self) -> None:
        """`<br>`: two in a row end a paragraph, one ends a line that is all bold (an intertitle)."""
        if self.after_break or (self.bold and self.bold >= 0.95 * self.size):
            self.end_line()
        else:
            self.parts.append(" ")
            self.after_break = self.size > 0

    def end_line(self) -> None:
        if not self.parts and not self.targets:
            return  # half of all blocks begin or end where nothing has been read
        if self.size:
            place = self.places[-1]
            text = one_line("".join(self.parts))
            if key := key_of(text):
                self.lines.append(
                    Line(
                        text=text,
                        key=key,
                        size=size_of(key),
                        type=place.type,
                        level=place.level,
                        element=place.element,
                        container=place.container,
                        linked=self.linked / self.size,
                        links=self.targets,
                        bold=self.bold / self.size,
                        timed=self.timed / self.size,
                        hints=tuple(self.hints),
                    )
                )
        self._begin()

    def open_inline(self, element: HtmlElement, step: int) -> None:
        """Count an inline element in (step 1) or out (step -1)."""
        if _is_link(element):
            self.links += step
            self.targets += step > 0
        self.bolds += step * (element.tag in _BOLD)
        self.times += step * (element.tag == "time")

    def open_block(self, element: HtmlElement) -> bool:
        """Begin a block; return whether all of it is read already, as one table row."""
        self.end_line()
        self.places.append(_place(element, self.places[-1]))
        if (hint := hint_of(element)) is not NOTHING:
            self.hints.append((element, hint))
        if element.tag == "tr" and (row := _row(element, self.places[-1].container, tuple(self.hints))):
            self.lines.append(row)
            return True
        self.add(element.text)
        return False

    def close_block(self, element: HtmlElement) -> None:
        self.end_line()
        self.places.pop()
        if self.hints and self.hints[-1][0] is element:
            self.hints.pop()


def read_lines(root: HtmlElement) -> list[Line]:
    """Return the lines below an element in page order.

    Inline mark-up runs on; block mark-up, a double `<br>` and the `<br>` behind an all-bold line end a line. The cells
    of a short table row make one line. Captions of pictures, pronunciation glosses (`<rt>`) and inline text that is
    not shown are left out.
    """
    reader = _Reader(root)
    reader.add(root.text)
    skipped: HtmlElement | None = None
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if element is root:
            continue
        tag = element.tag
        if event == "start":
            if tag in INLINE:
                if (hint := hint_of(element)) is not NOTHING and Hint.UNSEEN in hint:
                    skipped = element
                    walk.skip_subtree()
                else:
                    reader.open_inline(element, 1)
                    reader.add(element.text)
            elif tag in BREAKS:
                reader.line_break()
            elif tag in _NO_TEXT or not isinstance(tag, str) or reader.open_block(element):
                walk.skip_subtree()
        else:
            if tag in INLINE:
                if element is skipped:
                    skipped = None
                else:
                    reader.open_inline(element, -1)
            elif reader.places[-1].element is element:
                reader.close_block(element)
            reader.add(element.tail)
    reader.end_line()
    return reader.lines


def _is_link(element: HtmlElement) -> bool:
    """Return whether an inline element leads to another page; `<a id>` and `<a href="#part">` do not."""
    return element.tag == "a" and bool(target := element.get("href")) and not target.startswith("#")


def _place(element: HtmlElement, around: _Place) -> _Place:
    tag = element.tag
    container = around.container if tag in _PARAGRAPHS else element
    kind, level = around.type, around.level
    if tag in _HEADINGS:
        kind, level = BlockType.HEADING, _HEADINGS[tag]
    elif tag in _ITEMS:
        kind, level = BlockType.LIST_ITEM, None
    elif tag == "blockquote":
        kind, level = BlockType.QUOTE, None
    elif tag in _SECTIONS or (tag == "p" and _is_one_of_several(around)):
        kind, level = BlockType.PARAGRAPH, None
    return _Place(element, container, kind, level)


def _is_one_of_several(around: _Place) -> bool:
    """Return whether a list item holds several paragraphs: the list then lays out a page, it lists nothing."""
    return around.type is BlockType.LIST_ITEM and sum(child.tag == "p" for child in around.element) > 1


def _row(row: HtmlElement, container: HtmlElement, hints: tuple[tuple[HtmlElement, Hint], ...]) -> Line | None:
    """Return a table row as one line, unless its table is only there for the layout of the page."""
    if len(row) < 2 or row.find(".//table") is not None or any(cell.tag not in _CELLS for cell in row):
        return None
    if any(text and text.strip() for text in (row.text, *(cell.tail for cell in row))):
        return None
    cells = [text for cell in row if (text := one_line(_text_of(cell)))]
    text = " | ".join(cells)
    key = key_of(text)
    if len(cells) < 2 or len(text) > _LONGEST_ROW or not key:
        return None
    links = list(row.iter("a"))
    return Line(
        text=text,
        key=key,
        size=size_of(key),
        type=BlockType.PARAGRAPH,
        level=None,
        element=row,
        container=container,
        linked=sum(len(_text_of(link)) for link in links) / len(text),
        links=len(links),
        bold=0.0,
        hints=hints,
        row=True,
    )


def _text_of(element: HtmlElement) -> str:
    return "".join(str(text) for text in element.itertext())
