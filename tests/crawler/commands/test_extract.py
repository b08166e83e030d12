from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from crawler.article import from_document
from crawler.export.shapes import FIELDS
from crawler.founding_shape import founding_shape
from crawler.url import article_id
from tests.running import ROOT, Ran, scrapy

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "https://www.polderbode.example/nieuws/sluis-dicht"
PAGE = f"""<!doctype html>
<html lang="nl"><head><meta charset="utf-8"><title>De sluis gaat dicht</title>
<link rel="canonical" href="{ADDRESS}">
<meta property="article:published_time" content="2022-01-07T14:05:00+01:00"></head>
<body><main><article><h1>De sluis gaat dicht</h1>
<p>De oude sluis bij het dorp gaat een halve winter dicht. Schippers moeten omvaren over het meer, en dat kost ze
een dag extra op weg naar de stad.</p>
<p>De gemeente zegt dat de deuren verrot zijn en dat langer wachten gevaarlijk is. Omwonenden hadden al jaren om
herstel gevraagd, maar kregen steeds nul op het rekest.</p>
<p>Vooral de veerman is boos. Hij verliest zijn vaste klanten en heeft geen idee hoe hij de winter moet doorkomen
zonder inkomsten uit de overtocht.</p>
<p>In het voorjaar moet de sluis weer open, als het weer meezit en de aannemer genoeg eikenhout vindt voor de
nieuwe deuren.</p></article></main></body></html>
"""

# An environment in which any touch of a database would fail.
ENV = {
    **os.environ,
    "MONGODB_URI": "mongodb://127.0.0.1:1/",
    "MONGODB_DATA_DIR": "/dev/null/x",
    "NO_PROXY": "",
    "no_proxy": "",
}


def extract(*arguments: str, **environment: str) -> Ran:
    return scrapy("extract", *arguments, env={**ENV, **environment})


def complaint(ran: Ran, status: int) -> str:
    assert ran.exit_code == status
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("scrapy extract: ")
    return line


@pytest.fixture
def page(tmp_path: Path) -> str:
    """Return the name of a file with an article."""
    file = tmp_path / "sluis.html"
    file.write_text(PAGE, encoding="utf-8")
    return str(file)


def test_a_file_becomes_its_document_under_its_own_address(page: str) -> None:
    ran = extract(page)
    document = json.loads(ran.stdout)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert tuple(document) == FIELDS
    assert document["_id"] == article_id(ADDRESS)
    assert document["published_at"] == "2022-01-07T14:05:00+01:00"
    assert (document["language"], document["language_source"]) == ("nl", "langdetect")
    assert len(document["content_hash"]) == 24
    assert "zonder inkomsten uit de overtocht." in document["text"]


def test_a_given_address_stands_above_the_pages_own_host(page: str) -> None:
    document = json.loads(extract(page, "--url", "https://m.polderbode.example/x").stdout)
    assert document["fetched_url"] == "https://m.polderbode.example/x"


def test_the_text_is_the_founding_shape(page: str) -> None:
    article = from_document(json.loads(extract(page).stdout))
    ran = extract(page, "--format", "text")
    assert ran.stdout == founding_shape(article)
    assert ran.stdout.startswith(" date 2022-01 De oude sluis")


def test_the_standard_input_is_a_page_too() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scrapy", "extract", "-"],
        cwd=ROOT, env=ENV, input=PAGE.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert json.loads(ran.stdout)["url"] == ADDRESS


def test_a_page_that_does_not_say_where_it_is_from_needs_help(tmp_path: Path) -> None:
    nameless = tmp_path / "nameless.html"
    nameless.write_text(PAGE.replace(f'<link rel="canonical" href="{ADDRESS}">', ""), encoding="utf-8")
    assert "give its address with --url" in complaint(extract(str(nameless)), 1)
    assert json.loads(extract(str(nameless), "--url", ADDRESS).stdout)["url"] == ADDRESS
    og = PAGE.replace('<link rel="canonical" href=', '<meta property="og:url" content=')
    nameless.write_text(og, encoding="utf-8")
    assert json.loads(extract(str(nameless)).stdout)["url"] == ADDRESS


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 x", "not-html"),
        (b'{"a": 1}', "not-html"),
        (b"<html>" + b"x" * 12_000_001, "too-large"),
    ],
)
def test_what_is_no_article_gets_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert f"is no article: {reason}" in complaint(extract(str(tmp_path / "file")), 1)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ([], 2, "name one page"),
        (["a", "b"], 2, "name one page"),
        (["a", "--format", "xml"], 2, "--format 'xml' is not one of json, text"),
        (["a", "--colour"], 2, "there is no option --colour"),
        (["https://x.example/", "--url", "https://x.example/"], 2, "--url is for a file"),
        (["nowhere.html"], 1, "cannot read nowhere.html: No such file or directory"),
        (["www.nrc.nl"], 1, "a URL starts with https://"),
        (["crawler"], 1, "cannot read crawler: Is a directory"),
        (["README.md", "--url", "ftp://x/"], 1, "--url cannot be used"),
        (["https://"], 1, "the URL cannot be used"),
        (["http://127.0.0.1:1/"], 1, "cannot get http://127.0.0.1:1/: connection"),
        (["http://nowhere.invalid/"], 1, "cannot get http://nowhere.invalid/: dns"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: list[str], status: int, says: str) -> None:
    assert says in complaint(extract(*arguments), status)


class Site(BaseHTTPRequestHandler):
    """A small paper: an article, a way around, a closed door."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        path = self.path.removeprefix("http://www.polderbode.example")
        self.asked.append((self.path, self.headers["User-Agent"]))
        if path == "/robots.txt":
            self._answer(200, b"User-agent: *\nDisallow: /dicht\n", "text/plain")
        elif path == "/oud":
            self.send_response(301)
            self.send_header("Location", "/nieuws/sluis-dicht")
            self.end_headers()
        elif path == "/nieuws/sluis-dicht":
            self._answer(200, gzip.compress(PAGE.encode(), mtime=0), "text/html; charset=utf-8", coding="gzip")
        elif path == "/dicht":
            self._answer(200, PAGE.encode(), "text/html")
        elif path == "/groot":
            self._answer(200, b"<html>" + b"x" * 13_000_000, "text/html")
        elif path == "/kring":
            self.send_response(302)
            self.send_header("Location", "/kring")
            self.end_headers()
        else:
            self._answer(404, PAGE.encode(), "text/html")

    def _answer(self, status: int, body: bytes, kind: str, *, coding: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("ETag", '"een"')
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    handler = type("OneSite", (Site,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
        server.shutdown()
        thread.join()


@pytest.fixture
def site() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Return the address of the paper, and who asked it for what."""
    with serving() as running:
        yield running


def test_a_page_off_the_web(site: tuple[str, list[tuple[str, str]]]) -> None:
    address, asked = site
    ran = extract(f"{address}/oud")
    assert ran.exit_code == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["fetched_url"] == f"{address}/nieuws/sluis-dicht"
    assert document["fetch"]["requested_url"] == f"{address}/oud"
    assert (document["fetch"]["status"], document["fetch"]["etag"]) == (200, '"een"')
    assert document["fetch"]["bytes"] == len(PAGE.encode())
    assert [path for path, _ in asked] == ["/robots.txt", "/oud", "/nieuws/sluis-dicht"]
    assert all(agent.startswith("leesook/") for _, agent in asked)


def test_a_proxy_is_respected(site: tuple[str, list[tuple[str, str]]]) -> None:
    address, asked = site
    ran = extract("http://www.polderbode.example/nieuws/sluis-dicht", http_proxy=address)
    assert ran.exit_code == 0, ran.stderr
    assert ("http://www.polderbode.example/nieuws/sluis-dicht") in [path for path, _ in asked]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/dicht", "robots-txt"),
        ("/niets", "http-status, HTTP 404"),
        ("/groot", "response-too-large"),
        ("/kring", "redirect-loop"),
    ],
)
def test_a_page_that_cannot_be_had(site: tuple[str, list[tuple[str, str]]], path: str, says: str) -> None:
    address, asked = site
    assert says in complaint(extract(f"{address}{path}"), 1)
    assert ("/dicht" in [asked_for for asked_for, _ in asked]) is False
