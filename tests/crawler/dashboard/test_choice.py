from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dashboard.choice import Choice, Place, choice_of, conditions, encoded, place_of

NAMES = [field.name for field in fields(Choice)]
HOSTILE = [
    '{"$gt": ""}',
    "$where",
    "[$ne]",
    ".*",
    "(a+)+$",
    "';drop",
    "nl\x00",
    "\ud800",
    "../..",
    "nl'||'1",
    "9" * 400,
]


@given(
    st.builds(
        Place,
        published_at=st.none()
        | st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
            lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
        ),
        id=st.text("0123456789abcdef", min_size=24, max_size=24),
    )
)
def test_a_place_comes_back_from_an_address(place: Place) -> None:
    assert place_of(encoded(place)) == place


@given(st.text(max_size=60))
def test_anything_else_is_no_place(text: str) -> None:
    found = place_of(text)
    assert found is None or len(found.id) == 24


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30) | st.sampled_from(HOSTILE)))
def test_no_parameter_becomes_an_operator_or_a_pattern(parameters: dict[str, str]) -> None:
    chosen, problems = choice_of(parameters)
    assert all(problem.endswith(".") for problem in problems)
    for condition in conditions(chosen):
        for name, value in flat(condition):
            assert not isinstance(value, str) or name in {"site", "language", "kind", "$type"}
            assert not isinstance(value, str) or "$" not in value
    assert not any(character < " " or "\ud800" <= character <= "\udfff" for character in chosen.q)


def flat(condition: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in condition.items():
        for inner in value if isinstance(value, list) else [value]:
            found += flat(inner) if isinstance(inner, dict) else [(name, inner)]
    return found


def test_a_choice_comes_back_from_its_query_string() -> None:
    asked = {
        "q": '"de sluis" -dicht & meer', "site": "nrc.nl", "language": "nl", "since": "2026-01", "until": "2026-02-03",
        "kind": "liveblog", "paywall": "closed", "repeats": "hide", "links": "yes",
    }  # fmt: skip
    chosen, problems = choice_of(asked)
    assert not problems
    assert dict(parse_qsl(chosen.query())) == asked
    assert dict(parse_qsl(chosen.query(site="ad.nl", after="x"))) == asked | {"site": "ad.nl", "after": "x"}
    assert chosen.is_narrowed


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"since": "gisteren"}, "“gisteren” is not a date: write 2026-01-31, or 2026-01."),
        ({"until": "2026-13"}, "“2026-13” is not a date: write 2026-01-31, or 2026-01."),
        ({"language": "Nederlands"}, "“nederlands” is not a language code."),
        ({"kind": "opera"}, "“opera” is no choice for kind: article, liveblog, video, gallery."),
        ({"site": "a b"}, "“a b” is not a site."),
        ({"since": "2026-03", "until": "2026-01"}, "2026-03 is later than 2026-01: nothing can lie between them."),
    ],
)
def test_what_is_not_understood_is_said(parameters: dict[str, str], said: str) -> None:
    assert choice_of(parameters)[1] == (said,)


def test_a_period_has_both_its_ends() -> None:
    chosen, _ = choice_of({"since": "2026-01-31", "until": "2026-02"})
    assert conditions(chosen) == [
        {"published_at": {"$gte": datetime(2026, 1, 31, tzinfo=UTC)}},
        {"published_at": {"$lt": datetime(2026, 3, 1, tzinfo=UTC)}},
    ]
