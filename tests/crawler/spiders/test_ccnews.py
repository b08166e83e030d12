"""CC-NEWS: some papers of some months, from a tree like Common Crawl's on a server of this machine."""

from __future__ import annotations

import gzip
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from crawler.spiders.backfill import BackfillSpider
from crawler.url import article_id
from tests.crawler.discovery.test_warc import HTML, archive
from tests.crawler.remote.serving import Answer, ArchiveHost
from tests.faults.test_page_faults import ordinary
from tests.running import ROOT, environment, scrapy

ROOTED = "/crawl-data/CC-NEWS"
PAPERS = ("www.nrc.nl", "www.polderbode.example", "nrc.nl.elders.example", "www.nos.nl")
DAYS = {"2022-01": ("20220101", "20220114"), "2022-02": ("20220203",)}


def page(host: str, day: str, number: int) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Return a record: an article of its own words."""
    # One word, or the texts would have too many in common.
    name = f"{host.replace('.', '')}{day}n{number}"
    body = ordinary(name).replace("https://bode.example/nieuws/", f"https://{host}/{day[:4]}/").encode()
    return f"https://{host}/{day[:4]}/{name}.html", "200 OK", HTML, body


def path(day: str) -> str:
    return f"{ROOTED}/{day[:4]}/{day[4:6]}/CC-NEWS-{day}012345-00042.warc.gz"


def build(host: ArchiveHost, *, pages: int = 6) -> None:
    """Serve files with `pages` pages of each paper, and the lists that name them."""
    for month, days in DAYS.items():
        for day in days:
            records = [page(paper, day, number) for number in range(pages) for paper in PAPERS]
            host.files[path(day)], _ = archive(records, compressed=True, date=f"{month}-05T12:00:00Z")
        lines = "\n".join([*(path(day).lstrip("/") for day in days), "http://192.168.0.1/x"])
        host.files[f"{ROOTED}/{month[:4]}/{month[5:]}/warc.paths.gz"] = gzip.compress(lines.encode(), mtime=0)


@pytest.fixture
def host() -> Iterator[ArchiveHost]:
    with ArchiveHost() as host:
        yield host


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any]) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name)


def command(host: ArchiveHost, *arguments: str, delay: float = 0.01, piece_mb: float = 8) -> list[str]:
    settings = {
        "CCNEWS_BASE": host.url,
        "CCNEWS_DELAY": delay,
        "REMOTE_PIECE_MB": piece_mb,
        "EXTRACTION_WORKERS": 1,
        "DOWNLOAD_DELAY": 30,  # for whoever is not the archive
    }
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    return ["crawl", "backfill", *arguments, *options]


def test_some_papers_of_some_months(host: ArchiveHost, env: dict[str, str], database: Database[Any]) -> None:
    build(host)
    host.first[path("20220114")] = [Answer(status=503)]
    arguments = ("-a", "ccnews=2022-01..2022-02", "-a", "sites=nrc.nl,polderbode.example")
    ran = scrapy(*command(host, *arguments, delay=0.3), env=env)
    assert ran.exit_code == 0, ran.stderr
    # Two papers of four, in three files; one that only looks like one of them is none.
    assert ran.balance["discovered"] == database.articles.count_documents({}) == 36
    assert set(database.articles.distinct("site")) == {"nrc.nl", "polderbode.example"}
    assert set(database.pages.distinct("site")) == {"nrc.nl", "polderbode.example"}
    assert database.articles.distinct("fetch.via") == ["warc"]
    assert "CC-NEWS 2022-01: 2 archives" in ran.stderr
    assert "(2022-01, 2 of 2): read to its end" in ran.stderr
    # In order, each once, but for the one that was refused; at the archive's own pace.
    asked = [*(path(day) for day in ("20220101", "20220114", "20220114", "20220203"))]
    lists = [f"{ROOTED}/2022/{month}/warc.paths.gz" for month in ("01", "02")]
    assert host.paths() == [lists[0], *asked[:3], lists[1], asked[3]]
    at = [one.at for one in host.asked]
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= 0.3
    assert at[4] - at[3] >= 5, "a 503 without Retry-After is a pause of five seconds"
    host.asked.clear()
    again = scrapy(*command(host, *arguments), env=env)
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == 0
    assert "3 archives read to their end by an earlier run" in again.stdout
    assert host.paths() == lists
    # Another choice of papers is another reading.
    other = scrapy(*command(host, "-a", "ccnews=2022-02,2022-03", "-a", "sites=nos.nl"), env=env)
    assert other.balance["discovered"] == 6
    assert database.articles.count_documents({"site": "nos.nl"}) == 6
    # And a month that is not there is said to be missing.
    assert other.exit_code == 1
    assert other.stderr.splitlines()[-1].endswith("/crawl-data/CC-NEWS/2022/03/warc.paths.gz: HTTP 404")


def test_killed_in_the_middle_the_next_run_completes_it(
    host: ArchiveHost, env: dict[str, str], database: Database[Any]
) -> None:
    build(host, pages=60)
    arguments = command(host, "-a", "ccnews=2022-01", "-a", "sites=nrc.nl", piece_mb=0.05)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", *arguments],
        env=env,
        cwd=ROOT,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )
    patience = time.monotonic() + 120
    while database.articles.count_documents({}) < 65:
        assert process.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert database.articles.count_documents({}) < 120
    ran = scrapy(*arguments, env=env)
    assert ran.exit_code == 0, ran.stderr
    wanted = {page("www.nrc.nl", day, number)[0] for day in DAYS["2022-01"] for number in range(60)}
    assert {article["url"] for article in database.articles.find()} == wanted
    rows = list(database.pages.find())
    assert {row["_id"] for row in rows} == {article_id(url) for url in wanted}
    # What was stored when the run was killed, and not settled yet, is found to be as it was.
    assert {(row["state"], row["visits"]) for row in database.pages.find()} <= {("stored", 1), ("unchanged", 1)}
    assert database.articles.distinct("revision") == [1]
    assert [row["done"] for row in database.archives.find()] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"ccnews": "2022-13", "sites": "nrc.nl"}, "give months, as in 2022-01"),
        ({"ccnews": "2022-01"}, "name the papers"),
        ({"ccnews": "2022-01", "sites": "nrcc"}, "did you mean nrc.nl?"),
        ({"ccnews": "2022-01", "country": "xx"}, "no outlet of country 'xx'"),
        ({"warc": "README.md", "sites": "nrc.nl"}, "-a sites=… does not go with -a warc=…"),
    ],
    ids=["month", "no-papers", "paper", "country", "elsewhere"],
)
def test_mistakes_say_what_to_do(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        BackfillSpider(**arguments)
