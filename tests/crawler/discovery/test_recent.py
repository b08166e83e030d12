from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.article import DatePrecision, DateSource
from crawler.discovery.entries import Entry
from crawler.discovery.recent import pages_within, recent_pages, recent_sitemaps, sitemaps_within
from crawler.discovery.spans import span_in_name, span_of_days
from crawler.listed import Listed

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=3)
JANUARY = span_of_days(date(2022, 1, 1), date(2022, 1, 31))


def entry(path: str, *, changed: datetime | None = None, published: datetime | None = None) -> Entry:
    said = Listed(source=DateSource.SITEMAP, published_at=published, published_precision=DatePrecision.SECOND)
    return Entry(url=f"https://k.example/{path}", changed_at=changed, listed=said if published else None)


def paths(entries: list[Entry]) -> list[str]:
    return [e.url.removeprefix("https://k.example/") for e in entries]


def test_pages_of_the_last_days_newest_first() -> None:
    entries = [
        entry("oud", changed=NOW - timedelta(days=9)),
        entry("gisteren", published=NOW - timedelta(days=1)),
        entry("bijgewerkt", published=NOW - timedelta(days=9), changed=NOW - timedelta(hours=1)),
        entry("2026/03/03/adres"),
        entry("2016/03/03/adres"),
        entry("ongedateerd"),
    ]
    found = paths(recent_pages(entries, since=SINCE, undated=10))
    assert found == ["2026/03/03/adres", "bijgewerkt", "gisteren", "ongedateerd"]
    assert len(recent_pages(entries, since=None, undated=1)) == 6


def test_of_undated_ones_both_ends() -> None:
    entries = [entry(f"{number}") for number in range(100)]
    assert paths(recent_pages(entries, since=SINCE, undated=3)) == ["0", "1", "99"]
    assert paths(recent_pages(entries, since=SINCE, undated=1)) == ["0"]
    assert len(recent_pages(entries, since=SINCE, undated=0)) == 100


def test_ten_years_of_archive_are_passed_over() -> None:
    names = [f"sitemap-{year}-{month:02}.xml" for year in range(2016, 2026) for month in range(1, 13)]
    months = [entry(name, changed=NOW) for name in names]
    now = [entry("sitemap-2026-03.xml"), entry("sitemap-nieuws.xml", changed=NOW - timedelta(hours=1))]
    old = [entry("sitemap-paginas.xml", changed=NOW - timedelta(days=400))]
    assert paths(recent_sitemaps([*months, *now, *old], since=SINCE, undated=10)) == [
        "sitemap-2026-03.xml",
        "sitemap-nieuws.xml",
    ]
    numbered = [entry(f"sitemap-{number}.xml") for number in range(50)]
    assert len(recent_sitemaps(numbered, since=SINCE, undated=4)) == 4
    assert len(recent_sitemaps([*months, *numbered], since=None, undated=4)) == 170


def test_the_first_days_of_a_month_need_the_month_before() -> None:
    first = datetime(2026, 3, 1, 6, tzinfo=UTC)
    sitemaps = [entry("sitemap-2026-02.xml"), entry("sitemap-2026-01.xml")]
    assert paths(recent_sitemaps(sitemaps, since=first - timedelta(days=3), undated=0)) == ["sitemap-2026-02.xml"]


def test_sitemaps_that_may_hold_a_month() -> None:
    sitemaps = [
        entry("sitemap-2022-01.xml", changed=NOW),
        entry("sitemap-2021-12.xml", changed=NOW),
        entry("sitemap-2022-06.xml"),
        entry("sitemap-2022.xml"),
        entry("a.xml", changed=datetime(2021, 6, 1, tzinfo=UTC)),
        entry("b.xml", changed=datetime(2022, 6, 1, tzinfo=UTC)),
        entry("c.xml"),
    ]
    # The last of December may be the first of January elsewhere.
    assert paths(sitemaps_within(sitemaps, JANUARY)) == [
        "sitemap-2022-01.xml",
        "sitemap-2021-12.xml",
        "sitemap-2022.xml",
        "b.xml",
        "c.xml",
    ]


def test_pages_that_may_be_of_a_month() -> None:
    entries = [
        entry("ooit"),
        entry("in", published=datetime(2022, 1, 15, tzinfo=UTC), changed=NOW),
        entry("net", published=datetime(2022, 2, 1, 3, tzinfo=UTC)),
        entry("na", published=datetime(2022, 2, 4, tzinfo=UTC)),
        entry("2022/01/15/adres", changed=NOW),
        entry("2021/06/15/adres", changed=NOW),
        entry("ervoor", changed=datetime(2021, 1, 1, tzinfo=UTC)),
        entry("bijgewerkt", changed=NOW),
    ]
    found = paths(pages_within(entries, JANUARY))
    assert set(found) == {"2022/01/15/adres", "in", "bijgewerkt", "net", "ooit"}
    assert found[-2:] == ["net", "ooit"], "the newest first, the undated last"


def test_the_name_of_a_list_decides_about_pages_that_no_date_speaks_for() -> None:
    entries = [entry("los"), entry("bijgewerkt", changed=NOW), entry("in", published=datetime(2022, 1, 31, tzinfo=UTC))]
    january, february = (span_in_name(f"https://a.example/kaart-2022-0{month}.xml") for month in (1, 2))
    assert len(pages_within(entries, JANUARY, undated=False, named=january)) == 3
    assert paths(pages_within(entries, JANUARY, named=february)) == ["in"]
    assert paths(pages_within(entries, JANUARY, undated=False)) == ["in"]


@given(st.lists(st.integers(0, 5_000), max_size=30), st.integers(0, 5))
def test_nothing_recent_is_ever_left_out(ages: list[int], undated: int) -> None:
    entries = [entry(f"{n}", changed=NOW - timedelta(hours=age)) for n, age in enumerate(ages)]
    found = recent_pages(entries, since=SINCE, undated=undated)
    assert {e.url for e in found} == {e.url for e in entries if e.changed_at and e.changed_at >= SINCE}
    assert [e.dated_at for e in found] == sorted((e.dated_at for e in found if e.dated_at), reverse=True)
