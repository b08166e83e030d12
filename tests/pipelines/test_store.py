"""What becomes of an outcome: a new article, another outcome, a document that MongoDB refuses."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import (
    Failure,
    FailureReason,
    Rejection,
    RejectionReason,
    to_document,
)
from crawler.url import InvalidURL
from pipelines.fingerprint import content_hash
from tests.pipelines.outcomes import states

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article, RelatedLink
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

PAGE = "https://www.ochtendpost.example/binnenland/brug-dicht"
OTHER = "https://www.avondblad.example/nieuws/77-brug-dicht"
SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
LATER = SEEN + timedelta(hours=3)
NEW_TEXT = "De brug over de Linde is weer open.\n\nDe oorzaak was een kapotte sensor."


class TestNewArticle:
    async def test_is_stored_with_every_field_of_the_schema(
        self, desk: Desk, article: Make, link: Callable[..., RelatedLink]
    ) -> None:
        made = article(related=(link("Een", teaser="Twee"),), lead="Kort.")
        (settlement,) = await desk.store_all(made)
        assert states([settlement]) == ["stored"]
        expected = to_document(made) | {
            "content_hash": content_hash(made.text),
            "bands": [content_hash(made.text)],
            "revision": 1,
            "first_seen_at": SEEN,
            "last_seen_at": SEEN,
            "changed_at": SEEN,
        }
        assert await desk.document(made) == expected

    async def test_settles_its_page(self, desk: Desk, article: Make) -> None:
        made = article()
        await desk.store_all(made)
        page = await desk.page(made)
        assert (page["state"], page["reason"], page["article_id"]) == ("stored", None, made.id)
        assert (page["status"], page["etag"]) == (200, '"a1"')

    async def test_text_of_the_page_is_data(self, desk: Desk, article: Make) -> None:
        made = article(title="$where: {a.b}", authors=("$$ROOT", "x.y"), keywords=("$ne",))
        await desk.store_all(made)
        document = await desk.document(made)
        assert (document["title"], document["authors"]) == ("$where: {a.b}", ["$$ROOT", "x.y"])

    async def test_its_instants_never_lie_after_the_present(self, desk: Desk, article: Make) -> None:
        made = article(at=datetime.now(UTC) + timedelta(days=300))
        await desk.store_all(made)
        assert (await desk.document(made))["first_seen_at"] <= datetime.now(UTC)


class TestOtherOutcomes:
    async def test_settle_their_page_and_store_nothing(self, desk: Desk) -> None:
        rejection = Rejection(requested_url=PAGE, reason=RejectionReason.TOO_SHORT, detail="31 words", status=200)
        failure = Failure(requested_url=OTHER, reason=FailureReason.HTTP_STATUS, detail="404", status=404)
        assert states(await desk.store_all(rejection, failure)) == ["rejected/too-short", "failed/http-status"]
        page = await desk.page(rejection)
        assert (page["state"], page["reason"], page["detail"]) == ("rejected", "too-short", "31 words")
        page = await desk.page(failure)
        assert (page["state"], page["reason"], page["status"]) == ("failed", "http-status", 404)
        assert await desk.database.articles.count_documents({}) == 0

    async def test_evidence_is_one_line_of_clean_text(self, desk: Desk) -> None:
        failure = Failure(requested_url=PAGE, reason=FailureReason.BAD_RESPONSE, detail="a\n\x00b\ud800" + "c" * 900)
        await desk.store_all(failure)
        assert (await desk.page(failure))["detail"] == "a b\ufffd" + "c" * 496

    async def test_without_a_valid_url_there_is_no_page(self, desk: Desk) -> None:
        with pytest.raises(InvalidURL):
            await desk.writer.write(Failure(requested_url="mailto:a@b.example", reason=FailureReason.INVALID_URL))


class TestRefusal:
    """An article MongoDB does not take settles as failed, and takes no other with it."""

    @pytest.mark.parametrize(
        ("fields", "detail"),
        [
            ({"title": ""}, "Document failed validation: title"),
            ({"title": 3, "site": None}, "Document failed validation: site, title"),
            ({"text": "\ud800"}, "UnicodeEncodeError"),
            ({"text": "x" * 17_000_000}, "bytes, and MongoDB takes"),
            ({"word_count": 2**70}, "OverflowError"),
            ({"authors": ({1, 2},)}, "InvalidDocument"),
        ],
    )
    async def test_of_one_document(self, desk: Desk, article: Make, fields: dict[str, Any], detail: str) -> None:
        bad = dataclasses.replace(article(OTHER), **fields)
        settled = await desk.store_all(article(), bad, article("https://derde.example/a", text=NEW_TEXT))
        assert states(settled) == ["stored", "failed/store", "stored"]
        assert detail in settled[1].detail
        page = await desk.page(bad)
        assert (page["state"], page["reason"]) == ("failed", "store")
        assert await desk.database.articles.count_documents({}) == 2

    async def test_of_what_nobody_foresaw(self, desk: Desk, article: Make, caplog: pytest.LogCaptureFixture) -> None:
        """A fault of ours in deciding about one outcome is logged with its page and costs that page alone."""
        bad = article(OTHER, published_at="yesterday")
        settled = await desk.store_all(article(), bad, article("https://derde.example/a", text=NEW_TEXT))
        assert states(settled) == ["stored", "failed/store", "stored"]
        assert "AttributeError" in settled[1].detail
        (record,) = [record for record in caplog.records if record.exc_info]
        assert OTHER in record.getMessage()

    async def test_of_a_change_keeps_what_was_there(self, desk: Desk, article: Make) -> None:
        await desk.store_all(article())
        bad = dataclasses.replace(article(text=NEW_TEXT, at=LATER), title="")
        assert states(await desk.store_all(bad)) == ["failed/store"]
        assert (await desk.document(article()))["title"] == article().title

    async def test_failed_page_is_known_by_no_validator(self, desk: Desk, article: Make) -> None:
        bad = dataclasses.replace(article(), title="")
        await desk.store_all(bad)
        assert not (await desk.page(bad))["etag"]
