"""Blocks: what the chosen lines of a page become in an Article."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.article import Block, BlockType
from crawler.extraction.sentences import ends_sentence
from crawler.extraction.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.extraction.runs import Line

_LONGEST_HEADING = 200
_LONGEST_BOLD_HEADING = 80
_BOLD = 0.95
_PARAGRAPH_END = re.compile(r"(?:\r\n|\r|\n)+|</p>|<br\s*/?>\s*<br\s*/?>", re.IGNORECASE)


def to_blocks(lines: Sequence[Line]) -> tuple[Block, ...]:
    """Return the chosen lines as blocks. Where no element is a heading, short paragraphs all in bold are."""
    bold = set() if any(line.type is BlockType.HEADING for line in lines) else _bold_headings(lines)
    return tuple(_block(line, is_heading=line in bold) for line in lines)


def from_json_ld(text: str) -> tuple[Block, ...]:
    """Return the paragraphs of an `articleBody` as blocks: entities resolved, tags dropped."""
    paragraphs = (plain(part) for part in _PARAGRAPH_END.split(text))
    return tuple(Block(type=BlockType.PARAGRAPH, text=paragraph) for paragraph in paragraphs if paragraph)


def letters(blocks: Iterable[Block]) -> int:
    """Return the number of characters of blocks, spaces aside."""
    return sum(len(block.text) - block.text.count(" ") for block in blocks)


def _block(line: Line, *, is_heading: bool) -> Block:
    if is_heading:
        return Block(type=BlockType.HEADING, text=line.text, level=2)
    if line.type is BlockType.HEADING and len(line.text) <= _LONGEST_HEADING:
        return Block(type=BlockType.HEADING, text=line.text, level=max(2, line.level or 2))
    kind = BlockType.PARAGRAPH if line.type is BlockType.HEADING else line.type
    return Block(type=kind, text=line.text)


def _bold_headings(lines: Sequence[Line]) -> set[Line]:
    bold = [line for line in lines if line.type is BlockType.PARAGRAPH and line.bold >= _BOLD and line.linked < 0.5]
    if sum(line.text.rstrip().endswith(("?", "？", "؟")) for line in bold) > 1:
        return set()  # the questions of an interview
    following = dict(pairwise(lines))
    return {
        line
        for line in bold
        if len(line.text) <= _LONGEST_BOLD_HEADING
        and (not ends_sentence(line.text) or line.text.endswith("?"))
        and line is not lines[0]
        and line in following
        and following[line].bold < _BOLD
    }
