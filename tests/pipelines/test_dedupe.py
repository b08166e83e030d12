from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.made_news import paragraphs, retold
from crawler.article import Failure, FailureReason
from pipelines.dedupe import (
    NEAR,
    WINDOW,
    DedupePipeline,
    Member,
    holders,
    links,
    neighbours,
    original_of,
    seniority,
    similarity,
)
from pipelines.fingerprint import content_hash
from pipelines.minhash import bands, likeness, signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article

NOON = datetime(2022, 1, 7, 12, tzinfo=UTC)


def member(key: str, published: datetime | None = None, seen: datetime | None = NOON) -> Member:
    return Member(id=key, published_at=published, first_seen_at=seen)


def test_earliest_published_is_the_original() -> None:
    late, early = member("a", NOON), member("b", NOON - timedelta(minutes=1))
    assert original_of([late, early]) == early


def test_without_a_date_the_first_seen_counts() -> None:
    undated, dated = member("b", None, NOON - timedelta(hours=1)), member("a", NOON)
    assert original_of([dated, undated]) == undated


def test_at_the_same_instant_the_key_decides() -> None:
    assert original_of([member("b", NOON), member("a", NOON)]).id == "a"


def test_one_without_any_instant_is_never_before_one_with() -> None:
    assert original_of([member("a", None, None), member("b", NOON)]).id == "b"


INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1))


@given(
    st.lists(st.tuples(INSTANTS, INSTANTS), min_size=1, max_size=8).flatmap(
        lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows))))
    )
)
def test_order_makes_no_difference(case: tuple[list[tuple[datetime | None, datetime | None]], list[int]]) -> None:
    rows, order = case
    members = [member(f"{number:024x}", published, seen) for number, (published, seen) in enumerate(rows)]
    assert original_of(members) == original_of([members[number] for number in order])


def test_no_members_no_original() -> None:
    with pytest.raises(ValueError, match="empty"):
        original_of([])


def _told() -> list[tuple[str, str | None]]:
    """Return hash and signature of a text told on and on, until it is no more like the first, and of others."""
    draw = random.Random(3)
    story = [paragraphs(draw, words=120)]
    for _ in range(7):
        story.append(retold(draw, story[-1], change=0.12))
    texts = ["\n\n".join(told) for told in (*story, paragraphs(draw, words=200))] + ["Te kort.", "Ook te kort."]
    return [(content_hash(text), signature(text)) for text in texts]


TOLD = _told()
HOURS = st.none() | st.integers(0, 5).map(lambda hour: NOON + timedelta(hours=hour))


@st.composite
def crowd(draw: st.DrawFn) -> list[Member]:
    """Return articles on some of these texts, published at some of the same hours."""
    rows = draw(st.lists(st.tuples(st.integers(0, len(TOLD) - 1), HOURS, HOURS), min_size=1, max_size=14))
    return [
        Member(
            id=content_hash(str(number)),
            published_at=published,
            first_seen_at=seen,
            content_hash=TOLD[text][0],
            signature=TOLD[text][1],
        )
        for number, (text, published, seen) in enumerate(rows)
    ]


@given(crowd(), st.randoms(), st.sampled_from([1, 2, WINDOW]))
def test_links_are_the_same_in_any_order(members: list[Member], draw: random.Random, window: int) -> None:
    shuffled = draw.sample(members, k=len(members))
    assert links(shuffled, window=window) == links(members, window=window)


@given(crowd(), st.integers(0, 14))
def test_links_are_the_same_with_some_of_them_beside(members: list[Member], first: int) -> None:
    own, beside = members[:first], members[first:]
    whole = links(members)
    assert links(own, beside=beside) == {member.id: whole[member.id] for member in own}


@given(crowd())
def test_each_repeats_the_earliest_that_is_like_it_and_never_through_another(members: list[Member]) -> None:
    by_id = {member.id: member for member in members}
    for key, link in links(members).items():
        own = by_id[key]
        older = [other for other in members if seniority(other) < seniority(own)]
        # All of these texts that are alike have a key in common, which is not so by chance: see the next test.
        alike = [other for other in older if similarity(own, other) >= NEAR]
        if not alike:
            assert (link.duplicate_of, link.similarity) == (None, None)
            continue
        first = original_of(alike)
        assert (link.duplicate_of, link.similarity) == (first.id, similarity(own, first))


def test_of_these_texts_all_that_are_alike_have_a_key_in_common() -> None:
    signed = [sign for _, sign in TOLD if sign]
    pairs = [(set(bands(one)) & set(bands(two)), likeness(one, two)) for one in signed for two in signed]
    assert all(common for common, like in pairs if like >= NEAR)
    assert likeness(signed[0], signed[7]) < NEAR <= likeness(signed[0], signed[1])


def member_like(signed: str) -> Member:
    return Member(id="b", published_at=None, first_seen_at=None, content_hash="b", signature=signed)


@given(crowd())
def test_one_article_of_each_text_stands_for_it(members: list[Member]) -> None:
    found = links(members)
    for text in {member.content_hash for member in members}:
        standing = [member for member in members if member.content_hash == text and found[member.id].bands]
        assert standing == [original_of(member for member in members if member.content_hash == text)]
        assert found[standing[0].id].bands == standing[0].keys


def test_only_the_same_words_are_wholly_the_same() -> None:
    one = Member(id="a", published_at=None, first_seen_at=None, content_hash="a", signature=TOLD[0][1])
    assert similarity(one, member_like(TOLD[0][1] or "")) < 1.0


def test_who_is_looked_at_in_a_crowd_is_bounded() -> None:
    members = [
        Member(
            id=content_hash(str(n)), published_at=NOON, first_seen_at=NOON, content_hash=f"{n}", signature=TOLD[0][1]
        )
        for n in range(5 * WINDOW)
    ]
    found = holders(members)
    counts = {len(neighbours(member, found)) for member in members}
    assert max(counts) == 2 * WINDOW
    assert min(counts) == WINDOW
    # It is still one cluster: who repeats another is never the earliest, and all but few repeat one.
    assert sum(link.duplicate_of is None for link in links(members).values()) < 5


def test_pipeline_fingerprints_articles_and_lets_others_pass(article: Callable[..., Article]) -> None:
    made = article()
    told = DedupePipeline().process_item(made)
    assert getattr(told, "content_hash", None) == content_hash(made.text)
    assert getattr(told, "signature", "") == signature(made.text)
    assert DedupePipeline().process_item(told) is told
    long = article(text=" ".join(f"woord{number}" for number in range(60)))
    told = DedupePipeline().process_item(long)
    assert (getattr(told, "content_hash", ""), getattr(told, "signature", "")) == (
        content_hash(long.text),
        signature(long.text),
    )
    failure = Failure(requested_url="https://a.example/", reason=FailureReason.DNS)
    assert DedupePipeline().process_item(failure) is failure
