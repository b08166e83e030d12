"""What looks like a read-also link and is none, or stands where one is not to be found."""

from __future__ import annotations

import pytest

from crawler.extraction.page import parse
from crawler.extraction.related import find_related
from tests.crawler.extraction.newspage import FIRST, FOURTH, SECOND, THIRD, URL, links, summary

A = "/binnenland/2024/04/houten-schip-gevonden-in-de-vliet-100101"
B = "/binnenland/2024/03/negen-jaar-wachten-op-een-brug-100077"
TITLE_A = "Houten schip uit de Gouden Eeuw gevonden in de Vliet"
TITLE_B = "Negen jaar wachten op een brug: hoe kon dat gebeuren?"


def module(label: str, *, css: str = "module") -> str:
    """Return a box with a heading and two articles, built exactly like a read-also box."""
    return f"""<section class="{css}"><h3>{label}</h3><ul>
    <li><a href="{A}">{TITLE_A}</a></li><li><a href="{B}">{TITLE_B}</a></li></ul></section>"""


def test_the_same_module_with_a_label_is_found() -> None:
    """The traps below differ in one thing each from this."""
    assert [link.title for link in links(end=module("Lees ook"))] == [TITLE_A, TITLE_B]


@pytest.mark.parametrize(
    "label",
    [
        "Meest gelezen",
        "Laatste nieuws",
        "Onderwerpen",
        "Aanbevolen voor jou",
        "Uitgelicht",
        "Most read",
        "Trending now",
        "Editors' picks",
        "Editor’s Picks",
        "Recommended for you",
        "Latest news",
        "Meistgelesen",
        "Empfehlungen der Redaktion",
        "Weitere Nachrichten",
        "Les plus lus",
        "Lo más leído",
        "I più letti",
        "Najczęściej czytane",
        "Самое читаемое",
        "アクセスランキング",
        "热门文章",
        "많이 본 뉴스",
        "الأكثر قراءة",
        "Advertentie",
        "Meer van Anna de Boer",
        "Meer over Waterbode.example",
        "More on WATERBODE",
    ],
)
@pytest.mark.parametrize("css", ["module", "related-articles"])
def test_other_modules_whatever_their_class(label: str, css: str) -> None:
    assert links(end=module(label, css=css)) == []
    assert links(f'<div class="box">{module(label, css=css)}</div>') == []
    assert links(aside=f'<aside class="rail">{module(label, css=css)}</aside>') == []


def test_module_without_label_after_the_article() -> None:
    assert links(end=module("", css="related related-articles")) == []


def test_module_after_an_empty_read_also_box() -> None:
    empty = '<div class="box"><h3 class="box__title">Lees ook</h3></div>'
    feed = f'<div class="box"><h3 class="box__title">Rubriek</h3><a href="{A}">{TITLE_A}</a></div>'
    assert links(end=f'<div class="rail">{empty}{feed}</div>') == []


def test_next_module_in_the_same_container() -> None:
    end = f"""<div class="rail"><h3>Lees ook</h3><ul><li><a href="{A}">{TITLE_A}</a></li></ul>
    <h3>Meest gelezen</h3><ul><li><a href="{B}">{TITLE_B}</a></li></ul></div>"""
    assert [link.title for link in links(end=end)] == [TITLE_A]


def test_next_section_with_a_linked_heading() -> None:
    end = f"""<div class="rail"><h3>Lees ook</h3><ul><li><a href="{A}">{TITLE_A}</a></li></ul>
    <h3><a href="/sport">Sport</a></h3><ul><li><a href="{B}">{TITLE_B}</a></li></ul></div>"""
    assert [link.title for link in links(end=end)] == [TITLE_A]


def test_tabs() -> None:
    tabs = f"""<div class="tabs"><ul><li><a href="#t1">Gerelateerd</a></li><li><a href="#t2">Meest gelezen</a></li></ul>
    <div id="t1"></div><div id="t2"><ul>
    <li><a href="{A}">{TITLE_A}</a></li><li><a href="{B}">{TITLE_B}</a></li></ul></div></div>"""
    assert links(end=tabs) == []


@pytest.mark.parametrize(
    "href",
    [
        "/tag/bruggen",
        "/thema/vliet",
        "/dossiers/tag/nieuwe-brug-over-de-vliet",
        "/auteur/anna-de-boer-12345",
        "/nieuwsbrief/de-week-in-waterland",
        "/binnenland",
        "/binnenland/verkeer",
        "/2024/05/",
        "/waterland-news-hub",
        "https://jobs.waterbode.example/vacature/brugwachter-m-v-12345",
        "https://www.andere-krant.example/2024/05/heel-ander-verhaal-uit-een-andere-krant-99",
        "mailto:redactie@waterbode.example",
        "javascript:void(0)",
        "#reacties",
        URL,
        URL + "?utm_source=box#reacties",
        "/fotos/100234/de-opening-van-de-brug-in-beeld",
    ],
)
def test_links_that_lead_to_no_other_article_of_the_paper(href: str) -> None:
    link = f'<a href="{href}">Alles over de nieuwe brug over de Vliet</a>'
    assert links(f"<p><strong>Lees ook:</strong> {link}</p>") == []
    assert links(end=f"<h3>Mehr zum Thema</h3><ul><li>{link}</li></ul>") == []
    assert links(f"<p>{link}</p>") == []


def test_sponsored_card_among_real_ones() -> None:
    end = f"""<div class="rel"><h3>Lees ook</h3><div class="card"><a href="{A}"><h4>{TITLE_A}</h4></a></div>
    <div class="card"><span>Advertentie</span><a href="/2024/05/vijf-tips-voor-een-nieuwe-keuken-555001">
    <h4>Vijf tips voor een nieuwe keuken</h4></a></div>
    <div class="card"><a href="{B}"><h4>{TITLE_B}</h4></a></div></div>"""
    assert [link.title for link in links(end=end)] == [TITLE_A, TITLE_B]


@pytest.mark.parametrize(
    "title",
    [
        "Elke ochtend het laatste nieuws: schrijf je in voor onze nieuwsbrief",
        "Get 75% off our exclusive royal newsletter",
        "Folge unserem WhatsApp-Kanal für Eilmeldungen",
        "Abonnieren Sie jetzt unseren Kanal und verpassen Sie nichts",
    ],
)
def test_promotions_in_the_same_shape(title: str) -> None:
    assert links(f'<p><strong>Lees ook:</strong> <a href="{A}">{title}</a></p>') == []
    assert links(f'<div class="teaser"><a href="{A}"><h3>{title}</h3></a></div>') == []


@pytest.mark.parametrize(
    "css", ["newsletter-signup", "autopromo-box", "podcast-player", "most-read", "share-bar", "author-bio"]
)
def test_unlabelled_boxes_with_another_purpose(css: str) -> None:
    assert links(f'<div class="{css}"><a href="{A}"><h3>{TITLE_A}</h3></a></div>') == []


def test_links_in_sentences() -> None:
    assert (
        links(
            f'<p>{FIRST} <a href="{A}">{TITLE_A}</a>, meldt deze krant op gezag van de gemeentelijke archeologen.</p>'
        )
        == []
    )
    assert (
        links(f'<p><a href="{A}">Houten schip uit de Gouden Eeuw gevonden</a>, dat was vorige maand het nieuws.</p>')
        == []
    )


def test_sentence_that_opens_like_a_label() -> None:
    assert (
        links(
            "<p>Lees ook de hele brief die de wethouder aan de omwonenden stuurde, "
            f'met <a href="{A}">bijlage over het schip</a>.</p>'
        )
        == []
    )


def test_linked_intertitle_is_no_card() -> None:
    assert links(f'<h2><a href="{A}">{TITLE_A}</a></h2>') == []


def test_caption_is_no_card() -> None:
    figure = (
        '<figure><a href="/binnenland/2024/05/brug-beeld-1-100999"><img src="x.jpg">'
        f"</a><figcaption>{TITLE_A}.</figcaption></figure>"
    )
    assert links(figure) == []


def test_button_under_a_teaser_is_no_label() -> None:
    river = "".join(
        (
            f'<div class="item"><h3><a href="{href}">{title}</a></h3><p>Korte inleiding.</p>'
            f'<a href="{href}">Lees meer</a></div>'
        )
        for href, title in ((A, TITLE_A), (B, TITLE_B))
    )
    assert links(end=f'<div class="river">{river}</div>') == []


def test_paragraph_of_the_body_below_a_label_line_is_no_teaser() -> None:
    never_closed = f'<div>Lees ook: <a href="{A}">{TITLE_A}</a><p>{THIRD}</p><p>{FOURTH}</p><p>{SECOND}</p></div>'
    assert summary(links(never_closed)) == [("Lees ook", TITLE_A, None)]
    bare = f'<div class="article-body"><p>{FIRST}</p><p>{SECOND}</p></div>'
    half = f'<div class="article-body">Lees ook: <a href="{A}">{TITLE_A}</a><p>{THIRD}</p></div>'
    (link,) = find_related(parse(f"<body><article>{bare}{half}{bare}</article></body>".encode(), URL)).links
    assert link.teaser is None


def test_pictures_before_a_label_that_lead_to_different_articles() -> None:
    pictures = "".join(f'<a href="{href}"><img src="x.jpg" alt=""></a>' for href in (A, B))
    assert links(f'<div class="box">{pictures}<b>Lees ook</b><p class="title">{TITLE_A}</p></div>') == []


def test_stretched_link_over_a_button() -> None:
    card = f'<div class="card"><a href="{A}" aria-label="{TITLE_A}"></a><span>Lees meer</span></div>'
    assert links(end=card) == []


def test_stretched_link_of_a_paid_card() -> None:
    text = f'<b>Lees ook</b><p class="card__title">{TITLE_A}</p>'
    card = f'<div class="card card--advertorial"><a href="{A}"></a>{text}</div>'
    assert links(card) == []


def test_menu_under_more() -> None:
    menu = (
        '<div class="menu"><div>Meer</div><ul><li>'
        '<a href="/info/2024/over-de-krant-100">Over deze krant</a></li></ul></div>'
    )
    assert links(end=menu) == []


def test_second_article_further_down() -> None:
    second = f"""<article><h1>Schippers boos over de nieuwe brug</h1><div class="article-body">
    <p>{FIRST} En dat is nog niet alles.</p>
    <p>{THIRD} Dat zeggen de schippers.</p>
    <p>Zij vrezen dat zij straks elke ochtend een uur moeten wachten tot de klep omhoog gaat.</p>
    <p>De brugwachter laat weten dat hij rekening houdt met de spits op het water, zoals overal in het land.</p>
    <p><strong>Lees ook:</strong> <a href="{A}">{TITLE_A}</a></p></div></article>"""
    assert links(aside=second) == []


def test_hidden_box() -> None:
    assert links(f'<div style="display: none"><h3>Lees ook</h3><a href="{A}">{TITLE_A}</a></div>') == []
    assert links(f'<div hidden><h3>Lees ook</h3><a href="{A}">{TITLE_A}</a></div>') == []


def test_hidden_copy_of_the_body_does_not_move_the_links() -> None:
    copy = f"<div hidden><p>{THIRD}</p></div>"
    found = links(end=f'<p><strong>Lees ook:</strong> <a href="{A}">{TITLE_A}</a></p>{copy}')
    assert [str(link.position) for link in found] == ["end"]


def test_feed_of_many_links() -> None:
    items = "".join(
        f'<li><a href="/binnenland/2024/04/bericht-nummer-zoveel-{n}">Bericht nummer {n} van vandaag</a></li>'
        for n in range(100200, 100230)
    )
    assert links(end=f"<section><h3>Gerelateerd</h3><ul>{items}</ul></section>") == []


def test_own_headline() -> None:
    assert links(f'<p>Lees ook: <a href="{A}">Nieuwe brug over de Vliet gaat open</a></p>') == []


def test_word_before_a_link_that_names_a_source() -> None:
    assert links(f'<p>Bron: <a href="{A}">{TITLE_A}</a></p>') == []


def test_a_trap_does_not_hide_what_follows_it() -> None:
    both = module("Meest gelezen") + f'<p>Lees ook: <a href="{A}">{TITLE_A}</a></p>'
    assert summary(links(end=both)) == [("Lees ook", TITLE_A, None)]


def test_module_with_an_unknown_heading_between_sentences() -> None:
    assert links(f'<div class="box">{module("Voor u gekozen door de machine")}</div>') == []
    assert links(f'<div class="box">{module("Mijn nieuws")}</div>') == []
