from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode
from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.made_news import made_set, paragraphs, retold
from benchmarks.near_duplicates import quality
from pipelines.minhash import BANDS, FEWEST_WORDS, ROWS, bands, jaccard, likeness, signature
from tests.running import ROOT

COUNT = " ".join(f"woord{number}" for number in range(200))


def story(seed: int, words: int = 400) -> list[str]:
    return paragraphs(Random(seed), words=words)


def signed(text: str) -> str:
    found = signature(text)
    assert found is not None
    return found


def digest(text: str) -> str:
    return blake2b(signed(text).encode(), digest_size=8).hexdigest()


def test_signature_stays_what_it_is() -> None:
    """It stands in every document: another one for the same text would part it from its repeats."""
    assert signed(COUNT)[:24] == "t+moU0kQivOuOVdB8oXp9Q/M"
    assert digest(COUNT) == "a7d1525dbde63b93"
    assert bands(signed(COUNT))[:2] == ("aabb72d842", "4b111cc3e1")


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_makes_the_same_signature(hash_seed: str) -> None:
    code = "import sys; from pipelines.minhash import signature; print(signature(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    made = subprocess.run(
        [sys.executable, "-c", code, COUNT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == signature(COUNT)


def test_short_text_has_no_signature() -> None:
    words = COUNT.split()
    assert signature(" ".join(words[: FEWEST_WORDS - 1])) is None
    assert signature(" ".join(words[:FEWEST_WORDS])) is not None


def test_only_the_words_count() -> None:
    text = "\n\n".join(story(1))
    assert signature(text.upper().replace(" ", "\n").replace(".", "!")) == signature(text)


def test_each_sign_is_a_word_where_there_are_no_spaces() -> None:
    text = "".join(chr(0x4E00 + 37 * number % 5000) for number in range(120))
    assert signature(text[: FEWEST_WORDS - 1]) is None
    assert likeness(signed(text), signed(text[:100])) > 0.7
    assert jaccard(text, text[:100]) == pytest.approx(97 / 117)


def test_keys_are_those_of_the_table_in_the_readme() -> None:
    keys = bands(signed(COUNT))
    assert len(set(keys)) == BANDS
    assert {len(key) for key in keys} == {10}
    assert BANDS * ROWS <= 256


def test_a_long_text_is_signed_as_its_parts_are() -> None:
    """Also where the powers of the usual length do not suffice."""
    words = [f"woord{number}" for number in range(9000)]
    halves = signed(" ".join(words[:4503])), signed(" ".join(words[4500:]))
    whole = signed(" ".join(words))
    for first, second, both in zip(*(memoryview(b64decode(each)).cast("H") for each in (*halves, whole)), strict=True):
        assert both in {first, second}


def test_runs_that_differ_in_one_character_have_other_hashes() -> None:
    """Wherever it stands: a hash that lets one count for little would take numbers for each other."""
    text = "1 die rot grüne"
    places = [place for place, sign in enumerate(text) if sign != " "]
    others = {text[:place] + sign + text[place + 1 :] for place in places for sign in "2b"}
    alone = [signature(f"{other} {other}" + " x" * FEWEST_WORDS) for other in sorted(others)]
    assert len(set(alone)) == len(others) > 20


@given(st.text(max_size=400))
def test_any_text_has_a_signature_or_is_too_short(text: str) -> None:
    assert signature(text) == signature(text)
    assert len(signed(f"{text} {COUNT}\ud800")) == 684


@given(st.integers(0, 10_000), st.floats(0.0, 0.6))
def test_estimate_is_close_to_what_it_estimates(seed: int, change: float) -> None:
    random = Random(seed)
    original = paragraphs(random, words=150)
    first, second = "\n\n".join(original), "\n\n".join(retold(random, original, change=change))
    # Five standard deviations: once in two million.
    assert likeness(signed(first), signed(second)) == pytest.approx(jaccard(first, second), abs=5 * 0.5 / 16)


def test_same_is_one_and_other_is_nearly_nothing() -> None:
    one, other = signed("\n\n".join(story(1))), signed("\n\n".join(story(2)))
    assert likeness(one, one) == 1.0
    assert likeness(one, other) < 0.1
    assert not set(bands(one)) & set(bands(other))


def test_near_duplicates_are_told_from_reports_of_one_form() -> None:
    told = quality(made_set(11, stories=60))
    assert told.same > 300
    assert told.precision >= 0.99
    assert told.recall >= 0.95
