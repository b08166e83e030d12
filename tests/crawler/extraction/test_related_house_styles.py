"""Read-also links in the mark-up of many papers' systems, and what those systems put beside them in the same shape."""

from __future__ import annotations

import pytest

from crawler.article import Position
from tests.crawler.extraction.newspage import FIRST, harvest, links, summary

A = "/binnenland/2024/04/houten-schip-gevonden-in-de-vliet-100101"
B = "/binnenland/2024/03/negen-jaar-wachten-op-een-brug-100077"
TITLE_A = "Houten schip uit de Gouden Eeuw gevonden in de Vliet"
TITLE_B = "Negen jaar wachten op een brug: hoe kon dat gebeuren?"
TEASER_A = "Duikers haalden woensdag de eerste planken boven water."
TEASER_B = "De wethouder legt uit waarom de bouw steeds stillag."
LINK_A, LINK_B = f'<a href="{A}">{TITLE_A}</a>', f'<a href="{B}">{TITLE_B}</a>'
IMAGE_A = f'<a href="{A}"><img src="x.jpg" alt=""></a>'

ONE = {
    "catcher": f'<section class="c"><span>Lees ook |</span> {LINK_A}</section>',
    "dash and link in bold": f"<p><strong>LEES OOK -</strong> <strong>{LINK_A}</strong></p>",
    "label in the link behind a full stop": f'<p><a href="{A}">LEES OOK. {TITLE_A}</a></p>',
    "plain headline, short link": f'<p><b>LEES OOK. </b>{TITLE_A} <a href="{A}">(+)</a></p>',
    "plain headline, arrow": (
        f'<div class="b"><p>Lees ook</p><h4>{TITLE_A}</h4><a href="{A}" aria-label="Lees verder"></a></div>'
    ),
    "small print in parts": (
        f'<div class="b"><p>Lees ook</p><h3>{LINK_A}</h3><p>Anna de Boer · 12 april 2024 · 4 min</p></div>'
    ),
    "name of the author": f'<div><h4>Lees ook</h4><a href="{A}"><p>{TITLE_A}</p><p>Anna de Boer</p></a></div>',
    "table": f"<table><tr><td><b>Lees ook:</b></td><td>{LINK_A}</td></tr></table>",
    "definition list": f"<dl><dt>Lees ook</dt><dd>{LINK_A}</dd></dl>",
    "menu that says what it is": f'<nav aria-label="Lees ook"><ul><li>{LINK_A}</li></ul></nav>',
    "menu with a heading": f"<nav><h3>Lees ook</h3><ul><li>{LINK_A}</li></ul></nav>",
    "slots of an element of its own": f"<read-more><span>Lees ook</span>{LINK_A}</read-more>",
    "field of a content system": (
        f'<div class="field"><div class="field__label">Lees ook</div><div class="field__item">{LINK_A}</div></div>'
    ),
    "count": f'<div class="b"><h4>Lees ook (1)</h4><ul><li>{LINK_A}</li></ul></div>',
    "kicker, picture, headline": (
        f'<a href="{A}" class="t"><div class="i"></div><div><div class="l">Lees ook</div><h3>{TITLE_A}</h3></div></a>'
    ),
}
TEASED = {
    "sentence behind the headline in its item": (
        f"<h3>Lees ook</h3><ul><li><strong>{LINK_A}</strong> {TEASER_A}</li><li>{LINK_B}. {TEASER_B}</li></ul>"
    ),
    "cards of a page builder": (
        '<div class="w"><h2 class="t">Lees ook</h2></div><div class="w"><div class="posts">'
        f"<article>{IMAGE_A}<h3>{LINK_A}</h3><p>{TEASER_A}</p><a href='{A}'>Lees meer »</a></article>"
        f"<article><h3>{LINK_B}</h3><p>{TEASER_B}</p><a href='{B}'>Lees meer »</a></article></div></div>"
    ),
    "paragraphs in a box": (
        f'<div class="r"><h3>Lees ook</h3><p><b>{LINK_A}</b></p><p>{TEASER_A}</p><p><b>{LINK_B}</b></p>'
        f"<p>{TEASER_B}</p></div>"
    ),
}
UNLABELLED = {
    "link laid over the card": (
        f'<aside class="rich"><a href="{A}"></a><div><h1 class="rich__title">{TITLE_A}</h1></div>'
        "<div>Lees meer</div></aside>"
    ),
    "link as a paragraph": f'<a class="big" href="{A}"><span class="big__title">{TITLE_A}</span></a>',
    "brackets": f"<p><i>[{LINK_A}]</i></p>",
    "embedded post": f'<figure><div><blockquote class="embedded">{LINK_A}</blockquote></div></figure>',
    "section over the headline": (
        f'<div class="bucket">{IMAGE_A}<div><h3><a href="/binnenland">Binnenland</a></h3><p>{LINK_A}</p></div></div>'
    ),
    "list": f"<ul><li>{LINK_A}</li></ul>",
}


@pytest.mark.parametrize("markup", ONE.values(), ids=ONE)
def test_one_link_with_a_label(markup: str) -> None:
    found = harvest(markup)
    ((label, title, teaser),) = summary(list(found.links))
    assert ((label or "").casefold(), title, teaser) == ("lees ook", TITLE_A, None)
    assert found.elements


@pytest.mark.parametrize("markup", TEASED.values(), ids=TEASED)
def test_two_links_with_teasers(markup: str) -> None:
    assert summary(links(end=markup)) == [("Lees ook", TITLE_A, TEASER_A), ("Lees ook", TITLE_B, TEASER_B)]


@pytest.mark.parametrize("markup", UNLABELLED.values(), ids=UNLABELLED)
def test_between_paragraphs_without_a_label(markup: str) -> None:
    assert summary(links(markup)) == [(None, TITLE_A, None)]


def test_label_at_the_start_of_the_last_link_of_a_paragraph() -> None:
    found = harvest(end=f'<p>{FIRST} <a href="{A}">Lees ook: {TITLE_A}</a></p>')
    assert summary(list(found.links)) == [("Lees ook", TITLE_A, None)]
    assert not found.elements, "the paragraph stays"


def test_teaser_below_a_heading_that_is_label_and_headline() -> None:
    box = f'<div class="ins"><h3>Lees ook: {LINK_A}</h3><div><p>{TEASER_A} <a href="{A}">Lees meer</a></p></div></div>'
    assert summary(links(box)) == [("Lees ook", TITLE_A, TEASER_A)]


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("Zum selben Thema", "Hölzernes Schiff aus dem 17. Jahrhundert im Fluss entdeckt"),
        ("Das könnte dir auch gefallen", "Hölzernes Schiff aus dem 17. Jahrhundert im Fluss entdeckt"),
        ("Dich interessiert vielleicht auch", "Hölzernes Schiff aus dem 17. Jahrhundert im Fluss entdeckt"),
        ("Para saber más", "Hallan bajo el puente un barco de madera del siglo XVII"),
        ("Tal vez te pueda interesar", "Hallan bajo el puente un barco de madera del siglo XVII"),
        ("Sur ce thème", "Un navire du dix-septième siècle découvert sous le pont"),
        ("More stories like this", "Wooden ship from the seventeenth century found under bridge"),
        ("You may also want to check these out", "Wooden ship from the seventeenth century found under bridge"),
        ("Você também pode gostar", "Navio de madeira do século XVII encontrado sob a ponte"),
        ("Posłuchaj także", "Pod nowym mostem odkryto drewniany statek z XVII wieku"),
        ("Poslechněte si také", "Pod novým mostem našli dřevěnou loď ze 17. století"),
        ("Вас также может заинтересовать", "Под новым мостом нашли деревянный корабль XVII века"),
        ("Можливо, вам буде цікаво", "Під новим мостом знайшли дерев’яний корабель XVII століття"),
        ("Bu haber de ilginizi çekebilir", "Yeni köprünün altında on yedinci yüzyıldan ahşap gemi bulundu"),
        ("＜関連記事＞", "新しい橋の下から十七世紀の木造船が見つかる"),
        ("あわせて読む", "新しい橋の下から十七世紀の木造船が見つかる"),
        ("★更多水報報導", "新橋下發現十七世紀木船，專家讚嘆保存完整"),
        ("함께 보면 좋은 뉴스", "새 다리 아래에서 발견된 17세기 목선, 보존 상태 양호"),
        ("أخبار قد تهمك", "العثور على سفينة خشبية من القرن السابع عشر تحت الجسر"),
        ("इन्हें भी पढ़ें", "नए पुल के नीचे सत्रहवीं सदी का लकड़ी का जहाज मिला"),
    ],
)
def test_phrasings(label: str, title: str) -> None:
    box = f'<div class="b"><h3>{label}</h3><ul><li><a href="{A}">{title}</a></li></ul></div>'
    assert summary(links(end=box)) == [(label.strip("★＜＞"), title, None)]


NO_POINTERS = {
    "neighbours in a series": f'<p><a rel="prev" href="{A}">{TITLE_A}</a> <a rel="next" href="{B}">{TITLE_B}</a></p>',
    "product": f'<div class="product-card">{LINK_A}<span>€ 24,99</span></div>',
    "neighbour by its word": f'<p><a href="{A}">« Vorige: {TITLE_A}</a></p>',
    "breadcrumbs": f'<div><a href="/">Home</a> › <a href="/binnenland">Binnenland</a> › {LINK_A}</div>',
    "translation": f'<p><a href="{A}">Read this article in English</a></p>',
    "module with a heading of its own": f"<section><h3>Meer uit Binnenland</h3><ul><li>{LINK_A}</li></ul></section>",
    "list that a sentence leads up to": f"<p>Deze bruggen gingen vorig jaar open:</p><ul><li>{LINK_A}</li></ul>",
    "list under an intertitle": f"<h3>Bruggen van vorig jaar</h3><ul><li>{LINK_A}</li></ul>",
    "list with a sentence": f"<ul><li>{LINK_A}</li><li>De sluis bij Gouda wacht nog op nieuwe deuren.</li></ul>",
    "podcast": '<div><h4>Luister ook</h4><a href="/podcast/waarom-nu-pas-een-brug-100301">Waarom nu pas?</a></div>',
    "subscription": '<div><b>Verder lezen?</b><a href="/abonnementen/een-maand-gratis-1001">Een maand gratis</a></div>',
    "vacancy": '<div><a href="/vacature/brugwachter-op-de-vliet-100501">Brugwachter op de Vliet gezocht</a></div>',
    "headline that a comma carries on": (
        f"<h3>Lees ook</h3><ul><li>{LINK_A}, dat was in april het nieuws in de streek.</li></ul>"
    ),
}


@pytest.mark.parametrize("markup", NO_POINTERS.values(), ids=NO_POINTERS)
def test_no_pointers_to_articles(markup: str) -> None:
    assert summary(links(markup)) == []


def test_an_empty_link_and_a_headline_lead_to_one_place() -> None:
    (found,) = links(f'<aside class="r"><a href="{A}"></a><h2>{TITLE_A}</h2></aside>')
    assert (found.position, found.url.endswith(A)) == (Position.INLINE, True)


def test_what_not_to_miss_is_read_also_in_the_text_and_the_choice_of_the_desk_below_it() -> None:
    assert summary(links(f"<p>DON'T MISS: {LINK_A}</p>")) == [("DON'T MISS", TITLE_A, None)]
    third = '<a href="/regio/2024/02/schippers-vrezen-lange-wachttijden-100050">Schippers vrezen lange wachttijden</a>'
    assert links(end=f"<h3>Don't miss</h3><ul><li>{LINK_A}</li><li>{LINK_B}</li><li>{third}</li></ul>") == []
