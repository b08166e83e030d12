"""A Dask cluster for tests: a scheduler and workers, each a real process; and a run that has archives read by it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pymongo.database import Database

from tests.crawler.archive_tasks.archives import Archives
from tests.processes import go_on, stop
from tests.running import ROOT, Ran

PATIENCE = 240
"""Seconds a busy machine may take for what is a matter of two or three."""


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until something holds. Raises AssertionError if it never does."""
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.1)


PARTS_THAT_READ = {"part_of": {"$ne": None}, "ended_at": None}
"""The runs that read an archive and have not closed their books."""


class Held(NamedTuple):
    """A process that stands still."""

    pid: int
    parent: int
    """The process that started it: a worker."""


class Cluster:
    """A running scheduler, and the workers that were started for it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._scheduler_file = folder / "scheduler.json"
        self._started = 0
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        # The file is there before all of it is written.
        wait_until(lambda: self._scheduler_file.exists() and self._scheduler_file.read_text().endswith("}"))
        self.address: str = json.loads(self._scheduler_file.read_text())["address"]

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker that reads one archive at a time, without a nanny that would start it again."""
        worker = self._start("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        self.workers.append(worker)
        return worker

    def kill_a_worker_that_reads(self, database: Database[Any]) -> None:
        """Kill a worker in the middle of an archive: its part is held until the worker is gone, so it cannot end first.

        database: where the parts are looked up; only this cluster's may be reading there.
        """
        held = None
        while held is None:
            wait_until(lambda: database.crawls.count_documents(PARTS_THAT_READ))
            part = database.crawls.find_one(PARTS_THAT_READ)
            held = part and self._hold(part, database)
        worker = next(worker for worker in self.workers if worker.pid == held.parent)
        self.workers.remove(worker)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        go_on(held.pid)

    def _hold(self, part: dict[str, Any], database: Database[Any]) -> Held | None:
        """Stop the process of a part; None if it was over by then."""
        pid = part["process"]["pid"]
        try:
            stop(pid)
        except ProcessLookupError:
            return None
        if database.crawls.count_documents({"_id": part["_id"]} | PARTS_THAT_READ):
            # The field after the name, which may have spaces, and the state.
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            return Held(pid, int(parent))
        go_on(pid)
        return None

    def log(self) -> str:
        """Return what scheduler and workers have logged, and what the processes they started have."""
        return "".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("*.log")))

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        self._started += 1
        log = self._stack.enter_context((self._folder / f"{what}-{self._started}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", what, "--scheduler-file", str(self._scheduler_file),
             "--dashboard-address", "127.0.0.1:0", *options],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        self._stack.callback(_kill, process)
        return process


@contextmanager
def running_cluster(folder: Path, *, workers: int = 2) -> Iterator[Cluster]:
    """Give a cluster; all of it is gone in the end."""
    folder.mkdir()
    with ExitStack() as stack:
        cluster = Cluster(folder, stack)
        for _ in range(workers):
            cluster.add_worker()
        yield cluster


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


class Run:
    """A backfill that has archives read by a cluster, in a process group of its own."""

    def __init__(self, archives: Archives, scheduler: str, env: dict[str, str]) -> None:
        self._archives = archives
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "backfill", "-a", f"warc={archives.glob}",
             "-s", f"DASK_SCHEDULER={scheduler}"],
            env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> Ran:
        """Return what it said, once it is over."""
        stdout, stderr = self.process.communicate(timeout=2 * PATIENCE + len(self._archives.keys))
        return Ran(exit_code=self.process.returncode, stdout=stdout, stderr=stderr)

    def assert_stopped(self, ran: Ran, exit_code: int, says: str) -> None:
        """Check what a run said that was stopped before it was done."""
        assert ran.exit_code == exit_code, ran.stderr
        assert says in ran.stderr
        assert "archives are not read to their end" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert ran.balance["discovered"] == sum(ran.balance.values()) - ran.balance["discovered"]


def assert_books_are_right(database: Database[Any], archives: Archives, ran: Ran) -> None:
    """Check the ledger after a run that came to its end: every page is settled, and its captures are known."""
    rows = list(database.pages.find())
    assert {row["_id"] for row in rows} == archives.keys
    # Unchanged: the last capture said the same; or a part was killed between storing an article and settling its page.
    assert {row["state"] for row in rows} <= {"stored", "unchanged"}
    assert {len({*row.get("captures", ()), row["capture"]}) for row in rows} == {2}
    assert database.crawls.count_documents({"ended_at": None}) == 0
    (*_, whole) = database.crawls.find({"part_of": None}).sort("started_at")
    assert (whole["balances"], whole["discovered"]) == (True, ran.balance["discovered"])
    assert ran.balance["discovered"] == sum(ran.balance.values()) - ran.balance["discovered"]
    assert ran.balance["pending"] == 0


def no_part_runs(database: Database[Any]) -> bool:
    """Whether every process that read an archive is gone."""
    pids = [part["process"]["pid"] for part in database.crawls.find({"part_of": {"$ne": None}})]
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)
