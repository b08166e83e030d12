from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

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
    return [(found.lang, found.prob) for found in ranking], detector.langprob


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_it_says_what_langdetect_says_to_the_last_digit(text: str) -> None:
    assert verdict(LANGDETECT, text) == verdict(original(), text)


@settings(max_examples=40, deadline=None)
@given(text=st.text(LETTERS | st.characters(max_codepoint=0x1FFFF), max_size=60))
def test_whatever_the_text_is_made_of(text: str) -> None:
    assert verdict(LANGDETECT, text) == verdict(original(), text)


def test_a_text_given_in_parts() -> None:
    assert verdict(LANGDETECT, "De raad stemt ", " vandaag over de brug") == verdict(
        original(), "De raad stemt ", " vandaag over de brug"
    )


def test_it_knows_the_same_languages() -> None:
    assert LANGDETECT.get_lang_list() == original().get_lang_list()
