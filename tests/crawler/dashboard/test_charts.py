from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crawler.dashboard.charts import delay_chart, delay_labels, fill_chart, share_bar, ticks, volume_chart
from crawler.dashboard.queries.overview import Series, Volume
from crawler.dashboard.queries.site import DELAY_LIMITS, Fill, delays_of

DAYS = tuple(date(2026, 3, 1) + timedelta(days=at) for at in range(30))
SVG = "{http://www.w3.org/2000/svg}"


def volume(*counts: tuple[str | None, list[int]]) -> Volume:
    series = (Series(site=site, sites=1, counts=tuple(numbers)) for site, numbers in counts)
    return Volume(days=DAYS, series=tuple(series))


@given(st.floats(0, 1e9))
def test_ticks_are_few_and_reach_the_highest(highest: float) -> None:
    steps = ticks(highest)
    assert steps[0] == 0
    assert 2 <= len(steps) <= 6
    assert steps[-1] >= highest
    assert len({after - before for before, after in itertools.pairwise(steps)}) == 1


@pytest.mark.parametrize(
    ("highest", "steps"), [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (13, [0, 5, 10, 15]), (51, [0, 20, 40, 60])]
)
def test_ticks(highest: int, steps: list[int]) -> None:
    assert ticks(highest) == steps


def test_columns_stand_on_each_other() -> None:
    chart = etree.fromstring(volume_chart(volume(("a.nl", [0] * 29 + [3]), ("b.nl", [1] * 29 + [2]))))
    columns = [element for element in chart.iter(f"{SVG}rect") if element.get("x") == chart[-2].get("x")]
    (lower, upper) = [(float(c.get("y", "")), float(c.get("height", ""))) for c in columns]
    assert lower[0] == pytest.approx(sum(upper), abs=0.02)
    assert lower[1] / upper[1] == pytest.approx(1.5, abs=0.01)
    titles = [title.text for title in chart.iter(f"{SVG}title")]
    assert titles[-2:] == ["a.nl, 30 March: 3", "b.nl, 30 March: 2"]
    assert len(titles) == 31


def test_what_sites_are_called_stays_text() -> None:
    name = '"><script>alert(1)</script>\x00\x1b[31m\ud800'
    chart = volume_chart(volume((name, [1] * 30)))
    assert "<script" not in chart
    titles = {title.text for title in etree.fromstring(chart).iter(f"{SVG}title")}
    assert '"><script>alert(1)</script> [31m , 1 March: 1' in titles


@pytest.mark.parametrize(
    "chart",
    [
        volume_chart(volume(("a.nl", list(range(30))))),
        delay_chart(delays_of([1, 10_000, 1e9])),
        fill_chart(Fill(field="x", label="X", shares=(None, 0.5, 1, None, 0), latest=0, baseline=0.5, spread=0.1)),
        share_bar(0.3),
    ],
)
def test_a_strict_policy_lets_charts_pass(chart: str) -> None:
    root = etree.fromstring(chart)
    for element in root.iter():
        assert etree.QName(element).localname in {"svg", "line", "rect", "text", "title", "polyline"}
        assert not {"style", "href", "onclick", "id"} & set(element.keys())


def test_one_day_alone_is_a_dot() -> None:
    chart = fill_chart(Fill(field="x", label="X", shares=(None, 0.25), latest=0.25, baseline=None, spread=None))
    (line,) = etree.fromstring(chart).iter(f"{SVG}polyline")
    assert line.get("points") == "100,75 100,75"


def test_classes_of_delays() -> None:
    delays = delays_of([-30.0, 0.0, 300.0, 301.0, 90_000.0])
    assert delays.counts == (3, 1, 0, 0, 0, 0, 0, 1)
    assert (delays.median, delays.slowest_tenth, delays.articles) == (300.0, 90_000.0, 5)
    assert len(delay_labels()) == len(DELAY_LIMITS) == len(set(delay_labels()))
    assert delays_of([]).median is None
