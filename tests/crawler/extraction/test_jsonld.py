"""Tests of crawler.extraction.jsonld."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.jsonld import first_text, load, read_json_ld, texts, types_of

URL = "https://www.waterbode.example/nieuws/brug-123"
ARTICLE = {"@type": "NewsArticle", "headline": "Brug open", "datePublished": "2024-05-04T10:00:00+02:00"}


@pytest.mark.parametrize(
    "value",
    [
        ARTICLE,
        [ARTICLE],
        [{"@type": "Organization", "name": "Waterbode"}, ARTICLE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, ARTICLE]},
        {"@type": "WebPage", "mainEntity": ARTICLE},
        {**ARTICLE, "@type": ["Article", "NewsArticle"]},
        {**ARTICLE, "@type": "http://schema.org/ReportageNewsArticle"},
        {**ARTICLE, "@type": "schema:LiveBlogPosting"},
    ],
)
def test_the_article_is_found_wherever_it_stands(value: Any) -> None:
    assert read_json_ld([json.dumps(value)]).article["headline"] == "Brug open"


@pytest.mark.parametrize(
    "script",
    [
        '<!-- {"headline": "Brug open"} -->',
        '//<![CDATA[\n{"headline": "Brug open"}\n//]]>',
        '/*<![CDATA[*/ {"headline": "Brug open"} /*]]>*/',
        '{"headline": "Brug open"};',
        '{"headline": "Brug open",}',
        '{"headline": "Brug open", "keywords": ["a", "b",],}',
        '{"headline": "Brug open",, "x": 1}',
        '{"headline": "Brug open", "text": "twee\nregels\tmet tab"}',
        '{"headline": "Brug open", "text": "it\\\'s"}',
        '{"headline": "Brug open", "text": "de "Stormvogel" vaart"}',
        '{"headline": "Brug open"\n "text": "x"}',
        '\ufeff{"headline": "Brug open"}',
    ],
)
def test_broken_json_is_mended(script: str) -> None:
    assert load(script)["headline"] == "Brug open"


def test_two_objects_in_one_script_are_both_read() -> None:
    script = '{"@type": "WebSite"}\n{"@type": "NewsArticle", "headline": "Brug open"}'
    assert read_json_ld([script]).article["headline"] == "Brug open"


@pytest.mark.parametrize("script", ["", "null", "niets", "{{{", '{"a": ', "[" * 5000])
def test_what_is_no_json_is_passed_over(script: str) -> None:
    data = read_json_ld([script, json.dumps(ARTICLE)])
    assert data.article["headline"] == "Brug open"


def test_the_node_of_this_page_goes_before_those_of_others() -> None:
    others = [
        {**ARTICLE, "headline": f"Ander {n}", "url": f"{URL}{n}", "author": "A", "publisher": "B"} for n in range(3)
    ]
    own = {**ARTICLE, "mainEntityOfPage": {"@id": URL + "/?utm_source=x"}}
    assert read_json_ld([json.dumps([*others, own])], urls=[URL]).article["headline"] == "Brug open"


def test_a_video_beside_an_article_is_not_the_article() -> None:
    data = read_json_ld([json.dumps([{"@type": "VideoObject", "name": "Filmpje"}, ARTICLE])])
    assert data.article["headline"] == "Brug open"
    assert data.media["name"] == "Filmpje"


def test_articles_in_a_list_of_others_are_not_the_page() -> None:
    page = {"@type": "CollectionPage", "hasPart": [ARTICLE]}
    assert read_json_ld([json.dumps(page)]).article == {}


def test_references_are_resolved() -> None:
    graph = [{**ARTICLE, "author": {"@id": "#p1"}}, {"@type": "Person", "@id": "#p1", "name": "Anna de Wit"}]
    data = read_json_ld([json.dumps({"@graph": graph})])
    assert list(texts(data.resolve(data.article["author"]))) == ["Anna de Wit"]


def test_types_and_texts_of_all_shapes() -> None:
    assert types_of({"@type": ["https://schema.org/Article", 3]}) == {"Article"}
    assert types_of({}) == frozenset()
    assert list(texts([{"name": "Anna"}, "Bas &amp; Co", None, 3, {"@value": "C"}])) == ["Anna", "Bas & Co", "C"]
    assert first_text({"a": [], "b": " x "}, "a", "b") == "x"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["@type", "@graph", "@id", "author", "headline", "name", "url"]), inner, max_size=5
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_any_json_is_read(value: Any) -> None:
    data = read_json_ld([json.dumps(value)], urls=[URL])
    assert isinstance(first_text(data.article, "headline"), str | None)


@given(st.text(alphabet='{}[]",:\\/ \n@typeNewsArticl019', max_size=200))
def test_any_script_is_read(script: str) -> None:
    data = read_json_ld([script, json.dumps(ARTICLE)])
    assert data.article["headline"] == "Brug open"
