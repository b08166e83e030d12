from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.health.evidence import MOST, as_few, as_few_as, as_many
from crawler.health.usual import BLOCK, CERTAIN, LEARNING, blocks, usual_number, usual_share

shares = st.integers(0, 40).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(st.lists(shares))
def test_blocks_lose_nothing_and_are_large_enough(runs: list[tuple[int, int]]) -> None:
    pooled = blocks(runs)
    assert all(of >= BLOCK for _, of in pooled)
    if pooled:
        assert sum(of for _, of in pooled) == sum(of for _, of in runs)
        assert sum(hits for hits, _ in pooled) == sum(hits for hits, _ in runs)


@given(st.lists(shares))
def test_the_least_that_is_usual_is_no_more_than_what_is(runs: list[tuple[int, int]]) -> None:
    usual = usual_share(runs)
    if usual is not None:
        assert 0 <= usual.low <= min(usual.median, CERTAIN)
        assert usual.mad >= 0


def test_median_and_mad_of_runs() -> None:
    # 20, 40, 60, 80 and three times 100 of a hundred: median 80, deviations 60 40 20 0 20 20 20.
    usual = usual_share([(n, 100) for n in (20, 40, 60, 80, 100, 100, 100)])
    assert usual is not None
    assert usual.median == 0.8
    assert round(usual.mad / 1.4826, 6) == 0.2
    assert usual.low < 0.25


def test_what_was_always_there_is_certain_but_for_chance() -> None:
    usual = usual_share([(12, 12)] * LEARNING)
    assert usual is not None
    assert usual.median == 1
    assert 0.9 < usual.low <= CERTAIN


def test_an_outlier_moves_neither_median_nor_mad() -> None:
    calm, with_one = usual_number([30] * 20), usual_number([30] * 20 + [900])
    assert calm is not None
    assert with_one is not None
    assert (calm.median, calm.mad) == (with_one.median, with_one.mad)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_tails_of_the_binomial_distribution(hits: int, more: int, share: float) -> None:
    of = hits + more
    assert 0 <= as_few(hits, of, share) <= 1
    assert as_few(of, of, share) > 0.999999
    if hits > 0 and of <= MOST:
        assert abs(as_few(hits - 1, of, share) + as_many(hits, of, share) - 1) < 1e-9


def test_tails_by_hand() -> None:
    assert round(as_few(0, 3, 0.5), 9) == 0.125
    assert round(as_many(2, 2, 0.3), 9) == 0.09
    assert round(as_few_as(0, 2.0), 6) == 0.135335


def test_many_are_no_more_evidence_than_a_hundred() -> None:
    assert as_few(5_000, 10_000, 0.6) == as_few(50, 100, 0.6)
