from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crawler.discovery.finding import Answer
from crawler.discovery.spans import span_asked, span_of_days
from crawler.discovery.walking import NoAnswer, Walked, walk
from tests.crawler.spiders.making import index, sitemap

JANUARY = span_of_days(date(2022, 1, 1), date(2022, 1, 31))
HOST = "https://www.bode.example"


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


class Paper:
    """Sitemaps by path, and what was asked for."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.asked: list[str] = []

    async def ask(self, url: str) -> Answer | NoAnswer:
        path = url.removeprefix(HOST)
        self.asked.append(path)
        if path == "/onbereikbaar.xml":
            return NoAnswer(url=url, why="timeout")
        return Answer(url=url, status=200 if path in self._files else 404, body=self._files.get(path, "").encode())

    @staticmethod
    async def read(parse: Callable[[bytes, str], Any], body: bytes, url: str) -> Any:
        return parse(body, url)

    def walk(self, *paths: str, **options: Any) -> tuple[list[str], list[str]]:
        """Return the paths of pages found, and what was the matter with the rest."""

        async def walked() -> list[Walked | NoAnswer]:
            options.setdefault("undated", True)
            sitemaps = [HOST + path for path in paths]
            return [step async for step in walk(sitemaps, JANUARY, ask=self.ask, read=self.read, **options)]

        steps = asyncio.run(walked())
        pages = [page.url.removeprefix(HOST) for step in steps if isinstance(step, Walked) for page in step.pages]
        return pages, [f"{step.url.removeprefix(HOST)}: {step.why}" for step in steps if isinstance(step, NoAnswer)]


def test_only_what_may_name_pages_of_the_span_is_asked_for_and_the_newest_first() -> None:
    paper = Paper(
        {
            "/index.xml": index(
                (f"{HOST}/2020.xml", at(2026, 1, 1)),
                (f"{HOST}/map-2022-01-03.xml", None),
                (f"{HOST}/map-2022-01-20.xml", None),
                (f"{HOST}/map-2022-02-20.xml", None),
                (f"{HOST}/oud.xml", at(2021, 3, 3)),
            ),
            "/map-2022-01-03.xml": sitemap((f"{HOST}/drie", None)),
            "/map-2022-01-20.xml": sitemap((f"{HOST}/twintig", at(2023, 1, 1))),
        }
    )
    assert paper.walk("/index.xml", "/sitemap-2020.xml") == (["/twintig", "/drie"], [])
    assert paper.asked == ["/index.xml", "/map-2022-01-20.xml", "/map-2022-01-03.xml"]
    # The name of a sitemap dates what it lists.
    assert paper.walk("/index.xml", undated=False) == (["/twintig", "/drie"], [])


def test_pages_that_no_date_speaks_for_are_taken_last_or_left_out() -> None:
    pages = [("/los", None), ("/later", at(2023, 5, 5)), ("/in", at(2022, 1, 5)), ("/eerder", at(2021, 5, 5))]
    paper = Paper({"/kaart.xml": sitemap(*((HOST + path, when) for path, when in pages))})
    assert paper.walk("/kaart.xml") == (["/later", "/in", "/los"], [])
    assert paper.walk("/kaart.xml", undated=False) == (["/in"], [])


def test_what_cannot_be_read_is_named_and_the_rest_is_read() -> None:
    paper = Paper({"/kaart.xml": sitemap((f"{HOST}/in", at(2022, 1, 5))), "/pagina.xml": "<html><p>Niets hier</p>"})
    pages, missed = paper.walk("/weg.xml", "/onbereikbaar.xml", "/pagina.xml", "/kaart.xml")
    assert pages == ["/in"]
    assert missed[:2] == ["/weg.xml: HTTP 404", "/onbereikbaar.xml: timeout"]
    assert missed[2].startswith("/pagina.xml: not a sitemap")


def test_an_index_that_leads_round_or_ever_deeper_comes_to_an_end() -> None:
    round_ = Paper({"/a.xml": index((f"{HOST}/b.xml", None)), "/b.xml": index((f"{HOST}/a.xml", None))})
    assert round_.walk("/a.xml") == ([], [])
    assert round_.asked == ["/a.xml", "/b.xml"]
    deep = Paper({f"/{n}.xml": index((f"{HOST}/{n + 1}.xml", None)) for n in range(50)})
    assert deep.walk("/0.xml") == ([], ["/3.xml: an index below 3 others: what it names is left out"])
    wide = Paper({f"/{n}.xml": index(*((f"{HOST}/x{n}-{m}.xml", None) for m in range(15))) for n in range(2)})
    pages, missed = wide.walk("/0.xml", "/1.xml", most=20)
    assert not pages
    assert sum("more than 20 sitemaps" in line for line in missed) == 1
    assert len(wide.asked) == 20


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2022", None, "2022-01-01 to 2022-06-15"),
        ("2022-02", "2022-02", "2022-02-01 to 2022-02-28"),
        ("2020-02-29", "2021", "2020-02-29 to 2021-12-31"),
        (" 2022-06-15 ", None, "2022-06-15 to 2022-06-15"),
    ],
)
def test_a_span_as_a_person_writes_it(since: str, until: str | None, days: str) -> None:
    assert span_asked(since, until, today=date(2022, 6, 15)).days == days


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (None, None), ("2022-00", None), ("2022-1", None), ("2022-02-30", None), ("22", None), ("٢٠٢٢", None),
        ("2022-06-16", None), ("9999", None), ("0000", "0001"), ("2022-01", "2021"), ("2022", "x\n"), ("", ""),
    ],
)  # fmt: skip
def test_what_is_no_span_is_one_line(since: str | None, until: str | None) -> None:
    with pytest.raises(ValueError, match=r"since|until") as raised:
        span_asked(since, until, today=date(2022, 6, 15))
    assert "\n" not in str(raised.value)
