"""The quality gate: what extraction has reached on the fixtures and on real pages, it reaches again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks.quality import AT_LEAST_AND_AIM
from tests.quality.measuring import REAL_PAGES, floors, is_worse, on_fixtures, on_real_pages


def fallen(found: Mapping[str, float], known: Mapping[str, float]) -> list[str]:
    """Return a line for each figure that is worse than it was."""
    return [
        f"{measure}: {found[measure]:.4f}, it was {floor:.4f}"
        for measure, floor in known.items()
        if is_worse(measure, found[measure], floor)
    ]


def test_a_fall_is_seen_whichever_way_a_measure_goes() -> None:
    known = {"title exact": 0.9, "unwanted snippets leaked into bodies": 0.01}
    assert fallen(known, known) == []
    assert fallen({"title exact": 0.91, "unwanted snippets leaked into bodies": 0.009}, known) == []
    assert len(fallen({"title exact": 0.899, "unwanted snippets leaked into bodies": 0.011}, known)) == 2


def test_every_measure_has_a_floor() -> None:
    assert floors()["real"].keys() == AT_LEAST_AND_AIM.keys()


def test_the_fixtures_are_read_as_well_as_before() -> None:
    assert fallen(on_fixtures(), floors()["fixtures"]) == []


@pytest.mark.skipif(not (REAL_PAGES / "score.py").is_file(), reason="no real pages beside the project (BENCHMARKS)")
def test_real_pages_are_read_as_well_as_before() -> None:
    assert fallen(on_real_pages(REAL_PAGES), floors()["real"]) == []
