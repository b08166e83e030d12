"""Which words of a teaser card are the headline, which the teaser, which neither."""

from __future__ import annotations

import pytest

from crawler.extraction.cards import clean_title, headline_and_teaser, is_promotion, words_in
from crawler.extraction.lines import read_lines, units
from crawler.extraction.page import parse

TITLE = "Houten schip uit de Gouden Eeuw gevonden in de Vliet"
TEASER = "Duikers haalden woensdag de eerste planken boven water."


def read(card: str) -> tuple[str | None, str | None]:
    """Return headline and teaser of a card."""
    page = read_lines(parse(f"<body><div id='card'>{card}</div></body>".encode(), "https://w.example/a").tree)
    root = next(element for element in page.extents if element.get("id") == "card")
    parts = [unit for line in page.lines for unit in units(line.pieces)]
    return headline_and_teaser(parts, root, [anchor.element for anchor in page.anchors])


@pytest.mark.parametrize(
    "card",
    [
        f"<a href='/x'><h3>{TITLE}</h3><p>{TEASER}</p></a>",
        f"<h3><a href='/x'>{TITLE}</a></h3><p>{TEASER}</p>",
        f"<a href='/x'><span class='teaser__title'>{TITLE}</span><span class='teaser__lead'>{TEASER}</span></a>",
        f"<a href='/x'><div class='hed'>{TITLE}</div><div class='dek'>{TEASER}</div></a>",
        (
            "<p class='kicker'>Vondst in de bodem van de rivier</p><a href='/x'>"
            f"<h3>{TITLE}</h3></a><div class='summary'>{TEASER}</div>"
        ),
        (
            f"<time>14 mei 2024</time><a href='/x'><h3>{TITLE}</h3></a><p>{TEASER}</p>"
            "<span class='author'>Anna de Boer en Piet Vis</span>"
        ),
        (
            f"<a href='/x'><h3>{TITLE}</h3></a><p>Door Anna de Boer</p><p>{TEASER}</p>"
            "<a href='/x' class='cta'>Lees meer</a>"
        ),
        (
            f"<a href='/x'><h3>{TITLE}</h3><p>{TEASER}</p><span>3 min</span>"
            "<span>2 uur geleden</span><span>08.07.2024</span></a>"
        ),
        f"<h2>Archeologie</h2><h1><a href='/x'>{TITLE}</a></h1><p>{TEASER}</p>",
        f"<h3 class='subhead'>{TEASER}</h3><h3><a href='/x'>{TITLE}</a></h3><p class='intro'>{TEASER}</p>",
    ],
)
def test_headline_and_teaser(card: str) -> None:
    assert read(card) == (TITLE, TEASER)


@pytest.mark.parametrize(
    "card",
    [
        f"<a href='/x'>{TITLE}</a>",
        f"<a href='/x'><span class='cta'>{TITLE}</span></a>",
        f"<a href='/x' class='premium'>{TITLE}</a>",
        f"<a href='/x'><span>Wonen & Zo</span><span>{TITLE}</span></a>",
        f"<a href='/x' aria-label='{TITLE}'></a>",
        f"<a href='/x' title='{TITLE}'><img src='x.jpg'></a>",
        f"<a href='/x'><img src='x.jpg' alt='{TITLE}'></a>",
        f"<a href='/x' aria-label='Lees meer'><img alt='{TITLE}'></a>",
        f"<h4>{TITLE}</h4><a href='/x'></a>",
        f"<a href='/x'><time>12:30</time> {TITLE}</a>",
    ],
)
def test_headline_alone(card: str) -> None:
    assert read(card) == (TITLE, None)


def test_card_without_words() -> None:
    assert read("<a href='/x'><img src='x.jpg'></a>") == (None, None)


def test_prose_is_no_teaser() -> None:
    assert read(f"<a href='/x'><h3>{TITLE}</h3></a><p>{TEASER * 12}</p>") == (TITLE, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("» Schip gevonden", "Schip gevonden"),
        ("Schip gevonden »", "Schip gevonden"),
        ("«Das Schiff ist gefunden»", "«Das Schiff ist gefunden»"),
        ("Lees ook: Schip gevonden", "Schip gevonden"),
        ("Schip: gevonden", "Schip: gevonden"),
        ("- Schip gevonden →", "Schip gevonden"),
    ],
)
def test_clean_title(text: str, expected: str) -> None:
    assert clean_title(text) == expected


def test_words_in_scripts_with_and_without_spaces() -> None:
    assert words_in("Een schip & een brug") == 4
    assert words_in("新橋下發現木船遺跡") == 4


def test_promotion() -> None:
    assert is_promotion("Subscribe to our morning letter")
    assert not is_promotion("Subway line opens early")
