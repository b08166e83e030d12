"""WARC files and lists of URLs on web servers: read part by part, whatever breaks, and never twice."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from crawler.url import article_id
from tests.crawler.discovery.test_warc import HTML, archive
from tests.crawler.remote.serving import Answer, ArchiveHost
from tests.faults.test_page_faults import ordinary
from tests.running import ROOT, Ran, environment, scrapy

Crawl = Callable[..., Ran]

PATH = "/2026/bode.warc.gz"
QUICK = ("-s", "DOWNLOAD_DELAY=0.01", "-s", "EXTRACTION_WORKERS=1")


def url(number: int) -> str:
    return f"https://bode.example/nieuws/artikel-{number}.html"


def body(number: int) -> bytes:
    # What does not compress, so that a record has its size in the file.
    noise = random.Random(number).randbytes(2_000).hex()
    return ordinary(f"artikel-{number}").replace("</body>", f"<!-- {noise} --></body>").encode()


def pile(numbers: range, *, compressed: bool = True) -> tuple[bytes, list[int]]:
    """Return a WARC file with an article for each number, and the offsets of its records."""
    return archive([(url(number), "200 OK", HTML, body(number)) for number in numbers], compressed=compressed)


@pytest.fixture
def host() -> Iterator[ArchiveHost]:
    with ArchiveHost() as host:
        yield host


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any]) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name)


@pytest.fixture
def crawl(env: dict[str, str]) -> Crawl:
    def run(*arguments: str, piece_mb: float = 0.01) -> Ran:
        return scrapy("crawl", "backfill", *arguments, "-s", f"REMOTE_PIECE_MB={piece_mb}", *QUICK, env=env)

    return run


def stored(database: Database[Any]) -> set[str]:
    return {article["url"] for article in database.articles.find({}, {"url": 1})}


def test_an_archive_on_the_web_is_read_in_parts_and_once(
    host: ArchiveHost, crawl: Crawl, database: Database[Any]
) -> None:
    host.files[PATH], offsets = pile(range(20))
    ran = crawl("-a", f"warc={host.url}{PATH}")
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["stored"] == 20
    article = database.articles.find_one({"_id": article_id(url(3))})
    assert article is not None
    assert (article["fetched_url"], article["site"], article["fetch"]["via"]) == (url(3), "bode.example", "warc")
    row = database.pages.find_one({"_id": article_id(url(3))})
    assert row is not None
    assert (row["found_on"], row["record"]["offset"]) == (f"{host.url}{PATH}", offsets[3])
    # Part by part, each once, and by what we are called.
    assert host.bytes_asked(PATH) == list(range(0, len(host.files[PATH]), 10_000))
    assert {one.agent for one in host.asked} == {"leesook/0.1 (news crawler)"}
    assert "read to its end" in ran.stderr
    host.asked.clear()
    again = crawl("-a", f"warc={host.url}{PATH}")
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == 0
    assert "1 archives read to their end by an earlier run" in again.stdout
    assert len(host.bytes_asked(PATH)) == 1
    # Another version of it is read anew; the records that are known are known.
    host.files[PATH], _ = pile(range(22))
    grown = crawl("-a", f"warc={host.url}{PATH}")
    assert grown.exit_code == 0, grown.stderr
    assert grown.balance["discovered"] == grown.balance["stored"] == 2
    assert "not what it was when it was read before" in grown.stderr


def test_a_connection_that_breaks_costs_what_had_not_come(
    host: ArchiveHost, crawl: Crawl, database: Database[Any]
) -> None:
    host.files |= {PATH: pile(range(6))[0], "/whole.warc.gz": pile(range(6, 12))[0]}
    host.breaks[PATH] = 3_000
    # A server that knows no parts has to send it all again.
    host.whole = {"/whole.warc.gz"}
    host.first["/whole.warc.gz"] = [Answer(body=host.files["/whole.warc.gz"], cut_after=9_000)] * 2
    ran = crawl("-a", f"warc={host.url}{PATH},{host.url}/whole.warc.gz")
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["stored"] == 12
    size = len(host.files[PATH])
    parts = [part + at for part in range(0, size, 10_000) for at in range(0, 10_000, 3_000) if part + at < size]
    assert host.bytes_asked(PATH) == parts
    assert host.bytes_asked("/whole.warc.gz") == [0, 0, 0]


def test_damaged_and_cut_off_records_are_named_by_url_and_offset(
    host: ArchiveHost, crawl: Crawl, database: Database[Any]
) -> None:
    content, offsets = pile(range(5))
    broken = bytearray(content)
    broken[offsets[1] + 300 : offsets[1] + 400] = bytes(100)
    host.files[PATH] = bytes(broken[:-300])
    ran = crawl("-a", f"warc={host.url}{PATH}")
    assert ran.exit_code == 0, ran.stderr
    assert stored(database) == {url(number) for number in (0, 2, 3)}
    assert "2 damaged records skipped" in ran.stdout
    assert f"{host.url}{PATH}, offset {offsets[1]}: " in ran.stderr
    assert f"{host.url}{PATH}, offset {offsets[4]}: " in ran.stderr


def test_what_cannot_be_had_is_one_line_and_the_others_are_read(
    host: ArchiveHost, crawl: Crawl, database: Database[Any]
) -> None:
    host.files |= {PATH: pile(range(2))[0], "/page.html": b"<h1>Not here</h1>", "/empty.warc.gz": b""}
    host.files |= {"/large.warc.gz": bytes(3_000_000), "/robots.txt": b"User-agent: *\nDisallow: /forbidden"}
    host.whole = {"/large.warc.gz"}
    names = ["/gone.warc.gz", "/page.html", "/empty.warc.gz", "/forbidden.warc.gz", "/large.warc.gz", PATH]
    inputs = ",".join(host.url + name for name in names)
    ran = crawl("-a", f"warc={inputs}", "-s", "DOWNLOAD_MAXSIZE=2000000")
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1] == f"scrapy crawl: {host.url}/gone.warc.gz: HTTP 404 (and 4 more)"
    for says in (
        "/page.html: not a WARC file (no WARC record at its start)",
        "/empty.warc.gz: not a WARC file (no WARC record at its start)",
        "/robots.txt disallows it",
        "/large.warc.gz: more than 2 MB, and its server sends no parts of files (Range): download it first",
    ):
        assert len([line for line in ran.stderr.splitlines() if says in line]) == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(stored(database)) == 2
    assert "/forbidden.warc.gz" not in host.paths()


def test_a_host_that_asks_for_a_pause_gets_it_and_one_that_is_away_is_left_for_a_later_run(
    host: ArchiveHost, crawl: Crawl, database: Database[Any]
) -> None:
    paths = [f"/{number}.warc.gz" for number in range(4)]
    host.files |= {path: pile(range(2))[0] for path in paths}
    host.first[paths[0]] = [Answer(status=503, headers={"Retry-After": "2"}), Answer(status=429)]
    host.first[paths[1]] = [Answer(status=503, headers={"Retry-After": "3600"})]
    ran = crawl("-a", "warc=" + ",".join(host.url + path for path in paths), piece_mb=1)
    assert ran.exit_code == 1
    at = [one.at for one in host.asked if one.path == paths[0]]
    assert len(at) == 3
    assert at[1] - at[0] >= 2
    assert at[2] - at[1] >= 5
    assert len(stored(database)) == 2
    assert "asked for 3600 s" in ran.stderr
    assert "127.0.0.1: 2 more archives are left for a later run" in ran.stderr
    assert host.paths() == [paths[0]] * 3 + [paths[1]]


def test_lists_of_archives_are_read_wherever_they_are(
    host: ArchiveHost, crawl: Crawl, database: Database[Any], tmp_path: Any
) -> None:
    host.files["/a/1.warc.gz"], _ = pile(range(2))
    host.files["/a/2.warc"], _ = pile(range(2, 4), compressed=False)
    host.files["/a/paths.gz"] = gzip.compress(
        b"# two\n1.warc.gz\nfile:///etc/hostname\n/a/2.warc\nhttp://192.168.0.1/x", mtime=0
    )
    (tmp_path / "3.warc.gz").write_bytes(pile(range(4, 6))[0])
    (tmp_path / "here.txt").write_text(f"3.warc.gz\n{host.url}/a/1.warc.gz\n")
    ran = crawl("-a", f"warc=@{tmp_path}/here.txt,@{host.url}/a/paths.gz")
    assert ran.exit_code == 1
    # A list from the web leads nowhere in our own network.
    assert "http://192.168.0.1/x: 192.168.0.1 is a local address" in ran.stderr.splitlines()[-1]
    assert stored(database) == {url(number) for number in range(6)}


def test_a_list_of_urls_on_the_web(host: ArchiveHost, crawl: Crawl, database: Database[Any]) -> None:
    for number in range(30):
        host.files[f"/nieuws/{number}"] = ordinary(f"{number}").replace("https://bode.example", host.url).encode()
    local = "http://169.254.169.254/latest/"
    lines = [f"{host.url}/nieuws/{number}" for number in range(30)]
    host.files["/urls.txt.gz"] = gzip.compress("\n".join(["# thirty", *lines, "x" * 200_000, local]).encode(), mtime=0)
    # As some servers call it; what is asked for are the bytes of the file.
    host.headers["/urls.txt.gz"] = {"Content-Encoding": "gzip"}
    ran = crawl("-a", f"urls={host.url}/urls.txt.gz", piece_mb=0.0001)
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["stored"] == 30
    assert len(host.bytes_asked("/urls.txt.gz")) > 2
    row = database.pages.find_one({"url": lines[7]})
    assert row is not None
    assert (row["via"], row["found_on"]) == ("list", f"{host.url}/urls.txt.gz")
    refused = database.pages.find_one({"url": local})
    assert refused is not None
    assert (refused["state"], refused["reason"]) == ("rejected", "private-address")


def test_lists_that_are_none_are_a_line_each(host: ArchiveHost, crawl: Crawl) -> None:
    host.files["/login"] = b"<!doctype html><h1>Log in"
    host.files["/short.gz"] = gzip.compress(b"http://192.168.0.1/1\n" * 900, mtime=0)[:-20]
    inputs = ",".join(f"{host.url}/{name}" for name in ("gone.txt", "login", "short.gz"))
    ran = crawl("-a", f"urls={inputs}")
    assert ran.exit_code == 1
    for says in ("/gone.txt: HTTP 404", "/login: a web page, not a list with one URL a line", "/short.gz: cannot be d"):
        assert says in ran.stderr
    assert "Traceback" not in ran.stderr


def test_dask_is_refused_in_one_line(host: ArchiveHost, crawl: Crawl) -> None:
    ran = crawl("-a", f"warc={host.url}{PATH}", "-s", "DASK_SCHEDULER=local")
    assert ran.exit_code == 2
    assert ran.stderr.splitlines() == [
        "scrapy crawl: DASK_SCHEDULER is for archives that are files: leave it out for those on the web"
    ]
    assert host.asked == []


def test_killed_in_the_middle_it_goes_on_there(
    host: ArchiveHost, crawl: Crawl, env: dict[str, str], database: Database[Any]
) -> None:
    # So many, and so slowly, that it is not done before it is killed: it notes where it is once a second.
    host.files[PATH], offsets = pile(range(600))
    command = [sys.executable, "-m", "scrapy", "crawl", "backfill", "-a", f"warc={host.url}{PATH}", *QUICK]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*command, "-s", "REMOTE_PIECE_MB=0.01", "-s", "DOWNLOAD_DELAY=0.05"],
        env=env, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True,
    )  # fmt: skip
    patience = time.monotonic() + 120
    while database.archives.find_one({"offset": {"$gt": 0}}) is None:
        assert process.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    reached = database.archives.find_one()
    assert reached is not None
    assert reached["offset"] in offsets
    assert 0 < database.articles.count_documents({}) < 600
    host.asked.clear()
    ran = crawl("-a", f"warc={host.url}{PATH}")
    assert ran.exit_code == 0, ran.stderr
    # From where it was, not from the start.
    assert host.bytes_asked(PATH)[0] == reached["offset"]
    assert stored(database) == {url(number) for number in range(600)}
    # What was stored when the run was killed, and not settled yet, is found to be as it was.
    assert {(row["state"], row["visits"]) for row in database.pages.find()} <= {("stored", 1), ("unchanged", 1)}
    assert database.articles.distinct("revision") == [1]
    # A page that goes back to pending later is read again, and its archive only from there.
    database.pages.update_one({"_id": article_id(url(150))}, {"$set": {"state": "pending", "run": None}})
    host.asked.clear()
    again = crawl("-a", f"warc={host.url}{PATH}")
    assert again.exit_code == 0, again.stderr
    assert again.balance["discovered"] == again.balance["unchanged"] == 1
    assert host.bytes_asked(PATH)[0] == offsets[150]
