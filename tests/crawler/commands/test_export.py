from __future__ import annotations

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from pymongo import AsyncMongoClient

from crawler.article import Article, to_document
from crawler.export.shapes import FIELDS, SEPARATOR
from crawler.founding_shape import founding_shape
from pipelines.store_schema import prepare
from tests.running import ROOT, Ran, environment, scrapy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

MORNING = datetime(2022, 1, 7, 6, 0, tzinfo=UTC)


class Shelf:
    """A database with a few articles, and `scrapy export` on it."""

    def __init__(self, database: Database[dict[str, Any]], uri: str, stored: list[Article]) -> None:
        self.database = database
        self.env = environment(mongodb_uri=uri, database=database.name)
        self.stored = stored

    def export(self, *options: str) -> Ran:
        return scrapy("export", *options, env=self.env)


@pytest.fixture
async def shelf(database: Database[dict[str, Any]], mongodb_uri: str, make_article: Callable[..., Article]) -> Shelf:
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        await prepare(client[database.name])
    stored = [
        make_article(
            f"https://www.{site}.example/bericht-{number}",
            published_at=MORNING + timedelta(days=number),
            language=language,
            title=f"Bericht {number}: Oekraïne",
        )
        for number, (site, language) in enumerate([("polderbode", "nl"), ("polderbode", "fy"), ("kustkrant", "nl")])
    ]
    database.articles.insert_many(map(to_document, stored))
    return Shelf(database, mongodb_uri, stored)


def titles(ran: Ran) -> list[str]:
    assert ran.exit_code == 0, ran.stderr
    return [json.loads(line)["title"] for line in ran.stdout.splitlines()]


def complaint(ran: Ran, status: int) -> str:
    """Return the one line in which a command says what is wrong."""
    assert ran.exit_code == status
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("scrapy export: ")
    return line


def test_json_lines_are_all_there_is_on_the_standard_output(shelf: Shelf) -> None:
    ran = shelf.export()
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert [tuple(line) for line in lines] == [FIELDS] * 3
    assert [line["_id"] for line in lines] == [article.id for article in shelf.stored]
    assert [line["published_at"] for line in lines] == [f"2022-01-0{day}T07:00:00+01:00" for day in (7, 8, 9)]
    assert lines[0]["fetch"]["at"] == "2022-01-08T06:00:00Z"


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--language", "nl"], [0, 2]),
        (["--site", "kustkrant.example"], [2]),
        (["--site", "kustkrant.example", "--site", "polderbode.example", "--language", "fy"], [1]),
        (["--since", "2022-01-08"], [1, 2]),
        (["--until", "2022-01-08"], [0, 1]),
        (["--since", "2022-01-08", "--until", "2022-01-08"], [1]),
    ],
)
def test_options_choose(shelf: Shelf, options: list[str], numbers: list[int]) -> None:
    assert titles(shelf.export(*options)) == [shelf.stored[number].title for number in numbers]


def test_texts_are_the_founding_shape_between_form_feeds(shelf: Shelf, tmp_path: Path) -> None:
    ran = shelf.export("--format", "text", "-o", str(tmp_path / "a.txt"))
    assert (ran.exit_code, ran.stdout) == (0, "")
    stream = (tmp_path / "a.txt").read_bytes().decode()
    assert stream.split(SEPARATOR) == [founding_shape(article) for article in shelf.stored]


def test_a_directory_gets_one_text_per_article(shelf: Shelf, tmp_path: Path) -> None:
    ran = shelf.export("--format", "text", "--output", f"{tmp_path}/texts/")
    assert ran.exit_code == 0, ran.stderr
    assert {path.name: path.read_bytes().decode() for path in (tmp_path / "texts").iterdir()} == {
        f"{article.site}_2022-01_{article.id}.txt": founding_shape(article) for article in shelf.stored
    }


def test_a_compressed_table(shelf: Shelf, tmp_path: Path) -> None:
    ran = shelf.export("--format", "csv", "--output", str(tmp_path / "a.csv.gz"))
    assert ran.exit_code == 0
    assert ran.stderr == f"3 articles in {tmp_path}/a.csv.gz\n"
    text = gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).decode()
    assert [row["title"] for row in csv.DictReader(text.splitlines())] == [article.title for article in shelf.stored]


def test_nothing_found_is_said_and_no_failure(shelf: Shelf, tmp_path: Path) -> None:
    ran = shelf.export("--language", "fr", "-o", str(tmp_path / "a.jsonl"))
    assert ran.exit_code == 0
    assert "no article matches" in ran.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--format", "xml"], "--format 'xml' is not one of jsonl, text, csv"),
        (["--since", "gisteren"], "--since: 'gisteren' is not a date: write 2022-01-31"),
        (["--until", "2022-02-30"], "--until: '2022-02-30' is not a date"),
        (["--since", "2022-02", "--until", "2022-01"], "is later than --until"),
        (["--language", "Nederlands"], "--language: 'Nederlands' is not a language code"),
        (["--colour", "red"], "there is no option --colour"),
        (["articles"], "'articles' is not an option"),
        (["--output", "/"], "only --format text writes one file per article"),
    ],
)
def test_misuse_is_one_clear_line_and_status_2(tmp_path: Path, options: list[str], says: str) -> None:
    env = environment(mongodb_uri="mongodb://127.0.0.1:1/", database="news")
    assert says in complaint(scrapy("export", *options, env=env), 2)


def test_a_database_out_of_reach_is_one_line_without_the_password() -> None:
    env = environment(mongodb_uri="mongodb://me:geheim@127.0.0.1:1/", database="news")
    said = complaint(scrapy("export", env=env), 1)
    assert "no contact with MongoDB at mongodb://me:***@127.0.0.1:1/" in said
    assert "geheim" not in said


def test_an_output_that_cannot_be_written_is_one_line(shelf: Shelf, tmp_path: Path) -> None:
    said = complaint(shelf.export("-o", str(tmp_path / "none" / "a.jsonl")), 1)
    assert said == f"scrapy export: cannot write {tmp_path}/none/a.jsonl: No such file or directory"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line(shelf: Shelf) -> None:
    assert "No space left on device" in complaint(shelf.export("-o", "/dev/full"), 1)


def test_a_reader_who_has_seen_enough_hears_nothing_more(shelf: Shelf, make_article: Callable[..., Article]) -> None:
    fill(shelf, make_article, 2_000)
    process = started(shelf)
    assert process.stdout
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_export_that_is_stopped_leaves_no_half_file(
    shelf: Shelf, make_article: Callable[..., Article], tmp_path: Path, number: signal.Signals, status: int
) -> None:
    fill(shelf, make_article, 6_000)
    process = started(shelf, "-o", str(tmp_path / "a.jsonl"))
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".a.jsonl.*.part")):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert len(said.splitlines()) <= 1
    assert os.listdir(tmp_path) == []


SIGNALLED = """
import runpy, signal, sys

def look(frame, event, argument):
    if event == "return" and frame.f_back.f_code.co_name == "_get_conn":
        sys.settrace(None)
        signal.raise_signal(signal.SIGTERM)
    return look

def trace(frame, event, argument):
    # Of a condition: its lock is taken, and the block that lets it go has not begun.
    return look if frame.f_code.co_qualname == "Condition.__enter__" else None

sys.settrace(trace)
sys.argv[0] = "scrapy"
runpy.run_module("scrapy", run_name="__main__")
"""


def test_a_signal_in_the_moment_in_which_pymongo_takes_a_lock(shelf: Shelf, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SIGNALLED, "export", "-o", str(tmp_path / "a.jsonl")],
        cwd=ROOT, env=shelf.env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (143, "", "")
    assert os.listdir(tmp_path) == []


def fill(shelf: Shelf, make_article: Callable[..., Article], number: int) -> None:
    long = "Het water stijgt en niemand weet waarom. " * 50
    addresses = (f"https://www.polderbode.example/lang-{count}" for count in range(number))
    shelf.database.articles.insert_many({**to_document(make_article(url)), "keywords": [long]} for url in addresses)


def started(shelf: Shelf, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "export", *options],
        cwd=ROOT,
        env=shelf.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_help_names_what_a_user_needs(shelf: Shelf) -> None:
    said = " ".join(shelf.export("--help").stdout.split())
    for words in ("form feed", "publisher's own clock", "the whole of that day", "csv: one row an article", ".gz"):
        assert words in said
    assert re.search(r"-o( FILE)?, --output FILE", said)


def test_parquet_with_every_field_and_partitions(shelf: Shelf, tmp_path: Path) -> None:
    ran = shelf.export("--format", "parquet", "-o", str(tmp_path / "a.parquet"))
    assert (ran.exit_code, ran.stderr) == (0, f"3 articles in {tmp_path}/a.parquet\n")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.to_pylist() == [to_document(article) for article in shelf.stored]
    ran = shelf.export("--format", "parquet", "--partition", "--language", "nl", "-o", f"{tmp_path}/parts/")
    assert ran.exit_code == 0, ran.stderr
    assert sorted(str(path.relative_to(tmp_path / "parts")) for path in (tmp_path / "parts").rglob("*.parquet")) == [
        f"site={site}.example/month=2022-01/articles.parquet" for site in ("kustkrant", "polderbode")
    ]


@pytest.mark.parametrize(
    "options",
    [
        ["--partition"],
        ["--partition", "-o", "a/"],
        ["--format", "parquet", "--partition"],
        ["--format", "parquet", "-o", "a/"],
        ["--format", "parquet", "-o", "a.parquet.gz"],
    ],
    ids=" ".join,
)
def test_what_parquet_cannot_do_is_a_mistake(shelf: Shelf, options: list[str]) -> None:
    complaint(shelf.export(*options), 2)


def test_without_pyarrow_the_remedy_is_named(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('gone', name='pyarrow')")
    shelf.env["PYTHONPATH"] = str(tmp_path)
    line = complaint(shelf.export("--format", "parquet", "-o", str(tmp_path / "a.parquet")), 1)
    assert "pip install 'leesook[parquet]'" in line
    assert not (tmp_path / "a.parquet").exists()
