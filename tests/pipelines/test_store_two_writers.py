"""Two writers at once on one database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import Via
from crawler.url import article_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

DAY = timedelta(days=1)
SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)


class TestTwoWriters:
    async def test_at_once_on_the_same_articles(
        self,
        prepared: AsyncDatabase[Any],
        article: Make,
        desks: Callable[..., AbstractAsyncContextManager[Desk]],
    ) -> None:
        """Both change the same ten articles again and again: no revision is lost, none has two contents."""
        urls = [f"https://krant{n}.example/a" for n in range(10)]
        async with desks(prepared) as one, desks(prepared) as two:

            async def work(desk: Desk, name: str) -> list[Any]:
                return [
                    await desk.writer.write(article(url, text=f"{name} {url} {n}.", at=SEEN + timedelta(minutes=n)))
                    for n in range(8)
                    for url in urls
                ]

            settled = [s for found in await asyncio.gather(work(one, "Een"), work(two, "Twee")) for s in found]
        assert {s.state for s in settled} == {"stored"}
        for url in urls:
            document = await prepared.articles.find_one({"_id": article_id(url)})
            assert document is not None
            revisions = await prepared.revisions.find({"article_id": article_id(url)}).sort("revision").to_list()
            assert [r["revision"] for r in revisions] == list(range(1, 16))
            assert document["revision"] == 16
            texts = {r["text"] for r in revisions} | {document["text"]}
            assert texts == {f"{name} {url} {n}." for name in ("Een", "Twee") for n in range(8)}

    @pytest.mark.parametrize("live", [False, True])
    async def test_at_once_with_captures_of_two_pages(
        self,
        prepared: AsyncDatabase[Any],
        article: Make,
        desks: Callable[..., AbstractAsyncContextManager[Desk]],
        live: bool,
    ) -> None:
        """Two archives, or one and a crawl, have the page of an article and the one it was found on: all is kept."""
        url, found_on, count = "https://krant.example/a", "https://amp.krant.example/a", 12
        async with desks(prepared) as one, desks(prepared) as two:
            await one.store_all(article(url, text="Zoals het nu is.", requested_url=found_on, at=SEEN + 30 * DAY))

            def read(desk: Desk, page: str, number: int) -> Any:
                late = live and desk is two
                at = SEEN + (60 if late else 0) * DAY + timedelta(hours=number)
                via = Via.FEED if late else Via.WARC
                return desk.writer.write(article(url, text=f"{page} {number}.", requested_url=page, at=at, via=via))

            async def work(desk: Desk, page: str, numbers: range) -> list[Any]:
                return [await read(desk, page, number) for number in numbers]

            found = await asyncio.gather(
                work(one, url, range(0, 2 * count, 2)), work(two, found_on, range(1, 2 * count, 2))
            )
        # What was overtaken half written is found there at the second try.
        assert {s.state for settled in found for s in settled} <= {"stored", "unchanged"}
        document = await prepared.articles.find_one({"_id": article_id(url)})
        assert document is not None
        earlier = await prepared.revisions.find({"article_id": article_id(url)}).sort("revision").to_list()
        versions = [*earlier, document]
        written = [f"{(url, found_on)[number % 2]} {number}." for number in range(2 * count)]
        now = ["Zoals het nu is."]
        expected = [*written[::2], *now, *written[1::2]] if live else [*written, *now]
        assert [version["text"] for version in versions] == expected
        assert [version["revision"] for version in versions] == list(range(1, 2 * count + 2))

    async def test_at_once_with_the_same_text(
        self,
        prepared: AsyncDatabase[Any],
        article: Make,
        desks: Callable[..., AbstractAsyncContextManager[Desk]],
    ) -> None:
        start = article().published_at
        async with desks(prepared) as one, desks(prepared) as two:
            made = [article(f"https://krant{n}.example/a", published_at=start - timedelta(hours=n)) for n in range(40)]
            await asyncio.gather(*((one, two)[n % 2].writer.write(wire) for n, wire in enumerate(made)))
        links = {d["_id"]: d["duplicate_of"] async for d in prepared.articles.find()}
        assert links == {wire.id: None if wire is made[-1] else made[-1].id for wire in made}
