from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.article import (
    Article,
    Block,
    BlockType,
    DatePrecision,
    Image,
    NotModified,
    Rejection,
    RejectionReason,
    to_document,
)
from crawler.url import article_id
from pipelines.validate import MAX_DOCUMENT_BYTES, ValidatePipeline, clean_text, validated

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import RelatedLink

NOW = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
BAD_URL = "https://www.ochtendpost.example/a b"


def test_a_valid_article_comes_back_as_it_is(article: Callable[..., Article], link: Callable[..., RelatedLink]) -> None:
    made = article(
        lead="Kort.", image=Image(url="https://www.ochtendpost.example/b.jpg"), related=(link("Een", teaser="Twee"),)
    )
    assert validated(made, now=NOW) == made


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"title": ""}, "title: empty"),
        ({"title": " \u00a0\n"}, "title: empty"),
        ({"text": "", "body": ()}, "text: empty; body: empty"),
        ({"body": ()}, "body: empty"),
        ({"text": "Iets anders."}, "text: not the blocks"),
        ({"body": (Block(type=BlockType.PARAGRAPH, text=" "),), "text": " "}, r"body\[0\]\.text: empty"),
        ({"body": (Block(type=BlockType.PARAGRAPH, text="a\nb"),), "text": "a\nb"}, "more than one line"),
        ({"body": (Block(type=BlockType.HEADING, text="a"),), "text": "a"}, r"body\[0\]\.level: None for a heading"),
        ({"body": (Block(type=BlockType.QUOTE, text="a", level=2),), "text": "a"}, "level: 2 for a quote"),
        ({"body": (Block(type=BlockType.HEADING, text="a", level=7),), "text": "a"}, "level: 7 is out of range"),
        ({"body": (Block(type="aside", text="a"),), "text": "a"}, r"body\[0\]\.type: str instead of BlockType"),  # type: ignore[arg-type]
        ({"body": [Block(type=BlockType.QUOTE, text="a")], "text": "a"}, "body: list instead of a tuple"),
        ({"url": "ftp://www.ochtendpost.example/a"}, "url: "),
        ({"url": "https://www.ochtendpost.example/a/?utm_source=x"}, "url: .* is not in canonical form"),
        ({"fetched_url": "file:///etc/passwd"}, "fetched_url: "),
        ({"aliases": ("javascript:alert(1)",)}, r"aliases\[0\]: "),
        ({"id": "0" * 24}, "id: not the key of url"),
        ({"id": {"$ne": None}}, "id: dict instead of str"),
        ({"site": "elders.example"}, "site: 'elders.example' is not the site of url"),
        ({"schema": 1}, "schema: 1 instead of 2"),
        ({"date": "2022-02"}, "date: 2022-02 disagrees with published_at, 2022-01"),
        ({"date": None}, "date: None disagrees with published_at, 2022-01"),
        ({"date": "2022-1"}, "date: '2022-1'"),
        ({"published_at": datetime(2022, 1, 7, 16, 30)}, "published_at: .* is no instant in UTC"),
        ({"published_at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))}, "published_at: .* no instant"),
        ({"published_at": NOW + timedelta(days=2)}, "published_at: 2022-01-09 lies in the future"),
        ({"published_at": datetime(1, 1, 1, tzinfo=UTC)}, "published_at: .* before the first newspaper"),
        ({"published_at": "2022-01-07"}, "published_at: str instead of datetime"),
        ({"published_source": None}, "published_source: missing"),
        ({"published_precision": None}, "published_precision: missing"),
        ({"published_offset": 24 * 60}, "published_offset: 1440 is out of range"),
        ({"language": "Dutch"}, "language: 'Dutch'"),
        ({"language_confidence": 1.5}, "language_confidence: 1.5 is out of range"),
        ({"image": Image(url="data:image/png;base64,AAAA")}, r"image\.url: "),
        ({"authors": ("A", 3)}, r"authors\[1\]: int instead of str"),
        ({"word_count": -1}, "word_count: -1 is out of range"),
        ({"word_count": True}, "word_count: bool instead of int"),
        ({"revision": 0}, "revision: 0 is out of range"),
    ],
)
def test_a_broken_rule_names_the_field(fields: dict[str, Any], detail: str, article: Callable[..., Article]) -> None:
    made = dataclasses.replace(article(), **fields)
    outcome = validated(made, now=NOW)
    assert isinstance(outcome, Rejection)
    assert outcome.reason is RejectionReason.INVALID
    assert outcome.requested_url == made.fetch.requested_url
    assert re.search(detail, outcome.detail), outcome.detail


def test_related_links_are_checked_too(article: Callable[..., Article], link: Callable[..., RelatedLink]) -> None:
    other = article_id("https://www.ochtendpost.example/elders")
    related = (link("Een"), dataclasses.replace(link("Twee"), article_id=other))
    assert _detail(article(related=related)) == "related[1].article_id: not the key of its url"
    related = (dataclasses.replace(link("Een"), title=""), dataclasses.replace(link("Een"), url="mailto:a@b.example"))
    assert _detail(article(related=related)).startswith("related[0].title: empty; related[1].url: 'mailto:")


def test_many_faults_are_counted_after_the_third(article: Callable[..., Article]) -> None:
    assert _detail(article(authors=(1, 2, 3, 4, 5))).endswith("authors[2]: int instead of str; and 2 more")


def test_month_is_that_of_the_publisher(article: Callable[..., Article]) -> None:
    new_year = datetime(2021, 12, 31, 23, 30, tzinfo=UTC)
    assert _accepts(article(published_at=new_year, published_offset=60, date="2022-01"))
    assert _detail(article(published_at=new_year, published_offset=60, date="2021-12")).startswith("date: 2021-12")
    assert _accepts(article(published_at=new_year, published_offset=None, date="2021-12"))


def test_a_date_without_a_time_stays_on_its_day(article: Callable[..., Article]) -> None:
    first = datetime(2022, 1, 1, tzinfo=UTC)
    day = DatePrecision.DAY
    assert _accepts(article(published_at=first, published_offset=-300, published_precision=day, date="2022-01"))


def test_an_article_without_a_date_is_fine(article: Callable[..., Article]) -> None:
    undated = dict.fromkeys(("date", "published_at", "published_offset", "published_source", "published_precision"))
    assert _accepts(article(**undated))
    assert _accepts(article(**undated | {"date": "2022-01"}))


def test_tomorrow_is_not_yet_the_future(article: Callable[..., Article]) -> None:
    assert _accepts(article(published_at=NOW + timedelta(hours=23)))


def test_instants_become_utc_and_whole_milliseconds(article: Callable[..., Article]) -> None:
    amsterdam = timezone(timedelta(hours=1))
    made = article(published_at=datetime(2022, 1, 7, 17, 30, 0, 123_999, tzinfo=amsterdam))
    outcome = validated(made, now=NOW)
    assert isinstance(outcome, Article)
    assert outcome.published_at == datetime(2022, 1, 7, 16, 30, 0, 123_000, tzinfo=UTC)
    assert outcome.published_at.utcoffset() == timedelta(0)


def test_a_change_in_the_future_is_left_out(article: Callable[..., Article]) -> None:
    outcome = validated(article(modified_at=NOW + timedelta(days=400)), now=NOW)
    assert isinstance(outcome, Article)
    assert outcome.modified_at is None


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b", "ab"),
        ("a\x0cb\r\x0bc", "a b  c"),
        ("a\tb", "a\tb"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("‘é’ – 橋", "‘é’ – 橋"),
    ],
)
def test_text_for_every_reader(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean


def test_every_text_of_an_article_is_cleaned(article: Callable[..., Article], link: Callable[..., RelatedLink]) -> None:
    made = article(text="Een\x00.\n\nTwee \ud83d.", authors=("A\x07",), related=(link("Drie\x00", teaser="\ud800"),))
    outcome = validated(made, now=NOW)
    assert isinstance(outcome, Article)
    assert outcome.text == "Een.\n\nTwee \ufffd."
    assert [block.text for block in outcome.body] == ["Een.", "Twee \ufffd."]
    assert outcome.authors == ("A",)
    assert (outcome.related[0].title, outcome.related[0].teaser) == ("Drie", "\ufffd")


def test_nothing_but_control_characters_is_empty(article: Callable[..., Article]) -> None:
    assert _detail(article(title="\x00\x01")) == "title: empty"


def test_a_document_larger_than_mongodb_takes(article: Callable[..., Article]) -> None:
    half = "x" * (MAX_DOCUMENT_BYTES // 2)
    assert _detail(article(text=half)).startswith("text: a document of 16,")
    assert _accepts(article(text=half[:-2000]))


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x" * MAX_DOCUMENT_BYTES},
        {"lead": "é" * (MAX_DOCUMENT_BYTES // 2)},
        {"keywords": ("sleutel",) * 1_200_000},
        {"body": (Block(type=BlockType.PARAGRAPH, text="x"),) * 330_000, "text": "\n\n".join(["x"] * 330_000)},
    ],
)
def test_wherever_it_is_that_large(article: Callable[..., Article], fields: dict[str, Any]) -> None:
    assert "bytes, and MongoDB takes" in _detail(dataclasses.replace(article(), **fields))


def test_as_many_links_as_mongodb_does_not_take(
    article: Callable[..., Article], link: Callable[..., RelatedLink]
) -> None:
    links = (link("Kop", teaser="y" * 1_000),) * (MAX_DOCUMENT_BYTES // 1_000)
    assert "bytes, and MongoDB takes" in _detail(article(related=links))


@given(st.text(), st.text())
@settings(deadline=None, max_examples=100)
def test_whatever_passes_can_be_encoded(article: Callable[..., Article], title: str, text: str) -> None:
    outcome = validated(article(title=title, text=text), now=NOW)
    if isinstance(outcome, Article):
        assert bson.decode(bson.encode(to_document(outcome)))["title"] == outcome.title
    else:
        assert "empty" in outcome.detail or "text" in outcome.detail


def test_pipeline_lets_other_outcomes_pass(article: Callable[..., Article]) -> None:
    pipeline = ValidatePipeline()
    unmodified = NotModified(requested_url="https://a.example/", at=NOW)
    assert pipeline.process_item(unmodified) is unmodified
    assert isinstance(pipeline.process_item(article(title="")), Rejection)
    made = article()
    assert pipeline.process_item(made) == made


def _detail(article: Article) -> str:
    outcome = validated(article, now=NOW)
    assert isinstance(outcome, Rejection)
    return outcome.detail


def _accepts(article: Article) -> bool:
    return isinstance(validated(article, now=NOW), Article)
