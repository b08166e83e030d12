from __future__ import annotations

import asyncio
import dataclasses
import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.url import article_id
from tests.running import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from pymongo.asynchronous.database import AsyncDatabase

    from crawler.article import Article, RelatedLink
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]
    MakeLink = Callable[..., RelatedLink]

SITE = "https://www.ochtendpost.example"
LATER = datetime(2022, 1, 9, 18, 0, tzinfo=UTC)


def walk(start: str, depth: int) -> list[dict[str, Any]]:
    """The query that the README shows: what can be read also, and in how many steps."""
    return [
        {"$match": {"_id": start}},
        {
            "$graphLookup": {
                "from": "articles",
                "startWith": "$related.article_id",
                "connectFromField": "related.article_id",
                "connectToField": "_id",
                "maxDepth": depth - 1,
                "depthField": "steps",
                "as": "reachable",
            }
        },
    ]


async def reachable(database: AsyncDatabase[Any], start: str, depth: int = 3) -> dict[str, int]:
    """Return the URLs reachable from an article, each with the number of links between."""
    async for found in await database.articles.aggregate(walk(start, depth)):
        return {article["url"].removeprefix(SITE): article["steps"] + 1 for article in found["reachable"]}
    raise AssertionError("no such article")


async def pointing_to(database: AsyncDatabase[Any], key: str) -> set[str]:
    """Return the URLs of the articles that point to one."""
    return {d["url"].removeprefix(SITE) async for d in database.articles.find({"related.article_id": key})}


@pytest.fixture
def page(article: Make, link: MakeLink) -> Callable[..., Article]:
    """Return a function that makes the article at a path, with links to others and URLs that led to it."""

    def make(path: str, *links: str, requested: str | None = None, **fields: Any) -> Article:
        related = tuple(link(f"Naar {target}", path=target) for target in links)
        text = fields.pop("text", f"Dit staat op {path}.")
        requested_url = f"{SITE}{requested}" if requested else None
        return article(f"{SITE}{path}", text=text, requested_url=requested_url, related=related, **fields)

    return make


class TestWalk:
    async def test_from_an_article_to_depth_three(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/2"), page("/2", "/3", "/x"), page("/3", "/4"), page("/4", "/5"), page("/5"))
        assert await reachable(desk.database, page("/1").id) == {"/2": 1, "/3": 2, "/4": 3}

    async def test_goes_round_a_circle_once(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/2"), page("/2", "/1"))
        assert await reachable(desk.database, page("/1").id) == {"/2": 1, "/1": 2}

    async def test_back_to_who_points_to_me(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/3"), page("/2", "/3", "/1"), page("/3"))
        assert await pointing_to(desk.database, page("/3").id) == {"/1", "/2"}

    async def test_back_uses_the_index(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/3"))
        plan = await desk.database.articles.find({"related.article_id": page("/3").id}).explain()
        assert plan["queryPlanner"]["winningPlan"]["inputStage"]["stage"] == "IXSCAN"


class TestTargetUnderAnotherUrl:
    """The link goes to /old, which redirects to /new, or calls it its canonical URL: the article is /new."""

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    async def test_edge_follows_in_whatever_order_they_come(
        self, desk: Desk, page: Make, order: tuple[int, int, int]
    ) -> None:
        pages = [page("/1", "/old"), page("/new", "/3", requested="/old"), page("/3")]
        for number in order:
            await desk.store_all(pages[number])
        assert await reachable(desk.database, pages[0].id) == {"/new": 1, "/3": 2}
        assert await pointing_to(desk.database, pages[1].id) == {"/1"}

    async def test_edge_follows_within_one_batch(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/old"), page("/new", requested="/old"))
        assert await reachable(desk.database, page("/1").id) == {"/new": 1}

    async def test_the_link_keeps_its_url_and_the_others_their_targets(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/3", "/old", "/4"))
        await desk.store_all(page("/new", requested="/old"))
        related = (await desk.document(page("/1")))["related"]
        assert [(link["url"], link["article_id"]) for link in related] == [
            (f"{SITE}/3", article_id(f"{SITE}/3")),
            (f"{SITE}/old", article_id(f"{SITE}/new")),
            (f"{SITE}/4", article_id(f"{SITE}/4")),
        ]

    async def test_edge_stays_when_the_page_is_seen_again(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/old"), page("/new", requested="/old"))
        before = await desk.document(page("/1"))
        (settled,) = await desk.store_all(page("/1", "/old"))
        assert str(settled.state) == "unchanged"
        after = await desk.document(page("/1"))
        assert (after["related"], after["revision"]) == (before["related"], 1)

    async def test_edge_follows_an_alias_that_comes_later(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/old"), page("/new"))
        assert await reachable(desk.database, page("/1").id) == {}
        await desk.store_all(page("/new", requested="/old", at=LATER))
        assert await reachable(desk.database, page("/1").id) == {"/new": 1}

    async def test_an_article_at_the_url_itself_comes_first(self, desk: Desk, page: Make) -> None:
        await desk.store_all(page("/1", "/old"), page("/new", requested="/old"), page("/old", text="Zelf."))
        assert await reachable(desk.database, page("/1").id) == {"/old": 1}

    async def test_an_article_at_the_url_itself_comes_first_also_if_it_comes_later(
        self, desk: Desk, page: Make
    ) -> None:
        await desk.store_all(page("/1", "/old"), page("/2", "/new"), page("/new", requested="/old"))
        await desk.store_all(page("/old", text="Zelf."))
        assert await reachable(desk.database, page("/1").id) == {"/old": 1}
        assert await reachable(desk.database, page("/2").id) == {"/new": 1}

    async def test_of_two_articles_with_one_alias_the_first_seen_is_meant(self, desk: Desk, page: Make) -> None:
        first = page("/z", requested="/old")
        await desk.store_all(first)
        await desk.store_all(page("/a", requested="/old", at=LATER))
        await desk.store_all(page("/1", "/old"))
        assert await reachable(desk.database, page("/1").id) == {"/z": 1}

    async def test_a_tracking_variant_is_the_same_url(self, desk: Desk, page: Make, link: MakeLink) -> None:
        tracked = dataclasses.replace(page("/1"), related=(link("Naar /old", path="/old?utm_source=lees-ook"),))
        await desk.store_all(tracked, page("/new", requested="/old?utm_medium=rss"))
        assert await reachable(desk.database, tracked.id) == {"/new": 1}

    @pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
    async def test_edge_follows_whatever_spelling_the_link_and_the_redirect_have(
        self, desk: Desk, page: Make, link: MakeLink, order: tuple[int, int]
    ) -> None:
        """The paper links to m. over http; what a feed listed, and what redirected, had www and https."""
        elsewhere = dataclasses.replace(link("Naar oud"), url="http://m.ochtendpost.example/old")
        elsewhere = dataclasses.replace(elsewhere, article_id=article_id(elsewhere.url))
        pages = [dataclasses.replace(page("/1"), related=(elsewhere,)), page("/new", requested="/old")]
        for number in order:
            await desk.store_all(pages[number])
        assert await reachable(desk.database, page("/1").id) == {"/new": 1}

    async def test_two_writers_at_once_lose_no_edge(
        self, prepared: AsyncDatabase[Any], page: Make, desks: Callable[..., AbstractAsyncContextManager[Desk]]
    ) -> None:
        """One stores the pages that point, the other those they point to, both at the same time."""
        numbers = range(60)
        sources = [page(f"/bron/{n}", f"/oud/{n}") for n in numbers]
        goals = [page(f"/nieuw/{n}", requested=f"/oud/{n}", at=LATER + timedelta(minutes=n)) for n in numbers]
        async with desks(prepared) as one, desks(prepared) as two:
            await asyncio.gather(*map(one.writer.write, sources), *map(two.writer.write, goals))
        for source, goal in zip(sources, goals, strict=True):
            assert await pointing_to(prepared, goal.id) == {source.url.removeprefix(SITE)}


class TestReadme:
    async def test_what_the_readme_shows_is_what_it_says(
        self, desk: Desk, page: Make, mongodb_uri: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The Python block of "Reading the collection" as it stands there, but for the server and the database."""
        await desk.store_all(page("/1", "/2", title="Een"))
        others = [("/2", "/3", "Twee"), ("/3", "/4", "Drie"), ("/4", "/5", "Vier"), ("/5", "/1", "Vijf")]
        await desk.store_all(*(page(path, target, title=title) for path, target, title in others))
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        (code,) = re.findall(r"^```python\n(.*?)^```$", readme.partition("## Reading the collection")[2], re.M | re.S)
        assert "mongodb://127.0.0.1:27017" in code
        code = code.replace("mongodb://127.0.0.1:27017", mongodb_uri).replace('["news"]', f'["{desk.database.name}"]')
        read: dict[str, Any] = {}
        exec(compile(code, "README.md", "exec"), read)
        read["news"].client.close()
        reached = {reached["title"]: reached["steps"] for reached in read["walked"]["reached"]}
        assert reached == {"Twee": 0, "Drie": 1, "Vier": 2}
        assert [pointing["title"] for pointing in read["pointing"]] == ["Vijf"]
        assert read["walk"][1]["$graphLookup"] == {**walk("", 3)[1]["$graphLookup"], "as": "reached"}
        assert "1 Twee\n2 Drie\n3 Vier\n['Vijf']\n" in capsys.readouterr().out


class TestCost:
    async def test_storing_looks_up_links_by_index(self, desk: Desk, page: Make) -> None:
        """Beside 3,000 articles with links, a batch examines no more documents than it has to do with."""
        await desk.store_all(*(page(f"/p/{n}", f"/p/{n + 1}", f"/weg/{n}") for n in range(3000)))
        await desk.database.command({"profile": 2})
        try:
            await desk.store_all(page("/nieuw", "/p/7", requested="/weg/7"))
        finally:
            await desk.database.command({"profile": 0})
        profile = desk.database["system.profile"]
        worst = await profile.find_one({"docsExamined": {"$exists": True}}, sort=[("docsExamined", -1)])
        assert worst is not None
        assert worst["docsExamined"] <= 10
        assert await pointing_to(desk.database, page("/nieuw").id) == {"/p/7"}
