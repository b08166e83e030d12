from __future__ import annotations

import pytest
from lxml import etree

from crawler.article import Block, BlockType
from crawler.extraction.body import extract_body
from crawler.extraction.labels import normalise
from crawler.extraction.page import parse
from crawler.extraction.related import Harvest
from tests.crawler.extraction.articlepage import LEAD, PROSE, TITLE, URL, article, body_of, paragraphs, texts


def test_body_is_the_paragraphs_and_nothing_else():
    assert body_of(article(paragraphs())) == tuple(Block(type=BlockType.PARAGRAPH, text=text) for text in PROSE)


def test_tree_of_the_page_is_left_as_it_is():
    page = article(paragraphs(), below='<aside><a href="/x">Read on</a></aside>')
    before = etree.tostring(page.tree)
    body_of(page)
    assert etree.tostring(page.tree) == before


def test_same_page_twice_gives_the_same_body():
    page = article(paragraphs())
    assert body_of(page) == body_of(page)


def test_headline_is_no_block_wherever_it_is_repeated():
    page = article(f"<h2>{TITLE}</h2><p>{TITLE}</p>{paragraphs()}")
    assert TITLE not in texts(body_of(page))


class TestStandfirst:
    def test_named_by_its_class_comes_first(self):
        page = article(paragraphs(), above=f'<p class="story__standfirst">{LEAD}</p><p class="byline">By Ada Sluys</p>')
        assert texts(body_of(page)) == [LEAD, *PROSE]

    @pytest.mark.parametrize("name", ["articleLead", "ContentHeaderDek", "chapo", "entradilla", "Vorspann", "ingress"])
    def test_known_by_names_of_many_languages(self, name: str):
        page = article(paragraphs(), above=f'<div class="{name}">{LEAD}</div>')
        assert texts(body_of(page))[0] == LEAD

    def test_known_from_the_metadata_without_a_class(self):
        page = article(paragraphs(), above=f"<div>{LEAD}</div><div>Two minutes of your time, three of ours.</div>")
        assert texts(body_of(page, lead=LEAD))[0] == LEAD

    def test_cut_off_in_the_metadata_is_whole_in_the_body(self):
        page = article(paragraphs(), above=f"<div>{LEAD}</div>")
        assert texts(body_of(page, lead=LEAD[:70] + "…"))[0] == LEAD

    def test_set_as_a_heading_is_a_paragraph(self):
        page = article(paragraphs(), above=f"<h2>{LEAD}</h2>")
        assert body_of(page)[0] == Block(type=BlockType.PARAGRAPH, text=LEAD)

    def test_not_shown_is_not_made_up(self):
        assert texts(body_of(article(paragraphs()), lead=LEAD)) == list(PROSE)

    def test_inside_a_box_of_bylines_still_counts(self):
        page = article(
            paragraphs(), above=f'<div class="byline-social"><p class="strapline">{LEAD}</p>By A. Sluys</div>'
        )
        assert texts(body_of(page)) == [LEAD, *PROSE]

    def test_tagline_under_the_name_of_the_paper_is_none(self):
        page = parse(
            f"""<html><body><div class="masthead"><h1><a href="/">Harbour Paper</a></h1>
            <h2 class="site-description">News from all the villages around the estuary</h2></div>
            <div class="post"><h1>{TITLE}</h1><div class="text">{paragraphs()}</div></div></body></html>""".encode(),
            URL,
        )
        assert texts(body_of(page)) == list(PROSE)


class TestIntertitles:
    def test_heading_elements_keep_their_level(self):
        page = article(f"{paragraphs(*PROSE[:3])}<h3>A long detour</h3>{paragraphs(*PROSE[3:])}")
        assert body_of(page)[3] == Block(type=BlockType.HEADING, text="A long detour", level=3)

    def test_inside_sections_that_boxes_split(self):
        page = article(
            f'<section class="part"><h2>The day</h2>{paragraphs(*PROSE[:3])}</section><div class="ad-slot">Ad</div>'
            f'<section class="part"><h2>The bill</h2>{paragraphs(*PROSE[3:])}</section>'
        )
        assert [block.text for block in body_of(page) if block.type is BlockType.HEADING] == ["The day", "The bill"]

    def test_bold_paragraphs_are_headings_where_no_element_is_one(self):
        page = article(f"{paragraphs(*PROSE[:3])}<p><strong>A long detour</strong></p>{paragraphs(*PROSE[3:])}")
        assert body_of(page)[3] == Block(type=BlockType.HEADING, text="A long detour", level=2)

    def test_bold_line_before_a_break_is_one(self):
        page = article(f"{paragraphs(*PROSE[:3])}<p><b>A long detour</b><br>{PROSE[3]}</p>{paragraphs(*PROSE[4:])}")
        assert [block.type for block in body_of(page)][3:5] == [BlockType.HEADING, BlockType.PARAGRAPH]

    def test_bold_questions_of_an_interview_are_paragraphs(self):
        page = article(
            f"<p><b>When did you begin?</b></p>{paragraphs(*PROSE[:3])}"
            f"<p><b>And was it worth it?</b></p>{paragraphs(*PROSE[3:])}"
        )
        assert {block.type for block in body_of(page)} == {BlockType.PARAGRAPH}

    def test_paragraph_named_an_intertitle_is_one(self):
        page = article(f'{paragraphs(*PROSE[:3])}<p class="onlineInterline">A long detour</p>{paragraphs(*PROSE[3:])}')
        assert body_of(page)[3].type is BlockType.HEADING

    def test_last_heading_with_nothing_below_it_is_dropped(self):
        page = article(f"{paragraphs()}<h2>Share your view</h2>")
        assert texts(body_of(page)) == list(PROSE)


class TestBlockTypes:
    def test_items_and_quotations(self):
        page = article(
            f"{paragraphs(*PROSE[:3])}<ul><li>Two gates</li><li>One wheel</li></ul>"
            f"<blockquote><p>We never thought to see it open again, the old keeper said.</p></blockquote>"
            f"{paragraphs(*PROSE[3:])}"
        )
        assert [block.type for block in body_of(page)][3:6] == [
            BlockType.LIST_ITEM,
            BlockType.LIST_ITEM,
            BlockType.QUOTE,
        ]

    def test_rows_of_a_table_are_lines(self):
        page = article(
            f"{paragraphs(*PROSE[:3])}<table><tr><th>Year</th><th>Vessels</th></tr><tr><td>2019</td><td>8,914</td></tr>"
            f"</table>{paragraphs(*PROSE[3:])}"
        )
        assert texts(body_of(page))[3:5] == ["Year | Vessels", "2019 | 8,914"]

    def test_double_breaks_part_paragraphs(self):
        page = article("<br><br>".join(PROSE))
        assert texts(body_of(page)) == list(PROSE)


class TestBeside:
    @pytest.mark.parametrize(
        "box",
        [
            '<div class="newsletter-signup"><p>Every morning the news of the harbour, free of charge.</p></div>',
            '<p class="image-caption">The keeper at his wheel on Monday morning, seen from the north bank.</p>',
            '<div class="tooltip">A lock is a chamber with gates that lifts ships from one level to another.</div>',
            '<div style="display: none"><p>This is kept for another edition of the paper and not shown.</p></div>',
            '<div class="info-box"><p>The lock was dug in 1871 and named after the first lady of the town.</p></div>',
            "<p>Sign up for our newsletter and get the tides in your inbox every day.</p>",
            "<p>Photo: Harbour Press / Ada Sluys</p>",
            "<p>Advertisement</p>",
        ],
    )
    def test_boxes_between_paragraphs_are_left_out(self, box: str):
        page = article(f"{paragraphs(*PROSE[:3])}{box}{paragraphs(*PROSE[3:])}")
        assert texts(body_of(page)) == list(PROSE)

    @pytest.mark.parametrize("line", ["By Ada Sluys", "Ada Sluys / Harbour Press", "(hp/as)", "Source: Harbour Press"])
    def test_short_lines_below_the_last_paragraph_are_credits(self, line: str):
        assert texts(body_of(article(f"{paragraphs()}<p>{line}</p>"))) == list(PROSE)

    def test_paragraphs_withheld_from_strangers_are_text(self):
        page = article(paragraphs(*PROSE[:2]) + "".join(f'<p class="paywall">{text}</p>' for text in PROSE[2:]))
        assert texts(body_of(page)) == list(PROSE)

    def test_offer_of_a_subscription_is_not(self):
        offer = (
            '<div class="article-paywall"><h2>Read on with a subscription</h2><ul><li>All stories</li></ul>'
            "<p>The first month of the Harbour Paper costs no more than a cup of coffee.</p></div>"
        )
        assert texts(body_of(article(paragraphs(*PROSE[:2]) + offer))) == list(PROSE[:2])

    def test_whole_article_below_a_telling_class_stays(self):
        page = article(f'<div class="has-comments author-ada">{paragraphs()}</div>')
        assert texts(body_of(page)) == list(PROSE)

    def test_list_of_links_points_elsewhere(self):
        links = "<ul><li><a href='/a2'>The fair opens on Saturday</a></li><li><a href='/a3'>Rain ahead</a></li></ul>"
        page = article(f"{paragraphs(*PROSE[:3])}<h2>Elsewhere in town</h2>{links}{paragraphs(*PROSE[3:])}")
        assert not {"Rain ahead", "The fair opens on Saturday"} & set(texts(body_of(page)))

    def test_list_with_a_link_in_a_sentence_does_not(self):
        items = (
            "<ul><li>The keeper wrote a <a href='/a2'>book</a> about the lock and its many ships.</li>"
            "<li>The baker did not.</li></ul>"
        )
        page = article(f"{paragraphs(*PROSE[:3])}{items}{paragraphs(*PROSE[3:])}")
        assert "The baker did not." in texts(body_of(page))

    def test_comments_of_readers_are_left_out_even_where_they_are_longer(self):
        said = "".join(
            f'<div class="comment-text"><p>I saw it with my own eyes, number {number}, and it was grand.</p></div>'
            for number in range(30)
        )
        page = article(paragraphs(), below=f'<div id="reader-comments">{said}</div>')
        assert texts(body_of(page)) == list(PROSE)


class TestSplitBodies:
    def test_containers_of_one_kind_are_joined(self):
        parts = [paragraphs(*PROSE[:2] * 3), paragraphs(*PROSE[2:4] * 3), paragraphs(*PROSE[4:] * 3)]
        body = '<div class="ad-slot">Advertisement</div>'.join(
            f'<div class="chunk"><div class="chunk__text">{part}</div></div>' for part in parts
        )
        assert set(PROSE) <= set(texts(body_of(article(body))))

    def test_next_article_further_down_is_not(self):
        other = (
            "The fair on the common opens its gates on Saturday with a parade of nine brass bands and a cow.",
            "Traders from six counties have hired a stall, and the oldest among them is eighty-eight years old.",
        )
        below = (
            f'<article class="story"><h1>The fair opens on Saturday</h1><div class="story__body">{paragraphs(*other)}'
        )
        page = article(paragraphs(), below=f"</article>{below}</div>")
        assert not set(other) & set(texts(body_of(page)))

    def test_first_paragraph_outside_the_hidden_rest_is_kept(self):
        page = article(f'<p>{PROSE[0]}</p><div class="hideable">{paragraphs(*PROSE[1:])}</div>')
        assert texts(body_of(page)) == list(PROSE)


class TestReadAlso:
    def test_elements_of_the_harvest_leave_no_trace(self):
        box = '<p id="x">The fair on the common opens on Saturday, and this line <a href="/a2">tells you more.</a></p>'
        page = article(paragraphs(*PROSE[:3]) + box + paragraphs(*PROSE[3:]))
        harvest = Harvest(elements=tuple(page.tree.xpath("//p[@id='x']")))
        assert texts(extract_body(page, harvest, title=TITLE, lead=None, json_ld_body=None)) == list(PROSE)

    def test_texts_of_the_harvest_are_cleaned_where_no_element_is_given(self):
        page = article(
            f"{paragraphs(*PROSE[:3])}<p>The fair on the common opens on Saturday.</p>{paragraphs(*PROSE[3:])}"
        )
        harvest = Harvest(texts=frozenset([normalise("The fair on the common opens on Saturday.")]))
        assert texts(extract_body(page, harvest, title=TITLE, lead=None, json_ld_body=None)) == list(PROSE)

    def test_tail_behind_a_removed_element_stays(self):
        page = article(
            f'<div>{PROSE[0]} <span id="x"><a href="/a2">Read more</a></span> It rained.</div>{paragraphs()}'
        )
        (box,) = page.tree.xpath("//span[@id='x']")
        harvest = Harvest(elements=(box,))
        found = texts(extract_body(page, harvest, title=TITLE, lead=None, json_ld_body=None))
        assert found[0] == f"{PROSE[0]} It rained."

    @pytest.mark.parametrize(
        "line",
        [
            '<p><a href="/tag/harbour">Read more: everything about the harbour</a></p>',
            '<p>Lees ook: <a href="https://elders.example/x">De kermis gaat open</a></p>',
            "<h3>Most read</h3>",
            "<h3>Related articles</h3>",
        ],
    )
    def test_pointers_that_are_no_read_also_links_are_no_text_either(self, line: str):
        page = article(f"{paragraphs(*PROSE[:3])}{line}{paragraphs(*PROSE[3:])}")
        assert texts(body_of(page)) == list(PROSE)

    def test_label_in_a_sentence_is_text(self):
        said = "Read more, said the keeper, and you will know why the gate was made of oak."
        page = article(paragraphs(*PROSE[:3], said, *PROSE[3:]))
        assert said in texts(body_of(page))


class TestLiveblog:
    def test_entries_come_with_their_times(self):
        entries = "".join(
            f'<article class="entry"><time datetime="2026-02-12T{at}+01:00">{at}</time><h3>Update at {at}</h3>'
            f"<p>{text}</p></article>"
            for at, text in zip(("21:48", "20:15", "18:32", "17:05"), PROSE, strict=False)
        )
        found = texts(body_of(article(f"<section>{entries}</section>")))
        assert found[:3] == ["21:48", "Update at 21:48", PROSE[0]]
        assert [text for text in found if len(text) == 5] == ["21:48", "20:15", "18:32", "17:05"]

    def test_date_of_an_article_is_no_entry(self):
        page = article(paragraphs(), above='<time datetime="2026-02-12T17:05:00+01:00">12 February 2026, 17:05</time>')
        assert texts(body_of(page)) == list(PROSE)


class TestOtherScripts:
    def test_japanese(self):
        prose = (
            "水門は三年ぶりに開き、朝から大勢の市民が岸辺に集まって拍手を送った。",
            "修理の費用は四億円に上り、当初の計画より三割ほど多くなったという。",
            "港の組合は年間九千隻の通過を見込んでおり、砂や穀物を運ぶ船が中心だ。",
        )
        title = "町の水門、三年ぶりに開く"
        assert texts(body_of(article(paragraphs(*prose), title=title), title=title)) == list(prose)

    def test_arabic(self):
        prose = (
            "فتح حارس البوابة القديمة أبوابها صباح يوم الاثنين أمام عشرات السكان الذين تجمعوا على ضفة القناة.",
            "وقالت هيئة المياه إن تكاليف الإصلاح بلغت أربعة ملايين، أي أكثر مما كان مقررا بنحو الثلث.",
            "وكان الملاحون يسلكون طريقا أطول حول الجزيرة منذ ثلاث سنوات، فهل انتهى ذلك الآن؟",
        )
        title = "البوابة القديمة تفتح من جديد"
        assert texts(body_of(article(paragraphs(*prose), title=title), title=title)) == list(prose)


class TestTroubledPages:
    def test_json_ld_rescues_a_page_that_shows_next_to_nothing(self):
        page = article("<p>Please wait.</p>")
        blocks = body_of(page, json_ld_body="\n\n".join(PROSE).replace("euros", "&euro;"))
        assert texts(blocks)[:2] == list(PROSE[:2])
        assert "four million €" in blocks[2].text

    def test_json_ld_completes_a_page_that_shows_its_beginning(self):
        assert texts(body_of(article(paragraphs(*PROSE[:2])), json_ld_body="\n".join(PROSE))) == list(PROSE)

    def test_json_ld_of_another_story_does_not(self):
        assert texts(body_of(article(paragraphs(*PROSE[:4])), json_ld_body="Of something else. " * 90)) == list(
            PROSE[:4]
        )

    def test_json_ld_does_not_replace_what_the_page_shows(self):
        assert texts(body_of(article(paragraphs()), json_ld_body="Quite another text. " * 90)) == list(PROSE)

    def test_unclosed_navigation_does_not_swallow_the_article(self):
        page = parse(f"<html><body><nav><a href='/'>Home</a><h1>{TITLE}</h1>{paragraphs()}".encode(), URL)
        assert set(PROSE) <= set(texts(body_of(page)))

    @pytest.mark.parametrize("html", ["<p></p>", "<html><body></body></html>", "<div>&nbsp;</div>", "<p><br><br></p>"])
    def test_page_without_text_has_no_blocks(self, html: str):
        assert body_of(parse(html.encode(), URL), title=None) == ()

    def test_comments_and_processing_instructions_are_no_text(self):
        page = article(f"<!-- draft --><?php echo 1 ?>{paragraphs()}<!-- end -->")
        assert texts(body_of(page)) == list(PROSE)
