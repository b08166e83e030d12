"""The lexicon of labels, and how a label is recognised in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.labels import (
    LONGEST_LABEL,
    Label,
    LabelKind,
    is_mark,
    kind_of,
    label_at_start,
    label_with_topic,
    lexicon,
    may_open_with_label,
    normalise,
)

PROMISED = (
    "nl en de fr es it pt pl da sv nb nn fi is cs ru uk tr ja zh-Hans zh-Hant ko ar fy af zu sw ca hu ro el hr sr"
).split()
ALL = [
    (language, kind, label)
    for language, kinds in lexicon().items()
    for kind, labels in kinds.items()
    for label in labels
]


@pytest.mark.parametrize("language", PROMISED)
def test_language_has_labels_that_announce_and_traps(language: str) -> None:
    kinds = lexicon()[language]
    assert kinds[LabelKind.READ_ALSO]
    assert kinds[LabelKind.RELATED]
    assert kinds[LabelKind.MOST_READ]


def test_no_label_has_two_kinds() -> None:
    kinds: dict[str, set[LabelKind]] = {}
    for _, kind, label in ALL:
        kinds.setdefault(normalise(label), set()).add(kind)
    assert {label: both for label, both in kinds.items() if len(both) > 1} == {}


def test_no_language_lists_a_label_twice() -> None:
    for language, kinds in lexicon().items():
        labels = [normalise(label) for every in kinds.values() for label in every]
        assert len(labels) == len(set(labels)), language


@pytest.mark.parametrize("language", lexicon())
def test_labels_are_written_as_read_and_found(language: str) -> None:
    for kind, labels in lexicon()[language].items():
        for place, label in enumerate(labels):
            assert label == label.strip()
            assert not label.endswith((":", "：", "»"))
            assert len(label) <= LONGEST_LABEL
            assert normalise(label)
            assert may_open_with_label(label)
            texts = (label, f"» {label}:", f"【{label}】", f"{label} …", f"\u00a0{label}\u200b\n")
            for text in texts if place % 5 == 0 else texts[:1]:
                assert kind_of(text) is kind, text
            # Not every letter comes back from upper case.
            if label.upper().casefold() == label.casefold():
                assert kind_of(label.upper()) is kind, label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lees ook", Label(text="Lees ook", kind=LabelKind.READ_ALSO)),
        ("  LEES OOK :\n", Label(text="LEES OOK", kind=LabelKind.READ_ALSO)),
        ("Lees ook: Brug gaat open", Label(text="Lees ook", kind=LabelKind.READ_ALSO, rest="Brug gaat open")),
        ("READ MORE | Bridge opens", Label(text="READ MORE", kind=LabelKind.MORE, rest="Bridge opens")),
        ("A lire aussi", Label(text="A lire aussi", kind=LabelKind.READ_ALSO)),
        ("À lire aussi – Le pont ouvre", Label(text="À lire aussi", kind=LabelKind.READ_ALSO, rest="Le pont ouvre")),
        ("【関連記事】橋が開通", Label(text="関連記事", kind=LabelKind.RELATED, rest="橋が開通")),
        ("Editor’s picks", Label(text="Editor’s picks", kind=LabelKind.PICKS)),
        ("Meest gelezen:", Label(text="Meest gelezen", kind=LabelKind.MOST_READ)),
        ("Lees ook de brief van de wethouder", None),
        ("Brug gaat open: lees ook", None),
        ("Related-party loans under scrutiny", None),
        (":", None),
        ("", None),
    ],
)
def test_label_at_start(text: str, expected: Label | None) -> None:
    assert label_at_start(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Lees ook deze reportage", LabelKind.READ_ALSO),
        ("Mehr zum Thema Gazastreifen", LabelKind.READ_ALSO),
        ("Mehr zu Iran", LabelKind.RELATED),
        ("Meest gelezen in Regio", LabelKind.MOST_READ),
        ("Lees ook het hele verhaal van de wethouder", None),
        ("Lees ook de brief.", None),
        ("De brug gaat open", None),
        ("Lees ook", None),
    ],
)
def test_label_with_topic(text: str, kind: LabelKind | None) -> None:
    label = label_with_topic(text)
    assert (None if label is None else label.kind) is kind


def test_only_four_kinds_announce() -> None:
    announcing = [LabelKind.READ_ALSO, LabelKind.RELATED, LabelKind.MORE, LabelKind.MUST_READ]
    assert [kind for kind in LabelKind if kind.announces] == announcing


def test_an_entry_of_the_lexicon_stands_for_several_labels() -> None:
    assert {kind_of(text) for text in ("Leia também", "Leia ainda", "Veja também", "Ver ainda")} == {
        LabelKind.READ_ALSO
    }
    assert not any(sign in label for _, _, label in ALL for sign in "{|}")


@pytest.mark.parametrize("text", ["►", "» ", "|", "👉", "•\n"])
def test_marks(text: str) -> None:
    assert is_mark(text)
    assert not is_mark(text + "a")


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(max_size=200))
def test_any_text_has_a_label_or_none(text: str) -> None:
    label = label_at_start(text)
    if label is not None:
        assert may_open_with_label(text)
        assert label.text in text
        assert label.rest in text
        assert kind_of(label.text) is label.kind


@given(
    st.sampled_from([label for _, _, label in ALL]), st.text(alphabet=" :»|•.…–>", max_size=4), st.sampled_from("ab 9€")
)
def test_marks_around_a_label_do_not_count_and_letters_do(label: str, marks: str, letter: str) -> None:
    assert kind_of(marks + label + marks) is kind_of(label)
    if letter.strip():
        assert kind_of(label + letter * 3) is None
