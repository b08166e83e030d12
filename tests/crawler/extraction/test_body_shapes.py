"""Bodies in the mark-up of many papers: what stands beside the prose and goes, and what of it stays."""

from __future__ import annotations

import pytest

from crawler.article import BlockType
from crawler.extraction.body import extract_body
from crawler.extraction.page import parse
from crawler.extraction.related import find_related
from tests.crawler.extraction.newspage import FIRST, FOURTH, SECOND, THIRD, URL

TITLE = "Nieuwe brug over de Vliet gaat open"
PROSE = (FIRST, SECOND, THIRD, FOURTH)
PITCH = "Die wichtigsten Nachrichten des Tages, jeden Morgen um sechs Uhr in Ihrem Postfach."
ANSWER = "De brugwachter laat weten dat hij rekening houdt met de spits op het water, zoals overal in het land."


def blocks(inside: str) -> list[tuple[BlockType, str]]:
    """Return the blocks of an article with this in its element."""
    page = parse(
        f"<!doctype html><html lang='nl'><body><nav><a href='/s'>Sport</a></nav><main><article><h1>{TITLE}</h1>{inside}"
        "</article></main></body></html>".encode(),
        URL,
    )
    found = extract_body(page, find_related(page, title=TITLE), title=TITLE, lead=None, json_ld_body=None)
    return [(block.type, block.text) for block in found]


def amid(inside: str) -> list[str]:
    """Return the texts of an article with this between its paragraphs, without these."""
    body = f"<div class='b'><p>{FIRST}</p><p>{SECOND}</p>{inside}<p>{THIRD}</p><p>{FOURTH}</p></div>"
    texts = [text for _, text in blocks(body)]
    assert [text for text in texts if text in PROSE] == list(PROSE)
    return [text for text in texts if text not in PROSE]


PARAGRAPHS = {
    "breaks": f"<div>{FIRST}<br><br>{SECOND}<br><br>{THIRD}<br/><br/>{FOURTH}</div>",
    "breaks with a blank": f"<div><p>{FIRST}<br>&nbsp;<br>{SECOND}<br>\n<br>{THIRD}<br> <br>{FOURTH}</p></div>",
    "bare text among paragraphs": f"<div>{FIRST}<p>{SECOND}</p>{THIRD}<p>{FOURTH}</p></div>",
    "sections": "<div>"
    + "".join(f"<section><div class='t'><p>{text}</p></div></section>" for text in PROSE)
    + "</div>",
    "divisions": "<div class='b'>" + "".join(f"<div class='p'><span>{text}</span></div>" for text in PROSE) + "</div>",
}
GOES = {
    "pitch with a field for the address": f"<div><p>{PITCH}</p><form><input type='email'></form></div>",
    "pitch, the field named": f"<section><h4>Newsletter</h4><p>{PITCH}</p><form><input name='EMAIL'></form></section>",
    "contents": "<ul><li><a href='#a'>Waarom de brug</a></li><li><a href='#b'>Wanneer open</a></li></ul>",
    "share bar": "<ul class='social'><li><a href='https://f.example'>Facebook</a></li><li><a href='#'>X</a></li></ul>",
    "caption by its name": "<div class='foto-bijschrift'>De brug over de Vliet, gezien vanaf de kade.</div>",
    "tags": "<p class='tags'>Tags: <a href='/tag/brug'>brug</a>, <a href='/tag/vliet'>Vliet</a></p>",
    "most read": "<div><h3>Meest gelezen</h3><ol><li><a href='/x/lang-wachten-100077'>Lang wachten</a></li></ol></div>",
    "advertisement": "<p>Dalszy ciąg materiału pod wideo</p>",
}
STAYS = {
    "list": (
        "<ul><li>een fietspad</li><li>een klep van twaalf meter</li></ul>",
        ["een fietspad", "een klep van twaalf meter"],
    ),
    "table": ("<table><tr><td>Vlietbrug</td><td>1961</td></tr></table>", ["Vlietbrug | 1961"]),
    "question and answer": (
        f"<p><b>Wat kost de brug?</b></p><p>{ANSWER}</p><p><b>Was u boos?</b></p><p>Ja.</p>",
        ["Wat kost de brug?", ANSWER, "Was u boos?", "Ja."],
    ),
    "footnotes": (
        "<ol><li><a href='#r1'>↑</a> Jansen, Bruggen, 2019.</li>"
        "<li><a href='#r2'>↑</a> Prins, Sluizen, 2021.</li></ol>",
        ["↑ Jansen, Bruggen, 2019.", "↑ Prins, Sluizen, 2021."],
    ),
    "verse": ("<p>O brug zo breed<br>O water zo diep</p>", ["O brug zo breed O water zo diep"]),
    "short paragraphs": ("<p>Niemand wist het.</p><p>Tot dinsdag.</p>", ["Niemand wist het.", "Tot dinsdag."]),
}


@pytest.mark.parametrize("markup", PARAGRAPHS.values(), ids=PARAGRAPHS)
def test_paragraphs(markup: str) -> None:
    assert [text for _, text in blocks(markup)] == list(PROSE)


@pytest.mark.parametrize("markup", GOES.values(), ids=GOES)
def test_what_stands_beside_the_prose(markup: str) -> None:
    assert amid(markup) == []


@pytest.mark.parametrize(("markup", "texts"), STAYS.values(), ids=STAYS)
def test_what_belongs_to_the_prose(markup: str, texts: list[str]) -> None:
    assert amid(markup) == texts


@pytest.mark.parametrize(
    "heading",
    [
        "<h2>Vertraging</h2>",
        "<h4>Vertraging</h4>",
        "<p><strong>Vertraging</strong></p>",
        "<p class='tussenkop'>Vertraging</p>",
    ],
)
def test_intertitles(heading: str) -> None:
    body = f"<div><p>{FIRST}</p><p>{SECOND}</p>{heading}<p>{THIRD}</p><p>{FOURTH}</p></div>"
    assert (BlockType.HEADING, "Vertraging") in blocks(body)


def test_byline_in_the_text_of_a_short_article() -> None:
    inside = f"<div><p>Door Anna de Boer</p><p>12 mei 2024, 10:30</p><p>{FIRST}</p><p>{SECOND}</p></div>"
    assert [text for _, text in blocks(inside)] == [FIRST, SECOND]


def test_a_short_article_in_one_box_with_a_form_stays() -> None:
    inside = f"<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p><form><input type='email'></form>"
    assert [text for _, text in blocks(f"<div>{inside}</div>")] == [FIRST, SECOND, THIRD]
