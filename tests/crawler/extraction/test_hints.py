from __future__ import annotations

import pytest
from lxml import html

from crawler.extraction.hints import Hint, hint_of


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
