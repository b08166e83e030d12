"""Tests of crawler.extraction.published: which of a page's dates counts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.article import DatePrecision, DateSource
from crawler.extraction.dates import Instant
from crawler.extraction.published import modified, published
from tests.crawler.extraction.articlehtml import PROSE, URL, html_page, parsed

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def date_of(body: str = PROSE, *, head: str = "", json_ld: Any = None, url: str = URL) -> Instant | None:
    page, declarations, data = parsed(html_page(body, head=head, json_ld=json_ld), url)
    return published(page, declarations, data, language="nl", now=NOW)


def seen(instant: Instant | None) -> tuple[str, DateSource, DatePrecision]:
    assert instant is not None
    return instant.local.isoformat(), instant.source, instant.precision


def article(**fields: Any) -> dict[str, Any]:
    return {"@type": "NewsArticle", "headline": "Brug open", **fields}


def test_json_ld_goes_before_meta_tags() -> None:
    found = date_of(
        head='<meta property="article:published_time" content="2024-05-04T12:00:00+02:00">',
        json_ld=article(datePublished="2024-05-04T10:00:00+02:00"),
    )
    assert seen(found) == ("2024-05-04T10:00:00+02:00", DateSource.JSON_LD, DatePrecision.SECOND)


@pytest.mark.parametrize("wrong", ["2031-01-01T00:00:01Z", "1970-01-01T00:00:00Z", "morgen", "2024-13-45", "", None])
def test_what_cannot_be_is_passed_over(wrong: str | None) -> None:
    found = date_of(
        head='<meta name="pubdate" content="2024-05-04T12:00:00+02:00">', json_ld=article(datePublished=wrong)
    )
    assert seen(found) == ("2024-05-04T12:00:00+02:00", DateSource.META, DatePrecision.SECOND)


@pytest.mark.parametrize(
    "name", ["article:published_time", "article:published:time", "DC.date.issued", "parsely-pub-date", "publish-date"]
)
def test_meta_names_are_compared_by_their_letters(name: str) -> None:
    assert seen(date_of(head=f'<meta name="{name}" content="2024-05-04 09:00">'))[1] is DateSource.META


def test_a_later_source_adds_the_time_to_the_day() -> None:
    found = date_of(
        head='<meta property="article:published_time" content="2024-05-04T12:00:00+02:00">',
        json_ld=article(datePublished="2024-05-04"),
    )
    assert seen(found) == ("2024-05-04T12:00:00+02:00", DateSource.META, DatePrecision.SECOND)


def test_a_later_source_adds_the_offset_to_the_time() -> None:
    found = date_of(
        head='<meta property="article:published_time" content="2024-05-04T10:00:00+02:00">',
        json_ld=article(datePublished="2024-05-04T10:00:00"),
    )
    assert seen(found) == ("2024-05-04T10:00:00+02:00", DateSource.JSON_LD, DatePrecision.SECOND)


def test_the_publishers_own_offset_goes_before_utc() -> None:
    found = date_of(
        f'<h1>Brug open</h1><time datetime="2024-05-01T00:30:00+02:00">1 mei</time>{PROSE}',
        json_ld=article(datePublished="2024-04-30T22:30:00"),
        head='<meta property="article:published_time" content="2024-04-30T22:30:00Z">',
    )
    assert found is not None
    assert found.at == datetime(2024, 4, 30, 22, 30, tzinfo=UTC)


def test_the_time_element_beneath_the_headline() -> None:
    found = date_of(
        '<aside><time datetime="2024-05-09T08:00:00+02:00">gisteren</time></aside><article><h1>Brug open</h1>'
        f'<time class="updated" datetime="2024-05-06T08:00:00+02:00">6 mei</time>'
        f'<time datetime="2024-05-04T10:00:00+02:00">4 mei</time>{PROSE}</article>'
    )
    assert seen(found) == ("2024-05-04T10:00:00+02:00", DateSource.TIME, DatePrecision.SECOND)


def test_microdata() -> None:
    found = date_of(f'<span itemprop="datePublished" content="2024-05-04T10:00+02:00">4 mei</span>{PROSE}')
    assert seen(found) == ("2024-05-04T10:00:00+02:00", DateSource.TIME, DatePrecision.MINUTE)


def test_the_dateline_in_words() -> None:
    found = date_of(f'<h1>Brug open</h1><div class="meta"><span class="datum">4 mei 2024, 10:15</span></div>{PROSE}')
    assert seen(found) == ("2024-05-04T10:15:00+00:00", DateSource.TIME, DatePrecision.MINUTE)


def test_the_date_in_the_url() -> None:
    url = "https://www.waterbode.example/2024/05/04/brug-open"
    assert seen(date_of(url=url)) == ("2024-05-04T00:00:00+00:00", DateSource.URL, DatePrecision.DAY)
    url = "https://www.waterbode.example/2024/05/brug-open"
    assert seen(date_of(url=url)) == ("2024-05-01T00:00:00+00:00", DateSource.URL, DatePrecision.MONTH)


def test_a_date_on_the_page_that_contradicts_the_url_is_another_one() -> None:
    body = f'<h1>Brug open</h1><p class="date">Concert op 12 februari 2024</p>{PROSE}'
    found = date_of(body, url="https://www.waterbode.example/2024/05/04/brug-open")
    assert seen(found) == ("2024-05-04T00:00:00+00:00", DateSource.URL, DatePrecision.DAY)


def test_no_date_is_none() -> None:
    assert date_of() is None


def test_a_video_on_the_page_does_not_date_the_article() -> None:
    found = date_of(
        head='<meta property="article:published_time" content="2024-05-04T10:00:00+02:00">',
        json_ld=[{"@type": "VideoObject", "uploadDate": "2019-01-01T10:00:00+01:00"}],
    )
    assert seen(found)[0] == "2024-05-04T10:00:00+02:00"


def test_modified() -> None:
    head = '<meta property="article:modified_time" content="2024-05-05T10:00:00+02:00">'
    page, declarations, data = parsed(html_page(head=head, json_ld=article(dateModified="2023-01-01T00:00:01Z")))
    since = Instant(at=datetime(2024, 5, 4, tzinfo=UTC), precision=DatePrecision.DAY, source=DateSource.META)
    assert page.url == URL
    found = modified(declarations, data, since=since, language="nl", now=NOW)
    assert found is not None
    assert found.source is DateSource.META
    earlier = modified(declarations, data, since=None, language="nl", now=NOW)
    assert earlier is not None
    assert earlier.at.year == 2023


def test_a_date_behind_the_last_bar_of_the_title_is_the_day_of_publication() -> None:
    """And neither that of a photograph nor that of another article's card is taken for it."""
    body = """<h1>Sluis weer open</h1><p>De sluis bij de werkhaven, 24. april 2023</p>
    <h2>Brug dicht <span class="date">21.04.2023</span></h2><p>Het water zakt.</p>"""
    found = date_of(body, head='<meta property="og:title" content="Sluis weer open | Bode | 28.04.2023">')
    assert seen(found)[0] == "2023-04-28T00:00:00+00:00"


def test_a_title_that_ends_in_something_else_tells_no_date() -> None:
    assert date_of("<p>Niets", head='<meta property="og:title" content="Top 2000 | 1999 - 2023">') is None
