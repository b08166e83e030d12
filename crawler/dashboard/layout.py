"""Where the boxes and curves of the read-also graph go: columns by distance, the same every time. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.dashboard.queries.neighbourhood import Neighbourhood, Node

BOX_WIDTH, BOX_HEIGHT = 216, 62
"""Pixels."""
_ACROSS, _DOWN, _MARGIN = 68, 14, 8
_LINE_WIDTH, _LINES = 27, 2  # in letters, of which a Chinese one takes two


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An article in the drawing."""

    node: Node
    """The article."""
    x: int
    """Of its left edge, in pixels."""
    y: int
    """Of its upper edge."""
    lines: tuple[str, ...]
    """Its title, broken into lines that fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A link in the drawing."""

    path: str
    """As SVG's path has it."""
    direct: bool
    """It leads to or from the article in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The graph, drawn."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    boxes: tuple[Box, ...]
    """From left to right, each column from top to bottom."""
    curves: tuple[Curve, ...]
    """The links."""


def drawn(around: Neighbourhood) -> Drawing:
    """Return the drawing: what points to the article on its left, what it points to on its right.

    In each column an article stands by the mean height of those it is linked to in the column before, so that few
    links cross.
    """
    steps = sorted({node.step for node in around.nodes})
    columns = _ordered(around, steps)
    tallest = max(len(column) for column in columns.values())
    height = tallest * (BOX_HEIGHT + _DOWN) - _DOWN + 2 * _MARGIN
    boxes: dict[str, Box] = {}
    for place, step in enumerate(steps):
        column = columns[step]
        taken = len(column) * (BOX_HEIGHT + _DOWN) - _DOWN
        for row, node in enumerate(column):
            boxes[node.id] = Box(
                node=node,
                x=_MARGIN + place * (BOX_WIDTH + _ACROSS),
                y=(height - taken) // 2 + row * (BOX_HEIGHT + _DOWN),
                lines=wrapped(node.title),
            )
    centre = next(node.id for node in around.nodes if node.step == 0)
    return Drawing(
        width=len(steps) * (BOX_WIDTH + _ACROSS) - _ACROSS + 2 * _MARGIN,
        height=height,
        boxes=tuple(boxes.values()),
        curves=tuple(
            Curve(path=_curve(boxes[one], boxes[other]), direct=centre in (one, other)) for one, other in around.links
        ),
    )


def _ordered(around: Neighbourhood, steps: Sequence[int]) -> Mapping[int, list[Node]]:
    columns = {step: [node for node in around.nodes if node.step == step] for step in steps}
    beside: dict[str, list[str]] = {}
    for one, other in around.links:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    heights: dict[str, float] = {}
    for step in sorted(steps, key=abs):
        if step:
            columns[step].sort(key=lambda node: mean([heights.get(key, 0.0) for key in beside.get(node.id, ["-"])]))
        count = len(columns[step])
        heights |= {node.id: row - (count - 1) / 2 for row, node in enumerate(columns[step])}
    return columns


def _curve(one: Box, other: Box) -> str:
    """Return the path from a box to another: out on the side where that is, or around where they share a column."""
    y1, y2 = one.y + BOX_HEIGHT // 2, other.y + BOX_HEIGHT // 2
    if one.x == other.x:
        x, bend = one.x + BOX_WIDTH, _ACROSS // 2
        return f"M{x},{y1} C{x + bend},{y1} {x + bend},{y2} {x},{y2}"
    forward = other.x > one.x
    x1 = one.x + (BOX_WIDTH if forward else 0)
    x2 = other.x + (0 if forward else BOX_WIDTH)
    bend = (x2 - x1) // 2
    return f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"


def wrapped(title: str) -> tuple[str, ...]:
    """Return a title in at most two lines that fit a box, with an ellipsis where it is longer."""
    lines = [""]
    words = title.split() or ["–"]
    for word in words:
        joined = f"{lines[-1]} {word}".strip()
        if _wide(joined) <= _LINE_WIDTH:
            lines[-1] = joined
        elif lines[-1]:
            lines.append(word)
        else:
            lines[-1] = word
    lines = [part for line in lines for part in _broken(line)]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], _cut(f"{lines[_LINES - 1]} {lines[_LINES]}")]
    return tuple(lines)


def _broken(line: str) -> list[str]:
    """Return a word longer than a line, or a text in a script without blanks, in pieces."""
    pieces = [""]
    for letter in line:
        if _wide(pieces[-1] + letter) > _LINE_WIDTH:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _cut(line: str) -> str:
    while _wide(line) > _LINE_WIDTH - 1:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
