"""Tests of the smaller readers of metadata: standfirst, topics, picture, language, rights, canonical, paywall."""

from typing import Any

import pytest

from crawler.article import Block, BlockType, Image, Paywall, Rights
from crawler.extraction.canonical import address_of, aliases_of
from crawler.extraction.language import declared_language
from crawler.extraction.lead import standfirst
from crawler.extraction.paywall import paywall_of
from crawler.extraction.picture import image_of
from crawler.extraction.rights import read_rights
from crawler.extraction.text import word_count
from crawler.extraction.topics import keywords_of, section_of
from tests.crawler.extraction.articlehtml import PROSE, SENTENCES, URL, html_page, parsed

LEAD = "Na negen jaar bouwen gaat de brug over de Vliet volgende week open voor fietsers."
ARTICLE: dict[str, Any] = {"@type": "NewsArticle", "headline": "Brug open"}


def lead_of(body: str, *, head: str = "", json_ld: Any = None) -> str | None:
    page, declarations, data = parsed(html_page(body, head=head, json_ld=json_ld))
    return standfirst(page.tree, declarations, data.article, "Brug open")


class TestStandfirst:
    """crawler.extraction.lead"""

    @pytest.mark.parametrize("tag", ["p", "h2", "div", "strong"])
    def test_the_description_where_the_page_shows_it(self, tag: str) -> None:
        body = f"<article><h1>Brug open</h1><{tag}>{LEAD}</{tag}>{PROSE}</article>"
        assert lead_of(body, head=f'<meta name="description" content="{LEAD}">') == LEAD
        assert lead_of(body, json_ld={**ARTICLE, "description": LEAD}) == LEAD

    def test_a_description_that_is_not_shown_is_none(self) -> None:
        assert lead_of(f"<h1>Brug open</h1>{PROSE}", head=f'<meta name="description" content="{LEAD}">') is None

    @pytest.mark.parametrize("name", ["article__intro", "standfirst", "article-lead", "chapo", "entradilla"])
    def test_a_telling_class(self, name: str) -> None:
        assert lead_of(f'<h1>Brug open</h1><p class="{name}">{LEAD}</p>{PROSE}') == LEAD

    def test_a_description_cut_off_is_completed_from_the_page(self) -> None:
        head = f'<meta name="description" content="{LEAD[:50]}...">'
        assert lead_of(f'<h1>Brug open</h1><p class="intro">{LEAD}</p>{PROSE}', head=head) == LEAD

    @pytest.mark.parametrize(
        "box",
        [
            f'<aside><p class="intro">{LEAD}</p></aside>',
            f'<figure><figcaption class="description">{LEAD}</figcaption></figure>',
            f'<p class="intro"><a href="/andere">{LEAD}</a></p>',
        ],
    )
    def test_boxes_captions_and_links_are_no_standfirst(self, box: str) -> None:
        assert lead_of(f"<h1>Brug open</h1>{box}{PROSE}") is None

    def test_the_headline_repeated_is_no_standfirst(self) -> None:
        assert lead_of(f'<h1>Brug open</h1><p class="intro">Brug open</p>{PROSE}') is None


class TestTopics:
    """crawler.extraction.topics"""

    def test_section_from_json_ld_meta_and_breadcrumbs(self) -> None:
        trail = {
            "@type": "BreadcrumbList",
            "itemListElement": [{"name": "Home"}, {"item": {"name": "Sport"}}, {"name": "Brug open"}],
        }
        _, head, data = parsed(html_page(json_ld=[{**ARTICLE, "articleSection": ["Binnenland", "Verkeer"]}, trail]))
        assert section_of(head, data, title="Brug open", sites=["Waterbode"]) == "Binnenland"
        _, head, data = parsed(html_page(head='<meta property="article:section" content="Regio">', json_ld=trail))
        assert section_of(head, data, title="Brug open", sites=["Waterbode"]) == "Regio"
        _, head, data = parsed(html_page(json_ld=trail))
        assert section_of(head, data, title="Brug open", sites=["Waterbode"]) == "Sport"
        _, head, data = parsed(html_page())
        assert section_of(head, data, title="Brug open", sites=["Waterbode"]) is None

    @pytest.mark.parametrize(
        "value", ["brug, Vliet,  fietsers", ["brug", "Vliet", "fietsers", "Brug"], ["brug,Vliet;fietsers"]]
    )
    def test_keywords_of_all_shapes(self, value: Any) -> None:
        _, head, data = parsed(html_page(json_ld={**ARTICLE, "keywords": value}))
        assert keywords_of(head, data) == ("brug", "Vliet", "fietsers")

    def test_keywords_from_tags(self) -> None:
        tags = '<meta property="article:tag" content="Vliet"><meta property="article:tag" content="Brug, oud">'
        _, head, data = parsed(html_page(head=tags + '<meta name="keywords" content="nieuws">'))
        assert keywords_of(head, data) == ("Vliet", "Brug, oud")


class TestPicture:
    """crawler.extraction.picture"""

    @pytest.mark.parametrize(
        "image",
        [
            "/beeld/brug-vliet.jpg",
            ["/beeld/brug-vliet.jpg", "/beeld/ander.jpg"],
            {"@type": "ImageObject", "url": "/beeld/brug-vliet.jpg"},
            [{"@type": "ImageObject", "url": ["/beeld/brug-vliet.jpg"]}],
        ],
    )
    def test_picture_with_the_caption_of_its_figure(self, image: Any) -> None:
        figures = (
            '<figure><img src="/ander-beeld.jpg"><figcaption>Niet deze.</figcaption></figure>'
            '<figure><img srcset="/beeld/brug-vliet-800x600.jpg 2x"><figcaption>De brug, dinsdag.</figcaption></figure>'
        )
        page, head, data = parsed(html_page(figures + PROSE, json_ld={**ARTICLE, "image": image}))
        url = "https://www.waterbode.example/beeld/brug-vliet.jpg"
        assert image_of(page, head, data) == Image(url=url, caption="De brug, dinsdag.")

    def test_open_graph_and_nothing(self) -> None:
        page, head, data = parsed(html_page(head='<meta property="og:image" content="https://b.example/x.jpg">'))
        assert image_of(page, head, data) == Image(url="https://b.example/x.jpg")
        page, head, data = parsed(html_page(head='<meta property="og:image" content="data:image/png;base64,xx">'))
        assert image_of(page, head, data) is None


class TestLanguage:
    """crawler.extraction.language"""

    @pytest.mark.parametrize(
        ("lang", "head", "code"),
        [
            ("nl-BE", "", "nl"),
            ("PT_br", "", "pt"),
            ("iw", "", "he"),
            ("", '<meta property="og:locale" content="fy_NL">', "fy"),
            ("", '<meta http-equiv="Content-Language" content="de">', "de"),
            ("", "", None),
            ("nederlands", "", None),
        ],
    )
    def test_a_bare_code(self, lang: str, head: str, code: str | None) -> None:
        page, declarations, data = parsed(html_page(head=head, lang=lang))
        assert declared_language(page.tree, declarations, data.article) == code

    def test_the_article_goes_before_the_template(self) -> None:
        page, head, data = parsed(html_page(json_ld={**ARTICLE, "inLanguage": "fy-NL"}, lang="nl"))
        assert declared_language(page.tree, head, data.article) == "fy"


class TestRights:
    """crawler.extraction.rights"""

    @pytest.mark.parametrize(
        ("head", "headers", "rights"),
        [
            ("", {}, Rights()),
            ("", {"tdm-reservation": "1"}, Rights(tdm_reserved=True, source="header")),
            ('<meta name="tdm-reservation" content="1">', {}, Rights(tdm_reserved=True, source="meta")),
            ('<meta name="TDM-Reservation" content="0">', {}, Rights(tdm_reserved=False, source="meta")),
            (
                '<meta name="tdm-reservation" content="1">',
                {"tdm-reservation": "0"},
                Rights(tdm_reserved=False, source="header"),
            ),
            ('<meta name="tdm-reservation" content="yes">', {}, Rights()),
            (
                '<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="/licentie.json">',
                {},
                Rights(tdm_reserved=True, source="meta", tdm_policy="https://www.waterbode.example/licentie.json"),
            ),
            (
                '<meta name="robots" content="index, NOAI">',
                {},
                Rights(tdm_reserved=True, source="robots-meta", robots=("noai",)),
            ),
            ('<meta name="robots" content="noarchive">', {}, Rights(robots=("noarchive",))),
            ('<meta name="leesook" content="noindex">', {}, Rights(robots=("noindex",))),
            ('<meta name="googlebot" content="noai">', {}, Rights()),
            ('<meta name="robots" content="max-image-preview:large">', {}, Rights()),
            ('<meta name="robots" content="none">', {}, Rights(robots=("nofollow", "noindex"))),
            ("", {"x-robots-tag": "noml"}, Rights(tdm_reserved=True, source="x-robots-tag", robots=("noml",))),
            ("", {"x-robots-tag": "otherbot: noai, nofollow"}, Rights()),
            ("", {"x-robots-tag": "leesook: noindex, nofollow"}, Rights(robots=("nofollow", "noindex"))),
            ("", {"x-robots-tag": "otherbot: noai, leesook: noindex"}, Rights(robots=("noindex",))),
            ("", {"x-robots-tag": "otherbot: noai\nnoindex"}, Rights(robots=("noindex",))),
            ("", {"x-robots-tag": "unavailable_after: 25 Jun 2030 15:00:00 GMT, noindex"}, Rights(robots=("noindex",))),
        ],
    )
    def test_what_is_reserved_and_where_that_stands(self, head: str, headers: dict[str, str], rights: Rights) -> None:
        page, head_of_it, _ = parsed(html_page(head=head))
        assert read_rights(head_of_it, headers, url=page.url) == rights


class TestCanonical:
    """crawler.extraction.canonical"""

    @pytest.mark.parametrize(
        ("url", "canonical", "address"),
        [
            (URL + "?utm_source=x#deel", None, URL),
            (URL + "/amp", URL, URL),
            ("https://m.waterbode.example/n/100234", URL, URL),
            (URL, "/nieuws/nieuwe-brug-100234", URL),
            (URL, "https://www.waterbode.example/", URL),
            (URL, "https://www.waterbode.example/nieuws", URL),
            (URL, "https://www.elders.example/nieuws/nieuwe-brug-100234", URL),
            (URL, "javascript:void(0)", URL),
            ("https://www.waterbode.example/artikel?id=7", "https://www.waterbode.example/artikel", None),
        ],
    )
    def test_only_a_canonical_that_can_be_true(self, url: str, canonical: str | None, address: str | None) -> None:
        link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
        page, head, _ = parsed(html_page(head=link), url)
        assert address_of(page, head) == (address or url)

    def test_aliases_are_the_other_ways_here(self) -> None:
        links = (
            f'<link rel="canonical" href="{URL}"><link rel="amphtml" href="https://amp.waterbode.example/n/100234">'
            '<link rel="amphtml" href="https://cdn.elders.example/n/100234">'
        )
        page, head, _ = parsed(html_page(head=links), "https://m.waterbode.example/n/100234?utm_medium=app")
        address = address_of(page, head)
        assert aliases_of(address, page, head, "https://kort.example/x1", URL) == (
            "https://amp.waterbode.example/n/100234",
            "https://kort.example/x1",
            "https://m.waterbode.example/n/100234",
        )


def paywall(body: str, *, json_ld: Any = None, head: str = "", shown: tuple[str, ...] = SENTENCES) -> Paywall:
    page, declarations, data = parsed(html_page(body, head=head, json_ld=json_ld))
    blocks = tuple(Block(type=BlockType.PARAGRAPH, text=text.strip()) for text in shown)
    return paywall_of(page.tree, declarations, data, blocks, words=sum(word_count(text) for text in shown))


class TestPaywall:
    """crawler.extraction.paywall"""

    @pytest.mark.parametrize("value", [False, "False", "false", "http://schema.org/False", 0])
    def test_declared_by_the_article(self, value: Any) -> None:
        assert paywall(PROSE, json_ld={**ARTICLE, "isAccessibleForFree": value}).declared

    @pytest.mark.parametrize("value", [True, "True", None, "misschien"])
    def test_not_declared(self, value: Any) -> None:
        assert paywall(PROSE, json_ld={**ARTICLE, "isAccessibleForFree": value}) == Paywall()

    def test_declared_by_a_part_or_a_meta_tag(self) -> None:
        part = {"isAccessibleForFree": "False", "cssSelector": ".betaald"}
        body = f'<div class="betaald">{PROSE}</div>'
        assert paywall(body, json_ld={**ARTICLE, "hasPart": part}) == Paywall(declared=True)
        assert paywall(PROSE, head='<meta property="article:content_tier" content="locked">').declared

    def test_cut_where_the_publisher_counts_more_words(self) -> None:
        json_ld = {**ARTICLE, "isAccessibleForFree": False}
        assert paywall(PROSE, json_ld={**json_ld, "wordCount": 900}) == Paywall(declared=True, truncated=True)
        assert paywall(PROSE, json_ld={**json_ld, "wordCount": "95"}) == Paywall(declared=True)

    def test_cut_where_the_paid_part_is_missing(self) -> None:
        part = {"isAccessibleForFree": False, "cssSelector": ".betaald"}
        json_ld = {**ARTICLE, "isAccessibleForFree": False, "hasPart": [part]}
        assert paywall(PROSE, json_ld=json_ld).truncated
        assert paywall(PROSE + '<div class="betaald">Word abonnee</div>', json_ld=json_ld).truncated
        assert not paywall(f'<div class="betaald">{PROSE}</div>', json_ld=json_ld).truncated

    def test_a_short_text_before_a_wall_that_ends_in_dots(self) -> None:
        wall = '<div class="article-paywall">Verder lezen?</div>'
        assert paywall(PROSE + wall, shown=("De gemeente opent volgende week…",)) == Paywall(truncated=True)
        assert paywall(PROSE + wall) == Paywall()
        assert paywall(PROSE, shown=("De gemeente opent volgende week…",)) == Paywall()
