"""Metrics in the text format of Prometheus: for node_exporter's textfile collector, and for `/metrics`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from crawler.health.judgement import Outlet, State
from crawler.health.readings import Measure

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of an HTTP answer with `text_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The last finished run of a spider."""

    spider: str
    """Its name."""
    ended_at: datetime
    """UTC."""
    seconds: float
    """How long it took."""
    exit_code: int | None
    """Exit status of its process; null where it could not say so."""
    states: Mapping[str, int] = field(default_factory=dict)
    """Its pages by state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All that the metrics tell."""

    articles: int
    """Documents in `articles`."""
    pages: int
    """Rows of the ledger."""
    runs: Sequence[LastRun]
    """The last run of each spider."""
    outlets: Sequence[Outlet]
    """How each outlet stands."""


def text_of(numbers: Numbers) -> bytes:
    """Return the metrics as text, of CONTENT_TYPE."""
    text: bytes = generate_latest(_registry(numbers))
    return text


def write_file(path: str, numbers: Numbers) -> None:
    """Write the metrics into a file that is there whole or as it was before. Raises OSError.

    node_exporter reads it if its name ends with .prom.
    """
    write_to_textfile(path, _registry(numbers))


def _registry(numbers: Numbers) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Collected(numbers))
    return registry


class _Collected(Collector):
    """The numbers as prometheus_client wants to be given them."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield each metric with all its samples."""
        yield _gauge("leesook_articles", "Articles in the database.", (), [((), self._numbers.articles)])
        yield _gauge("leesook_pages", "URLs in the ledger.", (), [((), self._numbers.pages)])
        yield from _run_gauges(self._numbers.runs)
        yield from _outlet_gauges(self._numbers.outlets)


def _run_gauges(runs: Sequence[LastRun]) -> Iterator[GaugeMetricFamily]:
    ended = [((run.spider,), run.ended_at.timestamp()) for run in runs]
    yield _gauge("leesook_run_end_timestamp_seconds", "When the last run of a spider ended.", ("spider",), ended)
    took = [((run.spider,), run.seconds) for run in runs]
    yield _gauge("leesook_run_duration_seconds", "How long the last run of a spider took.", ("spider",), took)
    status = [((run.spider,), run.exit_code) for run in runs if run.exit_code is not None]
    yield _gauge("leesook_run_exit_code", "Exit status of the last run of a spider.", ("spider",), status)
    states = [((run.spider, state), pages) for run in runs for state, pages in run.states.items()]
    yield _gauge("leesook_run_pages", "Pages of the last run of a spider, by state.", ("spider", "state"), states)


def _outlet_gauges(outlets: Sequence[Outlet]) -> Iterator[GaugeMetricFamily]:
    found = [(outlet.site, finding) for outlet in outlets for finding in outlet.findings.values()]
    shares = [(site, finding) for site, finding in found if finding.of]
    numbers = [(site, finding) for site, finding in found if finding.measure is Measure.NUMBER and finding.window]
    labels = ("site", "measure")
    yield _gauge(
        "leesook_outlet_ratio",
        "Share of an outlet's last pages or articles that had what is measured.",
        labels,
        [((site, str(f.measure)), f.hits / (f.of or 1)) for site, f in shares],
    )
    yield _gauge(
        "leesook_outlet_usual_ratio",
        "Median of that share over the outlet's last 28 days.",
        labels,
        [((site, str(f.measure)), f.usual) for site, f in shares if f.usual is not None],
    )
    yield _gauge(
        "leesook_outlet_new_articles_per_day",
        "New articles a day, over the last one to four days.",
        ("site",),
        [((site,), f.hits * 86_400 / (f.window or 1)) for site, f in numbers],
    )
    yield _gauge(
        "leesook_outlet_broken",
        "1 if what is measured is broken at the outlet, 0 if it is not, or not known yet.",
        labels,
        [((site, str(f.measure)), f.state is State.BROKEN) for site, f in found],
    )


def _gauge(
    name: str, text: str, labels: Sequence[str], samples: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        gauge.add_metric(list(values), float(value))
    return gauge
