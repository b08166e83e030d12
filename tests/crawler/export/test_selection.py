from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.export.selection import Selection, moment, mongo_filter, selection


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2022-02", datetime(2022, 2, 1), timedelta(days=28)),
        ("2024-02", datetime(2024, 2, 1), timedelta(days=29)),
        ("2022-12", datetime(2022, 12, 1), timedelta(days=31)),
        ("2022-01-31", datetime(2022, 1, 31), timedelta(days=1)),
        ("2022-01-31T12:00", datetime(2022, 1, 31, 12), timedelta(minutes=1)),
        (" 2022-01-31 12:00:05 ", datetime(2022, 1, 31, 12, 0, 5), timedelta(seconds=1)),
        ("2022-01-31T12:00Z", datetime(2022, 1, 31, 12, tzinfo=UTC), timedelta(minutes=1)),
        ("2022-01-31T12:00+01:00", datetime(2022, 1, 31, 11, tzinfo=UTC), timedelta(minutes=1)),
    ],
)
def test_a_moment_is_all_of_what_it_names(text: str, start: datetime, length: timedelta) -> None:
    named = moment(text)
    assert named.start == start
    assert named.end - named.start == length


@pytest.mark.parametrize(
    "text",
    ["", "x", "2022", "2022-13", "2022-02-30", "22-01-01", "2022-01-01T25:00", "2022-W01-1", "20220101", "gisteren",
     "0000-01-01", "0001-01-01", "9999-12-31", "2022-01-01T12", "２０２２-01-01", "2022-01-01; drop"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 2022-01-31") as caught:
        moment(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_one_line_of_complaint(text: str) -> None:
    complaint = ""
    try:
        named = moment(text)
    except ValueError as error:
        complaint = str(error)
    assert len(complaint.splitlines()) == 1 if complaint else named.start < named.end


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)))
def test_each_second_lies_in_its_day_and_its_month(when: datetime) -> None:
    for text in (f"{when.isoformat()[:10]}", f"{when.isoformat()[:7]}"):
        assert moment(text).start <= when < moment(text).end


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"since": "morgen"}, "--since: 'morgen'"),
        ({"until": "morgen"}, "--until: 'morgen'"),
        ({"since": "2022-02-01", "until": "2022-01-31"}, "--since 2022-02-01 is later than --until 2022-01-31"),
        ({"languages": ["dutch"]}, "--language: 'dutch'"),
        ({"languages": ["nl,"]}, "--language: ''"),
        ({"languages": ["$ne"]}, "--language"),
        ({"sites": [""]}, "--site: ''"),
        ({"sites": ["nrc nl"]}, "--site: 'nrc nl'"),
    ],
)
def test_an_option_that_is_not_understood_is_named(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        selection(**options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(complaint)


def test_one_day_is_a_period() -> None:
    chosen = selection(since="2022-01-31", until="2022-01-31")
    assert chosen.since == chosen.until


def test_several_values_may_stand_in_one_option() -> None:
    chosen = selection(languages=["nl,EN", "nl"], sites=["nrc.nl, www.nos.nl", "https://nrc.nl/x"])
    assert chosen.languages == ("nl", "en")
    assert chosen.sites == ("nrc.nl", "nos.nl", "nrc.nl")


def test_no_choice_is_no_filter() -> None:
    assert mongo_filter(Selection()) == {}


@given(st.text(max_size=30))
def test_a_site_is_never_a_query_operator(site: str) -> None:
    try:
        chosen = selection(sites=[site])
    except ValueError:
        return
    for clause in mongo_filter(chosen)["$and"]:
        assert isinstance(clause["site"], str) or set(clause["site"]) == {"$in"}
