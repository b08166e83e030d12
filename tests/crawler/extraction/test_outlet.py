"""Tests of an outlet's own CSS selectors."""

from datetime import UTC, datetime

import pytest

from crawler.article import Article, DateSource, Rejection
from crawler.extraction import extract
from crawler.sites import CssHints
from tests.crawler.extraction.articlehtml import PROSE, SENTENCES, URL, html_page

STRAY = "Deze tekst hoort niet bij het artikel, al staat hij er midden in en is hij lang genoeg om ervoor door te gaan."
PAGE = html_page(
    f"""<div class=page><h2 class=kop>De <em>brug</em> is open</h2><span class=van>Door Bram Kuiper</span>
    <i class=dag data-date="2024-05-02T08:00:00+02:00">gisteren</i>
    <div class=verhaal>{PROSE}<div class=blok>{STRAY}</div></div>
    <div class=verhaal><p>{STRAY} En nog eens, in een andere kolom van deze pagina.</p></div></div>""",
    head="<title>Waterbode</title>",
)


def read(css: CssHints | None) -> Article:
    article = extract(PAGE, URL, css=css)
    assert isinstance(article, Article)
    return article


def test_what_the_selectors_find_is_the_article() -> None:
    css = CssHints(title=".kop", authors=".van", published=".dag", body="div.verhaal:first-of-type", remove=".blok")
    article = read(css)
    assert (article.title, article.authors) == ("De brug is open", ("Bram Kuiper",))
    assert article.published_at == datetime(2024, 5, 2, 6, tzinfo=UTC)
    assert (article.published_source, article.published_offset) == (DateSource.TIME, 120)
    assert [block.text for block in article.body] == [sentence.strip() for sentence in SENTENCES]


def test_without_them_it_is_read_as_any_page() -> None:
    assert STRAY in read(None).text
    assert read(CssHints()).text == read(None).text


def test_what_a_selector_does_not_find_changes_nothing() -> None:
    css = CssHints(title=".niets", authors=".niets", published=".niets", body=".niets", remove=".niets")
    before, after = read(None), read(css)
    assert (after.title, after.authors, after.published_at) == (before.title, before.authors, before.published_at)
    assert after.text == before.text


@pytest.mark.parametrize("selector", ["*", "body", "html", "p", ":root", "div > *", "h1, p"])
def test_a_selector_that_takes_too_much_ends_in_an_outcome(selector: str) -> None:
    for css in (CssHints(remove=selector), CssHints(body=selector), CssHints(title=selector, authors=selector)):
        assert isinstance(extract(PAGE, URL, css=css), Article | Rejection)
