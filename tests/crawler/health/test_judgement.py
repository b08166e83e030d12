from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.health.judgement import Outlet, State, judge
from crawler.health.readings import FIELDS, SHARES, Measure, Reading
from crawler.health.usual import LEARNING
from tests.crawler.health.noise import SITE, Noise

NOW = datetime(2026, 3, 30, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("step", "pages", "seeds"),
    [
        (timedelta(days=1), 30.0, 5),
        (timedelta(hours=6), 8.0, 3),
        (timedelta(hours=1), 5.0, 1),
        (timedelta(minutes=10), 1.0, 1),
    ],
    ids=["daily", "six-hourly", "hourly", "every-ten-minutes"],
)
def test_200_runs_of_healthy_noise_raise_no_alarm(step: timedelta, pages: float, seeds: int) -> None:
    for seed in range(seeds):
        noise = Noise(seed, step=step, pages=pages)
        alarms = [alarm.message for _ in range(200) for alarm in noise.run()]
        assert alarms == []
        assert all(noise.state(measure) is not State.BROKEN for measure in Measure)


@pytest.mark.parametrize(
    ("replaced", "measure"),
    [
        ({"time": 0.0}, Measure.TIME),
        ({"authors": 0.0}, Measure.AUTHORS),
        ({"related": 0.0}, Measure.RELATED),
        ({"articles": 0.0}, Measure.ARTICLES),
        ({"articles": 0.45}, Measure.ARTICLES),
        ({"length": 0.2}, Measure.BODY),
    ],
    ids=["no-time", "no-authors", "no-links", "no-articles", "half-empty", "cut-short"],
)
def test_a_break_after_noise_is_told_once_and_so_is_its_end(replaced: dict[str, float], measure: Measure) -> None:
    noise = Noise(7, step=timedelta(days=1), pages=40.0)
    for _ in range(40):
        assert noise.run() == []
    broke = [alarm for _ in range(4) for alarm in noise.run(**replaced)]
    assert [(alarm.measure, alarm.healed) for alarm in broke if alarm.measure is measure] == [(measure, False)]
    healed = [alarm for _ in range(4) for alarm in noise.run()]
    assert [(alarm.measure, alarm.healed) for alarm in healed if alarm.measure is measure] == [(measure, True)]


def test_runs_with_hardly_an_article_are_judged_together() -> None:
    noise = Noise(3, step=timedelta(minutes=10), pages=1.0)
    for _ in range(300):
        assert noise.run() == []
    runs = 0
    while not any(alarm.measure is Measure.TIME for alarm in noise.run(time=0.0)):
        runs += 1
    assert 1 < runs < 20


def test_an_outlet_that_falls_silent_is_noticed_within_a_day_and_quiet_sundays_are_not() -> None:
    noise = Noise(11, step=timedelta(hours=6), pages=30.0)
    for _ in range(4 * 32):
        assert noise.run() == []
    told = [alarm for _ in range(5) for alarm in noise.run(articles=0.0)]
    assert Measure.NUMBER in {alarm.measure for alarm in told}


def row(day: int, *, pages: int = 12, articles: int = 12, filled: int = 12) -> Reading:
    return Reading(
        site=SITE,
        at=NOW - timedelta(days=day),
        pages=pages,
        articles=articles,
        new=articles,
        filled=dict.fromkeys(FIELDS, filled),
        words=(300,) * articles,
    )


def states(history: list[Reading], newest: Reading) -> dict[Measure, State]:
    return {m: finding.state for m, finding in judge(Outlet(site=SITE), history, newest, now=NOW).items()}


def test_nothing_is_said_before_seven_runs() -> None:
    few = [row(day) for day in range(LEARNING - 1, 0, -1)]
    nothing = row(0, articles=0, filled=0)
    assert set(states(few, nothing).values()) == {State.LEARNING}
    assert states([row(LEARNING), *few], nothing)[Measure.ARTICLES] is State.BROKEN


def test_what_was_never_there_is_not_missed() -> None:
    history = [row(day, filled=0) for day in range(10, 0, -1)]
    assert {states(history, row(0, filled=0))[measure] for measure in FIELDS} == {State.RARE}


def test_rows_older_than_28_days_do_not_count() -> None:
    history = [row(day) for day in range(40, 28, -1)]
    assert states(history, row(0, filled=0))[Measure.TITLE] is State.LEARNING


counts = st.integers(0, 30).flatmap(lambda pages: st.tuples(st.just(pages), st.integers(0, pages)))


@given(st.lists(counts, max_size=12), counts)
def test_any_counts_are_judged_and_a_run_as_good_as_can_be_breaks_nothing(
    past: list[tuple[int, int]], newest: tuple[int, int]
) -> None:
    history = [row(len(past) - n, pages=p, articles=a, filled=a) for n, (p, a) in enumerate(past)]
    found = judge(Outlet(site=SITE), history, row(0, pages=newest[0], articles=newest[1], filled=newest[1]), now=NOW)
    for finding in found.values():
        assert finding.hits >= 0
        assert finding.of is None or finding.hits <= finding.of
        assert finding.low is None or 0 <= finding.low <= (finding.usual or 0) + 0.5
    perfect = judge(Outlet(site=SITE), history, row(0, pages=30, articles=30, filled=30), now=NOW)
    assert all(perfect[measure].state is not State.BROKEN for measure in SHARES if measure is not Measure.BODY)


@given(st.integers(1, 30), st.integers(0, 30))
def test_fewer_are_never_healthier(pages: int, articles: int) -> None:
    history = [row(day) for day in range(10, 0, -1)]
    verdicts = [
        states(history, row(0, pages=pages, articles=some, filled=some))[Measure.ARTICLES] is State.BROKEN
        for some in range(min(articles, pages) + 1)
    ]
    assert verdicts == sorted(verdicts, reverse=True)
