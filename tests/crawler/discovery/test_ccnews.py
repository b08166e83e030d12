import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery.ccnews import Month, NoMonth, archive_urls, paths_url, read_months

TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("value", "months"),
    [
        ("2022-01", ["2022-01"]),
        ("2022-03, 2022-01,2022-01", ["2022-01", "2022-03"]),
        ("2021-11..2022-02", ["2021-11", "2021-12", "2022-01", "2022-02"]),
        ("2016-08,2026-03..2026-03", ["2016-08", "2026-03"]),
    ],
)
def test_months(value: str, months: list[str]) -> None:
    assert [str(month) for month in read_months(value, today=TODAY)] == months


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "give months"),
        ("2022", "give months"),
        ("2022-13", "give months"),
        ("2022-00", "give months"),
        ("januari", "give months"),
        ("2022-01..", "give months"),
        ("2022-02..2022-01", "ends before it begins"),
        ("2016-07", "CC-NEWS begins in 2016-08"),
        ("2026-04", "still to come"),
    ],
)
def test_what_is_no_month(value: str, says: str) -> None:
    with pytest.raises(NoMonth, match=says):
        read_months(value, today=TODAY)


@pytest.mark.parametrize("base", ["https://data.example/cc", "https://data.example/cc/"])
def test_where_a_month_is(base: str) -> None:
    listed = "https://data.example/cc/crawl-data/CC-NEWS/2022/01/warc.paths.gz"
    assert paths_url(base, Month(2022, 1)) == listed
    paths = ["crawl-data/CC-NEWS/2022/01/a.warc.gz", "/crawl-data/b.warc.gz"]
    assert list(archive_urls(base, iter(paths))) == [f"https://data.example/cc/{path.lstrip('/')}" for path in paths]


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(re.compile(r"(https?:)?/{0,3}(\.\./)*[a-z@:.\[\]]{0,12}"), fullmatch=True))
def test_a_list_leads_nowhere_else(path: str) -> None:
    assert all(
        url.startswith("https://data.example/cc/") for url in archive_urls("https://data.example/cc", iter([path]))
    )
