"""An article that is looked at again: unchanged, changed, or not even sent."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import (
    DatePrecision,
    DateSource,
    NotModified,
    Rights,
)
from pipelines.dedupe import Link
from tests.pipelines.outcomes import states

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article, RelatedLink
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

PAGE = "https://www.ochtendpost.example/binnenland/brug-dicht"
AMP = "https://amp.ochtendpost.example/binnenland/brug-dicht?v=1"
SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
LATER = SEEN + timedelta(hours=3)
NEW_TEXT = "De brug over de Linde is weer open.\n\nDe oorzaak was een kapotte sensor."


class TestKnownArticle:
    async def test_unchanged_moves_last_seen_at(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        again = article(at=LATER)
        assert states(await desk.store_all(again)) == ["unchanged"]
        document = await desk.document(again)
        assert (document["first_seen_at"], document["last_seen_at"], document["changed_at"]) == (SEEN, LATER, SEEN)
        assert document["revision"] == 1
        assert await desk.database.revisions.count_documents({}) == 0
        assert (await desk.page(again))["state"] == "unchanged"

    async def test_unchanged_takes_over_links_validators_and_rights(
        self, desk: Desk, article: Make, link: Callable[..., RelatedLink]
    ) -> None:
        await desk.store_all(article(related=(link("Een"),)))
        again = article(at=LATER, related=(link("Twee"), link("Drie")), rights=Rights(tdm_reserved=True, source="meta"))
        again = dataclasses.replace(again, fetch=dataclasses.replace(again.fetch, etag='"b2"'))
        assert states(await desk.store_all(again)) == ["unchanged"]
        document = await desk.document(again)
        assert [found["title"] for found in document["related"]] == ["Twee", "Drie"]
        assert document["fetch"]["etag"] == '"b2"'
        assert document["rights"] == {"tdm_reserved": True, "source": "meta", "tdm_policy": None, "robots": []}
        assert (await desk.page(again))["etag"] == '"b2"'

    async def test_other_white_space_is_no_revision(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(title="Brug dicht"))
        assert states(await desk.store_all(article(title="Brug\u00a0 dicht ", at=LATER))) == ["unchanged"]

    @pytest.mark.parametrize(
        ("change", "fields"),
        [
            ({"title": "Brug weer open"}, ["title"]),
            ({"lead": "Na drie dagen."}, ["lead"]),
            ({"text": NEW_TEXT}, ["body", "text"]),
            ({"text": NEW_TEXT, "title": "Brug open", "section": "Regio"}, ["title", "section", "body", "text"]),
        ],
    )
    async def test_changed_becomes_a_revision(
        self, desk: Desk, article: Make, change: dict[str, Any], fields: list[str]
    ) -> None:
        await desk.store_all(article())
        before = await desk.document(article())
        changed = article(at=LATER, **change)
        assert states(await desk.store_all(changed)) == ["stored"]
        document = await desk.document(changed)
        assert (document["revision"], document["first_seen_at"], document["changed_at"]) == (2, SEEN, LATER)
        assert document["title"] == changed.title
        (revision,) = await desk.database.revisions.find().to_list()
        assert revision["_id"] == f"{changed.id}:1"
        assert revision["changed"] == fields
        # All of it, but whom it repeated: that is said of what an article is now.
        kept = {name: value for name, value in before.items() if name != "_id"} | Link().as_fields()
        kept |= {"first_seen_at": before["changed_at"]}
        assert {name: revision[name] for name in kept} == kept
        assert revision["article_id"] == changed.id

    async def test_each_change_is_kept(self, desk: Desk, article: Make) -> None:
        for number in range(4):
            await desk.store_all(article(title=f"Versie {number}", at=SEEN + timedelta(hours=number)))
        assert (await desk.document(article()))["revision"] == 4
        revisions = await desk.database.revisions.find().sort("revision").to_list()
        assert [(r["revision"], r["title"]) for r in revisions] == [(1, "Versie 0"), (2, "Versie 1"), (3, "Versie 2")]

    async def test_a_clock_that_jumps_back_moves_no_instant_back(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(at=LATER))
        earlier = LATER - timedelta(hours=1)
        assert states(await desk.store_all(article(at=earlier))) == ["unchanged"]
        assert (await desk.document(article()))["last_seen_at"] == LATER
        assert states(await desk.store_all(article(title="Brug open", at=earlier))) == ["stored"]
        document = await desk.document(article())
        assert (document["revision"], document["changed_at"], document["last_seen_at"]) == (2, LATER, LATER)
        await desk.store_all(NotModified(requested_url=PAGE, at=earlier))
        assert (await desk.document(article()))["last_seen_at"] == LATER

    async def test_the_more_exact_date_stays(self, desk: Desk, article: Make) -> None:
        feed = article(published_source=DateSource.FEED)
        await desk.store_all(feed)
        day = datetime(2022, 1, 7, tzinfo=UTC)
        vague = article(
            published_at=day,
            published_offset=None,
            published_source=DateSource.HTMLDATE,
            published_precision=DatePrecision.DAY,
            at=LATER,
        )
        await desk.store_all(vague)
        document = await desk.document(feed)
        assert (document["published_at"], document["published_source"]) == (feed.published_at, "feed")


class TestNotModified:
    async def test_moves_last_seen_at(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        unmodified = NotModified(requested_url=PAGE, at=LATER)
        (settlement,) = await desk.store_all(unmodified)
        assert states([settlement]) == ["unchanged"]
        assert settlement.article_id == article().id
        assert (await desk.document(article()))["last_seen_at"] == LATER
        page = await desk.page(unmodified)
        assert (page["state"], page["status"], page["etag"]) == ("unchanged", 304, '"a1"')

    async def test_finds_the_article_behind_another_url(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(requested_url=AMP))
        (settlement,) = await desk.store_all(NotModified(requested_url=AMP, at=LATER))
        assert (settlement.state, settlement.article_id) == ("unchanged", article().id)

    async def test_of_an_article_that_is_gone_is_fetched_in_full_next_time(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        await desk.database.articles.delete_one({"_id": article().id})
        unmodified = NotModified(requested_url=PAGE, at=LATER)
        assert states(await desk.store_all(unmodified)) == ["failed/store"]
        assert not (await desk.page(unmodified))["etag"]

    async def test_beside_a_change_of_the_same_article(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article(requested_url=AMP), article())
        changed = article(title="Brug open", at=LATER)
        settled = await desk.store_all(changed, NotModified(requested_url=AMP, at=LATER))
        assert states(settled) == ["stored", "unchanged"]
        assert (await desk.document(changed))["title"] == "Brug open"
