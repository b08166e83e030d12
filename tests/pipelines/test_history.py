"""Captures of one article become its revisions in the order of capture, in whatever order they are read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import Article, Via
from pipelines.history import says_the_same, versions_of, with_capture
from pipelines.store_plan import revision_of

if TYPE_CHECKING:
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

DAY = timedelta(days=1)
START = datetime(2021, 3, 1, 6, 0, tzinfo=UTC)


def capture(title: str) -> dict[str, Any]:
    return {"_id": "a", "title": title, "lead": None, "text": "Er staat wat er staat."}


def read(captures: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return the versions after captures, each of a day, have been read in this order."""
    (day, title), *rest = captures
    at = START + day * DAY
    versions: list[Any] = [{**capture(title), "changed_at": at, "last_seen_at": at, "revision": 1}]
    for day, title in rest:
        versions = with_capture(versions, capture(title), START + day * DAY)
    return versions


def told(versions: Sequence[Any]) -> list[tuple[str, int, int]]:
    """Return what each version said, from what day on, and its number."""
    return [(v["title"], (v["changed_at"] - START).days, v["revision"]) for v in versions]


class TestVersions:
    def test_in_the_order_of_capture(self) -> None:
        assert told(read([(0, "A"), (1, "A"), (2, "B"), (3, "A"), (4, "C")])) == [
            ("A", 0, 1),
            ("B", 2, 2),
            ("A", 3, 3),
            ("C", 4, 4),
        ]

    @given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=7).map(sorted).map(enumerate).map(list), st.randoms())
    def test_read_in_any_order_are_the_same(self, captures: list[tuple[int, str]], random: Any) -> None:
        shuffled = list(captures)
        random.shuffle(shuffled)
        versions = read(shuffled)
        assert told(versions) == told(read(captures))
        assert [v["last_seen_at"] for v in versions] == [v["last_seen_at"] for v in read(captures)]

    @given(st.permutations([(0, "A"), (1, "A"), (2, "B"), (3, "A"), (4, "A")]))
    def test_one_that_comes_back_is_two(self, captures: list[tuple[int, str]]) -> None:
        versions = read(captures)
        assert [v["title"] for v in versions] == ["A", "B", "A"]
        assert [v["revision"] for v in versions] == [1, 2, 3]
        assert all(v["changed_at"] <= v["last_seen_at"] for v in versions)

    @given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ABC")), min_size=1, unique_by=lambda c: c[0]))
    def test_neighbours_differ_and_numbers_rise(self, captures: list[tuple[int, str]]) -> None:
        versions = read(captures)
        assert not any(says_the_same(one, other) for one, other in itertools.pairwise(versions))
        assert [version["revision"] for version in versions] == list(range(1, len(versions) + 1))
        assert all(one["last_seen_at"] < other["changed_at"] for one, other in itertools.pairwise(versions))

    @given(st.permutations([(0, "A"), (1, "B"), (2, "C"), (3, "A"), (4, "B")]), st.integers(0, 4), st.data())
    def test_killed_while_they_move_up_lose_none(
        self, captures: list[tuple[int, str]], last: int, data: st.DataObject
    ) -> None:
        """Revisions are written from the highest number down, then the article: stop anywhere, and read it again."""
        captures = [*(c for n, c in enumerate(captures) if n != last), captures[last]]
        before, after = read(captures[:-1]), read(captures)
        stored = {v["_id"]: v for v in (revision_of(o, n, START) for o, n in itertools.pairwise(before))}
        wanted = [revision_of(old, new, START) for old, new in itertools.pairwise(after)][::-1]
        for revision in wanted[: data.draw(st.integers(0, len(wanted)))]:
            stored[revision["_id"]] = revision
        found = versions_of(before[-1], list(stored.values()))
        day, title = captures[-1]
        assert [t[:2] for t in told(with_capture(found, capture(title), START + day * DAY))] == [
            t[:2] for t in told(after)
        ]


class TestStored:
    """The same through the writer, into MongoDB."""

    TITLES = ("Brug dicht", "Brug dicht", "Brug nog dicht", "Brug open", "Brug dicht")

    @pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0, 3, 1), (3, 1, 4, 0, 2)], ids=str)
    async def test_captures_become_revisions_in_their_order(
        self, desk: Desk, article: Make, order: tuple[int, ...]
    ) -> None:
        made = [article(title=title, via=Via.WARC, at=START + n * DAY) for n, title in enumerate(self.TITLES)]
        for number in order:
            (settlement,) = await desk.store_all(made[number])
            assert settlement.state in {"stored", "unchanged"}
        document = await desk.document(made[0])
        earlier = await desk.database.revisions.find({"article_id": document["_id"]}).sort("revision").to_list()
        assert [(v["revision"], v["title"], v["changed_at"]) for v in (*earlier, document)] == [
            (1, "Brug dicht", START),
            (2, "Brug nog dicht", START + 2 * DAY),
            (3, "Brug open", START + 3 * DAY),
            (4, "Brug dicht", START + 4 * DAY),
        ]
        assert [revision["changed"] for revision in earlier] == [["title"]] * 3
        assert (document["first_seen_at"], document["last_seen_at"]) == (START, START + 4 * DAY)
        # In all else, too, they are as if they had been read in their order.
        assert [(v["fetch"]["at"], v["first_seen_at"], v["last_seen_at"]) for v in earlier] == [
            (START + DAY, START, START + DAY),
            (START + 2 * DAY, START + 2 * DAY, START + 2 * DAY),
            (START + 3 * DAY, START + 3 * DAY, START + 3 * DAY),
        ]
        assert [(v["bands"], v["duplicate_of"], v["similarity"]) for v in earlier] == [([], None, None)] * 3

    async def test_what_was_fetched_since_stays_the_newest(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(at=START + 900 * DAY))
        (settlement,) = await desk.store_all(article(title="Brug even dicht", via=Via.WARC, at=START))
        assert (settlement.state, settlement.reason) == ("stored", None)
        document = await desk.document(article())
        assert (document["title"], document["revision"]) == (article().title, 2)
        assert (document["first_seen_at"], document["changed_at"]) == (START, START + 900 * DAY)
        (earlier,) = await desk.database.revisions.find().to_list()
        assert (earlier["_id"], earlier["title"]) == (f"{document['_id']}:1", "Brug even dicht")

    async def test_an_old_capture_of_another_page_of_it_changes_nothing(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        amp = "https://edities.ochtendpost.example/brug-dicht"
        old = article(title="Brug even dicht", via=Via.WARC, at=START, requested_url=amp)
        (settlement,) = await desk.store_all(old)
        assert (settlement.state, settlement.reason) == ("duplicate", "same-url")
        assert (await desk.document(article()))["revision"] == 1
