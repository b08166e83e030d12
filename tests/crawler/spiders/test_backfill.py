"""One-off jobs: lists, archives and folders, whole and broken, run once and run again."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from crawler.text_search import INDEX
from crawler.url import article_id
from fixtures.server import FixtureServer
from fixtures.world import load_world
from tests.crawler.discovery.test_warc import HTML, archive
from tests.running import ROOT, Ran, environment, scrapy

HOST = "www.noorderkoerier.example"
BRIDGE = f"http://{HOST}/binnenland/a4125/brugwachter-bedient-negen-bruggen"
FERRY = f"http://{HOST}/binnenland/a4101/veerdienst-waddermond-schrapt-nachtboot"
DIKE = f"http://{HOST}/binnenland/a4102/waterschap-elmerdiep-verlegt-zeedijk"
ORDER = f"http://{HOST}/economie/a4103/scheepswerf-kruiskade-haalt-order-binnen"

Crawl = Callable[..., Ran]


def page(url: str) -> bytes:
    return load_world()[HOST].find(url.removeprefix(f"http://{HOST}")).body


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with FixtureServer() as server:
        yield server


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any], server: FixtureServer) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name, proxy=server.url)


@pytest.fixture
def crawl(env: dict[str, str]) -> Crawl:
    def run(*arguments: str) -> Ran:
        return scrapy("crawl", "backfill", *arguments, "-s", "DOWNLOAD_DELAY=0.01", env=env)

    return run


def write_archive(path: Path, *urls: str) -> list[int]:
    content, offsets = archive([(url, "200 OK", HTML, page(url)) for url in urls], compressed=True)
    path.write_bytes(content)
    return offsets


def test_archive(tmp_path: Path, crawl: Crawl, database: Database[Any], server: FixtureServer) -> None:
    write_archive(tmp_path / "a.warc.gz", FERRY, DIKE)
    write_archive(tmp_path / "b.warc.gz", ORDER, FERRY)
    ran = crawl("-a", f"warc={tmp_path}/*.warc.gz")
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["stored"] == 3
    assert {article["url"] for article in database.articles.find()} == {FERRY, DIKE, ORDER}
    assert {article["fetch"]["via"] for article in database.articles.find()} == {"warc"}
    assert server.access_log == []
    again = crawl("-a", f"warc={tmp_path}/*.warc.gz")
    assert again.exit_code == 0
    assert again.balance["discovered"] == 0
    assert "pages already in hand or settled" in again.stdout


def test_pages_one_brings_are_read_and_keep_what_their_publisher_reserves(
    tmp_path: Path, crawl: Crawl, database: Database[Any]
) -> None:
    reserved = page(FERRY).replace(b"<head>", b'<head><meta name="tdm-reservation" content="1">')
    content, _ = archive([(FERRY, "200 OK", HTML, reserved)], compressed=True)
    (tmp_path / "a.warc.gz").write_bytes(content)
    assert crawl("-a", f"warc={tmp_path}/a.warc.gz").balance["stored"] == 1
    assert database.articles.find_one({"url": FERRY}, {"rights"})["rights"]["tdm_reserved"] is True


def test_damaged_archive_is_read_around_the_damage(tmp_path: Path, crawl: Crawl, database: Database[Any]) -> None:
    path = tmp_path / "a.warc.gz"
    offsets = write_archive(path, FERRY, DIKE, ORDER)
    broken = bytearray(path.read_bytes())
    broken[offsets[1] + 300 : offsets[1] + 400] = bytes(100)
    path.write_bytes(bytes(broken[:-300]))
    ran = crawl("-a", f"warc={path}")
    assert ran.exit_code == 0, ran.stderr
    assert {article["url"] for article in database.articles.find()} == {FERRY}
    assert "2 damaged records skipped" in ran.stdout
    assert f"{path}, offset {offsets[1]}" in ran.stderr
    assert f"{path}, offset {offsets[2]}" in ran.stderr


def test_a_file_that_is_no_archive_is_named_and_the_others_are_read(
    tmp_path: Path, crawl: Crawl, database: Database[Any]
) -> None:
    write_archive(tmp_path / "a.warc.gz", FERRY)
    (tmp_path / "b.warc.gz").write_text("een gewone tekst")
    ran = crawl("-a", f"warc={tmp_path}/*.warc.gz")
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1].endswith("b.warc.gz: not a WARC file (no WARC record at its start)")
    assert database.articles.count_documents({}) == 1


def test_list(tmp_path: Path, crawl: Crawl, database: Database[Any]) -> None:
    path = tmp_path / "urls.txt.gz"
    lines = ["# twee keer dezelfde", FERRY, FERRY + "?utm_source=lijst", "", "geen adres", "ftp://x.example/"]
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    ran = crawl("-a", f"urls={path}")
    assert ran.exit_code == 0, ran.stderr
    assert ran.balance["discovered"] == ran.balance["stored"] == 1
    assert "2 entries without a usable URL" in ran.stdout
    row = database.pages.find_one({"_id": article_id(FERRY)})
    assert row is not None
    assert (row["via"], row["found_on"]) == ("list", "urls.txt.gz")
    assert database.pages.count_documents({}) == 1, "a backfill follows no read-also links unless asked"


def test_read_also_links_are_followed_when_asked(tmp_path: Path, crawl: Crawl, database: Database[Any]) -> None:
    path = tmp_path / "urls.txt"
    path.write_text(FERRY)
    ran = crawl("-a", f"urls={path}", "-s", "READ_ALSO_DEPTH=2")
    assert ran.exit_code == 0, ran.stderr
    assert {row["depth"] for row in database.pages.find()} == {0, 1, 2}


def test_max_articles_is_exact_and_leaves_the_rest_pending(
    tmp_path: Path, crawl: Crawl, database: Database[Any]
) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("\n".join([FERRY, DIKE, ORDER]))
    ran = crawl("-a", f"urls={path}", "-a", "max_articles=2")
    assert ran.exit_code == 0, ran.stderr
    assert database.articles.count_documents({}) == 2
    assert ran.balance["pending"] == 1
    assert crawl("-a", f"urls={path}").balance["stored"] == 1


def test_folder_of_saved_pages(tmp_path: Path, crawl: Crawl, database: Database[Any]) -> None:
    (tmp_path / "a.html").write_bytes(page(FERRY))
    (tmp_path / "b.html").write_text("<p>Een pagina zonder adres")
    ran = crawl("-a", f"html={tmp_path}")
    assert ran.exit_code == 0, ran.stderr
    assert [article["url"] for article in database.articles.find()] == [FERRY]
    assert "b.html: names no canonical URL; give -a base_url" in ran.stderr


def test_nothing_fetched_is_no_success(tmp_path: Path, crawl: Crawl) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("http://bestaat-niet.example/1\n")
    ran = crawl("-a", f"urls={path}")
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1] == "scrapy crawl: nothing could be fetched (1 tried)"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give one of -a warc=PATH|GLOB"),
        (("-a", "warc=nergens.warc"), "-a warc=nergens.warc: no such file or folder"),
        (("-a", "urls=crawler"), "crawler is a folder"),
        (("-a", "html=README.md"), "README.md is no folder"),
        (("-a", "urls=README.md", "-a", "max_articles=veel"), "give a whole number above 0"),
        (("-a", "url=x"), "unknown argument -a url="),
        (("-a", "html=tests", "-a", "base_url=tests"), "give an http(s) URL"),
    ],
)
def test_mistakes_are_one_line_and_no_crawl(crawl: Crawl, database: Database[Any], arguments: Any, says: str) -> None:
    ran = crawl(*arguments)
    assert ran.exit_code == 2
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert database.list_collection_names() == []


def test_an_extension_that_there_is_not_ends_in_a_line(crawl: Crawl, database: Database[Any]) -> None:
    ran = crawl("-a", "urls=README.md", "-s", 'EXTENSIONS={"nowhere.Ours": 1}')
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1] == "scrapy crawl: the crawl could not be started; see the log"
    assert "No module named 'nowhere'" in ran.stderr
    assert database.pages.count_documents({}) == 0


def test_a_database_without_a_name_is_the_usual_one(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("")
    env = environment(mongodb_uri="", database="") | {"MONGODB_DATA_DIR": str(tmp_path / "db")}
    ran = scrapy("crawl", "backfill", "-a", f"urls={listed}", "-s", "MONGODB_DATABASE=", env=env)
    assert ran.exit_code == 0, ran.said
    assert ran.balance["discovered"] == 0


@pytest.mark.parametrize(
    ("level", "says"),
    [("veel", "LOG_LEVEL=veel: give CRITICAL, ERROR, WARNING, INFO or DEBUG"), ("debug", "no such file or folder")],
)
def test_a_log_level_is_known_in_small_letters_too(crawl: Crawl, level: str, says: str) -> None:
    ran = crawl("-a", "warc=nergens.warc", "--loglevel", level)
    assert ran.exit_code == 2
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("mongodb://iemand:geheim@127.0.0.1:1/", "nothing listens there"),
        ("mongodb://nergens.example:27017/", "no contact with MongoDB"),
        ("postgres://x", "MONGODB_URI"),
    ],
)
def test_unreachable_database_is_one_line_without_the_password(uri: str, says: str) -> None:
    ran = scrapy("crawl", "news", "-a", "sites=nos.nl", env=environment(mongodb_uri=uri, database="x"))
    assert ran.exit_code == 3
    assert says in ran.stderr
    assert "geheim" not in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def interrupted(env: dict[str, str], pages: Collection[Any], urls: Path, *signals: int) -> tuple[int, str, float]:
    """Start a slow crawl, send the signals once it has stored something; return exit status, output, seconds to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", "backfill", "-a", f"urls={urls}", "-s", "DOWNLOAD_DELAY=0.2"],
        env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    # However long a busy machine takes to start it.
    patience = time.monotonic() + 60
    while not pages.count_documents({"state": "stored"}):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < patience, "nothing stored in a minute"
        time.sleep(0.05)
    started = time.monotonic()
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(0.3)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output, time.monotonic() - started


@pytest.mark.parametrize(
    ("signals", "code", "says"),
    [
        ((signal.SIGINT,), 130, "stopped by SIGINT"),
        ((signal.SIGTERM,), 143, "stopped by SIGTERM"),
        ((signal.SIGINT, signal.SIGINT), 130, "by SIGINT"),
        ((signal.SIGKILL,), -9, ""),
    ],
)
def test_whatever_stops_a_run_the_next_one_completes_it(
    tmp_path: Path, env: dict[str, str], database: Database[Any], signals: tuple[int, ...], code: int, says: str
) -> None:
    from tests.crawler.spiders.expected import expected_pages

    wanted = [url for url, page in expected_pages().items() if "url" in page and HOST in url]
    path = tmp_path / "urls.txt"
    path.write_text("\n".join(wanted))
    returncode, output, seconds = interrupted(env, database.pages, path, *signals)
    assert returncode == code, output
    assert says in output
    assert "Traceback" not in output
    if len(signals) == 2:
        # A page that is under way would keep it for longer, and a busy machine needs some seconds to end processes.
        assert seconds < 20
    # In the middle of it, or the test shows nothing.
    assert 0 < database.pages.count_documents({"state": "pending"}) < len(wanted)
    assert INDEX not in database.articles.index_information()
    done = scrapy("crawl", "backfill", "-a", f"urls={path}", "-s", "DOWNLOAD_DELAY=0.01", env=env)
    assert done.exit_code == 0, done.stderr
    assert database.pages.count_documents({}) == len({article_id(url) for url in wanted})
    assert database.pages.count_documents({"state": {"$in": ["stored", "duplicate", "unchanged"]}}) >= len(wanted) - 3
    assert database.pages.count_documents({"state": "pending"}) == 0
    # Once for all that was loaded, when it was.
    assert INDEX in database.articles.index_information()


def test_without_the_index_of_words_nothing_makes_it_but_a_job_that_may(
    tmp_path: Path, crawl: Crawl, database: Database[Any]
) -> None:
    write_archive(tmp_path / "a.warc.gz", FERRY)
    warc = f"warc={tmp_path}/a.warc.gz"
    assert crawl("-a", warc, "-s", "TEXT_INDEX=False").balance["stored"] == 1
    assert INDEX not in database.articles.index_information()
    assert crawl("-a", warc).balance["discovered"] == 0
    assert INDEX in database.articles.index_information()
