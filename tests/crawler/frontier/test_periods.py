from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.periods import Bounds, after_failure, first_period, next_period

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BOUNDS = Bounds(shortest=5 * MINUTE, longest=DAY)
periods = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=4))
times = st.timedeltas(min_value=-timedelta(days=4000), max_value=timedelta(days=4000))
news = st.integers(0, 50_000)


@given(periods, news, times)
def test_a_period_stays_within_its_bounds(period: timedelta, new: int, elapsed: timedelta) -> None:
    assert BOUNDS.shortest <= next_period(period, new=new, elapsed=elapsed, bounds=BOUNDS) <= BOUNDS.longest


@given(periods, news, news, times)
def test_more_news_never_makes_it_longer(period: timedelta, one: int, other: int, elapsed: timedelta) -> None:
    few, many = sorted((one, other))
    after_few = next_period(period, new=few, elapsed=elapsed, bounds=BOUNDS)
    assert next_period(period, new=many, elapsed=elapsed, bounds=BOUNDS) <= after_few


@given(periods, news, times, times)
def test_more_time_for_the_same_news_never_makes_it_shorter(
    period: timedelta, new: int, one: timedelta, other: timedelta
) -> None:
    short, long = sorted(abs(time) for time in (one, other))
    after_short = next_period(period, new=new, elapsed=short, bounds=BOUNDS)
    assert next_period(period, new=new, elapsed=long, bounds=BOUNDS) >= after_short


@given(periods, news)
def test_a_clock_set_back_teaches_nothing(period: timedelta, new: int) -> None:
    assert next_period(period, new=new, elapsed=-MINUTE, bounds=BOUNDS) == BOUNDS.hold(period)


@given(periods, news, times)
def test_one_look_moves_it_by_half_at_most(period: timedelta, new: int, elapsed: timedelta) -> None:
    old = BOUNDS.hold(period)
    after = next_period(period, new=new, elapsed=elapsed, bounds=BOUNDS)
    assert old * 0.5 - MINUTE / 60 <= after <= old * 1.5 + MINUTE / 60


@pytest.mark.parametrize("every", [7 * MINUTE, 40 * MINUTE, 180 * MINUTE], ids=str)
def test_it_finds_the_pace_of_a_paper_that_keeps_one(every: timedelta) -> None:
    period, clock, printed = first_period(BOUNDS), timedelta(), 0
    looked: list[timedelta] = []
    for _ in range(40):
        clock += period
        new = clock // every - printed
        printed += new
        looked.append(period)
        period = next_period(period, new=new, elapsed=period, bounds=BOUNDS)
    average = sum(looked[20:], timedelta()) / 20
    assert 0.5 * every <= average <= 1.5 * every


def test_a_silent_listing_ends_at_a_day_and_a_lively_one_at_five_minutes() -> None:
    silent = lively = first_period(BOUNDS)
    for _ in range(12):
        silent = next_period(silent, new=0, elapsed=silent, bounds=BOUNDS)
        lively = next_period(lively, new=30, elapsed=lively, bounds=BOUNDS)
    assert (silent, lively) == (DAY, 5 * MINUTE)


def test_a_longest_period_of_zero_means_every_run() -> None:
    always = Bounds(shortest=5 * MINUTE, longest=timedelta())
    assert first_period(always) == timedelta()
    assert next_period(timedelta(), new=0, elapsed=MINUTE, bounds=always) == timedelta()
    assert after_failure(timedelta(), 3, always) == timedelta()


@given(periods, st.integers(0, 10_000))
def test_failures_double_the_pause_up_to_the_longest(period: timedelta, failures: int) -> None:
    pause = after_failure(period, failures, BOUNDS)
    assert after_failure(period, 0, BOUNDS) <= pause <= after_failure(period, failures + 1, BOUNDS) <= DAY
