from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.spans import Span, span_in_name, span_in_path, span_of_days


def days(start: tuple[int, int, int], end: tuple[int, int, int]) -> Span:
    return Span(start=datetime(*start, tzinfo=UTC), end=datetime(*end, tzinfo=UTC))


JANUARY = days((2022, 1, 1), (2022, 2, 1))
DAY = days((2022, 1, 15), (2022, 1, 16))
YEAR = days((2022, 1, 1), (2023, 1, 1))


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("sitemap-2022-01.xml", JANUARY),
        ("sitemap-2022-1.xml", JANUARY),
        ("2022/01/sitemap.xml.gz", JANUARY),
        ("sitemap_202201.xml.gz", JANUARY),
        ("sitemap-01-2022.xml", JANUARY),
        ("sitemap-january-2022.xml", JANUARY),
        ("sitemap-2022-jan.xml", JANUARY),
        ("sitemap.xml?yyyy=2022&mm=01", JANUARY),
        ("sitemap.xml?year=2022&month=1", JANUARY),
        ("sitemap.xml?maand=2022-01", JANUARY),
        ("sitemap-20220115.xml", DAY),
        ("2022/01/15/sitemap.xml", DAY),
        ("sitemap.xml?yyyy=2022&mm=01&dd=15", DAY),
        ("sitemap-2022.xml", YEAR),
        ("archief/2022/sitemap.xml", YEAR),
        ("sitemap-2022-12.xml", days((2022, 12, 1), (2023, 1, 1))),
        ("sitemap-posts-3.xml", None),
        ("sitemap-12022.xml", None),
        ("sitemap-3022.xml", None),
        ("sitemap-20221345.xml", None),
        ("sitemap.xml", None),
    ],
)
def test_what_a_name_speaks_of(name: str, span: Span | None) -> None:
    assert span_in_name(f"https://k.example/{name}") == span


@pytest.mark.parametrize(
    ("path", "span"),
    [
        ("/2022/01/15/de-brug", DAY),
        ("/nieuws/2022/01/de-brug", JANUARY),
        ("/20220115/de-brug", DAY),
        ("/2022-01-15-de-brug", DAY),
        ("/zomer-2022/de-brug", None),
        ("/nieuws/2022/de-brug", None),
        ("/artikel/202201", None),
        ("/de-brug-van-2022-01-15.html", None),
    ],
)
def test_date_in_the_path_of_an_article(path: str, span: Span | None) -> None:
    assert span_in_path(f"https://k.example{path}") == span


def test_names_and_ranges_meet_give_or_take_a_day() -> None:
    asked = span_of_days(date(2022, 2, 1), date(2022, 2, 3))
    assert asked == days((2022, 2, 1), (2022, 2, 4))
    assert asked.meets(JANUARY)
    assert not span_of_days(date(2022, 2, 3), date(2022, 2, 3)).meets(JANUARY)
    assert asked.meets(YEAR)
    assert asked.near(datetime(2022, 1, 31, 12, tzinfo=UTC))
    assert not asked.holds(datetime(2022, 1, 31, 12, tzinfo=UTC))
    assert not asked.holds(asked.end)


@given(st.dates(date(1991, 1, 1), date(2098, 12, 31)), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y_%m_%d"]))
def test_every_day_is_read_as_written(day: date, form: str) -> None:
    span = span_in_name(f"https://k.example/sitemap-{day:{form}}.xml")
    assert span == span_of_days(day, day)
    assert span.end - span.start == timedelta(days=1)


@given(st.text(max_size=60))
def test_any_name_is_read_or_not(name: str) -> None:
    span = span_in_name(f"https://k.example/{name}")
    assert span is None or span.start < span.end
