"""Whoever may die while archives are read: a machine with all it runs, who handed them out, the scheduler.

Minutes long, so only in `make test-cluster`: CLUSTER_ARCHIVES files of CLUSTER_PAGES pages.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.crawler.archive_tasks.archives import Archives, backfill, stored, stored_by_one_process
from tests.crawler.archive_tasks.cluster import (
    Cluster,
    Run,
    assert_books_are_right,
    no_part_runs,
    running_cluster,
    wait_until,
)
from tests.running import environment

FILES = int(os.environ.get("CLUSTER_ARCHIVES", "4"))
PAGES = int(os.environ.get("CLUSTER_PAGES", "30"))


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    archives = Archives(folder=tmp_path_factory.mktemp("archives"), files=FILES, pages=PAGES)
    archives.write()
    return archives


_alone: dict[Path, dict[str, Any]] = {}


@pytest.fixture
def wanted(archives: Archives, mongodb_uri: str, database: Database[Any]) -> dict[str, Any]:
    """Return what one process stores."""
    if archives.folder not in _alone:
        _alone[archives.folder] = stored_by_one_process(archives, database, mongodb_uri)
    return _alone[archives.folder]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.fixture
def env(mongodb_uri: str, database: Database[Any]) -> dict[str, str]:
    return environment(mongodb_uri=mongodb_uri, database=database.name)


@pytest.fixture
def run(archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str]) -> Iterator[Run]:
    """Return a run that has stored a fifth of its articles."""
    with Run(archives, cluster.address, env) as run:
        wait_until(lambda: database.articles.count_documents({}) > FILES * PAGES // 5)
        yield run


def test_two_workers_one_after_the_other(
    wanted: dict[str, Any], archives: Archives, cluster: Cluster, database: Database[Any], run: Run
) -> None:
    for share in (3, 2):
        wait_until(lambda share=share: database.articles.count_documents({}) > FILES * PAGES // share)
        cluster.workers.pop(0).send_signal(signal.SIGKILL)
        cluster.add_worker()
    ran = run.end()
    assert ran.exit_code == 0, ran.stderr + cluster.log()
    assert stored(database) == wanted
    assert_books_are_right(database, archives, ran)
    assert ran.balance["discovered"] == len(archives.keys)


def test_a_machine_with_all_it_runs(
    wanted: dict[str, Any], archives: Archives, cluster: Cluster, database: Database[Any], run: Run
) -> None:
    for part in database.crawls.find({"ended_at": None, "part_of": {"$ne": None}}):
        os.kill(part["process"]["pid"], signal.SIGKILL)
    cluster.workers[1].send_signal(signal.SIGKILL)
    ran = run.end()
    assert ran.exit_code == 0, ran.stderr + cluster.log()
    assert database.crawls.count_documents({"reason": "killed", "part_of": {"$ne": None}})
    assert stored(database) == wanted
    assert_books_are_right(database, archives, ran)
    assert ran.balance["discovered"] == len(archives.keys)


def test_the_run_itself_whose_parts_go_on(
    wanted: dict[str, Any], archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str], run: Run
) -> None:
    os.killpg(run.process.pid, signal.SIGKILL)
    run.process.wait()
    # The next run waits for each part that still reads.
    again = backfill(archives.glob, env, scheduler=cluster.address)
    assert again.exit_code == 0, again.stderr
    assert stored(database) == wanted
    assert_books_are_right(database, archives, again)


def test_all_of_it_at_once(
    wanted: dict[str, Any], archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str], run: Run
) -> None:
    os.killpg(run.process.pid, signal.SIGKILL)
    for process in (cluster.scheduler, *cluster.workers):
        process.send_signal(signal.SIGKILL)
    for part in database.crawls.find({"ended_at": None, "part_of": {"$ne": None}}):
        os.kill(part["process"]["pid"], signal.SIGKILL)
    again = backfill(archives.glob, env, scheduler="local")
    assert again.exit_code == 0, again.stderr
    assert stored(database) == wanted
    assert_books_are_right(database, archives, again)


def test_the_scheduler(
    wanted: dict[str, Any], archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str], run: Run
) -> None:
    cluster.scheduler.send_signal(signal.SIGKILL)
    ran = run.end()
    assert ran.exit_code == 3
    assert "the Dask scheduler was lost" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
    again = backfill(archives.glob, env, scheduler="local")
    assert again.exit_code == 0, again.stderr
    assert stored(database) == wanted
    assert_books_are_right(database, archives, again)


@pytest.mark.parametrize(
    ("signals", "code", "says"),
    [
        ((signal.SIGINT,), 130, "stopped by SIGINT"),
        ((signal.SIGINT, signal.SIGINT), 130, "by SIGINT"),
        ((signal.SIGTERM,), 143, "stopped by SIGTERM"),
    ],
)
def test_none_but_it_is_stopped(
    wanted: dict[str, Any], signals: tuple[int, ...], code: int, says: str,
    archives: Archives, cluster: Cluster, database: Database[Any], env: dict[str, str], run: Run,
) -> None:  # fmt: skip
    for number in signals:
        os.killpg(run.process.pid, number)
    run.assert_stopped(run.end(), code, says)
    assert 0 < database.articles.count_documents({}) < len(archives.keys)
    wait_until(lambda: no_part_runs(database))
    again = backfill(archives.glob, env, scheduler=cluster.address)
    assert again.exit_code == 0, again.stderr
    assert stored(database) == wanted
    assert_books_are_right(database, archives, again)
