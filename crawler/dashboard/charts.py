"""Charts as SVG, made of lxml's elements, without styles of their own: the page's style sheet colours them. Pure.

What lies across is in per cent and what lies upright in pixels, so that a chart is as wide as its place and its letters
stay as large as the page's. Text is escaped by lxml. What a chart says, a table beside it says too.

Drawn here because a strict content policy rules out the styles and scripts that chart libraries put in, and because the
front page's columns took pygal 160 ms and 190 kB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree
from markupsafe import Markup

from crawler.console import printable
from crawler.dashboard.queries.site import DELAY_LIMITS, Delays, Fill
from crawler.dashboard.words import counted, duration

if TYPE_CHECKING:
    from lxml.etree import _Element

    from crawler.dashboard.queries.overview import Volume

_SVG = "http://www.w3.org/2000/svg"
_HEIGHT, _TOP, _BOTTOM = 240, 8, 26  # pixels: the whole, and what is left free for the highest number and the days
_GAP = 0.18  # of a column's place


def volume_chart(volume: Volume) -> Markup:
    """Return the articles of each day as columns, the sites stacked upon each other."""
    steps = ticks(max(map(sum, zip(*(series.counts for series in volume.series), strict=True)), default=0))
    columns = [
        [
            (f"c{at}", series.counts[place], f"{name_of_series(series)}, {day.day} {day:%B}: {series.counts[place]:,}")
            for at, series in enumerate(volume.series)
        ]
        for place, day in enumerate(volume.days)
    ]
    labels = [f"{day.day} {day:%b}" for day in volume.days]
    label = f"{counted(volume.total, 'article')} in {len(volume.days)} days, a column for each day"
    return _columns(columns, steps, list(_some(labels, 7)), label=label)


def delay_chart(delays: Delays) -> Markup:
    """Return how many articles were stored how long after publication, as columns."""
    columns = [
        [("c0", count, f"{label}: {counted(count, 'article')}")]
        for label, count in zip(delay_labels(), delays.counts, strict=True)
    ]
    labels = [label.replace("up to ", "≤ ").replace("over ", "> ") for label in delay_labels()]
    label = f"Delay from publication to storage of {counted(delays.articles, 'article')}"
    return _columns(columns, ticks(max(delays.counts)), list(_some(labels, 2)), label=label)


def fill_chart(fill: Fill) -> Markup:
    """Return the fill rate of a field over the days as a line from none to all, over the band that is usual for it.

    For the eye alone: what it says stands beside it.
    """
    # A margin above and below, so that a line along the edge is seen whole.
    root = _root({"class": "spark", "viewBox": "0 -4 100 108", "preserveAspectRatio": "none", "aria-hidden": "true"})
    for y in ("0", "50", "100"):
        _add(root, "line", {"class": "guide", "x1": "0", "x2": "100", "y1": y, "y2": y})
    if fill.baseline is not None:
        low, high = (_clipped(fill.baseline + way * max(fill.spread or 0.0, 0.01)) for way in (-1, 1))
        band = {"x": "0", "width": "100", "y": _n(100 - 100 * high), "height": _n(100 * (high - low))}
        _add(root, "rect", {"class": "usual", **band})
    width = max(len(fill.shares) - 1, 1)
    # Straight over days without articles: a weekly paper has more of those than others.
    known = [(100 * at / width, 100 - 100 * share) for at, share in enumerate(fill.shares) if share is not None]
    # The first point twice: one day alone is a dot.
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in [*known[:1], *known])
    _add(root, "polyline", {"class": "share", "points": points})
    return _markup(root)


def share_bar(share: float) -> Markup:
    """Return a share of 1 as a bar across its place. For the eye alone."""
    root = _root({"class": "bar", "aria-hidden": "true"})
    _add(root, "rect", {"class": "whole", "width": "100%", "height": "100%"})
    _add(root, "rect", {"width": f"{_n(100 * _clipped(share))}%", "height": "100%"})
    return _markup(root)


def name_of_series(series: Any) -> str:
    """Return what a series of the volume is called."""
    return series.site or counted(series.sites, "other site")


def delay_labels() -> list[str]:
    """Return the names of the classes of delays."""
    return [f"up to {duration(limit)}" if limit else f"over {duration(DELAY_LIMITS[-2])}" for limit in DELAY_LIMITS]


def ticks(highest: float) -> list[int]:
    """Return round numbers from 0 to the first that is not below the highest: two to six of them."""
    step = 1
    while highest / step > 5:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return list(range(0, max(int(-(-highest // step)), 1) * step + 1, step))


def _some(labels: Sequence[str], every: int) -> Iterator[tuple[str, str]]:
    """Yield each label with its class: those that narrow screens have no room for are minor, or not shown at all.

    Counted from the end: the last one is today.
    """
    for at, label in enumerate(labels):
        back = len(labels) - 1 - at
        if len(labels) <= 12:
            yield label, "minor" if back % every else ""
        elif back % every == 0:
            yield label, "minor" if back % (2 * every) else ""
        else:
            yield "", ""


def _columns(
    columns: Sequence[Sequence[tuple[str, int, str]]],
    steps: Sequence[int],
    labels: Sequence[tuple[str, str]],
    *,
    label: str,
) -> Markup:
    """Return columns of stacked parts, each with its class, its value and its title."""
    root = _root({"class": "chart", "role": "img", "aria-label": printable(label), "height": str(_HEIGHT)})
    base, scale = _HEIGHT - _BOTTOM, (_HEIGHT - _BOTTOM - _TOP) / steps[-1]
    place = 100 / len(columns)
    for value in steps:
        height = _n(base - value * scale)
        line = {"x1": "0", "x2": "100%", "y1": height, "y2": height}
        _add(root, "line", {"class": "guide" if value else "axis", **line})
        # In the padding that the style sheet leaves on that side.
        _add(root, "text", {"class": "value", "x": "-8", "y": height, "dy": "4", "text-anchor": "end"}, f"{value:,}")
    for at, parts in enumerate(columns):
        across = {"x": f"{_n(at * place + place * _GAP / 2)}%", "width": f"{_n(place * (1 - _GAP))}%"}
        top = float(base)
        for name, value, title in parts:
            if value:
                top -= value * scale
                part = _add(root, "rect", {"class": name, **across, "y": _n(top), "height": _n(value * scale)})
                _add(part, "title", {}, printable(title))
        _label(root, labels[at], at, len(columns))
    return _markup(root)


def _label(root: _Element, label: tuple[str, str], at: int, columns: int) -> None:
    """Put what a column is called under it; at the edges flush with them, where a centred label would be cut off."""
    text, kind = label
    if text:
        anchor = "start" if at == 0 else "end" if at == columns - 1 else "middle"
        x = {"start": 0.0, "middle": (at + 0.5) * 100 / columns, "end": 100.0}[anchor]
        where = {"x": f"{_n(x)}%", "y": str(_HEIGHT - 7), "text-anchor": anchor}
        _add(root, "text", {"class": f"day {kind}".strip(), **where}, printable(text))


def _clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _root(attributes: dict[str, str]) -> _Element:
    root = etree.fromstring(f'<svg xmlns="{_SVG}"/>')
    for name, value in attributes.items():
        root.set(name, value)
    return root


def _add(parent: _Element, name: str, attributes: dict[str, str], text: str | None = None) -> _Element:
    element = etree.SubElement(parent, f"{{{_SVG}}}{name}", attributes)
    element.text = text
    return element


def _markup(root: _Element) -> Markup:
    return Markup(etree.tostring(root, encoding="unicode"))
