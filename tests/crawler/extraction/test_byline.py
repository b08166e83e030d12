"""Tests of crawler.extraction.byline."""

from datetime import UTC, datetime

import pytest

from crawler.extraction.byline import find_byline
from crawler.extraction.metadata import read_metadata
from tests.crawler.extraction.articlehtml import PROSE, html_page, parsed


@pytest.mark.parametrize(
    "byline",
    [
        '<a rel="author" href="/auteur/anna">Anna de Wit</a>',
        '<div class="byline">Door <span class="byline__name">Anna de Wit</span></div>',
        '<span itemprop="author" itemscope><span itemprop="name">Anna de Wit</span></span>',
        '<p class="article-author">Von Anna de Wit</p>',
        '<a href="https://www.waterbode.example/auteurs/anna-de-wit">Anna de Wit</a>',
        "<p>Door Anna de Wit</p>",
        "<div><span>By</span> <span>Anna de Wit</span></div>",
        '<div class="row"><span>Anna de Wit |</span><span>04.05.2024 - 10:15</span></div>',
    ],
)
def test_a_byline_beneath_the_headline(byline: str) -> None:
    page, head, _ = parsed(html_page(f"<article><h1>Brug open</h1>{byline}{PROSE}</article>"))
    assert find_byline(page.tree, head, ["Waterbode"]) == ("Anna de Wit",)


def test_two_authors_side_by_side() -> None:
    byline = '<ul><li class="author">Anna de Wit</li><li class="author">Karl Maier</li></ul>'
    page, head, _ = parsed(html_page(f"<h1>Brug open</h1>{byline}{PROSE}"))
    assert find_byline(page.tree, head, []) == ("Anna de Wit", "Karl Maier")


@pytest.mark.parametrize(
    "other",
    [
        '<aside><span class="author">Karl Maier</span></aside>',
        '<div class="related"><span class="author">Karl Maier</span></div>',
        '<div class="comments"><b class="comment-author">Karl Maier</b></div>',
        '<footer><a rel="author">Karl Maier</a></footer>',
        '<p class="author-bio">Karl Maier schrijft over bruggen.</p>',
        "<p>De Nieuwe Brug</p>",
        "",
    ],
)
def test_names_of_others_are_none(other: str) -> None:
    page, head, _ = parsed(html_page(f"<h1>Brug open</h1>{PROSE}{other}"))
    assert find_byline(page.tree, head, []) == ()


@pytest.mark.parametrize(
    ("cards", "names"),
    [
        ((("label1", "Written by"), ("data1", "Anna de Wit"), ("label2", "Est. reading time")), ("Anna de Wit",)),
        ((("label1", "Geschreven door"), ("data1", "Anna de Wit")), ("Anna de Wit",)),
        ((("label1", "Lesezeit"), ("data1", "3 Minuten"), ("label2", "Verfasst von"), ("data2", "Karl Maier")),
         ("Karl Maier",)),
        ((("misc:Written by", "Anna de Wit"),), ("Anna de Wit",)),
        ((("label1", "Est. reading time"), ("data1", "Drie minuten"), ("label2", "Plaats"), ("data2", "Den Haag")), ()),
    ],
)  # fmt: skip
def test_the_author_on_a_twitter_card(cards: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> None:
    metas = "".join(f'<meta name="twitter:{name}" content="{content}">' for name, content in cards)
    page, head, data = parsed(html_page(f"<h1>Brug open</h1>{PROSE}", head=metas))
    now = datetime(2024, 5, 4, tzinfo=UTC)
    assert read_metadata(page, head, data, headers={}, now=now).authors == names
