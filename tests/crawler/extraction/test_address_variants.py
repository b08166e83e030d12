"""Mobile and AMP editions of an article meet in one `_id`, with their own addresses among its aliases."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.extraction.canonical import address_of, aliases_of
from crawler.url import article_id, canonical_url
from tests.crawler.extraction.articlehtml import html_page, parsed

HOST = "waterbode.example"
words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8).filter(lambda word: word != "amp")
editions = st.sampled_from(["https://m.{}{}", "https://mobile.{}{}", "https://amp.{}{}", "https://www.{}/amp{}"])
endings = st.sampled_from(["", "/", "/amp", "/amp/", ".amp.html", "?amp", "?outputType=amp&utm_source=app", "#deel"])


@settings(deadline=None)
@given(section=words, slug=st.lists(words, min_size=3, max_size=5), edition=editions, ending=endings)
def test_an_edition_that_names_its_canonical_page_is_that_article(
    section: str, slug: list[str], edition: str, ending: str
) -> None:
    path = f"/{section}/{'-'.join(slug)}-100234" + (".html" if ending == ".amp.html" else "")
    own = f"https://www.{HOST}{path}"
    fetched = edition.format(HOST, path.removesuffix(".html") + ending)
    page, head, _ = parsed(html_page(head=f'<link rel="canonical" href="{own}">'), fetched)
    address = address_of(page, head)
    assert article_id(address) == article_id(own)
    assert canonical_url(fetched) in aliases_of(address, page, head, fetched)


@settings(deadline=None)
@given(section=words, slug=st.lists(words, min_size=3, max_size=5), ending=endings)
def test_the_article_names_its_amp_edition_as_an_alias(section: str, slug: list[str], ending: str) -> None:
    own = f"https://www.{HOST}/{section}/{'-'.join(slug)}-100234"
    amp = f"https://amp.{HOST}/{section}/{'-'.join(slug)}-100234"
    page, head, _ = parsed(html_page(head=f'<link rel="amphtml" href="{amp}">'), own + ending.replace(".html", ""))
    address = address_of(page, head)
    assert article_id(address) == article_id(own)
    assert aliases_of(address, page, head) == (amp,)


@pytest.mark.parametrize("canonical", ["https://www.waterbode.example/", "https://elders.example/n/een-brug-100234"])
def test_an_edition_whose_canonical_page_cannot_be_true_stays_itself(canonical: str) -> None:
    fetched = f"https://m.{HOST}/n/een-nieuwe-brug-100234"
    page, head, _ = parsed(html_page(head=f'<link rel="canonical" href="{canonical}">'), fetched)
    assert address_of(page, head) == fetched
