from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from crawler.mongodb.embedded import serving_pid
from crawler.url import article_id
from pipelines.store_schema import article_schema
from tests.faults.crawling import own_mongod
from tests.processes import standing_still
from tests.running import ROOT, environment, with_load

if TYPE_CHECKING:
    from tests.crawler.commands.conftest import Desk

SITE = "https://www.ochtendpost.example"


def version_0(number: int, **fields: Any) -> dict[str, Any]:
    url = f"{SITE}/{number}"
    return {"_id": ObjectId(), "url": url, "title": f"Bericht {number}", "document": f"Bericht {number}.", **fields}


def test_brings_up_and_says_what_it_left(desk: Desk) -> None:
    bad = version_0(0, title="\x1b", _id="slecht\n")
    desk.database.articles.insert_many([bad, version_0(1), version_0(2)])
    ran = desk.run("migrate", "--dry-run")
    assert (ran.exit_code, ran.stderr) == (1, "")
    assert ran.stdout.splitlines() == [
        "slecht: title: empty",
        "2 articles would be brought up to version 2.",
        "1 left as they are.",
    ]
    assert desk.database.articles.count_documents({"schema": 2}) == 0
    ran = desk.run("migrate")
    assert (ran.exit_code, ran.stdout.splitlines()[1]) == (1, "2 articles brought up to version 2.")
    desk.database.articles.delete_one({"_id": bad["_id"]})
    ran = desk.run("migrate")
    assert (ran.exit_code, ran.stdout) == (0, "0 articles brought up to version 2.\n")


def test_a_crawl_tells_of_articles_of_an_earlier_version(crawled: Desk) -> None:
    """And `migrate` makes of them what they were."""
    articles = crawled.database.articles
    kept = sorted(articles.find(), key=lambda document: str(document["_id"]))
    validator = article_schema()
    validator["$jsonSchema"]["properties"]["schema"]["enum"] = [1]
    crawled.database.command({"collMod": "articles", "validator": validator, "validationLevel": "off"})
    articles.update_many({}, {"$set": {"schema": 1, "signature": None, "bands": []}})
    assert "has articles of an earlier schema version: run `scrapy migrate`" in crawled.crawl().stderr
    ran = crawled.run("migrate")
    assert (ran.exit_code, ran.stdout) == (0, f"{len(kept)} articles brought up to version 2.\n")
    assert sorted(articles.find(), key=lambda document: str(document["_id"])) == kept


def test_killed_again_and_again_it_comes_to_its_end(desk: Desk, mongodb_uri: str) -> None:
    """Nothing is lost, nothing is there twice, whenever it was killed."""
    number = 6000
    desk.database.articles.insert_many([version_0(n) for n in range(number)])
    env = environment(mongodb_uri=mongodb_uri, database=desk.database.name)
    dice = random.Random(7)
    kills = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "migrate"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and desk.database.migrations.find_one({}) is None:
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.6))
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills
    assert desk.run("migrate").exit_code == 0
    found = {document["_id"] for document in desk.database.articles.find({}, {"_id": 1})}
    assert found == {article_id(f"{SITE}/{n}") for n in range(number)}
    assert desk.database.articles.count_documents({"schema": 2}) == number


def test_interrupted_while_the_server_hangs_it_ends(tmp_path: Path) -> None:
    dice = random.Random(8)
    with own_mongod(tmp_path / "db") as server, server.client() as client:
        pid = serving_pid(tmp_path / "db")
        assert pid
        for name in ("one", "two"):
            database = client[name]
            database.articles.insert_many([version_0(n) for n in range(6000)])
            process = subprocess.Popen(
                [sys.executable, "-m", "scrapy", "migrate"], env=environment(mongodb_uri=server.uri, database=name),
                cwd=ROOT, start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                while database.migrations.find_one({}) is None:
                    assert process.poll() is None
                    time.sleep(0.02)
                with standing_still(pid):
                    # In the middle of whichever question it had asked.
                    time.sleep(dice.uniform(0.2, 0.6))
                    process.send_signal(signal.SIGINT)
                    said, _ = process.communicate(timeout=with_load(10))
            finally:
                process.kill()
            assert (process.returncode, said) == (130, "scrapy migrate: interrupted\n")
