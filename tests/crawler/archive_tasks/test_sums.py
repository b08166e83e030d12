"""What parts report, as text, as JSON and in all."""

from __future__ import annotations

import json

from crawler.archive_tasks.run import sum_of
from crawler.archive_tasks.task import Job
from crawler.extensions.report import Report
from crawler.extensions.verdict import Evidence, verdict
from crawler.frontier.balance import balance_of

ONE = balance_of(5, {("stored", None): 3, ("rejected", "empty"): 2})
OTHER = balance_of(4, {("stored", None): 1, ("rejected", "empty"): 1, ("rejected", "paywall"): 1, ("pending", None): 1})
EVIDENCE = Evidence(
    reason="finished", signal=None, spider_errors=0, item_errors=0, refused=0, pending=0, balances=True, asked=1, got=1
)


def test_sum_of_balances() -> None:
    total = sum_of([ONE, OTHER])
    assert total.discovered == 9
    assert total.balances
    assert (total.states["stored"], total.states["rejected"], total.states["pending"]) == (4, 4, 1)
    assert total.reasons == {"rejected": {"empty": 3, "paywall": 1}}


def test_sum_of_nothing_is_nothing() -> None:
    assert sum_of([]).discovered == 0
    assert sum_of([]).balances


def test_a_report_survives_its_way() -> None:
    report = Report(spider="backfill", balance=OTHER, evidence=EVIDENCE, asides={"records/damaged": 2})
    again = Report.from_json(json.loads(json.dumps(report.to_json())))
    end = verdict(again.evidence)
    assert again.text(end) == report.text(end)
    assert "2 damaged records skipped" in again.text(end)


def test_a_job_shows_no_settings() -> None:
    job = Job(run="1", path="a.warc", settings={"MONGODB_URI": "mongodb://iemand:geheim@db/"})
    assert "geheim" not in repr(job)
    assert "a.warc" in repr(job)
