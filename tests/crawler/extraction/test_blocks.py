from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from crawler.article import Block, BlockType
from crawler.extraction.blocks import from_json_ld, letters, to_blocks
from crawler.extraction.runs import read_lines


def blocks(markup: str) -> tuple[Block, ...]:
    return to_blocks(read_lines(html.fragment_fromstring(markup, create_parent="div")))


def test_level_is_2_to_6_for_headings_and_none_for_the_rest():
    found = blocks("<h1>a</h1><h6>b</h6><p>c</p><ul><li>d</li></ul><blockquote>e</blockquote>")
    assert [(block.type.value, block.level) for block in found] == [
        ("heading", 2),
        ("heading", 6),
        ("paragraph", None),
        ("list_item", None),
        ("quote", None),
    ]


def test_heading_as_long_as_a_paragraph_is_one():
    assert blocks(f"<h2>{'long ' * 60}</h2>")[0].type is BlockType.PARAGRAPH


@pytest.mark.parametrize(
    ("markup", "kinds"),
    [
        ("<p>Text.</p><p><b>Title</b></p><p>More.</p>", "php"),
        ("<p>Text.</p><p><b>Is it so?</b></p><p>More.</p>", "php"),
        ("<p>Text.</p><p><b>A sentence.</b></p><p>More.</p>", "ppp"),
        ("<p>Text.</p><p><b>Title</b></p>", "pp"),
        ("<p><b>Title</b></p><p>More.</p>", "pp"),
        ("<p>Text.</p><p><b>One</b></p><p><b>Two</b></p><p>More.</p>", "pphp"),
        ("<p>Text.</p><p><b><a href='/x'>Title</a></b></p><p>More.</p>", "ppp"),
        ("<p>Text.</p><p><b>Title</b></p><p>More.</p><h2>Real one</h2><p>End.</p>", "ppphp"),
    ],
)
def test_bold_paragraphs_as_headings(markup: str, kinds: str):
    assert "".join(block.type.value[0] for block in blocks(markup)) == kinds


def test_article_body_of_json_ld_becomes_paragraphs():
    assert [block.text for block in from_json_ld("<p>One &amp; two.</p>\r\n\r\n<p>Three<br><br>four.</p>\n \n")] == [
        "One & two.",
        "Three",
        "four.",
    ]


@given(st.text())
def test_article_body_of_json_ld_never_gives_an_empty_block(text: str):
    for block in from_json_ld(text):
        assert block.text == " ".join(block.text.split()) != ""


def test_letters_are_counted_without_spaces():
    assert letters([Block(type=BlockType.PARAGRAPH, text="a b c"), Block(type=BlockType.QUOTE, text="d")]) == 4
