import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness.tdm import Reservation, read_tdmrep, reservation_for

URL = "https://k.example/.well-known/tdmrep.json"


def rules(*written: dict[str, object]) -> tuple[Reservation, ...]:
    return read_tdmrep(json.dumps(written), URL)


def reserved(url: str, *written: dict[str, object]) -> bool | None:
    rule = reservation_for(url, rules(*written))
    return rule.reserved if rule else None


ALL = {"location": "/", "tdm-reservation": 1, "tdm-policy": "/licentie.json"}
FREE = {"location": "/vrij/", "tdm-reservation": 0}


def test_a_file_is_read_with_its_policies_made_absolute() -> None:
    (rule,) = rules(ALL)
    assert (rule.location, rule.reserved, rule.policy) == ("/", True, "https://k.example/licentie.json")


@pytest.mark.parametrize(
    ("path", "location", "covered"),
    [
        ("/nieuws/1", "/", True),
        ("/nieuws/1", "/nieuws/", True),
        ("/nieuws", "/nieuws/", False),
        ("/nieuws/1", "/nieuws/*", True),
        ("/a/nieuws/1", "*/nieuws/", True),
        ("/nieuws/1.html", "/*.html$", True),
        ("/nieuws/1.html?x", "/*.html$", False),
        ("/nieuws/1?print=1", "/*?print=", True),
        ("/nieuws/1", "/nieuws/1$", True),
        ("/nieuws/12", "/nieuws/1$", False),
        ("/ni%65uws/1", "/nieuws/", True),
        ("/ab", "/a*b*b$", False),
        ("/nieuws/1", "nieuws/", True),
    ],
)
def test_where_a_rule_holds(path: str, location: str, covered: bool) -> None:
    assert Reservation(location=location, reserved=True, policy=None).covers(path) is covered


@pytest.mark.parametrize("order", [(ALL, FREE), (FREE, ALL)], ids=["wide first", "narrow first"])
def test_the_longest_rule_decides_whatever_the_order(order: tuple[dict[str, object], ...]) -> None:
    assert reserved("https://k.example/vrij/1", *order) is False
    assert reserved("https://k.example/1", *order) is True
    assert reserved("https://k.example", *order) is True


def test_of_two_rules_for_one_place_the_one_that_reserves_counts() -> None:
    assert reserved("https://k.example/vrij/1", FREE, {**FREE, "tdm-reservation": 1}) is True


def test_where_no_rule_holds_nothing_is_said() -> None:
    assert reserved("https://k.example/1", FREE) is None


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "{}", "null", "[1, null, {}]", '[{"location": 3, "tdm-reservation": 1}]', "[" * 100_000,
     '[{"location": "/", "tdm-reservation": true}]', '[{"location": "/", "tdm-reservation": "ja"}]'],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_such_file_says_nothing(text: str) -> None:
    assert read_tdmrep(text, URL) == ()


@given(st.text(), st.text(max_size=40))
def test_any_pattern_and_any_path_give_an_answer(pattern: str, path: str) -> None:
    assert Reservation(location=pattern, reserved=True, policy=None).covers("/" + path) in (True, False)


def test_no_pattern_is_expensive() -> None:
    rule = Reservation(location="/" + "*a" * 5_000 + "b$", reserved=True, policy=None)
    started = time.process_time()
    assert not rule.covers("/" + "a" * 20_000)
    assert time.process_time() - started < 5
