from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import Via
from crawler.frontier.ledger import Discovery
from crawler.url import InvalidURL, article_id
from pipelines.store_forget import find_subject, forget
from tests.pipelines.outcomes import states

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article, RelatedLink
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

SITE = "https://www.ochtendpost.example"
PAGE = f"{SITE}/binnenland/brug-dicht"
AMP = "https://amp.ochtendpost.example/brug?v=1"
NOW = datetime(2022, 2, 1, tzinfo=UTC)
LATER = datetime(2022, 1, 8, 18, 0, tzinfo=UTC)


async def erase(database: AsyncDatabase[Any], name: str) -> None:
    subject = await find_subject(database, name)
    assert subject is not None
    await forget(database, subject, now=NOW)
    after = await find_subject(database, name)
    assert after is not None
    assert after.leaves_nothing_to_do


@pytest.mark.parametrize("name", [PAGE, f"{PAGE}/?utm_source=rss", AMP, article_id(PAGE)])
async def test_an_article_goes_with_its_revisions_by_whatever_name(desk: Desk, article: Make, name: str) -> None:
    await desk.store_all(article(), article(requested_url=AMP))
    await desk.store_all(article(title="Brug open", at=LATER))
    assert await desk.database.revisions.count_documents({}) == 1
    # What its feed has said of it.
    await desk.database.pages.update_many({}, {"$set": {"listed": {"source": "feed", "title": "Brug dicht"}}})
    await erase(desk.database, name)
    assert await desk.database.articles.count_documents({}) == 0
    assert await desk.database.revisions.count_documents({}) == 0
    rows = await desk.database.pages.find().to_list()
    assert {row["url"] for row in rows} == {PAGE, AMP}
    assert {(row["state"], row["reason"]) for row in rows} == {("rejected", "forgotten")}
    assert not any(row.get(name) for row in rows for name in ("etag", "detail", "listed"))


async def test_its_pages_are_never_handed_out_again(desk: Desk, article: Make) -> None:
    await desk.store_all(article(requested_url=AMP))
    await erase(desk.database, PAGE)
    found = [Discovery(url=url, via=Via.FEED) for url in (PAGE, AMP, f"{PAGE}?fbclid=1")]
    later = datetime.now(UTC) + timedelta(days=900)
    assert await desk.ledger.discover(found, now=later, revisit_after=timedelta(0)) == []


async def test_it_is_not_stored_when_another_url_leads_to_it(desk: Desk, article: Make) -> None:
    await desk.store_all(article())
    await erase(desk.database, PAGE)
    other = article(requested_url=f"{SITE}/deel/123")
    assert states(await desk.store_all(other)) == ["rejected/forgotten"]
    assert await desk.database.articles.count_documents({}) == 0
    assert (await desk.page(other))["reason"] == "forgotten"


async def test_it_is_not_stored_under_a_new_canonical_url_either(desk: Desk, article: Make) -> None:
    await desk.store_all(article())
    await erase(desk.database, PAGE)
    moved = dataclasses.replace(article(f"{SITE}/nieuw", requested_url=f"{SITE}/deel/123"), fetched_url=PAGE)
    assert states(await desk.store_all(moved)) == ["rejected/forgotten"]


async def test_it_takes_no_other_of_its_batch_with_it(desk: Desk, article: Make) -> None:
    await desk.store_all(article())
    await erase(desk.database, PAGE)
    settled = await desk.store_all(article(requested_url=AMP), article(f"{SITE}/2", text="Iets heel anders."))
    assert states(settled) == ["rejected/forgotten", "stored"]


async def test_articles_that_repeat_it_are_linked_to_the_next_earliest(desk: Desk, article: Make) -> None:
    first, second, third = (
        article(f"https://krant{n}.example/a", published_at=datetime(2022, 1, n, tzinfo=UTC)) for n in (1, 2, 3)
    )
    await desk.store_all(first, second, third)
    await erase(desk.database, first.id)
    links = {d["_id"]: (d["duplicate_of"], d["similarity"]) async for d in desk.database.articles.find()}
    assert links == {second.id: (None, None), third.id: (second.id, 1.0)}


async def test_articles_that_repeat_it_in_other_words_repeat_nothing_any_more(desk: Desk, article: Make) -> None:
    texts = ("Een.", "Een, bijna.", "Een, bijna.")
    made = [article(f"https://krant{n}.example/a", text=text) for n, text in enumerate(texts)]
    await desk.store_all(*made)
    near = {"$set": {"duplicate_of": made[0].id, "similarity": 0.9}}
    await desk.database.articles.update_many({"text": texts[1]}, near)
    await erase(desk.database, made[0].id)
    heads = await desk.database.articles.find({"duplicate_of": None}).to_list()
    assert len(heads) == 1
    assert await desk.database.articles.count_documents({"duplicate_of": heads[0]["_id"]}) == 1


async def test_read_also_links_to_it_go_from_articles_and_revisions(
    desk: Desk, article: Make, link: Callable[..., RelatedLink]
) -> None:
    bridge, other = link("Brug dicht", teaser="Geheim.", path="/binnenland/brug-dicht"), link("Iets anders", path="/3")
    pointing = article(f"{SITE}/2", text="Een stuk.", related=(bridge, other))
    await desk.store_all(article(), pointing)
    await desk.store_all(dataclasses.replace(pointing, title="Nieuwe kop"))
    await erase(desk.database, PAGE)
    for collection in (desk.database.articles, desk.database.revisions):
        (document,) = await collection.find().to_list()
        assert [found["title"] for found in document["related"]] == ["Iets anders"]


async def test_read_also_links_to_it_do_not_come_back(
    desk: Desk, article: Make, link: Callable[..., RelatedLink]
) -> None:
    pointing = article(f"{SITE}/2", text="Een stuk.", related=(link("Brug dicht", path="/binnenland/brug-dicht"),))
    await desk.store_all(article(), pointing)
    await erase(desk.database, PAGE)
    assert states(await desk.store_all(pointing)) == ["unchanged"]
    assert (await desk.document(pointing))["related"] == []


async def test_links_by_an_alias_go_as_well(desk: Desk, article: Make, link: Callable[..., RelatedLink]) -> None:
    pointing = article(f"{SITE}/2", text="Een stuk.", related=(link("Brug dicht", path="/kort"),))
    await desk.store_all(pointing, article(requested_url=f"{SITE}/kort"))
    await erase(desk.database, PAGE)
    assert (await desk.document(pointing))["related"] == []
    await desk.store_all(pointing)
    assert (await desk.document(pointing))["related"] == []


async def test_an_alias_with_an_article_of_its_own_stays(desk: Desk, article: Make) -> None:
    own = article(AMP, text="Een stuk op zichzelf.")
    await desk.store_all(article(requested_url=AMP), own)
    await erase(desk.database, PAGE)
    assert [d["_id"] async for d in desk.database.articles.find()] == [own.id]
    assert states(await desk.store_all(own)) == ["unchanged"]


async def test_a_url_nobody_has_seen_is_kept_out(desk: Desk, article: Make) -> None:
    await erase(desk.database, PAGE)
    assert await desk.ledger.discover([Discovery(url=PAGE, via=Via.FEED)], now=NOW, revisit_after=timedelta(0)) == []
    assert states(await desk.store_all(article(requested_url=AMP))) == ["rejected/forgotten"]


async def test_a_key_nobody_has_seen_is_nothing(desk: Desk) -> None:
    assert await find_subject(desk.database, "0" * 24) is None
    with pytest.raises(InvalidURL):
        await find_subject(desk.database, "brug-dicht")


async def test_it_can_be_finished_when_it_was_interrupted(
    desk: Desk, article: Make, link: Callable[..., RelatedLink]
) -> None:
    """The article is gone already, the links to it are not: its tombstones tell which they are."""
    pointing = article(f"{SITE}/2", text="Een stuk.", related=(link("Brug dicht", path="/kort"),))
    await desk.store_all(pointing, article(requested_url=f"{SITE}/kort"))
    related = (await desk.document(pointing))["related"]
    await erase(desk.database, PAGE)
    await desk.database.articles.update_one({"_id": pointing.id}, {"$set": {"related": related}})
    subject = await find_subject(desk.database, PAGE)
    assert subject is not None
    assert (subject.pointing, subject.forgotten, subject.leaves_nothing_to_do) == (1, True, False)
    await erase(desk.database, PAGE)
    assert (await desk.document(pointing))["related"] == []


async def test_while_crawls_store_it_again_and_again(
    prepared: AsyncDatabase[Any],
    article: Make,
    link: Callable[..., RelatedLink],
    desks: Callable[..., AbstractAsyncContextManager[Desk]],
) -> None:
    """Whatever the order in which the two come to it, nothing of the article is left."""
    bridge = link("Brug dicht", path="/binnenland/brug-dicht")
    async with desks(prepared) as one:

        async def crawl() -> list[str]:
            settled = []
            for n in range(40):
                at = LATER + timedelta(minutes=n)
                again = article(requested_url=f"{SITE}/deel/{n}", title=f"Brug {n}", at=at + timedelta(days=2 * n))
                pointing = article(f"{SITE}/2", text=f"Een stuk {n}.", related=(bridge,), at=at)
                settled += await asyncio.gather(*map(one.writer.write, (again, pointing)))
            return states(settled)

        async def forgetful() -> None:
            await asyncio.sleep(0.15)
            subject = await find_subject(prepared, PAGE)
            assert subject is not None
            await forget(prepared, subject, now=NOW)

        settled, _ = await asyncio.gather(crawl(), forgetful())
    # Not before: what was written meanwhile goes when its writer has looked for marks.
    after = await find_subject(prepared, PAGE)
    assert after is not None
    assert after.leaves_nothing_to_do
    assert {"stored", "rejected/forgotten"} <= set(settled)
    assert await prepared.articles.count_documents({"_id": article_id(PAGE)}) == 0
    assert await prepared.revisions.count_documents({"article_id": article_id(PAGE)}) == 0
    assert await prepared.articles.count_documents({"related.article_id": article_id(PAGE)}) == 0
