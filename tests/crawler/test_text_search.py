from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text_search import Words, as_written, grammar_of, in_any_form, words_of


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("sluis", ("sluis",), ()),
        ("  sluis   dicht ", ("sluis", "dicht"), ()),
        ('"de sluis" dicht', ("de sluis", "dicht"), ()),
        ("sluis -dicht", ("sluis",), ("dicht",)),
        ('sluis -"gaat dicht"', ("sluis",), ("gaat dicht",)),
        ("Noord-Holland", ("Noord-Holland",), ()),
        ('"open', ("open",), ()),
        ("-", (), ()),
        ('"" … !', (), ()),
        ("sluis sluis", ("sluis",), ()),
        (r"a\b", ("a", "b"), ()),
    ],
)
def test_what_a_search_means(text: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    assert words_of(text) == Words(wanted=wanted, unwanted=unwanted)


@given(st.text(max_size=80))
def test_every_word_has_a_letter_and_no_quote_or_backslash(text: str) -> None:
    words = words_of(text)
    for word in (*words.wanted, *words.unwanted):
        assert re.search(r"[^\W_]", word)
        assert not set('"\\') & set(word)


@pytest.mark.parametrize(
    ("language", "grammar"), [("nl", "nl"), ("no", "nb"), ("nn", "nb"), ("fy", "none"), ("ja", "none"), (None, "none")]
)
def test_grammar(language: str | None, grammar: str) -> None:
    assert grammar_of(language) == grammar


@given(st.text(min_size=1, max_size=40))
def test_a_word_is_never_an_operator(word: str) -> None:
    assert list(in_any_form(word, "nl")) == ["search_language", "$text"]
    searched = in_any_form(word, "nl")["$text"]["$search"]
    assert searched.isalnum() or (searched[0] == searched[-1] == '"' and '"' not in searched[1:-1])
    patterns = [field["$regex"] for condition in as_written(word)["$or"] for field in condition.values()]
    assert all(re.fullmatch(pattern, word, re.DOTALL) for pattern in patterns)
