from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from crawler.word_diff import Change, Piece, word_diff

_WORDS = st.text(alphabet="ab .,\n", max_size=60)


def marked(before: str, after: str) -> list[str]:
    """Return the diff as git's --word-diff writes it."""
    marks = {"kept": "{}", "removed": "[-{}-]", "added": "{{+{}+}}", "left-out": "({})"}
    return ["".join(marks[p.change].format(p.text) for p in paragraph) for paragraph in word_diff(before, after)]


def test_words() -> None:
    assert marked("De brug is dicht.", "De brug is weer open.") == ["De brug is [-dicht-]{+weer open+}."]
    assert marked("De oude brug is dicht.", "De brug is dicht.") == ["De[- oude-] brug is dicht."]
    assert marked("Op 3 maart.", "Op 4 maart.") == ["Op [-3-]{+4+} maart."]


def test_phrases_stay_whole() -> None:
    before = "De wethouder zegt dat de brug over de Linde maandag weer open gaat."
    after = "De wethouder hoopt nu dat de brug over de Linde dinsdag weer open gaat."
    assert marked(before, after) == [
        "De wethouder [-zegt-]{+hoopt nu+} dat de brug over de Linde [-maandag-]{+dinsdag+} weer open gaat."
    ]


def test_a_paragraph_that_came_or_went() -> None:
    assert marked("Een.\n\nTwee.", "Een.\n\nTwee.\n\nDrie.") == ["Een.", "Twee.", "{+Drie.+}"]
    assert marked("Een.\n\nTwee.", "Twee.") == ["[-Een.-]", "Twee."]
    assert marked("", "Een.") == ["{+Een.+}"]


def test_paragraphs_with_nothing_in_common_are_not_mixed() -> None:
    before, after = "Monteurs zoeken nog naar de oorzaak, zegt Linde.", "Het pontje vaart elk half uur heen en weer!"
    assert marked(before, after) == [f"[-{before}-]{{+{after}+}}"]


def test_what_is_far_from_a_change_is_summed_up() -> None:
    before = "\n\n".join(f"Alinea {n}." for n in range(9))
    assert marked(before, before.replace("4", "vier")) == [
        "(3 paragraphs unchanged)",
        "Alinea 3.",
        "Alinea [-4-]{+vier+}.",
        "Alinea 5.",
        "(3 paragraphs unchanged)",
    ]


@given(_WORDS, _WORDS)
def test_both_texts_are_in_it(before: str, after: str) -> None:
    pieces = [piece for paragraph in word_diff(before, after) for piece in paragraph]
    if any(piece.change is Change.LEFT_OUT for piece in pieces):
        return
    assert _side(pieces, Change.REMOVED) == _letters(before)
    assert _side(pieces, Change.ADDED) == _letters(after)


@given(_WORDS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    changes = {piece.change for paragraph in word_diff(text, text) for piece in paragraph}
    assert changes <= {Change.KEPT, Change.LEFT_OUT}


def test_a_long_live_blog_takes_no_longer_than_a_moment() -> None:
    before = "\n\n".join(
        f"{n}.30 uur. " + "De brug over de Linde is dicht, zegt de wethouder. " * 5 for n in range(1500)
    )
    started = time.perf_counter()
    assert len(marked(before, "Nieuw.\n\n" + before.replace("777.30", "777.31"))) == 7
    assert time.perf_counter() - started < 5


def _side(pieces: list[Piece], change: Change) -> str:
    return _letters("".join(piece.text for piece in pieces if piece.change in {Change.KEPT, change}))


def _letters(text: str) -> str:
    return "".join(text.split())
