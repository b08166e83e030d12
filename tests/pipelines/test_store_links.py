from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from benchmarks.made_news import paragraphs, retold
from crawler.article import to_document
from crawler.frontier.patience import Patience
from crawler.url import article_id
from pipelines.dedupe import NEAR, Member, links
from pipelines.minhash import likeness
from pipelines.store_articles import ArticleStore
from pipelines.store_links import FOUND_AT_ONCE, DuplicateLinks
from pipelines.store_plan import member_of
from pipelines.store_schema import prepare
from pipelines.store_writer import StoreWriter
from tests.running import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.database import Database

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]
    Desks = Callable[..., AbstractAsyncContextManager[Desk]]

SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
MORNING = datetime(2022, 1, 7, 6, 0, tzinfo=UTC)
STORY = paragraphs(random.Random(1), words=300)
OTHER_STORY = "\n\n".join(paragraphs(random.Random(2), words=300))
WHOLE, CUT, MORE = ("\n\n".join(part) for part in (STORY, STORY[:-1], [*STORY, "Dit bericht is aangevuld om zes uur."]))


def paper(number: int) -> str:
    return f"https://krant{number}.example/nieuws/1"


def at(hour: int) -> datetime:
    return MORNING + timedelta(hours=hour)


async def state(database: AsyncDatabase[Any]) -> dict[str, tuple[str | None, float | None, tuple[str, ...]]]:
    """Return `duplicate_of`, `similarity` and `bands` of every article."""
    return {
        document["_id"]: (document["duplicate_of"], document["similarity"], tuple(document["bands"]))
        async for document in database.articles.find()
    }


async def expected(
    database: AsyncDatabase[Any], *, window: int = 100
) -> dict[str, tuple[str | None, float | None, tuple[str, ...]]]:
    """Return what these have to be, by the articles there are."""
    members = [member_of(document) async for document in database.articles.find()]
    return {
        key: (link.duplicate_of, link.similarity, link.bands) for key, link in links(members, window=window).items()
    }


class TestNearDuplicate:
    async def test_later_one_is_stored_and_linked(self, desk: Desk, article: Make) -> None:
        first = article(paper(1), text=WHOLE, published_at=at(0))
        later = article(paper(2), text=CUT, published_at=at(1), title="Een andere kop")
        assert (await desk.store_all(first))[0].state == "stored"
        (settlement,) = await desk.store_all(later)
        assert (settlement.state, settlement.reason) == ("duplicate", "near-duplicate")
        assert settlement.detail == f"repeats {first.id}"
        one, two = await desk.document(first), await desk.document(later)
        assert two["duplicate_of"] == first.id
        assert two["similarity"] == likeness(one["signature"], two["signature"])
        assert NEAR <= two["similarity"] < 1.0
        assert two["text"] == CUT
        assert one["duplicate_of"] is None

    async def test_earlier_one_becomes_the_original(self, desk: Desk, article: Make) -> None:
        first, earlier = (article(paper(n), text=t, published_at=at(-n)) for n, t in ((1, WHOLE), (2, CUT)))
        await desk.store_all(first)
        (settlement,) = await desk.store_all(earlier)
        assert settlement.state == "stored"
        assert (await desk.document(first))["duplicate_of"] == earlier.id
        assert (await desk.document(earlier))["duplicate_of"] is None

    async def test_within_a_batch(self, desk: Desk, article: Make) -> None:
        made = [article(paper(n), text=text, published_at=at(n)) for n, text in enumerate((WHOLE, CUT, OTHER_STORY))]
        settled = await desk.store_all(*made)
        assert [s.reason for s in settled] == [None, "near-duplicate", None]

    async def test_copies_of_a_repeat_point_to_what_it_repeats(self, desk: Desk, article: Make) -> None:
        first = article(paper(0), text=WHOLE, published_at=at(0))
        copies = [article(paper(n), text=CUT, published_at=at(n)) for n in (3, 1, 2)]
        for copy in (*copies, first):
            await desk.store_all(copy)
        assert {(await desk.document(copy))["duplicate_of"] for copy in copies} == {first.id}
        assert [bool((await desk.document(copy))["bands"]) for copy in copies] == [False, True, False]

    async def test_changed_beyond_likeness_stands_alone(self, desk: Desk, article: Make) -> None:
        first = article(paper(0), text=WHOLE, published_at=at(0))
        repeats = [article(paper(n), text=text, published_at=at(n)) for n, text in ((1, CUT), (2, MORE))]
        await desk.store_all(first, *repeats)
        await desk.store_all(article(paper(0), text=OTHER_STORY, published_at=at(0), at=SEEN + timedelta(hours=3)))
        assert (await desk.document(first))["duplicate_of"] is None
        assert (await desk.document(repeats[0]))["duplicate_of"] is None
        assert (await desk.document(repeats[1]))["duplicate_of"] == repeats[0].id

    async def test_changed_and_still_alike_has_a_new_likeness(self, desk: Desk, article: Make) -> None:
        first, later = (article(paper(n), text=t, published_at=at(n)) for n, t in ((0, WHOLE), (1, CUT)))
        await desk.store_all(first, later)
        before = (await desk.document(later))["similarity"]
        more = f"{WHOLE}\n\n{' '.join(OTHER_STORY.split()[:25])}"
        await desk.store_all(article(paper(0), text=more, published_at=at(0), at=SEEN + timedelta(hours=3)))
        document = await desk.document(later)
        assert document["duplicate_of"] == first.id
        assert NEAR <= document["similarity"] < before

    async def test_refused_change_keeps_the_links(self, desk: Desk, article: Make) -> None:
        first, later = (article(paper(n), text=t, published_at=at(n)) for n, t in ((0, WHOLE), (1, CUT)))
        await desk.store_all(first, later)
        before = await state(desk.database)
        bad = article(paper(0), text=OTHER_STORY, published_at=at(0), at=SEEN + timedelta(hours=3), title="")
        assert (await desk.store_all(bad))[0].state == "failed"
        assert await state(desk.database) == before

    async def test_what_is_erased_hands_over(self, desk: Desk, article: Make) -> None:
        made = [article(paper(n), text=text, published_at=at(n)) for n, text in enumerate((WHOLE, CUT, MORE, CUT))]
        await desk.store_all(*made)
        await desk.store.erase([made[0].id])
        assert [(await desk.document(one))["duplicate_of"] for one in made[1:]] == [None, made[1].id, made[1].id]
        assert await state(desk.database) == await expected(desk.database)

    async def test_short_texts_are_never_alike(self, desk: Desk, article: Make) -> None:
        words = " ".join(f"woord{n}" for n in range(48))
        made = [article(paper(n), text=f"{words} {n}", published_at=at(n)) for n in range(2)]
        assert [s.state for s in await desk.store_all(*made)] == ["stored", "stored"]

    async def test_link_that_a_crash_left_behind_is_mended(self, desk: Desk, article: Make) -> None:
        made = [article(paper(n), text=text, published_at=at(n)) for n, text in enumerate((WHOLE, CUT, CUT))]
        await desk.store_all(*made)
        right = await state(desk.database)
        for stale in ({"duplicate_of": None, "similarity": None}, {"duplicate_of": made[1].id, "similarity": 1.0}):
            for broken, looked_at in ((1, 0), (1, 1), (1, 2), (2, 1), (2, 2)):
                await desk.database.articles.update_one({"_id": made[broken].id}, {"$set": stale})
                await desk.store_all(made[looked_at])
                assert await state(desk.database) == right


# Texts of which some are alike at any likeness: told again and again, so that the first and the last are not.
_RANDOM = random.Random(5)
_TOLD = [paragraphs(_RANDOM, words=120)]
for _ in range(6):
    _TOLD.append(retold(_RANDOM, _TOLD[-1], change=0.14))
TEXTS = [*("\n\n".join(told) for told in _TOLD), OTHER_STORY, "Te kort om te vergelijken."]
INSTANTS = st.sampled_from([None, *(at(hour) for hour in range(4))])
VERSIONS = st.tuples(st.integers(0, 8), st.integers(0, len(TEXTS) - 1), INSTANTS)


def test_made_texts_are_alike_in_a_chain_and_not_at_its_ends() -> None:
    """Without this the test below would be about nothing."""
    signed = [member_of({"_id": str(n), **_text(text)}).signature for n, text in enumerate(TEXTS[:7])]
    assert all(likeness(a or "", b or "") >= NEAR for a, b in pairwise(signed))
    assert likeness(signed[0] or "", signed[6] or "") < NEAR


def _text(text: str) -> dict[str, Any]:
    from pipelines.fingerprint import content_hash
    from pipelines.minhash import signature

    return {"content_hash": content_hash(text), "signature": signature(text)}


@pytest.mark.parametrize(("window", "writers"), [(100, 1), (100, 3), (1, 1), (1, 3)])
@given(batches=st.lists(st.lists(VERSIONS, min_size=1, max_size=5), min_size=1, max_size=6), erased=st.integers(0, 8))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_links_are_those_of_the_articles_there_are(
    mongodb_uri: str,
    article: Make,
    desks: Desks,
    window: int,
    writers: int,
    batches: list[list[tuple[int, int, datetime | None]]],
    erased: int,
) -> None:
    """Nine articles take on nine texts and other dates, one batch after the other or three at once; one article goes.

    With a window of one every key that three texts have in common is crowded.
    """

    async def run() -> None:
        async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
            database = client[f"test_near_{window}"]
            await prepare(database)
            await asyncio.gather(*(database[name].delete_many({}) for name in ("articles", "pages", "revisions")))
            async with desks(database) as desk:
                store = ArticleStore(database, window=window)

                async def work(batches: list[list[tuple[int, int, datetime | None]]]) -> None:
                    writer = StoreWriter(store, desk.ledger, patience=Patience(60), on_lost=desk.lost.append)
                    writer.start()
                    for batch in batches:
                        made = [article(paper(n), text=TEXTS[text], published_at=date) for n, text, date in batch]
                        await asyncio.gather(*map(writer.write, made))
                    await writer.close()

                *early, late = batches
                await asyncio.gather(*(work(early[n::writers]) for n in range(writers)))
                await asyncio.gather(work([late]), store.erase([article_id(paper(erased))]))
            assert await state(database) == await expected(database, window=window)

    asyncio.run(run())


def _crawl_in_processes(uri: str, database: str, parts: Sequence[Sequence[Mapping[str, Any]]], folder: Path) -> None:
    """Store each part in a process of its own, all at once."""
    running = []
    for number, part in enumerate(parts):
        told = folder / f"{database}-{number}.json"
        told.write_text(json.dumps(part), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).with_name("writing.py")), uri, database, str(told)]
        running.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}))
    assert [process.wait(120) for process in running] == [0] * len(running)


def test_one_process_or_three_in_any_order_make_the_same_links(
    database: Database[dict[str, Any]], mongodb_uri: str, tmp_path: Path
) -> None:
    """Three processes store 90 articles at once, each a third and some of another's, in orders of their own."""
    draw = random.Random(7)
    pages = [
        {"url": paper(number), "text": TEXTS[number % len(TEXTS)], "published_at": at(draw.randint(0, 50)).isoformat()}
        for number in range(90)
    ]
    found = []
    client = database.client
    for processes in (1, 3, 3):
        shuffled = draw.sample(pages, k=len(pages))
        parts = [shuffled[n::processes] + draw.sample(pages, k=10) for n in range(processes)]
        name = f"{database.name}_{uuid.uuid4().hex[:6]}"
        try:
            _crawl_in_processes(mongodb_uri, name, parts, tmp_path)
            rows = list(client[name].articles.find())
        finally:
            client.drop_database(name)
        # Who publishes at the same instant is told apart by `_id`; who was first seen when plays no part here.
        found.append({row["_id"]: (row["duplicate_of"], row["similarity"], tuple(row["bands"])) for row in rows})
        made = links([member_of(row) for row in rows])
        assert found[-1] == {key: (link.duplicate_of, link.similarity, link.bands) for key, link in made.items()}
    assert len(found[0]) == 90
    assert sum(link[0] is not None for link in found[0].values()) > 60
    assert found[0] == found[1] == found[2]


class _Form(Member):
    """A text of a form: some of its keys are those of all others of the form."""

    __slots__ = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.content_hash, *(f"{form:010x}" for form in range(3)))


async def test_candidates_cost_the_same_in_any_collection(prepared: AsyncDatabase[Any], article: Make) -> None:
    """By mongod's own account of what it examined; the times are in benchmarks/near_duplicates.py."""
    # Each word in a text costs mongod more than all that is looked at here.
    whole, short = to_document(article(text=WHOLE)), to_document(article(title="Kort", text="Kort."))

    def row(number: int, keys: Sequence[str]) -> dict[str, Any]:
        draw = random.Random(number)
        own = draw.randbytes(12).hex()
        bands = [own, *(draw.randbytes(5).hex() for _ in range(25)), *keys]
        return {**short, "_id": own, "content_hash": own, "bands": bands}

    store = DuplicateLinks(prepared.articles)
    new = member_of({**whole, **_text(WHOLE)})
    form = _Form(id="8" * 24, published_at=None, first_seen_at=None, content_hash="8" * 24)
    ordinary, crowded = [], []
    for first, last in ((0, 2_000), (2_000, 12_000)):
        rows = [row(n, [f"{key:010x}" for key in range(3)] if n % 2 == 0 else ()) for n in range(first, last)]
        await prepared.articles.insert_many(rows)
        for member, examined in ((new, ordinary), (form, crowded)):
            await prepared.drop_collection("system.profile")
            await prepared.command("profile", 2)
            found = await store.nearby([member])
            await prepared.command("profile", 0)
            calls = await prepared["system.profile"].find({"ns": f"{prepared.name}.articles"}).to_list()
            examined.append(
                (
                    sum(c["op"] == "query" for c in calls),
                    sum(c["keysExamined"] for c in calls),
                    sum(c["docsExamined"] for c in calls),
                    len(found),
                )
            )
    # One query that looks up each key, and finds nothing.
    assert ordinary == [(1, 26, 0, 0)] * 2
    # At 1,000 all are found at once; at 6,000, after a try, a hundred on either side, by each crowded key the same.
    (_, keys, documents, found_at_once), (calls, more_keys, more_documents, found_around) = crowded
    assert (found_at_once, documents) == (1_000, 1_000)
    assert calls == 1 + 1 + 2 * 3
    assert found_around == 202
    # The next one of the form knows its keys.
    await prepared.drop_collection("system.profile")
    await prepared.command("profile", 2)
    assert len(await store.nearby([form])) == found_around
    await prepared.command("profile", 0)
    again = await prepared["system.profile"].find({"ns": f"{prepared.name}.articles", "op": "query"}).to_list()
    assert len(again) == 1 + 2 * 3
    assert sum(call["docsExamined"] for call in again) <= 3 * 202
    assert more_documents <= FOUND_AT_ONCE + 1 + 3 * 202
    assert more_keys <= keys + 3 * 203 + len(form.keys)
