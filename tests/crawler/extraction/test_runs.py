from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from crawler.article import BlockType
from crawler.extraction.hints import Hint
from crawler.extraction.runs import Line, key_of, read_lines, size_of


def lines(markup: str) -> list[Line]:
    return read_lines(html.fragment_fromstring(markup, create_parent="div"))


def texts(markup: str) -> list[str]:
    return [line.text for line in lines(markup)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
        ("Bare <b>text</b>, then<p>one.</p>and a tail", ["Bare text, then", "one.", "and a tail"]),
        ("<p>A\n  broken\u00a0 line</p>", ["A broken line"]),
        ("<p>one<br>line</p>", ["one line"]),
        ("<p>two<br><br>lines</p>", ["two", "lines"]),
        ("<p>two<br> <br/>\nlines</p>", ["two", "lines"]),
        ("<p><b>Head</b><br>text</p>", ["Head", "text"]),
        ("<p></p><div> </div><p>…</p>", []),
        ("<ul><li>a<ul><li>b</li></ul>c</li></ul>", ["a", "b", "c"]),
        ("<div>x<figcaption>caption</figcaption>y</div>", ["xy"]),
        ("<p><ruby>港<rt>みなと</rt></ruby>町</p>", ["港町"]),
        ("<p>seen<span class='sr-only'> unseen</span> again</p>", ["seen again"]),
        ("<table><tr><td>a</td><td>b</td></tr></table>", ["a | b"]),
        ("<table><tr><td><p>only</p><p>layout</p></td></tr></table>", ["only", "layout"]),
    ],
)
def test_lines_are_what_a_reader_sees(markup: str, expected: list[str]):
    assert texts(markup) == expected


@pytest.mark.parametrize(
    ("markup", "kind", "level"),
    [
        ("<h3>x</h3>", BlockType.HEADING, 3),
        ("<h2><span><div>x</div></span></h2>", BlockType.HEADING, 2),
        ("<ul><li><p>x</p></li></ul>", BlockType.LIST_ITEM, None),
        ("<dl><dt>x</dt></dl>", BlockType.LIST_ITEM, None),
        ("<blockquote><p>x</p></blockquote>", BlockType.QUOTE, None),
        ("<ol><li><article><p>x</p></article></li></ol>", BlockType.PARAGRAPH, None),
        ("<ul><li><p>x</p><p>y</p></li></ul>", BlockType.PARAGRAPH, None),
        ("x", BlockType.PARAGRAPH, None),
    ],
)
def test_type_is_what_the_mark_up_makes_of_a_line(markup: str, kind: BlockType, level: int | None):
    line = lines(markup)[0]
    assert (line.type, line.level) == (kind, level)


def test_shares_of_links_bold_type_and_times():
    linked, bold, timed, plain = lines(
        "<p><a href='/x'>1234</a>5678</p><p><strong>abcd</strong></p><p><time>12:00</time></p>"
        "<p><a href='#note'>in the page</a> <a id='anchor'>anchor</a></p>"
    )
    assert linked.linked == 0.5
    assert bold.bold == 1.0
    assert timed.timed == 1.0
    assert plain.linked == plain.bold == plain.timed == 0.0


def test_skipped_inline_text_leaves_the_counts_of_links_alone():
    first, second = lines("<p><a href='/x' class='tooltip'>gone</a>kept</p><p><a href='/y'>linked</a></p>")
    assert (first.text, first.linked) == ("kept", 0.0)
    assert second.linked == 1.0


def test_container_holds_a_line_and_its_neighbours():
    root = html.fragment_fromstring("<section><p>a</p><ul><li>b</li></ul><div>c</div></section>")
    a, b, c = read_lines(root)
    assert a.container is b.container is root
    assert c.container is root[2]


def test_hints_are_those_of_all_blocks_around():
    (line,) = lines("<div class='newsletter'><section><p class='lead'>x</p></section></div>")
    assert [hint for _, hint in line.hints] == [Hint.ASIDE, Hint.LEAD]


@given(st.text())
def test_key_is_the_same_for_renderings_that_differ_in_spaces_and_signs(text: str):
    assert key_of(f" «{text}» ") == key_of(text) == key_of(key_of(text))


def test_size_counts_han_and_kana_as_the_letters_they_stand_for():
    assert size_of("lock") == 4
    assert size_of("水門") == 5
    assert size_of("über") == 4


MARKUP = st.recursive(
    st.text(alphabet="ab .<&\u00a0\u200b水", max_size=6).map(lambda text: text.replace("<", "").replace("&", "")),
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(
            ["p", "div", "b", "a href='/'", "h2", "li", "ul", "tr", "td", "table", "blockquote", "time"]
        ).map(lambda tag: tag.split()[0]),
        st.lists(inner, max_size=4).map("<br>".join),
    ),
    max_leaves=20,
)


@given(MARKUP)
def test_no_line_is_empty_and_none_is_more_than_one_line(markup: str):
    for line in lines(markup):
        assert line.text == " ".join(line.text.split()) != ""
        assert line.key
        assert 0 <= line.linked <= 1
        assert 0 <= line.bold <= 1


@given(MARKUP)
def test_every_letter_of_a_page_is_in_exactly_one_line(markup: str):
    root = html.fragment_fromstring(markup, create_parent="div")
    assert "".join(line.key for line in read_lines(root)) == key_of(root.text_content())
