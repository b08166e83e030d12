"""Tests of crawler.extraction.text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.text import one_line, plain, word_count


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  een\n\ttwee\u00a0drie ", "een twee drie"),
        ("kop\u00adpel\u200bteken", "koppelteken"),
        ("cafe\u0301", "café"),
        ("\u202aA\u202c\ufeffB\x00C\ud800", "ABC"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (None, ""),
    ],
)
def test_one_line(written: str | None, read: str) -> None:
    assert one_line(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Koers &amp;quot;daalt&amp;quot;", 'Koers "daalt"'),
        ("De <em>laatste</em> boot", "De laatste boot"),
        ("R&D en AT&T", "R&D en AT&T"),
        ("3 < 5 en 7 > 2", "3 < 5 en 7 > 2"),
        ("Tom &#8217;s boot&nbsp;", "Tom ’s boot"),
    ],
)
def test_plain(written: str, read: str) -> None:
    assert plain(written) == read


@pytest.mark.parametrize(
    ("text", "words"),
    [("Een zin van zes hele woorden.", 6), ("’s avonds, 3,5 km", 4), ("路面電車", 4), ("東京 2024 年", 4), ("", 0)],
)
def test_word_count(text: str, words: int) -> None:
    assert word_count(text) == words


@given(st.text())
def test_one_line_is_one_line_and_storable(text: str) -> None:
    line = one_line(text)
    assert line == one_line(line)
    assert line == " ".join(line.split())
    line.encode("utf-8")
