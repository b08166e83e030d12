from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.article import LanguageSource, Rejection, RejectionReason
from pipelines.language import (
    GLANCE_CHARACTERS,
    SAMPLE_CHARACTERS,
    LanguagePipeline,
    Opinion,
    bare_code,
    decide,
    langdetect_opinion,
    language_of,
    py3langid_opinion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article

DETECTED, DECLARED, SECOND = LanguageSource.DETECTED, LanguageSource.DECLARED, LanguageSource.SECOND_OPINION

DUTCH = (
    "De regering besloot gisteren dat er in Groningen een nieuw ziekenhuis komt. De premier zei dat de bouw volgend "
    "jaar begint en dat de kosten meevallen."
)
FRISIAN = (
    "It provinsjebestjoer wol mear jild foar it iepenbier ferfier op it plattelân. Neffens de deputearre binne der te "
    "min bussen nei de lytse doarpen, en dêrom moatte minsken faak lang wachtsje."
)
TEXTS = {
    "nl": DUTCH,
    "en": "The council decided on Thursday that the old bridge will stay closed until the cause has been found.",
    "de": "Der Stadtrat beschloss am Donnerstag, dass die alte Brücke gesperrt bleibt, bis die Ursache gefunden ist.",
    "fr": "Le conseil municipal a décidé jeudi que le vieux pont restera fermé tant que la cause n'est pas connue.",
    "es": "El ayuntamiento decidió el jueves que el viejo puente seguirá cerrado hasta que se conozca la causa.",
    "ar": "قرر المجلس البلدي يوم الخميس أن يبقى الجسر القديم مغلقا حتى يعرف سبب العطل الذي أصابه",
    "ja": "市議会は木曜日、原因が判明するまで古い橋を閉鎖したままにすることを決めた。住民から不安の声が上がっている。",
    "ko": "시의회는 목요일 원인이 밝혀질 때까지 오래된 다리를 계속 폐쇄하기로 결정했다. 주민들은 불안해하고 있다.",
    "ru": "Городской совет решил в четверг, что старый мост останется закрытым, пока не найдут причину.",
    "pl": "Rada miasta zdecydowała w czwartek, że stary most pozostanie zamknięty, aż znana będzie przyczyna.",
    "tr": "Belediye meclisi perşembe günü eski köprünün nedeni bulunana kadar kapalı kalmasına karar verdi.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_plain_language_is_detected(code: str) -> None:
    verdict = language_of("", TEXTS[code], None)
    assert (verdict.language, verdict.source) == (code, DETECTED)
    assert verdict.confidence is not None
    assert 0.5 < verdict.confidence <= 1


@pytest.mark.parametrize(
    ("code", "declared", "text"),
    [
        ("fy", "fy", FRISIAN),
        ("fy", "nl", FRISIAN),  # a Frisian column in a Dutch paper
        ("fy", None, FRISIAN),
        (
            "zu",
            "zu",
            "Uhulumeni uthe uzokwakha izindlu ezintsha emaphandleni ngonyaka ozayo. Umphathiswa wezezindlu utshele "
            "abezindaba ukuthi imali isivele ikhona futhi umsebenzi uzoqala ngoMashi.",
        ),
        (
            "xh",
            "xh",
            "Urhulumente uthe uza kwakha izindlu ezitsha emaphandleni kulo nyaka uzayo. UMphathiswa wezezindlu uxelele "
            "iintatheli ukuba imali sele ikhona yaye umsebenzi uza kuqala ngoMatshi.",
        ),
        (
            "is",
            "is",
            "Ríkisstjórnin ákvað í gær að byggja nýjan spítala í Reykjavík. Forsætisráðherra sagði að framkvæmdir "
            "hæfust á næsta ári og að kostnaðurinn væri mun minni en áður var talið.",
        ),
        (
            "zh",
            "zh-TW",
            "政府昨日宣布，將在明年興建新的醫院。衛生部長表示，工程預計在三月動工，費用比原先估計的低。許多居民對這個決定感到高興。",
        ),
        (
            "sr",
            "sr",
            "Влада је јуче одлучила да ће се у Београду градити нова болница. Премијер је рекао да радови почињу "
            "следеће године.",
        ),
        (
            "ms",
            "ms",
            "Kerajaan semalam memutuskan untuk membina sebuah hospital baharu di Johor. Perdana Menteri berkata kerja "
            "akan bermula tahun hadapan dan kos adalah lebih rendah.",
        ),
        (
            "nn",
            "nn",
            "Regjeringa bestemte i går at det skal byggjast eit nytt sjukehus i Bergen. Statsministeren sa at arbeidet "
            "startar neste år, og at dei ikkje veit kva det kostar.",
        ),
    ],
)
def test_what_langdetect_cannot_know_is_found_by_the_second_opinion(code: str, declared: str | None, text: str) -> None:
    verdict = language_of("", text, declared)
    assert (verdict.language, verdict.source) == (code, SECOND)


def test_a_long_text_of_another_language_than_langdetect_and_the_page_say_is_seen_in_part_and_then_whole() -> None:
    column = " ".join([FRISIAN, FRISIAN, FRISIAN])
    opinion = langdetect_opinion(column)
    assert opinion is not None
    assert opinion.language == "nl"
    verdict = language_of("Een column van onze medewerker in Leeuwarden", column, "nl")
    assert (verdict.language, verdict.source) == ("fy", SECOND)


@pytest.mark.parametrize("code", TEXTS)
def test_a_part_of_a_text_tells_the_second_opinion_as_much_as_all_of_it(code: str) -> None:
    text = " ".join([TEXTS[code]] * 8)
    sample = "\n" + text[:SAMPLE_CHARACTERS]
    assert len(sample) > GLANCE_CHARACTERS
    assert language_of("", text, code) == decide(langdetect_opinion(sample), py3langid_opinion(sample), code)


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (
            "sr",
            "Vlada je juče odlučila da će se u Beogradu graditi nova bolnica. Premijer je rekao da radovi počinju "
            "sledeće godine i da je cena niža nego što se mislilo.",
        ),
        (
            "bs",
            "Vlada je odlučila da će se u gradu graditi nova bolnica. Ministar je rekao da radovi počinju u martu.",
        ),
    ],
)
def test_between_close_relatives_the_publisher_decides(declared: str, text: str) -> None:
    verdict = language_of("", text, declared)
    assert verdict.language == declared


def test_bokmal_is_norwegian() -> None:
    text = "Regjeringen bestemte i går at det skal bygges et nytt sykehus i Bergen. Arbeidet starter neste år."
    assert language_of("", text, "nb").language == "no"
    assert language_of("", text, "nb-NO").source is DETECTED


def test_a_wrong_declaration_does_not_count() -> None:
    verdict = language_of("", DUTCH, "en")
    assert (verdict.language, verdict.source) == ("nl", DETECTED)


def test_under_forty_letters_the_declaration_counts() -> None:
    verdict = language_of("Brug", "De brug is weer open.", "nl-BE")
    assert (verdict.language, verdict.confidence, verdict.source) == ("nl", None, DECLARED)
    # 39 letters and 40.
    assert language_of("", "a" * 39, "fi").source is DECLARED
    assert language_of("", (DUTCH.replace(" ", ""))[:60], "fi").source is DETECTED


def test_under_forty_letters_without_a_declaration_it_is_detected() -> None:
    verdict = language_of("", "Alle bruggen blijven gesloten", None)
    assert (verdict.language, verdict.source) == ("nl", DETECTED)


@pytest.mark.parametrize("text", ["", "   ", "2022 – 1.234,56", "😀🎉", "\ud800", "…", "https://a.example/x"])
def test_text_without_words(text: str) -> None:
    assert language_of("", text, "nl").language == "nl"
    assert language_of("", text, "nl").source is DECLARED


def test_text_without_letters_or_declaration_has_no_language() -> None:
    verdict = language_of("", "1 – 0", None)
    assert (verdict.language, verdict.confidence, verdict.source) == (None, None, None)


def test_capitals_are_read() -> None:
    assert language_of("", DUTCH.upper(), None).language == "nl"


def test_a_language_no_detector_knows_is_taken_from_the_page() -> None:
    doubt = Opinion(language="oc", confidence=0.2)
    verdict = decide(Opinion(language="id", confidence=0.86), doubt, "pap")
    assert (verdict.language, verdict.source) == ("pap", DECLARED)


@pytest.mark.parametrize(
    ("first", "second", "claim", "language", "source"),
    [
        (("nl", 0.9), ("af", 0.95), "nl", "nl", DETECTED),  # two of three; langdetect knows Afrikaans
        (("nl", 0.9), ("fy", 0.8), "nl", "nl", DETECTED),  # not sure enough against both
        (("nl", 0.9), ("fy", 0.95), "nl", "fy", SECOND),
        (("ko", 0.6), ("zh", 0.9), None, "zh", SECOND),
        (("de", 0.7), ("sw", 0.2), None, "de", DETECTED),
        (("hr", 1.0), ("hr", 0.6), "bs", "bs", DECLARED),
        (("hr", 1.0), ("hr", 0.95), "bs", "hr", DETECTED),
        (("no", 0.6), ("no", 0.7), "da", "da", DECLARED),
        (("no", 0.6), ("sv", 0.6), "da", "no", DETECTED),
        (None, ("zu", 0.9), None, "zu", SECOND),
        (("nl", 0.9), None, "de", "nl", DETECTED),
        (None, None, "de", "de", DECLARED),
    ],
)
def test_weighing(
    *,
    first: tuple[str, float] | None,
    second: tuple[str, float] | None,
    claim: str | None,
    language: str,
    source: LanguageSource,
) -> None:
    opinions = [Opinion(language=o[0], confidence=o[1]) if o else None for o in (first, second)]
    verdict = decide(opinions[0], opinions[1], claim)
    assert (verdict.language, verdict.source) == (language, source)


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("nl-NL", "nl"),
        ("NL_be", "nl"),
        (" nb-NO ", "no"),
        ("zh-Hant-TW", "zh"),
        ("zh-cn", "zh"),
        ("iw", "he"),
        ("fil", "tl"),
        ("eng", "en"),
        ("dut", "nl"),
        ("nob", "no"),
        ("pap", "pap"),
        ("und", None),
        ("", None),
        (None, None),
        ("x", None),
        ("dutch", None),
        ("$ne", None),
    ],
)
def test_codes(declared: str | None, code: str | None) -> None:
    assert bare_code(declared) == code


def test_same_answer_in_every_process() -> None:
    # Without a seed the last digits differ from call to call.
    call = f"from pipelines.language import langdetect_opinion; print(langdetect_opinion({DUTCH!r}))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", call],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1
    assert "language='nl'" in answers.pop()


@given(st.text(max_size=200), st.text(max_size=80), st.none() | st.text(max_size=8))
@settings(deadline=None, max_examples=150)
def test_never_raises(title: str, text: str, declared: str | None) -> None:
    verdict = language_of(title, text, declared)
    assert verdict.language is None or verdict.language == bare_code(verdict.language)
    assert (verdict.language is None) == (verdict.source is None)
    assert verdict.confidence is None or 0 <= verdict.confidence <= 1


def test_pipeline_fills_in_four_fields_and_lets_others_pass(article: Callable[..., Article]) -> None:
    pipeline = LanguagePipeline()
    made = article(text=DUTCH)
    told = pipeline.process_item(made)
    assert told == dataclasses.replace(
        made,
        language="nl",
        language_confidence=told.language_confidence,
        language_source=DETECTED,
        search_language="nl",
    )
    assert pipeline.process_item(told) is told
    rejection = Rejection(requested_url="https://a.example/", reason=RejectionReason.EMPTY)
    assert pipeline.process_item(rejection) is rejection
