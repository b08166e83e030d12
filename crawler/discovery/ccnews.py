"""Common Crawl's CC-NEWS: news from all over the world since August 2016, in WARC files listed month by month. Pure.

https://commoncrawl.org/blog/news-dataset-available says how it is laid out: `crawl-data/CC-NEWS/2022/01/warc.paths.gz`
names the files of a month, one a line, as paths from the same base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urljoin, urlsplit

FIRST = (2016, 8)
"""Year and month in which it begins."""
_MONTH = re.compile(r"(\d{4})-(\d{2})")


class NoMonth(ValueError):
    """What was given for months is none, or lies where there is nothing; the message says what to give."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of CC-NEWS."""

    year: int
    """Four digits."""
    month: int
    """1 to 12."""

    def __str__(self) -> str:
        """Return it as it is asked for."""
        return f"{self.year}-{self.month:02}"

    def following(self) -> Month:
        """Return the month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)


def read_months(value: str, *, today: date) -> list[Month]:
    """Return the months that `2022-01`, `2022-01..2022-03` or several of these, separated by commas, ask for, in order.

    Raises NoMonth.
    """
    found: set[Month] = set()
    for part in value.split(","):
        first, dots, last = (end.strip() for end in part.partition(".."))
        begin = _month(first, today)
        end = _month(last, today) if dots else begin
        if end < begin:
            raise NoMonth(f"-a ccnews={value}: {part.strip()} ends before it begins")
        while begin <= end:
            found.add(begin)
            begin = begin.following()
    return sorted(found)


def _month(text: str, today: date) -> Month:
    match = _MONTH.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12:
        raise NoMonth(f"-a ccnews={text}: give months, as in 2022-01, 2022-01,2022-03 or 2022-01..2022-03")
    month = Month(int(match[1]), int(match[2]))
    if month < Month(*FIRST):
        raise NoMonth(f"-a ccnews={text}: CC-NEWS begins in {Month(*FIRST)}")
    if month > Month(today.year, today.month):
        raise NoMonth(f"-a ccnews={text}: that month is still to come")
    return month


def paths_url(base: str, month: Month) -> str:
    """Return the URL of the list of a month's files."""
    return f"{base.rstrip('/')}/crawl-data/CC-NEWS/{month.year}/{month.month:02}/warc.paths.gz"


def archive_urls(base: str, paths: Iterator[str]) -> Iterator[str]:
    """Yield the URLs of the files that such a list names. What would lead elsewhere than below the base is left out."""
    root = f"{base.rstrip('/')}/"
    for path in paths:
        try:
            url = urljoin(root, path.lstrip("/"))
            inside = url.startswith(root) and urlsplit(url).netloc == urlsplit(root).netloc
        except ValueError:
            continue
        if inside and url != root and url.isprintable():
            yield url
