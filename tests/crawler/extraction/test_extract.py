"""Tests of crawler.extraction.extract: a page in, an Article or a Rejection out, whatever the page is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.article import (
    Article,
    DatePrecision,
    DateSource,
    Fetch,
    Kind,
    Rejection,
    RejectionReason,
    Via,
    to_document,
)
from crawler.extraction import EXTRACTOR, MAX_BYTES, extract
from crawler.url import InvalidURL, article_id
from fixtures.world import EXPECTED, WORLD, load_world
from tests.crawler.extraction.articlehtml import PROSE, SENTENCES, URL, html_page

PAGE = html_page(
    f"<article><h1>Nieuwe brug open</h1><p class='byline'>Door Anna de Wit</p>{PROSE}"
    '<p><strong>Lees ook:</strong> <a href="/nieuws/schip-gevonden-99812">Schip gevonden in de klei van de Vliet</a>'
    "</p></article>",
    head='<title>Nieuwe brug open | Waterbode</title><link rel="amphtml" href="/amp/nieuws/nieuwe-brug-100234">',
    json_ld={
        "@type": "NewsArticle",
        "headline": "Nieuwe brug open",
        "datePublished": "2024-04-30T23:30:00-05:00",
        "dateModified": "2024-05-02T08:00:00Z",
        "articleSection": "Regio",
    },
)


def test_an_article_with_all_its_parts() -> None:
    fetch = Fetch(requested_url="https://kort.example/b1", via=Via.FEED, status=200, bytes=len(PAGE))
    article = extract(PAGE, URL + "?utm_source=feed", fetch=fetch)
    assert isinstance(article, Article)
    assert (article.id, article.url, article.site) == (article_id(URL), URL, "waterbode.example")
    assert article.fetched_url == URL + "?utm_source=feed"
    assert article.aliases == ("https://kort.example/b1", "https://www.waterbode.example/amp/nieuws/nieuwe-brug-100234")
    assert (article.kind, article.title, article.section) == (Kind.ARTICLE, "Nieuwe brug open", "Regio")
    assert article.authors == ("Anna de Wit",)
    assert article.published_at == datetime(2024, 5, 1, 4, 30, tzinfo=UTC)
    assert (article.published_offset, article.date) == (-300, "2024-04")
    assert (article.published_source, article.published_precision) == (DateSource.JSON_LD, DatePrecision.SECOND)
    assert article.modified_at == datetime(2024, 5, 2, 8, tzinfo=UTC)
    assert article.language_declared == "nl"
    assert [block.text for block in article.body] == [sentence.strip() for sentence in SENTENCES]
    assert article.text == "\n\n".join(block.text for block in article.body)
    assert article.word_count == len(" ".join(SENTENCES).split())
    assert [(link.label, link.title) for link in article.related] == [
        ("Lees ook", "Schip gevonden in de klei van de Vliet")
    ]
    assert article.related[0].article_id == article_id("https://www.waterbode.example/nieuws/schip-gevonden-99812")
    assert article.fetch is fetch
    assert article.extractor == EXTRACTOR


def test_headers_count_whatever_their_case() -> None:
    html = PAGE.replace(b"Anna de Wit", "André de Wit".encode("cp1252"))
    article = extract(html, URL, headers={"CONTENT-TYPE": "text/html; charset=windows-1252", "TDM-Reservation": "1"})
    assert isinstance(article, Article)
    assert article.authors == ("André de Wit",)
    assert article.rights.tdm_reserved


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (b"", RejectionReason.EMPTY),
        (b'{"a": 1}', RejectionReason.NOT_HTML),
        (b"<p>" + b" " * MAX_BYTES, RejectionReason.TOO_LARGE),
        (b"<html><body><form><input></form></body></html>", RejectionReason.NOT_ARTICLE),
    ],
)
def test_rejections_name_the_page_and_the_reason(html: bytes, reason: RejectionReason) -> None:
    fetch = Fetch(requested_url="https://kort.example/b1", via=Via.LIST, status=203)
    rejection = extract(html, URL, fetch=fetch)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.requested_url, rejection.status) == (reason, "https://kort.example/b1", 203)
    assert rejection.detail


def test_a_url_that_is_none_is_an_error_of_the_caller() -> None:
    with pytest.raises(InvalidURL):
        extract(PAGE, "nieuws/brug")


def _fixture_pages() -> list[Any]:
    pages = []
    for file in sorted(WORLD.rglob(f"*{EXPECTED}")):
        expected = json.loads(file.read_text(encoding="utf-8"))
        host, *rest = file.relative_to(WORLD).parts
        path = "/" + "/".join(rest).removesuffix(EXPECTED)
        decided_before = "failed" in expected or expected.get("rejected") in ("robots-txt", "off-site")
        if ".edition-" not in path and not decided_before:
            pages.append(pytest.param(host, "/" if path == "/index" else path, expected, id=f"{host}{path}"))
    return pages


@pytest.mark.parametrize(("host", "path", "expected"), _fixture_pages())
def test_the_fixtures_are_read_as_a_person_reads_them(host: str, path: str, expected: dict[str, Any]) -> None:
    site = load_world()[host]
    resource = site.find(path)
    headers = {**site.headers, **resource.route.headers, "Content-Type": resource.content_type}
    outcome = extract(resource.body, f"http://{host}{path}", headers=headers)
    if isinstance(outcome, Rejection):
        assert expected.get("rejected") == outcome.reason, outcome.detail
        return
    assert isinstance(outcome, Article)
    assert "rejected" not in expected, outcome.text[:200]
    found = to_document(outcome)
    instant = expected["published_at"] and datetime.fromisoformat(expected["published_at"])
    if instant and not instant.tzinfo:
        instant = instant.replace(tzinfo=UTC)
    assert outcome.published_at == instant
    if outcome.published_offset is not None and instant:
        assert timedelta(minutes=outcome.published_offset) == instant.utcoffset()
    for name in ("kind", "site", "title", "date", "published_precision", "lead"):
        assert (name, found[name]) == (name, expected[name])
    # A key that an expected document leaves out is one its writer has no opinion on.
    for name in {"published_source", "section", "image", "paywall", "rights"} & expected.keys():
        assert (name, found[name]) == (name, expected[name])
    for name in {"authors", "keywords"} & expected.keys():
        assert (name, list(found[name])) == (name, expected[name])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_bytes_give_an_article_or_a_rejection(data: bytes) -> None:
    assert isinstance(extract(b"<html><body>" + data, URL), Article | Rejection)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutilated_pages_give_an_article_or_a_rejection(data: st.DataObject) -> None:
    html = bytearray(PAGE)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, max(0, len(html) - 1)))
        how = data.draw(st.sampled_from(["cut", "flip", "drop", "repeat"]))
        if how == "cut":
            del html[start:]
        elif how == "flip" and html:
            html[start] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "drop":
            del html[start : start + data.draw(st.integers(1, 200))]
        else:
            html[start:start] = html[start : start + data.draw(st.integers(1, 200))]
    outcome = extract(bytes(html), URL)
    assert isinstance(outcome, Article | Rejection)
    if isinstance(outcome, Article):
        assert outcome.title
        assert outcome.text
        if outcome.published_at is not None:
            assert outcome.published_at <= datetime.now(UTC) + timedelta(days=1, minutes=1)
        if outcome.published_at is not None and outcome.modified_at is not None:
            assert outcome.modified_at.date() >= outcome.published_at.date()
