"""A page as lines: where they break, what is linked, and how a line falls into parts."""

from __future__ import annotations

from crawler.extraction.lines import Extent, PageLines, read_lines, units
from crawler.extraction.page import parse


def lines_of(body: str) -> PageLines:
    return read_lines(parse(f"<body>{body}</body>".encode(), "https://w.example/a").tree)


def texts(body: str) -> list[str]:
    return [line.text for line in lines_of(body).lines]


def test_blocks_and_line_breaks_end_a_line_and_inline_elements_do_not() -> None:
    assert texts("<p>Een <b>brug</b> over<br>de Vliet</p><div>a<span>b</span> <i>c</i></div>d") == [
        "Een brug over",
        "de Vliet",
        "ab c",
        "d",
    ]


def test_white_space_between_inline_elements_is_kept() -> None:
    assert texts("<p><b>Lees ook:</b>\n <a href='/x'>Titel</a></p>") == ["Lees ook: Titel"]


def test_comments_and_scripts_are_no_text() -> None:
    assert texts("<p>a<!-- x -->b<script>c</script>d<noscript>e</noscript></p><style>f</style>") == ["abd"]


def test_menus_are_skipped_but_not_what_an_unclosed_one_swallows() -> None:
    assert texts("<nav><a href='/sport'>Sport</a></nav><p>a</p>") == ["a"]
    assert texts("<nav><a href='/sport'>Sport</a><p>a</p>") == ["Sport", "a"]


def test_linked_and_plain_characters() -> None:
    (line,) = lines_of("<p>Lees: <a href='/x'>vier</a> <a name='y'>anker</a></p>").lines
    assert line.linked == len("vier")
    assert line.plain == len("Lees: ") + len("anker")


def test_links_know_their_lines() -> None:
    page = lines_of("<p>a <a href='/1'>b</a></p><a href='/2'><h3>c</h3><p>d</p></a><a href='/3'><img></a><p>e</p>")
    assert [(anchor.href, anchor.start, anchor.end) for anchor in page.anchors] == [
        ("/1", 0, 1),
        ("/2", 1, 3),
        ("/3", 3, 3),
    ]


def test_link_that_opens_after_text_in_a_line_but_holds_blocks() -> None:
    page = lines_of("<div>a<a href='/1'><p>b</p></a></div>")
    assert [(anchor.start, anchor.end) for anchor in page.anchors] == [(1, 2)]


def test_extents() -> None:
    page = lines_of("<div id='x'><p>a</p><p><a href='/1'>b</a></p></div><div id='y'><img></div><p>c</p>")
    by_id = {element.get("id"): extent for element, extent in page.extents.items()}
    assert by_id["x"] == Extent(0, 2, 0, 1)
    assert "y" not in by_id


def test_anchors_within() -> None:
    page = lines_of("".join(f"<p><a href='/{n}'>{n}</a></p>" for n in range(6)))
    assert [anchor.href for anchor in page.anchors_within(2, 4)] == ["/2", "/3"]


def parts(body: str) -> list[str]:
    (line,) = lines_of(body).lines
    return [unit.text for unit in units(line.pieces)]


def test_parts_of_a_line() -> None:
    assert parts("<p><span>Archeologie</span><span>Schip gevonden</span></p>") == ["Archeologie", "Schip gevonden"]
    assert parts("<p>De bemanning van <em>De Hoop</em> is terug</p>") == ["De bemanning van De Hoop is terug"]
    assert parts("<p>De <span>nieuwe</span> brug</p>") == ["De nieuwe brug"]
    assert parts("<p><span>D</span>e brug</p>") == ["De brug"]
    assert parts("<p><span>Archeologie</span> Schip gevonden</p>") == ["Archeologie", "Schip gevonden"]
    assert parts("<p>Schip gevonden <span class='date'>12.04.2024</span></p>") == ["Schip gevonden", "12.04.2024"]
    assert parts("<p>Lees ook: <a href='/x'>Schip</a></p>") == ["Lees ook:", "Schip"]


def test_deep_trees_are_read_without_recursion() -> None:
    assert texts("<div>" * 3000 + "a" + "</div>" * 3000) in (["a"], [])
