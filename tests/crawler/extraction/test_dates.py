"""Tests of crawler.extraction.dates: what a written date means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import DatePrecision, DateSource
from crawler.extraction.dates import EARLIEST, Instant, month_number, parse, plausible

META = DateSource.META


@pytest.mark.parametrize(
    ("text", "at", "offset"),
    [
        ("2024-04-24T10:00:05.123+0200", "2024-04-24T08:00:05", 120),
        ("2024-04-24T10:00:05Z", "2024-04-24T10:00:05", 0),
        ("2024-04-24 10:00:05 -04:00", "2024-04-24T14:00:05", -240),
        ("2024-04-24T10:00:05+05:30", "2024-04-24T04:30:05", 330),
        ("2021-03-12T16:00:27+01:00[Europe/Berlin]", "2021-03-12T15:00:27", 60),
        ("20240424T101505Z", "2024-04-24T10:15:05", 0),
        ("Wed, 24 Apr 2024 10:00:05 +0200", "2024-04-24T08:00:05", 120),
        ("Wed Apr 24 2024 10:00:05 GMT+0200 (CEST)", "2024-04-24T08:00:05", 120),
        ("Wed Apr 24 10:00:05 CEST 2024", "2024-04-24T08:00:05", 120),
        ("1713945605", "2024-04-24T08:00:05", 0),
        ("1713945605000", "2024-04-24T08:00:05", 0),
        ("2024-04-24T00:00:00+02:00", "2024-04-23T22:00:00", 120),
        ("2024-04-24T10:00:05", "2024-04-24T10:00:05", None),
    ],
)
def test_instants_to_the_second(text: str, at: str, offset: int | None) -> None:
    assert parse(text, META) == Instant(
        at=datetime.fromisoformat(at).replace(tzinfo=UTC), offset=offset, precision=DatePrecision.SECOND, source=META
    )


@pytest.mark.parametrize(
    ("text", "clock", "offset"),
    [
        ("2024-04-24T10:15", "10:15", None),
        ("202404241015", "10:15", None),
        ("April 24, 2024 10:15 AM EDT", "14:15", -240),
        ("Apr. 24th, 2024 at 3:05 p.m.", "15:05", None),
        ("April 24, 2024 12:05 am", "00:05", None),
        ("10:30, 24 April 2024", "10:30", None),
        ("24. April 2024 um 10.30 Uhr", "10:30", None),
        ("24 avril 2024 à 10h05", "10:05", None),
        ("24 de abril de 2024 - 10:00", "10:00", None),
        ("24.04.2024, 15:05", "15:05", None),
        ("24 апреля 2024 г., 10:15", "10:15", None),
        ("2024. április 24. 10:15", "10:15", None),
        ("2024年4月24日 10時30分", "10:30", None),
        ("2024년 4월 24일 오후 3시 05분", "15:05", None),
        ("2024. 4. 24. 15:05", "15:05", None),
        ("٢٤ أبريل ٢٠٢٤ ١٠:١٥", "10:15", None),
    ],
)
def test_dates_with_a_clock(text: str, clock: str, offset: int | None) -> None:
    instant = parse(text, META)
    assert instant is not None
    assert instant.at == datetime.fromisoformat(f"2024-04-24T{clock}").replace(tzinfo=UTC)
    assert (instant.offset, instant.precision) == (offset, DatePrecision.MINUTE)


@pytest.mark.parametrize(
    "text",
    [
        "2024-04-24",
        "20240424",
        "2024/4/24",
        "2024-04-24T00:00:00",
        "2024-04-24T00:00:00Z",
        "24 april 2024",
        "woensdag 24 april 2024",
        "24 d’abril de 2024",
        "24. dubna 2024",
        "24 kwietnia 2024",
        "24 квітня 2024",
        "24 Nisan 2024",
        "24 नवंबर 2024",
        "24 เมษายน 2567",
        "2024年4月24日",
        "24.4.2024",
        "24/04/24",
        "04/24/2024",
        "24.04.2024 - Güncelleme : 25.04.2024",
    ],
)
def test_a_date_without_a_time_is_a_day(text: str) -> None:
    instant = parse(text, META)
    assert instant is not None
    assert (instant.precision, instant.offset, instant.timed) == (DatePrecision.DAY, None, False)
    assert instant.at == datetime(2024, 11 if "नवंबर" in text else 4, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "gisteren", "13/13/2024", "2024-02-31", "99 april 2024", "10.10.10.10", "versie 1.2.3", "0", "2024"]
)
def test_what_is_no_date(text: str) -> None:
    assert parse(text, META) is None


def test_the_first_of_two_dates_counts() -> None:
    instant = parse("Published 3 May 2024, updated 5 June 2024", META)
    assert instant is not None
    assert instant.at.date().isoformat() == "2024-05-03"


def test_americans_write_the_month_first() -> None:
    european, american = parse("03/04/2024", META), parse("03/04/2024", META, month_first=True)
    assert european is not None
    assert american is not None
    assert (european.at.month, american.at.month) == (4, 3)


@pytest.mark.parametrize(("language", "month"), [("hr", 10), ("pl", 11), (None, None)])
def test_a_name_of_two_months_needs_the_language(language: str | None, month: int | None) -> None:
    assert month_number("listopada", language) == month


def test_local_time_decides_the_month() -> None:
    instant = parse("2022-01-31T23:30:00-05:00", META)
    assert instant is not None
    assert instant.at.month == 2
    assert instant.local.month == 1


def test_the_future_and_the_time_before_the_web_are_not_plausible() -> None:
    now = datetime(2024, 5, 1, tzinfo=UTC)

    def instant(at: datetime) -> Instant:
        return Instant(at=at, precision=DatePrecision.DAY, source=META)

    assert plausible(instant(now), now)
    assert plausible(instant(now + timedelta(hours=23)), now)
    assert not plausible(instant(now + timedelta(hours=25)), now)
    assert not plausible(instant(EARLIEST - timedelta(seconds=1)), now)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2090, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_iso_dates_are_read_back(local: datetime, quarters: int) -> None:
    local = local.replace(microsecond=0)
    sign, minutes = "-" if quarters < 0 else "+", abs(quarters) * 15
    instant = parse(f"{local.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}", META)
    assert instant is not None
    if instant.timed:
        assert instant.offset == quarters * 15
        assert instant.local.replace(tzinfo=None) == local
    else:
        assert quarters == 0
        assert (local.hour, local.minute, local.second) == (0, 0, 0)


@given(st.text(alphabet="0123456789:/.-+TZ apmé年月日maj٢", max_size=40))
def test_any_text_is_read(text: str) -> None:
    instant = parse(text, META)
    assert instant is None or instant.at.tzinfo is UTC


@pytest.mark.parametrize("hour", range(24))
def test_every_hour_of_a_date_in_words_is_read(hour: int) -> None:
    instant = parse(f"Mon, 23 Nov 2026 {hour:02}:59:47 +0000", DateSource.FEED)
    assert instant is not None
    assert (instant.at.hour, instant.offset, instant.precision) == (hour, 0, DatePrecision.SECOND)
