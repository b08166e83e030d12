"""The Wayback Machine: a loopback server that speaks it, and what becomes of its captures."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pymongo.database import Database

from crawler.spiders.backfill import BackfillSpider
from crawler.url import article_id
from tests.crawler.remote.serving import Answer, ArchiveHost
from tests.faults.test_page_faults import ordinary
from tests.running import ROOT, environment, scrapy

PAPER = "http://www.bode.example"
HTML = {"Content-Type": "text/html; charset=utf-8"}


class WaybackHost(ArchiveHost):
    """A server that has captures, lists them as the CDX server does, and sends them under `/web/`."""

    def __init__(self, *, listed_at_once: int = 3) -> None:
        """listed_at_once: captures in one answer of the list."""
        super().__init__()
        self.captures: dict[str, dict[str, Answer]] = {}
        """By URL and timestamp."""
        self.redirects: dict[str, str] = {}
        """By `<timestamp>/<URL>`, where the capture points."""
        self.queries: list[dict[str, list[str]]] = []
        self._at_once = listed_at_once
        self.handle = self._answered

    def add(self, url: str, stamp: str, html: str, **headers: str) -> None:
        """Have a capture of a page."""
        sent = {**HTML, **{f"X-Archive-Orig-{name.replace('_', '-')}": value for name, value in headers.items()}}
        self.captures.setdefault(url, {})[stamp] = Answer(body=html.encode(), headers=sent)

    def _answered(self, target: str) -> Answer | None:
        parts = urlsplit(target)
        if parts.path == "/cdx/search/cdx":
            return self._listed(parse_qs(parts.query))
        stamp, _, url = target.removeprefix("/web/").partition("/")
        stamp = stamp.removesuffix("id_")
        if (to := self.redirects.get(f"{stamp}/{url}")) is not None:
            return Answer(status=302, headers={"Location": to})
        return self.captures.get(url, {}).get(stamp)

    def _listed(self, query: dict[str, list[str]]) -> Answer:
        self.queries.append(query)
        (domain,), (first,), (last,) = query["url"], query["from"], query["to"]
        rows = []
        for url, captures in sorted(self.captures.items()):
            host = urlsplit(url).hostname or ""
            stamps = sorted(stamp for stamp in captures if first <= stamp <= last)
            if (host == domain or host.endswith("." + domain)) and stamps:
                rows.append([stamps[0], url.replace(".example/", ".example:80/")])
        start = int(query.get("resumeKey", ["0"])[0])
        table: list[list[str]] = [["timestamp", "original"], *rows[start : start + self._at_once]]
        if start + self._at_once < len(rows):
            table += [[], [str(start + self._at_once)]]
        return Answer(body=json.dumps(table).encode(), headers={"Content-Type": "application/json"})

    def asked_for(self) -> list[str]:
        """Return the captures asked for, in order."""
        return [path.removeprefix("/web/") for path in self.paths() if path.startswith("/web/")]


def article(name: str, related: str = "/nieuws/een-ander.html") -> str:
    """Return a page whose links are relative, as its publisher wrote them."""
    link = f'<p><strong>Lees ook:</strong> <a href="{related}">Nog een bericht over de brug</a></p>'
    html = ordinary(name).replace(
        '<link rel="canonical" href="https://bode.example/nieuws/', '<meta name="x" content="'
    )
    return html.replace("</article>", f"{link}</article>")


@pytest.fixture
def host() -> Iterator[WaybackHost]:
    with WaybackHost() as host:
        yield host


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any]) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name)


def command(host: WaybackHost, *arguments: str, delay: float = 0.01) -> list[str]:
    settings = {"WAYBACK_BASE": f"{host.url}/", "WAYBACK_DELAY": delay, "EXTRACTION_WORKERS": 1, "DOWNLOAD_DELAY": 30}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    span = ("-a", "wayback=bode.example", "-a", "since=2022-01", "-a", "until=2022-02")
    return ["crawl", "backfill", *(arguments or span), *options]


def test_one_capture_of_each_page_under_its_own_address(
    host: WaybackHost, env: dict[str, str], database: Database[Any]
) -> None:
    for number in range(7):
        host.add(f"{PAPER}/nieuws/{number}.html", f"2022010{number + 1}120000", article(f"artikel-{number}"))
        host.add(f"{PAPER}/nieuws/{number}.html", "20220210120000", article(f"later-{number}"))
        host.add(f"{PAPER}/nieuws/oud-{number}.html", "20211231235959", article(f"oud-{number}"))
    host.add("http://www.elders.example/x.html", "20220105120000", article("elders"))
    ran = scrapy(*command(host, delay=0.2), env=env)
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["stored"] == ran.balance["discovered"] == 7
    # The first capture in the span, as the publisher sent it; a part of the list after the other.
    assert sorted(host.asked_for()) == [f"2022010{n + 1}120000id_/{PAPER}/nieuws/{n}.html" for n in range(7)]
    assert [query.get("resumeKey") for query in host.queries] == [None, ["3"], ["6"]]
    assert host.queries[0]["filter"] == ["statuscode:200", "mimetype:text/html"]
    assert (host.queries[0]["from"], host.queries[0]["to"]) == (["20220101000000"], ["20220228235959"])
    # At the archive's pace.
    assert min(b.at - a.at for a, b in itertools.pairwise(host.asked)) >= 0.2
    url = f"{PAPER}/nieuws/3.html"
    stored = database.articles.find_one({"_id": article_id(url)})
    assert stored is not None
    assert (stored["url"], stored["fetched_url"], stored["site"]) == (url, url, "bode.example")
    assert (stored["fetch"]["requested_url"], stored["fetch"]["via"]) == (url, "wayback")
    assert stored["fetch"]["at"] == stored["first_seen_at"] == datetime(2022, 1, 4, 12, 0, tzinfo=UTC)
    assert [link["url"] for link in stored["related"]] == [f"{PAPER}/nieuws/een-ander.html"]
    assert "127.0.0.1" not in str({name: value for name, value in stored.items() if name != "_id"})
    row = database.pages.find_one({"_id": article_id(url)})
    assert row is not None
    assert (row["via"], row["found_on"]) == ("wayback", f"{host.url}/web/20220104120000/{url}")
    host.asked.clear()
    again = scrapy(*command(host), env=env)
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == 0
    assert host.asked_for() == []


def test_captures_that_are_not_simply_there(host: WaybackHost, env: dict[str, str], database: Database[Any]) -> None:
    urls = {name: f"{PAPER}/nieuws/{name}.html" for name in ("moved", "gone", "busy", "away", "loop", "reserved")}
    for name, url in urls.items():
        headers = {"tdm_reservation": "1"} if name == "reserved" else {}
        host.add(url, "20220105120000", article(name), **headers)
    first = f"/web/20220105120000id_/{PAPER}/nieuws"
    # Another timestamp, and not as the publisher sent it.
    host.redirects[f"20220105120000/{urls['moved']}"] = f"{host.url}/web/20220107130000/{urls['moved']}"
    host.captures[urls["moved"]]["20220107130000"] = host.captures[urls["moved"]]["20220105120000"]
    host.first[f"{first}/gone.html"] = [Answer(status=404)]
    host.first[f"{first}/busy.html"] = [Answer(status=429, headers={"Retry-After": "2"})]
    # Out of the archive, to the publisher or into our own network: nobody is asked.
    host.redirects[f"20220105120000/{urls['away']}"] = "http://127.0.0.2:1/latest"
    host.redirects[f"20220105120000/{urls['loop']}"] = f"/web/20220105120000id_/{urls['loop']}"
    ran = scrapy(*command(host), env=env)
    assert ran.exit_code == 0, ran.stderr
    states = {row["url"]: (row["state"], row["reason"], row["detail"]) for row in database.pages.find()}
    assert {states[urls[name]][0] for name in ("moved", "busy", "reserved")} == {"stored"}
    assert states[urls["gone"]] == ("failed", "http-status", f"HTTP 404 at {host.url}{first}/gone.html")
    assert states[urls["away"]] == ("rejected", "off-site", "the archive redirects to http://127.0.0.2:1/latest")
    assert states[urls["loop"]][:2] == ("failed", "redirect-loop")
    moved = database.articles.find_one({"url": urls["moved"]})
    assert moved is not None
    assert moved["fetch"]["at"] == datetime(2022, 1, 7, 13, 0, tzinfo=UTC)
    assert f"20220107130000id_/{urls['moved']}" in host.asked_for()
    reserved = database.articles.find_one({"url": urls["reserved"]})
    assert reserved is not None
    assert (reserved["rights"]["tdm_reserved"], reserved["rights"]["source"]) == (True, "header")
    busy = [one.at for one in host.asked if "busy" in one.path]
    after = next(one.at for one in host.asked if one.at > busy[0])
    assert after - busy[0] >= 2, "nothing is asked of it during the pause"


def test_a_list_that_is_no_list_is_asked_for_again_and_then_said(
    host: WaybackHost, env: dict[str, str], database: Database[Any]
) -> None:
    for number in range(5):
        host.add(f"{PAPER}/nieuws/{number}.html", "20220105120000", article(f"artikel-{number}"))
    real = host.handle
    answers: list[Answer | None] = [
        Answer(body=b"<html>Temporarily Offline</html>", headers=HTML),
        Answer(body=b'[["timestamp","original"],["20220105120000","http://www.bo'),
        None,
        *[Answer(body=b"<html>Temporarily Offline</html>", headers=HTML)] * 4,
    ]

    def broken(target: str) -> Answer | None:
        if target.startswith("/cdx/") and answers and (answer := answers.pop(0)) is not None:
            return answer
        return real(target)

    host.handle = broken
    ran = scrapy(*command(host), env=env)
    assert ran.exit_code == 1
    assert "the list of captures of bode.example, after 0 of them: the list of captures is cut off" in ran.stderr
    assert ran.stderr.splitlines()[-1] == (
        f"scrapy crawl: {host.url}/: the list of captures of bode.example, after 3 of them: "
        "the list of captures is a web page (4 tried)"
    )
    assert database.articles.count_documents({}) == 3
    # The next run gets the rest.
    again = scrapy(*command(host), env=env)
    assert again.exit_code == 0, again.stderr
    assert database.articles.count_documents({}) == 5
    assert len(host.asked_for()) == 5


def test_an_archive_that_bars_robots_is_left_alone(
    host: WaybackHost, env: dict[str, str], database: Database[Any]
) -> None:
    host.files["/robots.txt"] = b"User-agent: *\nDisallow: /web/"
    host.add(f"{PAPER}/nieuws/1.html", "20220105120000", article("artikel-1"))
    ran = scrapy(*command(host), env=env)
    assert ran.exit_code == 1
    assert "bars its captures from robots" in ran.stderr.splitlines()[-1]
    assert host.asked_for() == []
    assert [row["state"] for row in database.pages.find()] == ["pending"], "what the publisher has, it did not refuse"


def test_killed_in_the_middle_the_next_run_completes_it(env: dict[str, str], database: Database[Any]) -> None:
    with WaybackHost(listed_at_once=20) as host:
        urls = [f"{PAPER}/nieuws/{number}.html" for number in range(60)]
        for number, url in enumerate(urls):
            host.add(url, "20220105120000", article(f"artikel-{number}"))
        quiet = subprocess.DEVNULL
        started = [sys.executable, "-m", "scrapy", *command(host, delay=0.02)]
        process = subprocess.Popen(started, env=env, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)
        patience = time.monotonic() + 120
        while database.articles.count_documents({}) < 10:
            assert process.poll() is None
            assert time.monotonic() < patience
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert database.pages.count_documents({"state": "stored"}) < 60
        ran = scrapy(*command(host), env=env)
        assert ran.exit_code == 0, ran.stderr
    assert {one["url"] for one in database.articles.find()} == set(urls)
    # What was stored when the run was killed, and not settled yet, is found to be as it was.
    assert {(row["state"], row["visits"]) for row in database.pages.find()} <= {("stored", 1), ("unchanged", 1)}
    assert database.articles.distinct("revision") == [1]
    assert database.pages.count_documents({}) == 60


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"wayback": "bode.example"}, "-a since is missing"),
        ({"wayback": "bode.example", "since": "2022-02-30"}, "-a since=2022-02-30: not a date"),
        ({"wayback": "https://bode.example/", "since": "2022"}, "give the domain of a paper"),
        ({"warc": "README.md", "since": "2022"}, "-a since=… does not go with -a warc=…"),
    ],
    ids=["no-span", "day", "domain", "elsewhere"],
)
def test_mistakes_say_what_to_do(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        BackfillSpider(**arguments)
