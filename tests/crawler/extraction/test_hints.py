from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from crawler.extraction.hints import Hint, hint_of

VOCABULARY = {
    Hint[name.upper()]: [word for words in lists.values() for word in words]
    for name, lists in tomllib.loads(files("crawler.extraction").joinpath("hints.toml").read_text("utf-8")).items()
}
WORDS = st.sampled_from([word for words in VOCABULARY.values() for word in words]).flatmap(
    lambda word: st.from_regex(re.compile(word.replace(r"\w", "[a-z0-9]")), fullmatch=True)
)
OTHERS = st.text("abcdehnorstx0", max_size=5)


def hint(markup: str) -> Hint:
    return hint_of(html.fragment_fromstring(markup))


@pytest.mark.parametrize(
    "name",
    ["caption", "image-caption", "imageCaption", "newsletter-signup", "shareBar", "article__author", "ad-slot", "tags"],
)
def test_names_of_what_stands_beside_an_article(name: str):
    assert Hint.ASIDE in hint(f'<div class="{name}">x</div>')


@pytest.mark.parametrize("name", ["article-body", "shadow", "captivating", "road", "masthead-free", "text", "content"])
def test_words_that_only_contain_such_a_name_say_nothing(name: str):
    assert hint(f'<div class="{name}">x</div>') is Hint.NONE


@pytest.mark.parametrize("name", ["standfirst", "articleLead", "c-article__dek", "sub_title", "chapo", "Vorspann"])
def test_names_of_a_standfirst(name: str):
    assert Hint.LEAD in hint(f'<p class="{name}">x</p>')


def test_attributes_for_tests_tell_too():
    assert hint('<p data-testid="article-summary">x</p>') == Hint.LEAD


@pytest.mark.parametrize("attributes", ["hidden", 'style="color:red;display : none"', 'class="visually-hidden"'])
def test_what_is_not_shown(attributes: str):
    assert Hint.UNSEEN in hint(f"<div {attributes}>x</div>")


def test_panes_of_tabs_are_seen_only_if_active():
    assert Hint.UNSEEN in hint('<div class="tab-pane">x</div>')
    assert hint('<div class="tab-pane active">x</div>') is Hint.NONE


def test_id_of_a_heading_is_made_from_its_words_and_says_nothing():
    assert hint('<h2 id="share-prices">x</h2>') is Hint.NONE
    assert Hint.ASIDE in hint('<div id="share">x</div>')


def test_post_of_a_social_network():
    assert hint('<blockquote class="twitter-tweet">x</blockquote>') == Hint.EMBED


@settings(max_examples=300)
@given(st.lists(st.one_of(WORDS, OTHERS, st.tuples(OTHERS, WORDS, OTHERS).map("".join)), min_size=1, max_size=3))
def test_a_name_says_what_any_of_its_words_does(parts: list[str]):
    name = "-".join(parts)
    said = Hint.NONE
    for meant, words in VOCABULARY.items():
        start, end = ("^", "$") if meant is Hint.COMMENT else ("(?:^|-)", "(?=-|$)")
        if any(re.search(f"{start}(?:{word}){end}", name) for word in words):
            said |= meant
    assert hint(f'<div class="{name}">x</div>') == said
