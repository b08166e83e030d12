"""The index of words after a bulk load: made and waited for, or left to MongoDB by who has no time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from pymongo.database import Database

from crawler.text_search import INDEX
from tests.running import ROOT

MAKE = """
import logging, sys
from scrapy.settings import Settings
from crawler.mongodb.connection import open_database
from pipelines.store_words import index_after_loading
logging.basicConfig(level=logging.INFO, format="%(message)s")
with open_database(Settings({"MONGODB_URI": sys.argv[1], "MONGODB_DATABASE": sys.argv[2]})) as opened:
    index_after_loading(opened)
print("went on")
"""
"""As `scrapy crawl backfill` does when it is done."""


def start(uri: str, database: Database[Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, uri, database.name],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def load(database: Database[Any], articles: int) -> None:
    texts = (" ".join(f"{number:x}w{word:x}" for word in range(500)) for number in range(articles))
    database.articles.insert_many([{"text": text} for text in texts])


def test_it_is_waited_for(mongodb_uri: str, database: Database[Any]) -> None:
    load(database, 10)
    said, _ = start(mongodb_uri, database).communicate(timeout=60)
    assert said == "went on\n"
    assert database.articles.count_documents({"search_language": None, "$text": {"$search": "3w1f"}}) == 1
    assert start(mongodb_uri, database).communicate(timeout=60)[0] == "went on\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_has_no_time_for_it_goes_on(mongodb_uri: str, database: Database[Any], number: int) -> None:
    load(database, 5_000)
    making = start(mongodb_uri, database)
    assert making.stdout is not None
    assert making.stdout.readline().startswith("Making the index of words over 5,000 articles, once")
    time.sleep(0.5)
    assert making.poll() is None
    began = time.monotonic()
    making.send_signal(number)
    said, _ = making.communicate(timeout=60)
    assert said.splitlines() == [
        "The index of words is not waited for any longer: MongoDB goes on with it, or the next crawl makes it",
        "went on",
    ]
    assert making.returncode == 0
    assert time.monotonic() - began < 20
    while INDEX not in database.articles.index_information():
        assert time.monotonic() - began < 60
        time.sleep(0.1)


def test_a_server_that_refuses_leaves_a_line(mongodb_uri: str, database: Database[Any]) -> None:
    database.articles.create_index([("text", "text")], name="theirs")
    said, _ = start(mongodb_uri, database).communicate(timeout=60)
    assert said.startswith("The index of words is not made, the next crawl tries again: an index of ")
    assert "drop it" in said
    assert said.endswith("went on\n")
