from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crawler.health.judgement import Finding, Outlet, State
from crawler.health.metrics import LastRun, Numbers, text_of, write_file
from crawler.health.readings import Measure

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
NUMBERS = Numbers(
    articles=12,
    pages=34,
    runs=[LastRun(spider="news", ended_at=AT, seconds=61.5, exit_code=0, states={"stored": 3, "failed": 1})],
    outlets=[
        Outlet(
            site='odd"\n\\.example',
            findings={
                Measure.TIME: Finding(measure=Measure.TIME, state=State.BROKEN, hits=1, of=4, usual=0.9, low=0.8),
                Measure.NUMBER: Finding(measure=Measure.NUMBER, state=State.HEALTHY, hits=30, window=172_800.0),
            },
        )
    ],
)


def test_the_text_reads_back_as_the_numbers() -> None:
    families = text_string_to_metric_families(text_of(NUMBERS).decode())
    found = {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}
    site = 'odd"\n\\.example'
    assert found[("leesook_articles", ())] == 12
    assert found[("leesook_run_end_timestamp_seconds", ("news",))] == AT.timestamp()
    assert found[("leesook_run_pages", ("news", "stored"))] == 3
    assert found[("leesook_outlet_ratio", ("time", site))] == 0.25
    assert found[("leesook_outlet_usual_ratio", ("time", site))] == 0.9
    assert found[("leesook_outlet_new_articles_per_day", (site,))] == 15
    assert found[("leesook_outlet_broken", ("time", site))] == 1
    assert found[("leesook_outlet_broken", ("number", site))] == 0


def test_the_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "leesook.prom"
    target.write_text("old")
    write_file(str(target), NUMBERS)
    assert target.read_bytes() == text_of(NUMBERS)
    assert os.listdir(tmp_path) == ["leesook.prom"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_file(str(tmp_path / "no" / "leesook.prom"), NUMBERS)
