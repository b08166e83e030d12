"""What a harvest of read-also links holds beside the links: elements to cut out, lines to clean, places."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.article import Position
from crawler.extraction.labels import normalise
from crawler.extraction.page import Unreadable, parse
from crawler.extraction.related import find_related
from tests.crawler.extraction.newspage import FIRST, FOURTH, SECOND, THIRD, URL, harvest, links, news_page

A = "/binnenland/2024/04/houten-schip-gevonden-in-de-vliet-100101"
B = "/binnenland/2024/03/negen-jaar-wachten-op-een-brug-100077"
TITLE_A = "Houten schip uit de Gouden Eeuw gevonden in de Vliet"
TITLE_B = "Negen jaar wachten op een brug: hoe kon dat gebeuren?"
TEASER = "Duikers haalden woensdag de eerste planken boven water."

BOX = f"""<div class="box"><h4>Lees ook:</h4><ul><li><a href="{A}"><img src="a.jpg"><span>{TITLE_A}</span></a></li>
<li><a href="{B}">{TITLE_B}</a></li></ul></div>"""
LINE = f'<p id="line"><strong>Lees ook:</strong> <a href="{A}">{TITLE_A}</a></p>'
CARD = f'<div id="card"><a href="{A}"><h3>{TITLE_A}</h3></a><p>{TEASER}</p></div>'
FLOW = f'<p><b>Lees ook:</b></p><p><a href="{A}">{TITLE_A}</a></p><p><a href="{B}">{TITLE_B}</a></p>'
INLINE = f"<p>{SECOND} En dat is nog niet alles. (Lees ook: <a href='{A}'>{TITLE_A}</a>)</p>"


def text_without(page_html: str, where: str) -> str:
    """Return the text of a page after the harvested elements were cut out."""
    page = news_page(page_html) if where == "inline" else news_page(end=page_html)
    for element in find_related(page).elements:
        element.drop_tree()
    return " ".join(page.tree.text_content().split())


@pytest.mark.parametrize(
    ("markup", "where"),
    # A card without a label is only known between sentences.
    [(CARD, "inline"), *((markup, where) for markup in (BOX, LINE, FLOW) for where in ("inline", "end"))],
)
def test_elements_hold_the_material_and_no_prose(markup: str, where: str) -> None:
    left = text_without(markup, where)
    assert all(sentence in left for sentence in (FIRST, SECOND, THIRD, FOURTH))
    assert "Lees ook" not in left
    assert TITLE_A not in left
    assert TITLE_B not in left
    assert TEASER not in left


def test_elements_are_whole_boxes_and_not_one_inside_another() -> None:
    found = harvest(BOX)
    assert [element.get("class") for element in found.elements] == ["box"]
    several = harvest(BOX + LINE.replace(A, B), end=FLOW)
    assert not any(other in one.iterancestors() for one in several.elements for other in several.elements)


def test_link_within_a_sentence_is_left_where_it_stands() -> None:
    found = harvest(INLINE)
    assert [link.title for link in found.links] == [TITLE_A]
    assert found.elements == ()
    assert found.texts == frozenset()


def test_texts_are_normalised_lines() -> None:
    found = harvest(BOX + CARD.replace(A, "/binnenland/2024/01/een-derde-verhaal-over-water-100012"))
    for text in ("Lees ook:", TITLE_A, TITLE_B, TEASER):
        assert normalise(text) in found.texts
    assert normalise(FIRST) not in found.texts
    assert all(text == normalise(text) for text in found.texts)


def test_texts_hold_the_whole_line_of_label_and_headline() -> None:
    assert normalise(f"Lees ook: {TITLE_A}") in harvest(LINE).texts


def test_one_link_per_article_in_page_order() -> None:
    found = harvest(LINE.replace(A, B).replace(TITLE_A, TITLE_B), end=BOX).links
    assert [link.title for link in found] == [TITLE_B, TITLE_A]
    assert [link.position for link in found] == [Position.INLINE, Position.END]


def test_label_and_teaser_of_a_second_mention_complete_the_first() -> None:
    box = (
        f'<aside><h3>Lees ook</h3><div><h4><a href="{A}?utm_source=box">{TITLE_A}</a>'
        f'</h4><p class="dek">{TEASER}</p></div></aside>'
    )
    (link,) = harvest(f'<p><a href="{A}">{TITLE_A}</a></p>', end=box).links
    assert (link.label, link.teaser, link.position) == ("Lees ook", TEASER, Position.INLINE)
    assert link.url == f"https://www.waterbode.example{A}"


def test_position_of_a_box_after_the_last_sentence_but_before_small_print() -> None:
    small_print = (
        '<div class="bio">Anna de Boer is verslaggever voor water en wegen en woont zelf al jaren aan de Vliet.</div>'
    )
    assert [link.position for link in links(end=LINE + small_print)] == [Position.END]


def test_position_before_a_short_last_sentence() -> None:
    assert [link.position for link in links(end=LINE + "<p>De brug kost elf miljoen euro.</p>")] == [Position.INLINE]


def test_body_split_into_containers_by_boxes() -> None:
    html = f"""<body><main><div class="content"><div class="body"><p>{FIRST}</p><p>{SECOND}</p></div>
    <div class="body">{LINE}<p>{THIRD}</p></div><div class="body"><p>{FOURTH}</p></div></div></main></body>"""
    (link,) = find_related(parse(html.encode(), URL)).links
    assert link.position is Position.INLINE


def test_live_blog_entries_are_one_body() -> None:
    entry = (
        '<div class="entry"><time>12.0{}</time><h3>Nieuws van het water</h3><div class="text"><p>{}</p>{}</div></div>'
    )
    entries = entry.format(1, FIRST, LINE) + entry.format(2, SECOND, "") + entry.format(3, THIRD, "")
    (link,) = find_related(parse(f"<body><h1>Live</h1><div>{entries}</div></body>".encode(), URL)).links
    assert link.position is Position.INLINE


def test_page_without_prose_or_links() -> None:
    assert find_related(parse(b"<p>Kort.</p>", URL)).links == ()
    assert find_related(parse(b"<html></html>", URL)).elements == ()


def test_page_without_body_sentences_still_has_labelled_links() -> None:
    found = find_related(parse(f"<body><h1>Foto van de dag</h1>{BOX}</body>".encode(), URL)).links
    assert [link.position for link in found] == [Position.END, Position.END]


def test_the_tree_is_left_as_it_was() -> None:
    page = news_page(BOX, end=FLOW)
    before = page.tree.text_content()
    find_related(page)
    assert page.tree.text_content() == before


def test_deep_nesting() -> None:
    html = f"<body>{'<div>' * 5000}<p>{FIRST}</p>{LINE}<p>{SECOND}</p>{'</div>' * 5000}</body>"
    assert find_related(parse(html.encode(), URL)).links is not None


def test_many_labels_on_one_page_stay_cheap_and_right() -> None:
    boxes = "".join(
        (
            f"<p>{FIRST} Nummer {n}.</p><p>"
            f'<b>Lees ook:</b> <a href="/2024/04/verhaal-nummer-zoveel-{n}">Verhaal nummer {n} over water</a></p>'
        )
        for n in range(101000, 101300)
    )
    assert len(harvest(boxes).links) == 300


def test_paragraphs_below_links_without_text_stay_where_they_are() -> None:
    empty = f'<a href="{B}"></a><a href="{A}" aria-label="{TITLE_A}"></a>'
    rest = f"<p>{THIRD}</p><p>{FOURTH}</p><p>{FIRST}</p>"
    page = parse(f"<body><p>{SECOND}</p><div>Lees ook:<nav><div>{empty}{rest}</div></nav></div></body>".encode(), URL)
    assert find_related(page).elements == ()


_FRAGMENTS = st.sampled_from(
    [
        "<div>", "</div>", "<p>", "</p>",
        "<a href='/2024/04/een-verhaal-over-water-100101'>", "</a>", "<ul><li>", "</li></ul>",
        "<h3>", "</h3>", "<aside class='related'>", "</aside>", "Lees ook:", "Meest gelezen", "Lees meer", TITLE_A,
        "<br>",
        "<span>", "</span>", "<strong>", "</strong>", "<!-- x -->", "<img alt='Een houten schip in de klei'>",
        "&nbsp;", "【関連記事】", "<nav>", "</nav>",
        "<a href='//['>", "<a href=' '>",
        "<a aria-label='Houten schip in de klei gevonden' href='/2024/04/klei-100102'></a>", "<base href='x:y'>",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=40))
def test_any_markup_gives_a_sound_harvest(fragments: list[str]) -> None:
    try:
        page = parse(
            f"<body><p>{SECOND}</p>{''.join(fragments)}<p>{THIRD}</p><p>{FOURTH}</p><p>{FIRST}</p></body>".encode(), URL
        )
    except Unreadable:
        return
    found = find_related(page)
    for element in found.elements:
        text = " ".join(element.text_content().split())
        assert not any(sentence in text for sentence in (SECOND, THIRD, FOURTH))
    assert not any(other in one.iterancestors() for one in found.elements for other in found.elements)
    assert len({link.url for link in found.links}) == len(found.links)
    for link in found.links:
        assert link.title.strip() == link.title != ""
        assert link.url.startswith(("https://www.waterbode.example/", "http://www.waterbode.example/"))
        assert link.label is None or not link.label.endswith(":")


@pytest.mark.parametrize(
    "river",
    [
        "<p>Lees ook</p>" * 8000,
        f'<p><a href="/2024/04/een-verhaal-over-water-100101">{TITLE_A}</a></p>' * 8000,
        "".join(f'<p><a href="/2024/04/een-verhaal-over-water-{n}">{TITLE_A}</a></p>' for n in range(100000, 108000)),
        "".join(f'<div><b>Lees ook</b><i></i><a href="/2024/04/water-{n}"></a></div>' for n in range(100000, 108000)),
        f"<div class='text'><p>{FIRST}</p></div>" * 4000,
    ],
    ids=["labels", "one-target", "targets", "empty-boxes", "containers"],
)
def test_cost_grows_with_the_page_and_no_faster(river: str) -> None:
    page = parse(f"<body><p>{SECOND}</p>{river}<p>{THIRD}</p></body>".encode(), URL)
    start = time.process_time()
    find_related(page)
    assert time.process_time() - start < 5
