from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness.backoff import LONGEST_LEAVE, pause_after, retry_after_seconds

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 03 Mar 2026 12:00:30 GMT", 30.0),
        ("Tue, 03 Mar 2026 11:00:00 GMT", 0.0),
        ("Tuesday, 03-Mar-26 12:01:00 GMT", 60.0),
        ("straks", None),
        ("-5", None),
        ("9" * 400, 1e9),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=NOW) == seconds


@given(st.integers(1, 10_000), st.booleans(), st.integers(0, 20))
def test_each_failure_more_is_waited_out_longer_up_to_a_day(failures: int, refused: bool, limit: int) -> None:
    pause = pause_after(failures, refused=refused, limit=limit)
    assert 0 <= pause <= pause_after(failures + 1, refused=refused, limit=limit) <= LONGEST_LEAVE


def test_up_to_the_limit_a_failure_costs_seconds_then_the_host_is_left() -> None:
    pauses = [pause_after(failures, refused=False, limit=5) for failures in range(1, 8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 600.0, 1200.0, 2400.0]


def test_without_a_limit_failures_cost_nothing_but_refusals_do() -> None:
    assert pause_after(9, refused=False, limit=0) == 0
    assert [pause_after(failures, refused=True, limit=0) for failures in (1, 2, 3)] == [5.0, 10.0, 20.0]
