"""Articles with the same words: each is stored, and linked to the earliest."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from pipelines.dedupe import original_of
from pipelines.store_plan import member_of
from pipelines.store_schema import prepare
from tests.pipelines.outcomes import states

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

OTHER = "https://www.avondblad.example/nieuws/77-brug-dicht"
SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
LATER = SEEN + timedelta(hours=3)
NEW_TEXT = "De brug over de Linde is weer open.\n\nDe oorzaak was een kapotte sensor."


class TestSameText:
    async def test_later_one_is_stored_and_linked(self, desk: Desk, article: Make) -> None:
        first = article()
        wire = article(OTHER, title="Brug nog dicht", published_at=first.published_at + timedelta(hours=1))
        assert states(await desk.store_all(first)) == ["stored"]
        assert states(await desk.store_all(wire)) == ["duplicate/same-text"]
        document = await desk.document(wire)
        assert (document["duplicate_of"], document["similarity"]) == (first.id, 1.0)
        assert (await desk.document(first))["duplicate_of"] is None

    async def test_earlier_one_becomes_the_original(self, desk: Desk, article: Make) -> None:
        first = article()
        wire = article(OTHER, published_at=first.published_at - timedelta(hours=1))
        await desk.store_all(first)
        assert states(await desk.store_all(wire)) == ["stored"]
        assert (await desk.document(wire))["duplicate_of"] is None
        document = await desk.document(first)
        assert (document["duplicate_of"], document["similarity"]) == (wire.id, 1.0)

    @pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
    @pytest.mark.parametrize("batched", [True, False])
    async def test_any_order_gives_the_same_links(
        self, desk: Desk, article: Make, order: tuple[int, ...], batched: bool
    ) -> None:
        start = article().published_at
        made = [
            article(f"https://krant{n}.example/a", published_at=start + timedelta(minutes=minute))
            for n, minute in enumerate((30, 0, 0, 60))
        ]
        if batched:
            settled = await desk.store_all(*(made[n] for n in order))
            assert sorted(states(settled)) == ["duplicate/same-text"] * 3 + ["stored"]
        else:
            for n in order:
                await desk.store_all(made[n])
        original = min(made[1].id, made[2].id)
        for one in made:
            expected = None if one.id == original else original
            assert (await desk.document(one))["duplicate_of"] == expected

    async def test_repeat_looked_at_again_is_unchanged(self, desk: Desk, article: Make) -> None:
        wire = article(OTHER, published_at=article().published_at + timedelta(hours=1))
        await desk.store_all(article(), wire)
        assert states(await desk.store_all(wire)) == ["unchanged"]
        assert (await desk.document(wire))["duplicate_of"] == article().id

    async def test_original_that_changes_hands_over(self, desk: Desk, article: Make) -> None:
        start = article().published_at
        copies = [article(f"https://krant{n}.example/a", published_at=start + timedelta(hours=n)) for n in (1, 2)]
        await desk.store_all(article(), *copies)
        await desk.store_all(article(text=NEW_TEXT, at=LATER))
        assert (await desk.document(article()))["duplicate_of"] is None
        assert (await desk.document(copies[0]))["duplicate_of"] is None
        assert (await desk.document(copies[1]))["duplicate_of"] == copies[0].id

    async def test_repeat_that_changes_stands_alone(self, desk: Desk, article: Make) -> None:
        wire = article(OTHER, published_at=article().published_at + timedelta(hours=1))
        await desk.store_all(article(), wire)
        await desk.store_all(dataclasses.replace(article(OTHER, text=NEW_TEXT, at=LATER)))
        document = await desk.document(wire)
        assert (document["duplicate_of"], document["similarity"], document["revision"]) == (None, None, 2)

    async def test_two_originals_left_by_a_crash_are_mended(self, desk: Desk, article: Make) -> None:
        wire = article(OTHER, published_at=article().published_at + timedelta(hours=1))
        await desk.store_all(article(), wire)
        await desk.database.articles.update_one({"_id": wire.id}, {"$set": {"duplicate_of": None, "similarity": None}})
        await desk.store_all(article(at=LATER))
        assert (await desk.document(wire))["duplicate_of"] == article().id

    async def test_a_date_that_moves_may_change_the_original(self, desk: Desk, article: Make) -> None:
        start = article().published_at
        wire = article(OTHER, published_at=start + timedelta(hours=1))
        await desk.store_all(article(), wire)
        await desk.store_all(article(published_at=start + timedelta(hours=2), at=LATER))
        assert (await desk.document(wire))["duplicate_of"] is None
        assert (await desk.document(article()))["duplicate_of"] == wire.id


INSTANTS = st.sampled_from([None, *(datetime(2022, 1, day, tzinfo=UTC) for day in (3, 4, 5))])
VERSIONS = st.tuples(st.integers(0, 4), st.integers(0, 2), INSTANTS)


@given(batches=st.lists(st.lists(VERSIONS, min_size=1, max_size=5), min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_whatever_happens_each_text_has_one_original_and_it_is_the_earliest(
    mongodb_uri: str,
    article: Make,
    desks: Callable[..., AbstractAsyncContextManager[Desk]],
    batches: list[list[tuple[int, int, datetime | None]]],
) -> None:
    """Five articles take on three texts and other dates, alone and together; then every link is looked at."""

    async def documents() -> list[Mapping[str, Any]]:
        async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
            database = client["test_links"]
            await prepare(database)
            await asyncio.gather(*(database[name].delete_many({}) for name in ("articles", "pages", "revisions")))
            async with desks(database) as desk:
                for batch in batches:
                    await asyncio.gather(
                        *(
                            desk.writer.write(
                                article(
                                    f"https://krant{paper}.example/a", text=f"Tekst {text}.", published_at=published
                                )
                            )
                            for paper, text, published in batch
                        )
                    )
            return [document async for document in database.articles.find()]

    groups: dict[str, list[Mapping[str, Any]]] = {}
    for document in asyncio.run(documents()):
        groups.setdefault(document["text"], []).append(document)
    for group in groups.values():
        original = original_of(map(member_of, group)).id
        for document in group:
            expected = (None, None) if document["_id"] == original else (original, 1.0)
            assert (document["duplicate_of"], document["similarity"]) == expected
