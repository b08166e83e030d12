"""Tests of what a feed or sitemap says filling what a page lacks."""

from datetime import UTC, datetime

import pytest

from crawler.article import Article, DatePrecision, DateSource
from crawler.extraction import extract
from crawler.listed import Listed
from tests.crawler.extraction.articlehtml import PROSE, URL, html_page

LISTED = Listed(
    source=DateSource.FEED,
    title="Nieuwe brug open voor verkeer",
    authors=("Anna de Wit",),
    published_at=datetime(2024, 4, 30, 22, 30, tzinfo=UTC),
    published_offset=120,
    published_precision=DatePrecision.SECOND,
    language="fy",
)


def read(html: bytes, listed: Listed | None = LISTED, url: str = URL) -> Article:
    article = extract(html, url, listed=listed)
    assert isinstance(article, Article)
    return article


def test_a_page_that_says_nothing_is_completed() -> None:
    article = read(f"<html><body><article>{PROSE}</article></body></html>".encode())
    assert (article.title, article.authors) == ("Nieuwe brug open voor verkeer", ("Anna de Wit",))
    assert (article.published_at, article.published_source) == (LISTED.published_at, DateSource.FEED)
    assert (article.published_offset, article.published_precision) == (120, DatePrecision.SECOND)
    assert article.date == "2024-05", "the month in the publisher's own time zone"
    assert article.language_declared == "fy"


def test_what_the_page_says_comes_first() -> None:
    page = html_page(
        f"<article><h1>Nieuwe brug open</h1>{PROSE}</article>",
        json_ld={
            "@type": "NewsArticle",
            "headline": "Nieuwe brug open",
            "author": {"@type": "Person", "name": "Bram Kuiper"},
            "datePublished": "2024-05-02T08:00:00Z",
        },
    )
    article = read(page)
    assert (article.title, article.authors) == ("Nieuwe brug open", ("Bram Kuiper",))
    assert (article.published_source, article.language_declared) == (DateSource.JSON_LD, "nl")
    assert dict_of(article) == dict_of(read(page, None))


def test_a_list_knows_better_than_a_guess_from_the_address() -> None:
    page = html_page(f"<article><h1>Nieuwe brug open</h1>{PROSE}</article>")
    url = "https://www.waterbode.example/2024/04/29/nieuwe-brug-open"
    assert read(page, None, url).published_source is DateSource.URL
    assert read(page, LISTED, url).published_source is DateSource.FEED


@pytest.mark.parametrize("year", [1970, 2999])
def test_a_date_that_cannot_be_is_left_out(year: int) -> None:
    listed = Listed(
        source=DateSource.SITEMAP,
        published_at=datetime(year, 1, 1, tzinfo=UTC),
        published_precision=DatePrecision.DAY,
    )
    assert read(html_page(f"<article><h1>Nieuwe brug open</h1>{PROSE}</article>"), listed).published_at is None


def dict_of(article: Article) -> tuple[object, ...]:
    return article.title, article.authors, article.published_at, article.published_source, article.language_declared
