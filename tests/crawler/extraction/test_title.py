"""Tests of crawler.extraction.title."""

from typing import Any

import pytest

from crawler.extraction.title import headline, key, without_site
from tests.crawler.extraction.articlehtml import html_page, parsed

SITES = ("Waterbode", "waterbode.example", "waterbode")


def title_of(body: str = "", *, head: str = "", declared: str | None = None) -> str | None:
    json_ld: Any = {"@type": "NewsArticle", "headline": declared} if declared else None
    page, declarations, data = parsed(html_page(body, head=head, json_ld=json_ld))
    return headline(page.tree, declarations, data.article, SITES)


def shared(text: str) -> str:
    return f'<meta property="og:title" content="{text}">'


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("Brug open | Waterbode", "Brug open"),
        ("Brug open - De Waterbode", "Brug open"),
        ("Brug open | Binnenland | Waterbode.example", "Brug open | Binnenland"),
        ("Waterbode – Brug open", "Brug open"),
        ("Brug open：Waterbode", "Brug open"),
        ("Brug open - en weer dicht", "Brug open - en weer dicht"),
        ("Wat-er-bode", "Wat-er-bode"),
    ],
)
def test_the_name_of_the_site_is_no_part_of_a_headline(written: str, clean: str) -> None:
    assert without_site(written, frozenset(map(key, SITES))) == clean


@pytest.mark.parametrize("separator", [" | ", " - ", " – ", " · ", " // "])
def test_what_follows_the_headline_shown_is_dropped(separator: str) -> None:
    assert title_of("<h1>Brug open</h1>", head=shared(f"Brug open{separator}Vlietstad nieuws")) == "Brug open"


def test_open_graph_goes_before_json_ld() -> None:
    assert title_of(head=shared("De brug is open"), declared="Brug open") == "De brug is open"


def test_a_wording_for_search_engines_gives_way() -> None:
    head = shared("Brug Vlietstad opening datum") + "<title>Brug Vlietstad opening datum | Waterbode</title>"
    assert title_of(head=head, declared="De brug is open") == "De brug is open"


def test_a_kicker_before_the_headline_gives_way() -> None:
    head = shared("Verkeer | De brug is open")
    assert title_of("<h1>De brug is open</h1>", head=head, declared="De brug is open") == "De brug is open"


def test_the_shown_spelling_of_one_wording() -> None:
    assert title_of("<h1>‘Brug’ open</h1>", head=shared("'Brug' open"), declared="‘Brug’ open") == "‘Brug’ open"


def test_a_headline_cut_by_its_publisher_gives_way() -> None:
    assert title_of(head=shared("De brug is …"), declared="De brug is open") == "De brug is open"


def test_the_name_of_the_site_alone_is_no_headline() -> None:
    assert title_of("<h1>De brug is open</h1>", head=shared("Waterbode")) == "De brug is open"


def test_without_declarations_the_heading_that_the_title_confirms() -> None:
    body = "<h1>Waterbode</h1><h1>De brug is open</h1>"
    assert title_of(body, head="<title>De brug is open | Waterbode</title>") == "De brug is open"


def test_last_resorts() -> None:
    assert title_of(head="<title>De brug is open - Waterbode</title>") == "De brug is open"
    assert title_of("<h2>De brug is open</h2>") == "De brug is open"
    assert title_of("<p>De brug is open</p>") is None


def test_the_title_of_a_drawing_is_not_the_pages() -> None:
    head = "<svg><title>Menu</title></svg><title>De brug is open</title>"
    assert title_of(head) == "De brug is open"
