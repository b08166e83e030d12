from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from benchmarks.made_news import paragraphs, retold
from crawler.article import SCHEMA_VERSION, to_document
from crawler.url import article_id
from pipelines.migrations import brought_up
from pipelines.minhash import bands, signature
from pipelines.store_migrate import BATCH, MIGRATIONS, Migration, Step, bringing_up
from pipelines.store_schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

NOW = datetime(2026, 3, 3, tzinfo=UTC)
SITE = "https://www.ochtendpost.example"


def version_0(number: int, **fields: Any) -> dict[str, Any]:
    """Return a document of the first layout; half of them with an `_id` of MongoDB's own making."""
    url = f"{SITE}/{number}"
    return {
        "_id": ObjectId() if number % 2 else article_id(url),
        "url": url,
        "title": f"Bericht {number}",
        "language": "nl",
        "document": f" date 2022-01 Dit is bericht {number}.\n\nLees ook:\n\nBericht {number + 1}",
        "related_urls": [f"{SITE}/{number + 1}"],
        **fields,
    }


async def migrate(database: AsyncDatabase[Any], *, dry_run: bool = False, steps: int | None = None) -> list[Step]:
    """Run a migration to its end, or as many steps of it as given."""
    done: list[Step] = []
    async for step in Migration(database, dry_run=dry_run, now=NOW).run():
        done.append(step)
        if len(done) == steps:
            break
    return done


async def test_documents_of_all_kinds_of_ids_are_brought_up(empty: AsyncDatabase[Any]) -> None:
    await empty.articles.insert_many([version_0(n) for n in range(450)])
    await prepare(empty)
    steps = await migrate(empty)
    assert [step.brought_up for step in steps] == [BATCH, BATCH, 50]
    assert {d["_id"] async for d in empty.articles.find()} == {article_id(f"{SITE}/{n}") for n in range(450)}
    assert await empty.articles.count_documents({"schema": SCHEMA_VERSION}) == 450
    document = await empty.documents.find_one({"_id": article_id(f"{SITE}/7")})
    assert document is not None
    assert document["document"] == version_0(7)["document"]
    assert await empty[MIGRATIONS].count_documents({}) == 0
    assert await migrate(empty) == []


async def test_what_does_not_fit_is_left_and_named(empty: AsyncDatabase[Any]) -> None:
    bad = version_0(3, title="")
    await empty.articles.insert_many([version_0(1), bad, version_0(5)])
    await prepare(empty)
    (step,) = await migrate(empty)
    assert (step.brought_up, step.left) == (2, {str(bad["_id"]): "title: empty"})
    assert await empty.articles.find_one({"_id": bad["_id"]}) == bad


async def test_a_dry_run_changes_nothing(empty: AsyncDatabase[Any]) -> None:
    documents = [version_0(n) for n in range(BATCH + 5)]
    await empty.articles.insert_many(documents)
    steps = await migrate(empty, dry_run=True)
    assert [step.brought_up for step in steps] == [BATCH, 5]
    assert await empty.articles.find().sort("url", 1).to_list() == sorted(documents, key=lambda d: str(d["url"]))
    assert await empty.list_collection_names() == ["articles"]


async def test_interrupted_it_goes_on_where_it_was(empty: AsyncDatabase[Any]) -> None:
    bad = version_0(0, title="", _id="0" * 24)
    await empty.articles.insert_many([bad, *(version_0(n) for n in range(1, 450))])
    await prepare(empty)
    (first,) = await migrate(empty, steps=1)
    assert list(first.left) == ["0" * 24]
    again = Migration(empty, dry_run=False, now=NOW)
    steps = [step async for step in again.run()]
    assert again.left_before == 1
    assert (first.brought_up, sum(step.brought_up for step in steps)) == (BATCH - 1, 449 - BATCH + 1)
    assert not any(step.left for step in steps)
    assert await empty.articles.count_documents({"schema": SCHEMA_VERSION}) == 449


async def test_one_whose_key_is_taken(desk: Desk, article: Callable[..., Article]) -> None:
    """A crawl has stored two of them meanwhile: one as it was, one with another text."""
    await desk.store_all(article(f"{SITE}/1", text="Dit is bericht 1."), article(f"{SITE}/3", text="Dit is anders."))
    other = version_0(3)
    await desk.database.command({"collMod": "articles", "validationLevel": "off"})
    await desk.database.articles.insert_many([version_0(1), other])
    await prepare(desk.database)
    (step,) = await migrate(desk.database)
    assert (step.brought_up, step.removed) == (0, 1)
    assert step.left == {str(other["_id"]): f"url: {article_id(SITE + '/3')} has the same, and another text"}


async def test_repeats_and_links_are_joined(empty: AsyncDatabase[Any]) -> None:
    """Two with the same text, and a link to the spelling of a URL under which an article was found."""
    one = version_0(2, document="Een bericht.", related_urls=[])
    two = version_0(4, document="Een bericht.", related_urls=[], url=f"{SITE}/4?utm_source=x")
    pointing = version_0(6, related_urls=[f"{SITE}/4"])
    await empty.articles.insert_many([one, two, pointing])
    await prepare(empty)
    await migrate(empty)
    texts = [d async for d in empty.articles.find({"text": "Een bericht."})]
    heads = [d["_id"] for d in texts if d["duplicate_of"] is None]
    assert [d["duplicate_of"] for d in texts if d["duplicate_of"]] == heads
    assert await empty.articles.count_documents({"related.article_id": article_id(f"{SITE}/4")}) == 1


async def as_version_1(database: AsyncDatabase[Any]) -> None:
    """Make what is stored what an earlier version would have: other signatures, and the keys that follow from them."""
    await database.command({"collMod": "articles", "validationLevel": "off"})
    async for document in database.articles.find():
        other = signature(document["text"][::-1])
        keys = [*document["bands"][:1], *(bands(other) if other and document["bands"] else ())]
        change = {"schema": 1, "signature": other, "bands": keys}
        await database.articles.update_one({"_id": document["_id"]}, {"$set": change})
    await prepare(database)


async def test_near_duplicates_of_version_1_are_told_as_before(desk: Desk, article: Callable[..., Article]) -> None:
    """Each with the new signature, and all that follows from it as if they were stored now."""
    random = Random(3)
    stories = [paragraphs(random, words=200) for _ in range(3)]
    told = [
        text for story in stories for text in (story, story, *(retold(random, story, change=c) for c in (0.1, 0.2)))
    ]
    since = datetime(2022, 1, 7, tzinfo=UTC)
    await desk.store_all(
        *(
            article(f"{SITE}/{n}", text="\n\n".join(text), published_at=since + timedelta(hours=7 * n % 12))
            for n, text in enumerate(told)
        )
    )
    before = await desk.database.articles.find().sort("_id", 1).to_list()
    assert {document["similarity"] for document in before} > {None, 1.0}
    assert any(0.7 < (document["similarity"] or 0) < 1 for document in before)
    await as_version_1(desk.database)
    (step,) = await migrate(desk.database)
    assert (step.brought_up, step.left) == (len(told), {})
    assert await desk.database.articles.find().sort("_id", 1).to_list() == before


async def test_what_a_crawl_notes_meanwhile_stays(desk: Desk, article: Callable[..., Article]) -> None:
    await desk.store_all(article(f"{SITE}/1"))
    await as_version_1(desk.database)
    read = await desk.database.articles.find_one({})
    assert read is not None
    await desk.database.articles.update_one({"_id": read["_id"]}, {"$set": {"last_seen_at": NOW}})
    await desk.database.articles.bulk_write([bringing_up(read, to_document(brought_up(read, now=NOW)))])
    found = await desk.database.articles.find_one({})
    assert found is not None
    assert (found["schema"], found["last_seen_at"]) == (SCHEMA_VERSION, NOW)
