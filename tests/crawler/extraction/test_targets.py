"""Which links lead to another article of the same paper, by their URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.targets import is_viewer, target_key, target_url

OWN = "https://www.waterbode.example/binnenland/nieuwe-brug-over-de-vliet~100234/"


def leads(href: str, own: str = OWN) -> bool:
    """Return whether a link on the page leads to another article."""
    return target_url(own, own, href) is not None


@pytest.mark.parametrize(
    "href",
    [
        "/binnenland/houten-schip-gevonden-in-de-vliet~100101/",
        "houten-schip-gevonden",
        "//www.waterbode.example/artikel/100101",
        "https://waterbode.example/stories/3376680/",
        "https://regio.waterbode.example/2024/05/17/schip",
        "/article/DGXZQOUB148MY0U5A110C2000000/",
        "/articles/AST1F4445T1FUTIL02SM.html",
        "/nieuws/schip.html?id=1234",
        "/index.php?articleid=9912",
        "/archive/63076",
        "/themen/wasser/hoelzernes-schiff-aus-dem-goldenen-zeitalter-im-fluss-entdeckt",
        "/%E6%96%B0%E6%A9%8B%E4%B8%8B%E7%99%BC%E7%8F%BE",
        "/video-shows-old-ship-under-bridge",
        "/notes-on-a-tag-day-in-town",
    ],
)
def test_article(href: str) -> None:
    assert leads(href)


@pytest.mark.parametrize(
    "href",
    [
        "",
        "#reacties",
        "javascript:void(0)",
        "mailto:redactie@waterbode.example",
        "tel:+31701234567",
        "http://[",
        "/",
        "/binnenland",
        "/binnenland/kunst-en-media",
        "/2024/05/",
        "/archief/2024",
        "/tag/nieuwe-brug-over-de-vliet",
        "/thema/bruggen",
        "/auteurs/anna-de-boer-100",
        "/newsletter/sign-up-for-the-water-letter",
        "/middle-east-news-hub",
        "/media/2024/05/schip.jpg",
        "/rapport-over-de-nieuwe-brug.pdf",
        "https://jobs.waterbode.example/vacature-brugwachter-in-deeltijd-100",
        "https://www.anderekrant.example/houten-schip-gevonden-in-de-vliet",
        "/binnenland/nieuwe-brug-over-de-vliet~100234/?utm_source=x#top",
        "/fotos/nieuwe-brug-over-de-vliet~100234/3",
    ],
)
def test_no_article(href: str) -> None:
    assert not leads(href)


def test_one_paper_under_two_suffixes() -> None:
    own = "https://www.waterbode.co.uk/news/new-bridge-over-the-river-100234"
    assert leads("https://www.waterbode.com/news/wooden-ship-found-in-river-100101", own)


def test_a_number_that_is_a_date_is_not_the_articles_own() -> None:
    own = "https://www.waterbode.example/20240517/nieuwe-brug-over-de-vliet"
    assert leads("/20240517/houten-schip-gevonden-in-de-vliet", own)


def test_an_identifier_that_shares_digits_is_another_article() -> None:
    own = "https://www.waterbode.example/article/DGXZQOUB148MY0U5A110C2000000/"
    assert leads("/article/DGXZQOUB27B700X21C24A2000000/", own)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://w.example/fotos/2024/opening", True),
        ("https://w.example/video/opening-van-de-brug", True),
        ("https://w.example/tv-media/live", True),
        ("https://w.example/nieuws/fotograaf-vindt-schip", False),
    ],
)
def test_viewer(url: str, expected: bool) -> None:
    assert is_viewer(url) is expected


def test_key_ignores_what_says_where_a_click_came_from() -> None:
    assert target_key("http://www.w.example/a/houten-schip-gevonden?src=box#x") == target_key(
        "https://w.example/a/houten-schip-gevonden/"
    )
    assert target_key("https://w.example/a?id=1") != target_key("https://w.example/a?id=2")


@given(st.text(max_size=60))
def test_any_href_is_judged(href: str) -> None:
    url = target_url(OWN, OWN, href)
    assert url is None or target_key(url)
