from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

from pipelines.language_detector import Draw, thrown
from pipelines.language_models import LANGDETECT, SEED

TEXTS = (
    "De gemeenteraad stemde dinsdag in met het plan voor de nieuwe brug over de Vecht.",
    "  Twee  spaties, een adres https://www.stadsbode.example/a?b=1 en post@stadsbode.example in de tekst",
    "KOPPEN IN HOOFDLETTERS en daarna gewone woorden. NAVO en EU praten verder",
    "Правительство обсудило новый закон, сообщает Reuters",
    "Ovaj zakon je usvojen, kaže ministar. Ово је српски.",
    "Quốc hội hôm nay thông qua luật mới, theo Thủ tướng",
    "東京都は新しい条例を発表した。",
    "政府今天公布了新的政策, 北京",
    "서울시는 오늘 새로운 정책을 발표했다",
    "حكومة أعلنت اليوم عن قانون جديد، ایران",
    "Guvernul a anunţat astăzi, în şedinţa de la Bucureşti, ș ț",
    "zß1234 €%$ ŸŸ ABCdef Éé",
    "a",
    "1234 5678",
    "",
    "x" * 20_000,
)
LETTERS = st.sampled_from("abcdefgyz ABCXYZ  éèßøłşţșțảễяжшاهیぁアㄅ中国한e\u0301a\u0309 .,-9\n")


@cache
def original() -> DetectorFactory:
    factory = DetectorFactory()
    factory.set_seed(SEED)
    factory.load_profile(PROFILES_DIRECTORY)
    return factory


def verdict(factory: object, *texts: str) -> object:
    detector = factory.create()
    for text in texts:
        detector.append(text)
    try:
        ranking = detector.get_probabilities()
    except LangDetectException as error:
        return str(error)
    return [found.lang for found in ranking], [found.prob for found in ranking], detector.langprob


def assert_alike(one: object, other: object) -> None:
    """Check two verdicts; the last digits depend on how often the probabilities are made to add up to one."""
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert one[0] == other[0]
    for mine, theirs in zip(one[1:], other[1:], strict=True):
        assert mine == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_it_says_what_langdetect_says(text: str) -> None:
    assert_alike(verdict(LANGDETECT, text), verdict(original(), text))


@settings(max_examples=40, deadline=None)
@given(text=st.text(LETTERS | st.characters(max_codepoint=0x1FFFF), max_size=60))
def test_whatever_the_text_is_made_of(text: str) -> None:
    assert_alike(verdict(LANGDETECT, text), verdict(original(), text))


def test_a_text_given_in_parts() -> None:
    parts = "De raad stemt ", " vandaag over de brug"
    assert_alike(verdict(LANGDETECT, *parts), verdict(original(), *parts))


def test_it_knows_the_same_languages() -> None:
    assert LANGDETECT.get_lang_list() == original().get_lang_list()


@settings(deadline=None)
@given(seed=st.integers(0, 1 << 40), choices=st.integers(1, 3_000), script=st.lists(st.integers(0, 60), max_size=12))
def test_it_draws_what_python_would_draw(seed: int, choices: int, script: list[int]) -> None:
    """0: a number of the normal distribution; n: so many choices, of which more may have been looked at."""
    python, draw = random.Random(seed), Draw(thrown(seed), choices)
    for count in script:
        if count == 0:
            assert draw.gauss() == python.gauss(0.0, 1.0)
            continue
        ahead = draw.ahead(60).tolist()
        assert ahead[:count] == [python.choice(range(choices)) for _ in range(count)]
        draw.take(count)


@pytest.mark.parametrize("text", ["a e " * 16 + "a", "De raad stemt over de brug", "x"])
def test_a_text_that_is_never_sure_is_drawn_from_to_the_end(text: str) -> None:
    """Each of seven trials draws a thousand runs; there are numbers for that, and none becomes too small."""
    found = []
    for factory in (LANGDETECT, original()):
        detector = factory.create()
        detector.CONV_THRESHOLD = 2.0
        detector.append(text)
        detector._detect_block()
        found.append(detector.langprob)
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert sum(found[0]) == pytest.approx(1)
