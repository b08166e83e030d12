"""Several URLs that lead to one article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.pipelines.outcomes import states

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

PAGE = "https://www.ochtendpost.example/binnenland/brug-dicht"
AMP = "https://amp.ochtendpost.example/binnenland/brug-dicht?v=1"
SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)


class TestSeveralUrls:
    async def test_meet_in_one_article_within_a_batch(self, desk: Desk, article: Make) -> None:
        amp, own = article(requested_url=AMP, title="AMP"), article(title="Eigen")
        settled = await desk.store_all(amp, own)
        assert states(settled) == ["duplicate/same-url", "stored"]
        document = await desk.document(own)
        assert document["title"] == "Eigen"
        assert document["aliases"] == [AMP]
        assert await desk.database.articles.count_documents({}) == 1
        assert (await desk.page(amp))["article_id"] == own.id

    async def test_meet_in_one_article_one_after_the_other(self, desk: Desk, article: Make) -> None:
        assert states(await desk.store_all(article())) == ["stored"]
        assert states(await desk.store_all(article(requested_url=AMP, title="AMP"))) == ["duplicate/same-url"]
        document = await desk.document(article())
        assert (document["title"], document["revision"], document["aliases"]) == (article().title, 1, [AMP])

    async def test_canonical_page_takes_over(self, desk: Desk, article: Make) -> None:
        assert states(await desk.store_all(article(requested_url=AMP))) == ["stored"]
        assert states(await desk.store_all(article())) == ["duplicate/same-url"]
        assert (await desk.document(article()))["fetch"]["requested_url"] == PAGE
        assert states(await desk.store_all(article())) == ["unchanged"]

    async def test_the_only_page_there_is_brings_its_changes(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(requested_url=AMP))
        assert states(await desk.store_all(article(requested_url=AMP, title="Brug open"))) == ["stored"]

    async def test_another_page_brings_changes_once_the_own_one_is_stale(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        soon = article(requested_url=AMP, title="Brug open", at=SEEN + timedelta(hours=20))
        assert states(await desk.store_all(soon)) == ["duplicate/same-url"]
        late = article(requested_url=AMP, title="Brug open", at=SEEN + timedelta(hours=25))
        assert states(await desk.store_all(late)) == ["stored"]

    async def test_tracking_variant_is_the_same_page(self, desk: Desk, article: Make) -> None:
        tracked = f"{PAGE}?utm_source=rss"
        await desk.store_all(article())
        assert states(await desk.store_all(article(requested_url=tracked))) == ["unchanged"]
        assert (await desk.document(article()))["aliases"] == [tracked]

    async def test_one_page_twice_in_a_batch(self, desk: Desk, article: Make) -> None:
        settled = await desk.store_all(article(), article())
        assert states(settled) == ["stored", "stored"]
        assert await desk.database.articles.count_documents({}) == 1
        assert await desk.database.pages.count_documents({}) == 1

    async def test_aliases_have_a_limit(self, desk: Desk, article: Make) -> None:
        await desk.store_all(*(article(requested_url=f"https://www.ochtendpost.example/p/{n}") for n in range(250)))
        assert len((await desk.document(article()))["aliases"]) == 200
