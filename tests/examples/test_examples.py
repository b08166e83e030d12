"""Each example runs on what a real crawl of the fixtures leaves, and says what is in the database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.server import FixtureServer
from tests.running import ROOT, environment, scrapy

if TYPE_CHECKING:
    import pymongo
    from pymongo.database import Database

EXAMPLES = ROOT / "examples"


@dataclass
class Crawled:
    """A crawled database and its exports."""

    database: Database[dict[str, Any]]
    env: dict[str, str]
    exports: Path

    def run(self, name: str, *arguments: str) -> str:
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        env = self.env | {"PYTHONUTF8": "1", "POLARS_FMT_STR_LEN": "60"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture(scope="module")
def crawled(
    mongodb_uri: str,
    _mongodb_client: pymongo.MongoClient[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Crawled]:
    database = _mongodb_client[f"examples_{os.getpid()}"]
    exports = tmp_path_factory.mktemp("exports")
    with FixtureServer() as server:
        env = environment(mongodb_uri=mongodb_uri, database=database.name, proxy=server.url)
        sites = f"sites_file={ROOT / 'fixtures' / 'sites.toml'}"
        ran = scrapy("crawl", "news", "-a", sites, "-s", "SITEMAP_DAYS=0", env=env)
        assert ran.exit_code == 0, ran.stderr
    for options in (["-o", str(exports / "news.parquet")], ["--partition", "-o", f"{exports / 'news'}/"]):
        ran = scrapy("export", "--format", "parquet", *options, env=env)
        assert ran.exit_code == 0, ran.stderr
    yield Crawled(database, env, exports)
    _mongodb_client.drop_database(database.name)


def test_every_example_is_named_in_their_readme_and_run_here() -> None:
    readme, here = (EXAMPLES / "README.md").read_text(), Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f"`{path.name} " in readme
        assert f'"{path.name}"' in here


def test_latest(crawled: Crawled) -> None:
    titles = [row["title"] for row in crawled.database.articles.find().sort("published_at", -1).limit(10)]
    shown = [line for line in crawled.run("latest.py").splitlines() if not line.startswith("    ")]
    assert [line.split("  ", 2)[2] for line in shown] == titles
    one = crawled.run("latest.py", "stadsbode.example")
    assert {line.split("  ")[1] for line in one.splitlines() if not line.startswith("    ")} == {"stadsbode.example"}


def test_the_read_also_graph(crawled: Crawled) -> None:
    articles = {row["_id"]: row for row in crawled.database.articles.find()}
    start = next(row for row in articles.values() if any(link["article_id"] in articles for link in row["related"]))
    lines = crawled.run("read_also_graph.py", start["url"]).splitlines()
    at = lines.index("Who leads to it:")
    first = {articles[link["article_id"]]["title"] for link in start["related"] if link["article_id"] in articles}
    first -= {start["title"]}
    assert lines[0] == start["title"]
    assert {line.strip() for line in lines[1:at] if re.match(r" {4}\S", line)} == first
    pointing = {r["title"] for r in articles.values() if start["_id"] in {k["article_id"] for k in r["related"]}}
    assert {line.strip() for line in lines[at + 1 :]} == pointing
    assert crawled.run("read_also_graph.py").splitlines()[0] in {row["title"] for row in articles.values()}


def test_words_by_month(crawled: Crawled) -> None:
    query = {"language": "nl", "date": {"$ne": None}}
    months = Counter(row["date"] for row in crawled.database.articles.find(query))
    lines = [line.split(maxsplit=2) for line in crawled.run("word_frequencies.py").splitlines()]
    assert {month: int(articles) for month, articles, _ in lines} == months
    assert all(re.fullmatch(r"\w+ \d+(, \w+ \d+)*", words) for _, _, words in lines)


@pytest.mark.parametrize("export", ["news.parquet", "news/**/*.parquet"])
def test_with_polars(crawled: Crawled, export: str) -> None:
    shown = crawled.run("months_with_polars.py", str(crawled.exports / export))
    groups = {(row["site"], row["date"]) for row in crawled.database.articles.find({"duplicate_of": None})}
    assert len(re.findall(r"\.example +┆", shown)) == len(groups)


@pytest.mark.parametrize("export", ["news.parquet", "news/**/*.parquet"])
def test_with_duckdb(crawled: Crawled, export: str) -> None:
    shown = crawled.run("links_with_duckdb.py", str(crawled.exports / export))
    pointers = Counter(k["article_id"] for row in crawled.database.articles.find() for k in row["related"])
    assert int(re.findall(r"│ +(\d+) │ ", shown)[-10]) == max(pointers.values())
    assert "noorderkoerier.example" in shown
