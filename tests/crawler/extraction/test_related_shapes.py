"""Every shape of mark-up in which papers point to other articles: what is found, and how it is read."""

from __future__ import annotations

import pytest

from crawler.article import Position
from tests.crawler.extraction.newspage import harvest, links, summary

A = "/binnenland/2024/04/houten-schip-gevonden-in-de-vliet-100101"
B = "/binnenland/2024/03/negen-jaar-wachten-op-een-brug-100077"
C = "/regio/2024/02/schippers-vrezen-lange-wachttijden-100050"
TITLE_A = "Houten schip uit de Gouden Eeuw gevonden in de Vliet"
TITLE_B = "Negen jaar wachten op een brug: hoe kon dat gebeuren?"
TITLE_C = "Schippers vrezen lange wachttijden bij de nieuwe klep"
TEASER_A = "Duikers haalden woensdag de eerste planken boven water."
TEASER_B = "De wethouder legt uit waarom de bouw steeds stillag."

BOTH = [("Lees ook", TITLE_A, None), ("Lees ook", TITLE_B, None)]


def test_bold_label_and_link_in_one_paragraph() -> None:
    found = links(f'<p><strong>Lees ook:</strong> <a href="{A}">{TITLE_A}</a></p>')
    assert summary(found) == [("Lees ook", TITLE_A, None)]
    assert found[0].url == f"https://www.waterbode.example{A}"
    assert found[0].position is Position.INLINE


@pytest.mark.parametrize(
    "paragraph",
    [
        "<p>Lees ook: {link}</p>",
        "<p><b>Lees ook</b> {link}</p>",
        "<p><em><strong>LEES OOK | </strong>{link}</em></p>",
        "<p>&raquo; Lees ook: {link}</p>",
        "<p>► <strong>Lees ook</strong> – {link}</p>",
        "<p>(Lees ook: {link})</p>",
        "<p><strong>Lees <span>ook</span>:</strong><br>{link}</p>",
        "<div><span class='x'>Lees ook</span>{link}</div>",
        "<h3>Lees ook: {link}</h3>",
        "<blockquote><p>Lees ook: {link}</p></blockquote>",
    ],
)
def test_label_before_the_link(paragraph: str) -> None:
    ((label, title, _),) = summary(links(paragraph.format(link=f'<a href="{A}">{TITLE_A}</a>')))
    assert (label or "").casefold() == "lees ook"
    assert title == TITLE_A


def test_label_at_the_start_of_the_link_text() -> None:
    assert summary(links(f'<p><a href="{A}">Lees ook: {TITLE_A}</a></p>')) == [("Lees ook", TITLE_A, None)]


def test_label_is_the_link_and_the_headline_stands_beside_it() -> None:
    assert summary(links(f'<p><a href="{A}">Lees ook</a>: {TITLE_A}</p>')) == [("Lees ook", TITLE_A, None)]


def test_label_at_the_end_of_a_sentence() -> None:
    sentence = "Archeologen vonden eerder in het heien ook resten van een steiger, een anker en aardewerk uit Delft"
    found = links(f'<p>{sentence}. (Lees ook: <a href="{A}">{TITLE_A}</a>)</p>')
    assert summary(found) == [("Lees ook", TITLE_A, None)]


def test_classed_box_with_heading_and_list() -> None:
    box = f"""<div class="inline-box inline-box--read-also"><h4 class="inline-box__title">Lees ook:</h4><ul>
    <li><a href="{A}">{TITLE_A}</a></li><li><a href="{B}">{TITLE_B}</a></li></ul></div>"""
    found = links(box)
    assert summary(found) == BOTH
    assert {link.position for link in found} == {Position.INLINE}


def test_aside_at_the_end() -> None:
    box = f"""<aside><h3>Lees ook</h3><ul><li><a href="{A}">{TITLE_A}</a></li>
    <li><a href="{B}">{TITLE_B}</a></li></ul></aside>"""
    found = links(end=box)
    assert summary(found) == BOTH
    assert {link.position for link in found} == {Position.END}


def test_cards_whose_link_wraps_headline_and_teaser() -> None:
    cards = f"""<section class="more"><h2>Lees ook</h2>
    <article class="card"><a href="{A}"><img src="a.jpg" alt=""><h3>{TITLE_A}</h3><p>{TEASER_A}</p></a></article>
    <article class="card"><a href="{B}"><img src="b.jpg" alt=""><h3>{TITLE_B}</h3><p>{TEASER_B}</p></a></article>
    </section>"""
    assert summary(links(end=cards)) == [("Lees ook", TITLE_A, TEASER_A), ("Lees ook", TITLE_B, TEASER_B)]


def test_teaser_beside_the_link() -> None:
    cards = f"""<div class="more"><div class="more-head">Lees ook</div>
    <div class="card"><h3><a href="{A}">{TITLE_A}</a></h3><p class="dek">{TEASER_A}</p></div>
    <div class="card"><h3><a href="{B}">{TITLE_B}</a></h3><p class="dek">{TEASER_B}</p></div></div>"""
    assert summary(links(cards)) == [("Lees ook", TITLE_A, TEASER_A), ("Lees ook", TITLE_B, TEASER_B)]


def test_box_of_one_link_with_the_teaser_after_it() -> None:
    box = f'<aside class="tip"><h3>Lees ook</h3><a href="{A}">{TITLE_A}</a><p>{TEASER_A}</p></aside>'
    assert summary(links(box)) == [("Lees ook", TITLE_A, TEASER_A)]


@pytest.mark.parametrize("css", ["tip__text", "tip__more-teaser"])
def test_teaser_below_the_line_of_label_and_link(css: str) -> None:
    box = (
        f'<div class="tip"><b class="tip__label">Lees ook:</b> <a href="{A}">{TITLE_A}</a>'
        f'<p class="{css}">{TEASER_A}</p></div>'
    )
    assert summary(links(box)) == [("Lees ook", TITLE_A, TEASER_A)]
    assert [element.get("class") for element in harvest(box).elements] == ["tip"]


def test_label_paragraph_followed_by_link_paragraphs_without_class() -> None:
    flow = f'<p><strong>Lees ook:</strong></p><p><a href="{A}">{TITLE_A}</a></p><p><a href="{B}">{TITLE_B}</a></p>'
    assert summary(links(flow)) == BOTH


def test_label_styled_like_an_intertitle() -> None:
    flow = f'<h2>Lees ook</h2><ul><li><a href="{A}">{TITLE_A}</a></li><li><a href="{B}">{TITLE_B}</a></li></ul>'
    assert summary(links(flow)) == BOTH


def test_label_line_of_its_own_inside_the_link() -> None:
    card = (
        f'<div class="plug"><a href="{A}"><h2><small>Lees ook</small>'
        f'<span>{TITLE_A}</span></h2><img src="x.jpg"></a></div>'
    )
    assert summary(links(card)) == [("Lees ook", TITLE_A, None)]


def test_label_block_inside_the_link() -> None:
    card = (
        f'<aside class="linkcard"><a href="{A}"><img src="x.jpg"><div>'
        f'<div class="flag">Lees ook</div><h3>{TITLE_A}</h3></div></a></aside>'
    )
    assert summary(links(card)) == [("Lees ook", TITLE_A, None)]


def test_another_word_in_a_box_that_looks_like_a_labelled_one() -> None:
    card = '<aside class="linkcard"><a href="{}"><div class="flag">{}</div><h3>{}</h3></a></aside>'
    found = links(
        card.format(A, "Lees ook", TITLE_A)
        + "<p>Het schip blijft voorlopig onder water, tot er geld is om het te bergen.</p>"
        "<p>Dat kan volgens deskundigen nog jaren duren, want het fonds voor archeologie is zo goed als leeg.</p>"
        + card.format(B, "Reconstructie", TITLE_B)
    )
    assert summary(found) == [("Lees ook", TITLE_A, None), ("Reconstructie", TITLE_B, None)]


def test_label_in_a_wrapper_and_links_in_the_next_div() -> None:
    flow = f"""<div class="wrap"><div class="head"><span>Lees ook</span></div>
    <div class="list"><div><a href="{A}">{TITLE_A}</a></div><div><a href="{B}">{TITLE_B}</a></div></div></div>"""
    assert summary(links(flow)) == BOTH


def test_label_with_a_link_to_its_topic() -> None:
    flow = f"""<div class="wrap"><header><h3>Lees ook</h3><a href="/thema/bruggen">Alles over bruggen</a></header>
    <ul><li><a href="{A}">{TITLE_A}</a></li></ul></div>"""
    assert summary(links(flow)) == [("Lees ook", TITLE_A, None)]


def test_label_repeated_for_each_link_between_line_breaks() -> None:
    flat = (
        f'<div class="links">【Lees ook】<a href="{A}">{TITLE_A}</a>'
        f'<br>【Lees ook】<a href="{B}">{TITLE_B}</a><br></div>'
    )
    assert summary(links(end=flat)) == BOTH


def test_flat_list_between_line_breaks() -> None:
    assert summary(links(f'<p>Lees ook:<br><a href="{A}">{TITLE_A}</a><br><a href="{B}">{TITLE_B}</a></p>')) == BOTH


def test_links_side_by_side_in_one_block() -> None:
    flat = (
        f'<div class="yarpp"><h3>Lees ook:</h3><div><a href="{A}"><span>{TITLE_A}</span>'
        f'</a> <a href="{B}"><span>{TITLE_B}</span></a></div></div>'
    )
    assert summary(links(end=flat)) == BOTH


def test_two_links_behind_one_label() -> None:
    assert summary(links(f'<p>Lees ook: <a href="{A}">{TITLE_A}</a> en <a href="{B}">{TITLE_B}</a></p>')) == BOTH


def test_first_link_beside_the_label_and_others_below() -> None:
    flow = f'<p><strong>Lees ook:</strong> <a href="{A}">{TITLE_A}</a></p><p><a href="{B}">{TITLE_B}</a></p>'
    assert summary(links(flow)) == BOTH


def test_card_without_label_between_paragraphs() -> None:
    card = (
        f'<div class="teaser"><a href="{A}"><img src="x.jpg" alt=""></a><div><h3>'
        f'<a href="{A}">{TITLE_A}</a></h3><p>{TEASER_A}</p></div></div>'
    )
    found = links(card)
    assert summary(found) == [(None, TITLE_A, TEASER_A)]
    assert found[0].position is Position.INLINE


@pytest.mark.parametrize("css", ["promo", "story-promo", "promo-link"])
def test_card_by_the_name_that_newsrooms_give_it(css: str) -> None:
    """Promo: a teaser that promotes another story."""
    card = (
        f'<div class="{css}" data-part="story"><a href="{A}" class="{css}-link"><img src="x.jpg" alt="">'
        f'<span class="{css}-text">{TITLE_A}</span></a></div>'
    )
    assert summary(links(card)) == [(None, TITLE_A, None)]


def test_paragraph_that_is_all_link() -> None:
    assert summary(links(f'<p><a href="{A}"><strong>{TITLE_A.upper()}</strong></a></p>')) == [
        (None, TITLE_A.upper(), None)
    ]


def test_list_of_links_between_paragraphs() -> None:
    box = f'<div class="links"><ul><li><a href="{A}">{TITLE_A}</a></li><li><a href="{B}">{TITLE_B}</a></li></ul></div>'
    assert summary(links(box)) == [(None, TITLE_A, None), (None, TITLE_B, None)]


def test_words_of_an_unknown_language_before_a_link() -> None:
    assert summary(links(f'<p><strong>Kuckelt ook ees |</strong> <a href="{A}">{TITLE_A}</a></p>')) == [
        ("Kuckelt ook ees", TITLE_A, None)
    ]


def test_stretched_link_whose_title_is_a_sibling() -> None:
    cards = f"""<div class="related"><h4>Lees ook</h4>
    <div class="card"><h5>{TITLE_A}</h5><a class="stretched-link" href="{A}" aria-label="{TITLE_A}"></a></div>
    <div class="card"><h5>{TITLE_B}</h5><a class="stretched-link" href="{B}" aria-label="{TITLE_B}"></a></div></div>"""
    assert summary(links(end=cards)) == BOTH


@pytest.mark.parametrize(
    "link", ['<a href="{}" aria-label="{}"></a>', '<div class="hit"><a href="{}" title="{}"></a></div>']
)
def test_stretched_link_before_the_label_of_its_card(link: str) -> None:
    card = (
        f'<div class="card">{link.format(A, TITLE_A)}<span class="card__label">Lees ook</span>'
        f'<p class="card__title">{TITLE_A}</p><p class="card__teaser">{TEASER_A}</p></div>'
    )
    expected = [("Lees ook", TITLE_A, TEASER_A)]
    assert summary(links(card)) == expected
    assert summary(links(end=card)) == expected
    assert [element.get("class") for element in harvest(card).elements] == ["card"]


def test_stretched_link_before_the_label_of_its_card_next_to_others() -> None:
    card = '<div class="card"><a href="{}"></a><b>Lees ook</b><h4>{}</h4></div>'
    both = f'<div class="row">{card.format(A, TITLE_A)}{card.format(B, TITLE_B)}</div>'
    assert summary(links(both)) == BOTH


def test_link_whose_headline_is_only_in_its_aria_label() -> None:
    card = (
        '<div class="related"><h4>Lees ook</h4><div class="card"><img src="x.jpg" alt="">'
        f'<a href="{A}" aria-label="{TITLE_A}"></a></div></div>'
    )
    assert summary(links(end=card)) == [("Lees ook", TITLE_A, None)]


def test_image_link_text_link_and_byline_to_one_article() -> None:
    card = f"""<ul class="more"><li>Lees ook</li><li><a href="{A}"><img src="x.jpg" alt="Een schip"></a>
    <a href="{A}"><span class="t">{TITLE_A}</span></a>
    <a href="{A}"><span class="byline">Door Anna de Boer</span></a></li></ul>"""
    assert summary(links(end=card)) == [("Lees ook", TITLE_A, None)]


def test_label_that_css_shows_from_an_attribute() -> None:
    assert summary(links(f'<div class="inline" data-label="Lees ook"><a href="{A}">{TITLE_A}</a></div>')) == [
        ("Lees ook", TITLE_A, None)
    ]


def test_empty_box_that_a_script_would_fill() -> None:
    empty = '<section class="related"><h3>Lees ook</h3><div id="related-js"></div></section>'
    feed = f'<section class="river"><div class="item"><a href="{A}">{TITLE_A}</a></div></section>'
    assert links(end=empty + feed) == []


def test_blocks_that_the_parser_moves_out_of_a_paragraph() -> None:
    inside = (
        '<p class="lead"><aside class="tip"><h1>Lees ook:</h1><article><h2>'
        f'<a href="{A}">{TITLE_A}</a></h2></article></aside></p>'
    )
    assert summary(links(inside)) == [("Lees ook", TITLE_A, None)]


def test_relative_links_follow_the_base_element() -> None:
    found = links(
        '<p>Lees ook: <a href="regio/2024/02/schippers-vrezen-wachttijden-100050">Schippers vrezen wachttijden</a></p>',
        head='<base href="https://www.waterbode.example/nieuws/">',
    )
    assert [link.url for link in found] == [
        "https://www.waterbode.example/nieuws/regio/2024/02/schippers-vrezen-wachttijden-100050"
    ]


def test_headline_without_kicker_time_author_and_button() -> None:
    card = f"""<div class="rel"><h3 class="rel__head">Lees ook</h3><div class="rel__card"><a href="{A}">
    <span class="rel__kicker">Archeologie</span><span class="rel__title">{TITLE_A}</span><time>12 april 2024</time>
    <span class="rel__author">Door Anna de Boer</span><span class="rel__cta">Lees meer</span></a></div></div>"""
    assert summary(links(end=card)) == [("Lees ook", TITLE_A, None)]


@pytest.mark.parametrize(
    ("kicker", "headline"),
    [
        (f"<h2>Vondst op de bodem</h2><h1>{TITLE_A}</h1>", TITLE_A),
        (f"<h3>Archeologie</h3><h4>{TITLE_A}</h4>", TITLE_A),
        (f"<span>Archeologie</span><span>{TITLE_A}</span>", TITLE_A),
        (f"<h3>{TITLE_A}</h3><h4>{TEASER_A}</h4>", TITLE_A),
        (f"<h3><span class='kicker'>Vondst op de bodem</span> <span>{TITLE_A}</span></h3>", TITLE_A),
        (f"<h3>{TITLE_A} <span class='date'>12.04.2024</span></h3>", TITLE_A),
    ],
)
def test_headline_among_headings(kicker: str, headline: str) -> None:
    card = (
        f'<div class="rel"><h5 class="rel__head">Lees ook</h5><div class="item"><a href="{A}">{kicker}</a></div></div>'
    )
    assert [link.title for link in links(end=card)] == [headline]


def test_emphasis_in_a_headline_is_part_of_it() -> None:
    found = links(f'<p>Lees ook: <a href="{A}">De bemanning van <em>De Hoop</em> kwam nooit meer thuis</a></p>')
    assert [link.title for link in found] == ["De bemanning van De Hoop kwam nooit meer thuis"]


def test_label_with_its_genre_or_topic() -> None:
    flow = f'<h4>Lees ook deze reportage</h4><p><a href="{A}">{TITLE_A}</a></p>'
    assert summary(links(flow)) == [("Lees ook deze reportage", TITLE_A, None)]


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("À lire aussi", "Un navire du dix-septième siècle découvert sous le pont"),
        ("Lesen Sie auch", "Hölzernes Schiff aus dem 17. Jahrhundert im Fluss entdeckt"),
        ("READ MORE", "Wooden ship from the seventeenth century found under bridge"),
        ("Les også", "Treskip fra 1600-tallet funnet under den nye broen"),
        ("Читайте также", "Под новым мостом нашли деревянный корабль XVII века"),
        ("【関連記事】", "新しい橋の下から十七世紀の木造船が見つかる"),
        ("延伸閱讀", "新橋下發現十七世紀木船，專家讚嘆保存完整"),
        ("관련기사", "새 다리 아래에서 발견된 17세기 목선, 보존 상태 양호"),
        ("اقرأ أيضاً", "العثور على سفينة خشبية من القرن السابع عشر تحت الجسر"),
        ("Lês ek", "Houten skip út de santjinde iuw fûn ûnder de nije brêge"),
        ("Funda futhi", "Kutholwe umkhumbi wakudala ngaphansi kwebhuloho elisha"),
    ],
)
def test_labels_of_many_languages(label: str, title: str) -> None:
    ((found_label, found_title, _),) = summary(links(f'<p><strong>{label}:</strong> <a href="{A}">{title}</a></p>'))
    assert found_label == label.strip("【】")
    assert found_title == title


def test_first_of_two_tabs_without_panels_of_their_own() -> None:
    tabs = f"""<div class="block"><h4><a href="#">Verwante artikelen</a><a href="#">Meer van deze auteur</a></h4>
    <div class="inner"><div><h3><a href="{A}">{TITLE_A}</a></h3></div>
    <div><h3><a href="{B}">{TITLE_B}</a></h3></div></div></div>"""
    assert summary(links(end=tabs)) == [("Verwante artikelen", TITLE_A, None), ("Verwante artikelen", TITLE_B, None)]


def test_label_in_two_elements() -> None:
    box = (
        "<section><h3><span>Gerelateerde</span> <em>artikelen</em></h3><ul>"
        f'<li><a href="{A}">{TITLE_A}</a></li></ul></section>'
    )
    assert summary(links(end=box)) == [("Gerelateerde artikelen", TITLE_A, None)]


def test_label_in_two_languages() -> None:
    box = f'<section><h3>Related — Gerelateerd</h3><ul><li><a href="{A}">{TITLE_A}</a></li></ul></section>'
    assert summary(links(end=box)) == [("Related", TITLE_A, None)]


def test_section_names_above_the_headlines() -> None:
    cards = "".join(
        (
            '<div class="item"><div class="cat"><a href="/nieuws">Nieuws</a>'
            f'</div><h4><a href="{href}">{title}</a></h4></div>'
        )
        for href, title in ((A, TITLE_A), (B, TITLE_B))
    )
    assert summary(links(end=f'<div class="rel"><h3>Lees ook</h3>{cards}</div>')) == BOTH


def test_label_heading_inside_a_card_of_a_slider() -> None:
    """The label's own container holds a kicker of one card only; its box is found further up."""
    box = f"""<div class="slider"><div class="slider-top"><b>Lees ook</b></div><div class="slides">
    <div class="slide"><p class="kick">Archeologie</p><a href="{A}">{TITLE_A}</a></div>
    <div class="slide"><p class="kick">Verkeer</p><a href="{B}">{TITLE_B}</a></div></div></div>"""
    assert summary(links(box)) == BOTH


TEASED = [("Lees ook", TITLE_A, TEASER_A), ("Lees ook", TITLE_B, TEASER_B)]
LINK_A, LINK_B = f'<a href="{A}">{TITLE_A}</a>', f'<a href="{B}">{TITLE_B}</a>'


@pytest.mark.parametrize(
    ("label", "link", "teaser"),
    [
        ("<p><strong>Lees ook:</strong></p>", "<p>{}</p>", "<p>{}</p>"),
        ("<p><strong>Lees ook:</strong></p>", "<p>{}</p>", "<p><em>{}</em></p>"),
        ("<p><b>Lees ook:</b></p>", "<p><b>{}</b></p>", "<p>{}</p>"),
        ("<h3>Lees ook:</h3>", "<h4>{}</h4>", "<p>{}</p>"),
        ("<p>Lees ook:</p>", "{}<br>", "{}<br>"),
        ("<p><strong>Lees ook:</strong></p>", "<div>{}</div>", "<div>{}</div>"),
    ],
)
def test_an_article_that_ends_in_links_with_their_teasers_behind_them(label: str, link: str, teaser: str) -> None:
    """No class and no box: the order alone tells."""
    end = label + link.format(LINK_A) + teaser.format(TEASER_A) + link.format(LINK_B) + teaser.format(TEASER_B)
    found = harvest(end=end)
    assert summary(list(found.links)) == TEASED
    assert {link.position for link in found.links} == {Position.END}
    assert any(TEASER_A.casefold().startswith(text[:20]) for text in found.texts)


def test_the_last_paragraph_of_an_article_is_no_teaser() -> None:
    last = "Volgende week besluit de raad of de brug een naam krijgt, en zo ja welke dat dan moet worden."
    end = f"<p><strong>Lees ook:</strong></p><p>{LINK_A}</p><p>{last}</p>"
    assert summary(links(end=end)) == [("Lees ook", TITLE_A, None)]


def test_a_single_teaser_in_italics_behind_the_last_link() -> None:
    end = f"<p><strong>Lees ook:</strong></p><p>{LINK_A}</p><p><em>{TEASER_A}</em></p>"
    assert summary(links(end=end)) == [("Lees ook", TITLE_A, TEASER_A)]


def test_links_between_the_sentences_of_an_article_take_none_of_them() -> None:
    inline = f"<p><strong>Lees ook:</strong></p><p>{LINK_A}</p><p>{TEASER_A}</p><p>{LINK_B}</p><p>{TEASER_B}</p>"
    assert {teaser for _, _, teaser in summary(links(inline))} == {None}
