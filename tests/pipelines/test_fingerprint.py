from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.fingerprint import content_hash, normalised


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("De brug, zegt zij, ‘blijft dicht’.", "de brug zegt zij blijft dicht"),
        ("DE BRUG\n\nblijft\u00a0dicht", "de brug blijft dicht"),
        ("Straße", "strasse"),
        ("ﬁets", "fiets"),
        ("１２３", "123"),
        ("café", "café"),
        ("cafe\u0301", "café"),
        ("橋は、まだ閉鎖されている。", "橋は まだ閉鎖されている"),
        ("snake_case", "snake case"),
        ("…", ""),
        ("", ""),
    ],
)
def test_words_of_a_text(text: str, words: str) -> None:
    assert normalised(text) == words


def test_fingerprint_is_24_hexadecimal_digits_and_stays_what_it_is() -> None:
    # By `printf 'de brug blijft dicht' | b2sum -l 96`. It stands in every document: another value for the same
    # text would part it from its duplicates.
    assert content_hash("De brug blijft dicht.") == content_hash("de brug — blijft dicht") == "4a89752cff535b7263bfebbd"


def test_other_words_other_fingerprint() -> None:
    assert content_hash("De brug blijft dicht") != content_hash("De brug blijft open")
    assert content_hash("ab c") != content_hash("a bc")


# The first text loads numpy.
@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())) | st.text("aZé1_ .…\u00a0𝕏😀\ud800"))
def test_only_letters_and_digits_are_left(text: str) -> None:
    """Whether a text keeps to the plane of most, which is taken apart at once, or not."""
    folded = normalize("NFKC", normalize("NFKC", text).casefold())
    assert normalised(text) == " ".join("".join(c if c.isalnum() else " " for c in folded).split())


@settings(deadline=None)
@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from([" ", "\n\n", "\u00a0", " — ", "’ ", "\u2028"]))
def test_white_space_and_punctuation_make_no_difference(text: str, separator: str) -> None:
    assert content_hash(separator.join(text.split(" "))) == content_hash(text)


def test_any_text_has_a_fingerprint() -> None:
    assert len(content_hash("\ud800 \x00")) == 24
