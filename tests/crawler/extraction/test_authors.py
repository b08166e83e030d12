"""Tests of crawler.extraction.authors: names out of what publishers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.authors import like_person, names_in


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Anna de Wit", ["Anna de Wit"]),
        ("By Anna de Wit", ["Anna de Wit"]),
        ("Von Anna Berg und Karl Maier", ["Anna Berg", "Karl Maier"]),
        ("Par Anne Petit et Luc Moreau", ["Anne Petit", "Luc Moreau"]),
        ("Anna Berg, Karl Maier and Tom Hill", ["Anna Berg", "Karl Maier", "Tom Hill"]),
        ("Anna Berg; Karl Maier", ["Anna Berg", "Karl Maier"]),
        ("Anna Berg & Karl Maier", ["Anna Berg", "Karl Maier"]),
        ("Anna Berg | Karl Maier", ["Anna Berg", "Karl Maier"]),
        ("Berg, Anna", ["Anna Berg"]),
        ("Anna Berg, Political Editor", ["Anna Berg"]),
        ("Anna Berg, Reporter, Karl Maier", ["Anna Berg", "Karl Maier"]),
        ("Anna Berg, Frankfurt", ["Anna Berg"]),
        ("Anna Berg in Brussels", ["Anna Berg"]),
        ("Anna Berg (Reuters)", ["Anna Berg"]),
        ("Anna Berg (www.waterbode.example)", ["Anna Berg"]),
        ("Anna Berg (anna@waterbode.example)", ["Anna Berg"]),
        ("Anna Berg, AFP", ["Anna Berg", "AFP"]),
        ("Anna Berg anna.berg@waterbode.example", ["Anna Berg"]),
        ("https://www.facebook.com/waterbode", []),
        ("@annaberg", []),
        ("admin", []),
        ("No Author", []),
        ("Nachrichten", []),
        ("mb", []),
        ("jw/mb", []),
        ("dpa/mb", ["dpa/mb"]),
        ("AFP", ["AFP"]),
        ("Le Courrier et AFP", ["Le Courrier et AFP"]),
        ("MND Staff", ["MND Staff"]),
        ("山本、田中", ["山本", "田中"]),
        ("记者：王小明", ["王小明"]),
        ("김민수 기자", ["김민수"]),
        ("Ursula von der Leyen", ["Ursula von der Leyen"]),
        ("von der Leyen", ["von der Leyen"]),
        ("ANNA BERG", ["ANNA BERG"]),
        ("", []),
    ],
)
def test_names_out_of_a_declaration(written: str, names: list[str]) -> None:
    assert list(names_in([written])) == names


def test_each_name_once_in_order() -> None:
    assert names_in(["Karl Maier", "Anna Berg", "karl maier"]) == ("Karl Maier", "Anna Berg")


def test_the_site_is_dropped_beside_a_person_and_kept_alone() -> None:
    sites = ["Waterbode", "waterbode.example"]
    assert names_in(["Anna Berg", "Waterbode Redactie", "waterbode.example"], sites=sites) == ("Anna Berg",)
    assert names_in(["waterbode.example"], sites=sites) == ("waterbode.example",)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Door Anna de Wit", ["Anna de Wit"]),
        ("By oz on December 4, 2006", []),
        ("By TPN, in", ["TPN"]),
        ("VON MORITZ GRAU am 21. April 2020", ["MORITZ GRAU"]),
        ("Interview: Harald Wiesen", ["Harald Wiesen"]),
        ("4 mei 2024", []),
        ("Letzte Aktualisierung", []),
        ("NOVEMBER 20, 2019 10:43", []),
        ("© Fotobureau Vliet", []),
        ("de nieuwe brug", []),
        ("Waterbode", []),
    ],
)
def test_names_out_of_a_line_of_the_page(line: str, names: list[str]) -> None:
    assert list(names_in([line], sites=["Waterbode"], byline=True)) == names


@pytest.mark.parametrize("name", ["Anna de Wit", "J.R. Stone", "Dè Vries-Jansen Bo", "山本太郎", "محمد علي"])
def test_shapes_of_persons(name: str) -> None:
    assert like_person(name)


@pytest.mark.parametrize("name", ["Anna", "de brug", "Anna 2", "Chief Editor", "Video von", "A B C D E F G"])
def test_shapes_of_others(name: str) -> None:
    assert not like_person(name)


@given(st.lists(st.text(max_size=60), max_size=4), st.booleans())
def test_any_text_gives_clean_names(texts: list[str], byline: bool) -> None:
    for name in names_in(texts, byline=byline):
        assert name == name.strip()
        assert 1 < len(name) <= 70
        assert any(char.isalpha() for char in name)
