from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dashboard.layout import BOX_HEIGHT, BOX_WIDTH, drawn, wrapped
from crawler.dashboard.queries.neighbourhood import Neighbourhood, Node


def around(steps: list[int], links: list[tuple[int, int]]) -> Neighbourhood:
    nodes = [
        Node(id=str(at), title=f"Bericht {at}", site="a.nl", language="nl", url=None, step=step)
        for at, step in enumerate([0, *steps])
    ]
    pairs = {(str(a % len(nodes)), str(b % len(nodes))) for a, b in links if a % len(nodes) != b % len(nodes)}
    return Neighbourhood(
        nodes=tuple(sorted(nodes, key=lambda node: node.step)), links=tuple(sorted(pairs)), left_out={}
    )


@given(
    st.lists(st.sampled_from([-2, -1, 1, 2]), max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40),
)
def test_boxes_lie_apart_and_inside_and_always_in_the_same_place(
    steps: list[int], links: list[tuple[int, int]]
) -> None:
    drawing = drawn(around(steps, links))
    assert drawing == drawn(around(steps, links))
    assert len(drawing.boxes) == len(steps) + 1
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - BOX_WIDTH
        assert 0 <= box.y <= drawing.height - BOX_HEIGHT
    for one, other in itertools.combinations(drawing.boxes, 2):
        assert abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
        if one.node.step < other.node.step:
            assert one.x < other.x


def test_links_do_not_cross_where_they_need_not() -> None:
    # Two targets, and each has its own, found in the other order.
    drawing = drawn(around([1, 1, 2, 2], [(0, 1), (0, 2), (1, 4), (2, 3)]))
    heights = {box.node.id: box.y for box in drawing.boxes}
    assert (heights["1"] < heights["2"]) == (heights["4"] < heights["3"])
    assert sum(curve.direct for curve in drawing.curves) == 2


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Kort", ("Kort",)),
        ("", ("–",)),
        ("Waterschap verlegt zeedijk tweehonderd meter", ("Waterschap verlegt zeedijk", "tweehonderd meter")),
        ("一" * 13 + "二" * 13, ("一" * 13, "二" * 13)),
    ],
)
def test_a_title_is_broken_between_words(title: str, lines: tuple[str, ...]) -> None:
    assert wrapped(title) == lines


@given(st.text(max_size=200))
def test_a_title_fits(title: str) -> None:
    lines = wrapped(title)
    assert 1 <= len(lines) <= 2
    assert all(len(line) <= 27 for line in lines)
