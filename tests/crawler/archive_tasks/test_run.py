"""Archives read by a Dask cluster: the same as one process stores, whoever dies and whenever it is stopped.

`make test-cluster` reads larger ones, and has more die (`deaths.py`).
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from scrapy.settings import Settings

from benchmarks.storage import address, write_made_archive
from crawler.archive_tasks.run import Misuse, checked
from crawler.spiders.backfill import BackfillSpider
from crawler.text_search import INDEX
from crawler.url import article_id
from tests.crawler.archive_tasks.archives import Archives, backfill, stored, stored_by_one_process
from tests.crawler.archive_tasks.cluster import Cluster, Run, assert_books_are_right, running_cluster, wait_until
from tests.running import environment, scrapy


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    archives = Archives(folder=tmp_path_factory.mktemp("archives"), files=3, pages=8)
    archives.write()
    return archives


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers; whoever kills one starts another."""
    with running_cluster(tmp_path_factory.mktemp("dask") / "cluster") as cluster:
        yield cluster


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any]) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name)


def test_same_as_one_process_though_a_worker_is_killed(
    archives: Archives, cluster: Cluster, mongodb_uri: str, database: Database[Any], env: dict[str, str]
) -> None:
    wanted = stored_by_one_process(archives, database, mongodb_uri)
    assert len(wanted) > len(archives.keys), "no article has a revision: the test shows nothing"
    with Run(archives, cluster.address, env) as run:
        wait_until(lambda: database.articles.count_documents({}) > 3)
        cluster.kill_a_worker_that_reads(database)
        cluster.add_worker()
        ran = run.end()
    assert ran.exit_code == 0, ran.stderr + cluster.log()
    assert stored(database) == wanted
    assert_books_are_right(database, archives, ran)
    parts = list(database.crawls.find({"part_of": {"$ne": None}}))
    assert len(parts) > archives.files, "nothing was tried again: no task was lost with the worker"
    assert {part["arguments"]["warc"] for part in parts} == {str(path) for path in archives.folder.iterdir()}
    again = backfill(archives.glob, env, scheduler="local")
    assert (again.exit_code, again.balance["discovered"]) == (0, 0), again.stderr
    assert stored(database) == wanted


def test_stopped_at_once_and_completed_by_the_next_run(
    archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str]
) -> None:
    with Run(archives, cluster.address, env) as run:
        wait_until(lambda: database.articles.count_documents({}) > 3)
        for _ in range(2):
            os.killpg(run.process.pid, signal.SIGINT)
        stopped = run.end()
    run.assert_stopped(stopped, 130, "by SIGINT")
    assert INDEX not in database.articles.index_information()
    again = backfill(archives.glob, env, scheduler="local")
    assert again.exit_code == 0, again.stderr
    # When all archives are read, and not by the first part that comes to its end.
    assert INDEX in database.articles.index_information()
    assert_books_are_right(database, archives, again)


def test_local_uses_the_cores_and_what_cannot_be_read_is_named(
    tmp_path: Path, database: Database[Any], env: dict[str, str]
) -> None:
    for name in "ac":
        write_made_archive(tmp_path / f"{name}.warc.gz", 3)
    whole = (tmp_path / "a.warc.gz").read_bytes()
    (tmp_path / "a.warc.gz").write_bytes(whole[:-300])
    (tmp_path / "b.warc.gz").write_text("een gewone tekst")
    ran = backfill(f"{tmp_path}/*.warc.gz", env, scheduler="local")
    assert ran.exit_code == 1
    assert "b.warc.gz: not a WARC file" in ran.stderr.splitlines()[-1]
    assert "a.warc.gz, offset" in ran.stderr
    assert "1 damaged records skipped" in ran.stdout
    assert ran.balance["discovered"] == ran.balance["stored"] == 3
    assert "2 pages already in hand or settled" in ran.stdout
    assert {article["_id"] for article in database.articles.find()} == {article_id(address(n)) for n in range(3)}
    status = scrapy("status", env=env)
    assert len([line for line in status.stdout.splitlines() if " backfill " in line]) == 1


def test_the_password_is_nowhere(tmp_path: Path, cluster: Cluster, mongodb_uri: str, database: Database[Any]) -> None:
    write_made_archive(tmp_path / "a.warc.gz", 3)
    # This server asks nobody for a password; a login that it does not know it refuses.
    host = mongodb_uri.removeprefix("mongodb://")
    env = environment(mongodb_uri=f"mongodb://iemand:geheim@{host}", database="x")
    ran = backfill(f"{tmp_path}/*.warc.gz", env, scheduler=cluster.address)
    assert ran.exit_code == 3
    assert "refuses these credentials" in ran.stderr
    assert "geheim" not in ran.stderr + ran.stdout + cluster.log()


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        ({"urls": "README.md"}, {"DASK_SCHEDULER": "local"}, "is for `scrapy crawl backfill -a warc=…`"),
        ({"warc": "README.md", "max_articles": "3"}, {"DASK_SCHEDULER": "local"}, "-a max_articles"),
        ({"warc": "README.md"}, {"DASK_SCHEDULER": "elders", "MONGODB_URI": "mongodb://h"}, "write tcp://host:8786"),
        ({"warc": "README.md"}, {"DASK_SCHEDULER": "tcp://h:1"}, "set MONGODB_URI"),
    ],
)
def test_mistakes_say_the_remedy(arguments: dict[str, str], settings: dict[str, str], says: str) -> None:
    with pytest.raises(Misuse, match=re.escape(says)):
        checked(BackfillSpider(**arguments), Settings(settings))


def test_no_scheduler_is_one_line_and_no_run(archives: Archives, database: Database[Any], env: dict[str, str]) -> None:
    ran = backfill(archives.glob, env, scheduler="tcp://127.0.0.1:1")
    assert ran.exit_code == 3
    (line,) = ran.stderr.splitlines()
    assert line.startswith("scrapy crawl: no contact with the Dask scheduler at tcp://127.0.0.1:1 within 5 seconds")
    assert "start one with `dask scheduler`" in line
    assert database.list_collection_names() == []


def test_without_the_extra_the_remedy_is_named(archives: Archives, env: dict[str, str], tmp_path: Path) -> None:
    # A folder before site-packages in which `distributed` is as it is where nobody has installed it.
    (tmp_path / "distributed.py").write_text("raise ModuleNotFoundError('No module', name='distributed')")
    ran = backfill(archives.glob, env | {"PYTHONPATH": str(tmp_path)}, scheduler="local")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.strip().endswith("needs the extra `cluster`: pip install 'leesook[cluster]'")
