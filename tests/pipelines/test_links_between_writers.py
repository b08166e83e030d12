"""Links between articles that say nearly the same, where another writer comes in between any two steps of the first.

With a window of one a text is compared with the next on either side by each key, so that whoever goes brings together
whom it stood between.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from benchmarks.made_news import paragraphs
from crawler.url import article_id
from pipelines import store_plan
from pipelines.dedupe import links
from pipelines.store_articles import ArticleStore
from pipelines.store_plan import member_of
from tests.pipelines.conftest import new_article

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article

MORNING = datetime(2022, 1, 7, 6, 0, tzinfo=UTC)
STORY = "\n\n".join(paragraphs(random.Random(1), words=300))
OTHER_STORY = "\n\n".join(paragraphs(random.Random(2), words=300))
# What these two have in common they have in common with the story.
LEFT, RIGHT, *APART = (
    f"{STORY}\n\n{more}" for more in ("De raad komt bijeen.", "Het college wacht.", "Wij zoeken nog.", "Zij niet.")
)
# In the order of `_id`, by which neighbours are neighbours.
PAPERS = sorted((f"https://krant{number}.example/nieuws/1" for number in range(6)), key=article_id)
FIRST, MIDDLE, LAST, *BETWEEN, FAR = PAPERS

Act = Callable[["AsyncDatabase[Any]"], Awaitable[None]]
AtOnce = Callable[[Sequence["Article"], Act, Act], Awaitable[int]]


def told(paper: str, text: str, hour: int) -> Article:
    return new_article(paper, text=text, published_at=MORNING + timedelta(hours=hour))


def store(*articles: Article) -> Act:
    """Return the work of a writer: store these at once."""

    async def work(database: AsyncDatabase[Any]) -> None:
        writer, left = ArticleStore(database, window=1), list(articles)
        while left:
            plan = store_plan.plan(left, await writer.read(left), now=datetime.now(UTC))
            written = await writer.carry_out(plan)
            left = [article for article in left if article.id in written.overtaken]

    return work


def erase(paper: str) -> Act:
    """Return the work of `scrapy forget`."""
    return lambda database: ArticleStore(database, window=1).erase([article_id(paper)])


class Between(CommandListener):
    """Has another work done right before one of the commands that a client sends to `articles`."""

    def __init__(self, number: int, work: Callable[[], None]) -> None:
        self.seen = 0
        self._number, self._work = number, work

    def started(self, event: CommandStartedEvent) -> None:
        if event.command.get(event.command_name) == "articles":
            self.seen += 1
            if self.seen == self._number:
                # In a thread with an event loop of its own: this one waits, as if its process had been stopped.
                other = threading.Thread(target=self._work)
                other.start()
                other.join()

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@pytest.fixture
def at_once(mongodb_uri: str, prepared: AsyncDatabase[Any]) -> AtOnce:
    """Return what has two writers at work on given articles, the second between any two commands of the first."""

    async def run(there: Sequence[Article], one: Act, other: Act) -> int:
        def whole() -> None:
            async def work() -> None:
                async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True) as client:
                    await other(client[prepared.name])

            asyncio.run(work())

        number, listener = 0, Between(0, whole)
        while number == 0 or listener.seen >= number:
            number += 1
            await prepared.articles.delete_many({})
            await store(*there)(prepared)
            listener = Between(number, whole)
            async with AsyncMongoClient[Any](mongodb_uri, tz_aware=True, event_listeners=[listener]) as client:
                await one(client[prepared.name])
            await assert_linked(prepared, f"the other came before command {number}")
        return number

    return run


async def assert_linked(database: AsyncDatabase[Any], when: str) -> None:
    """Check that all links are those of the articles there are."""
    rows = await database.articles.find().to_list()
    found = {row["_id"]: (row["duplicate_of"], row["similarity"], tuple(row["bands"])) for row in rows}
    wanted = links([member_of(row) for row in rows], window=1)
    assert found == {key: (link.duplicate_of, link.similarity, link.bands) for key, link in wanted.items()}, when


BOTH = store(told(FIRST, LEFT, 1), told(LAST, RIGHT, 0))
"""Two come that are alike, on either side of the one in the middle."""


class TestTwoThatComeBesideOneThatGoes:
    """They are not compared with each other until it has gone: whoever takes it away has to see to that."""

    async def test_erased(self, at_once: AtOnce) -> None:
        assert await at_once([told(MIDDLE, STORY, 2)], erase(MIDDLE), BOTH) > 3

    async def test_with_another_text(self, at_once: AtOnce) -> None:
        changed = store(told(MIDDLE, OTHER_STORY, 2))
        assert await at_once([told(MIDDLE, STORY, 2)], changed, BOTH) > 3


async def test_one_of_a_batch_that_stands_for_its_text_no_longer(prepared: AsyncDatabase[Any]) -> None:
    there = [told(FIRST, LEFT, 1), told(MIDDLE, STORY, 2), told(LAST, RIGHT, 0)]
    await store(*there, *(told(paper, text, 9) for paper, text in zip(BETWEEN, APART, strict=True)))(prepared)
    await store(told(MIDDLE, STORY, 5), told(FAR, STORY, 4))(prepared)
    await assert_linked(prepared, "a later date, and a copy that is earlier")


async def test_a_copy_that_has_to_stand_for_the_text_it_is_about_to_lose(
    at_once: AtOnce,
) -> None:
    there = [told(FIRST, STORY, 0), told(MIDDLE, STORY, 1), told(LAST, STORY, 2), told(FAR, OTHER_STORY, 0)]
    assert await at_once(there, store(told(MIDDLE, OTHER_STORY, 1)), erase(FIRST)) > 3


# All of them repeat the earliest, so that from where a copy points to nobody sees who stands for its text.
THERE = (told(FIRST, STORY, 0), told(LAST, STORY, 5), told(FAR, LEFT, -3))
GOES, COMES = store(told(FIRST, OTHER_STORY, 0)), store(told(MIDDLE, STORY, 3))


class TestAnElderCopyThatComesWhileTheEldestGoes:
    """It has to stand for the text, whoever of the two sees the other."""

    async def test_before_any_step_of_the_one_that_goes(self, at_once: AtOnce) -> None:
        assert await at_once(THERE, GOES, COMES) > 3

    async def test_before_any_step_of_the_one_that_comes(self, at_once: AtOnce) -> None:
        assert await at_once(THERE, COMES, GOES) > 3
