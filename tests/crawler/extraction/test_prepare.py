from __future__ import annotations

from lxml import etree, html

from crawler.extraction.prepare import drop, drop_menus, prepared
from crawler.extraction.runs import read_lines

PAGE = (
    "<html><head><title>t</title></head><body><nav>menu</nav><!-- note --><div><p>one <script>x()</script>two</p>"
    "<figure>caption</figure>tail</div><aside>box</aside><footer>end</footer></body></html>"
)


def tree(markup: str = PAGE) -> html.HtmlElement:
    return html.document_fromstring(markup)


def test_furniture_leaves_and_tails_stay():
    assert prepared(tree()).text_content() == "one twotail"


def test_page_itself_is_not_touched():
    page = tree()
    before = etree.tostring(page)
    prepared(page, [page.find(".//p")])
    assert etree.tostring(page) == before


def test_given_elements_leave_without_their_tails():
    page = tree("<html><body><p>a<b>c</b>d</p><ul><li>e</li><li>f</li></ul></body></html>")
    assert prepared(page, [page.find(".//b"), page.find(".//li")]).text_content() == "adf"


def test_nested_and_foreign_order_of_elements_does_not_matter():
    page = tree("<html><body><div><p>a</p><p>b</p></div><p>c</p></body></html>")
    inner, outer = page.findall(".//p")[1], page.find(".//div")
    assert prepared(page, [outer, inner]).text_content() == "c"


def test_on_a_broken_page_what_holds_most_of_the_text_stays():
    page = tree(f"<html><body><nav><a>menu</a><p>{'text ' * 40}</p></nav><aside>box</aside></body></html>")
    assert "text" not in prepared(page).text_content()
    kept = prepared(page, broken=True).text_content()
    assert "text" in kept
    assert "box" not in kept


def without_menus(body: str) -> html.HtmlElement:
    page = tree(f"<html><body>{body}</body></html>")
    drop_menus(page, read_lines(page))
    return page.find("body")


def links(number: int) -> str:
    return "".join(f'<li><a href="/{at}">place {at}</a></li>' for at in range(number))


def test_several_links_and_nothing_else_are_a_menu():
    body = without_menus(f"<div><ul>{links(3)}</ul></div><p>Some words of text.</p>")
    assert etree.tostring(body) == b"<body><p>Some words of text.</p></body>"


def test_one_or_two_links_stay():
    assert without_menus(f"<p>Some words of text.</p><ul>{links(2)}</ul>").find("ul") is not None


def test_links_in_one_list_with_text_stay():
    assert len(without_menus(f"<ul>{links(4)}<li>a fifth without one</li></ul>").find("ul")) == 5


def test_long_links_are_no_menu():
    link = f'<p><a href="/x">{"long words " * 12}</a></p>'
    assert without_menus(link * 3).text_content() == "long words " * 36


def test_elements_without_text_go_and_what_follows_them_stays():
    body = without_menus('<p>one<br>two</p><div class="slot"><div></div></div>three<figure><img></figure><p>four</p>')
    assert etree.tostring(body) == b"<body><p>one<br/>two</p>three<p>four</p></body>"


def test_cells_of_a_row_stay_with_it():
    body = without_menus("<table><tr><td>Height</td><td>12 m</td><td></td></tr></table>")
    assert [cell.text for cell in body.iter("td")] == ["Height", "12 m", None]


def test_lines_that_are_not_named_go():
    page = tree("<html><body><p>one</p><p>two</p></body></html>")
    drop_menus(page, read_lines(page)[:1])
    assert page.text_content() == "one"


def test_an_element_leaves_between_texts_that_lxml_would_not_write() -> None:
    page = html.fromstring("<div><p>voor</p>&#1;een<b>weg</b>&#2;twee</div>")
    drop(page.find("b"))
    assert "".join(page.itertext()) == "vooreentwee"
