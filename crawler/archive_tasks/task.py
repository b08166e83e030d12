"""What a Dask worker does with one archive: starts a process that reads it, passes on what that tells, waits.

A process of its own, as extraction needs processes it may kill, which a Dask worker's own may not start; and it can be
ended at any moment without the worker.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import get_worker

import crawler
from crawler.extensions.report import Report

logger = logging.getLogger(__name__)

_PROGRAM = "from crawler.archive_tasks.part import main; main()"
_lock = threading.Lock()
_reading: dict[str, set[subprocess.Popen[str]]] = {}
_stopped: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One archive to read."""

    run: str
    """`_id` in `crawls` of the run it belongs to, in hex; also the topic of what is told of it."""
    path: str
    """The file, as every worker finds it."""
    settings: Mapping[str, Any] = field(repr=False)
    """Settings of the crawl. May hold passwords: never shown, as Dask logs the arguments of tasks that fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How the reading of one archive ended."""

    path: str
    """The file."""
    host: str
    """Where it was read."""
    exit_code: int
    """As that of `scrapy crawl`; 143 also where it was not begun, as the run had been stopped."""
    line: str
    """What was to be said on stderr; empty where all went well."""
    report: Report | None
    """Its report; None where it could not begin."""


class PartDied(Exception):
    """The process that read an archive ended without a word: killed, or out of memory. Its work may be tried again."""


def read_part(job: Job) -> Done:
    """Read one archive, in a worker of Dask. Raises PartDied."""
    process = _start(job)
    if process is None:
        return Done(path=job.path, host=socket.gethostname(), exit_code=143, line="not begun", report=None)
    report: Report | None = None
    end: Mapping[str, Any] | None = None
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "report" in said:
                report = Report.from_json(said["report"])
            elif "end" in said:
                end = said["end"]
            else:
                get_worker().log_event(job.run, {"path": job.path, "host": socket.gethostname(), **said})
        process.wait()
    finally:
        with _lock:
            _reading[job.run].discard(process)
            if not _reading[job.run]:
                del _reading[job.run]
        process.kill()
    if end is None:
        if job.run in _stopped:
            return Done(path=job.path, host=socket.gethostname(), exit_code=143, line="stopped at once", report=None)
        raise PartDied(f"{job.path}: its process on {socket.gethostname()} ended with status {process.returncode}")
    if end["exit_code"] > 128 and job.run not in _stopped:
        raise PartDied(f"{job.path}: its process on {socket.gethostname()} was stopped")
    return Done(path=job.path, host=socket.gethostname(), **end, report=report)


def _start(job: Job) -> subprocess.Popen[str] | None:
    root = str(Path(crawler.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    with _lock:
        if job.run in _stopped:
            return None
        # A session of its own: a Ctrl-C of the terminal is for the run, which passes it on.
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
        )
        _reading.setdefault(job.run, set()).add(process)
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps({"path": job.path, "settings": dict(job.settings)}) + "\n")
        process.stdin.flush()
    except OSError:
        # It is gone already; whoever waits for it finds out.
        logger.warning("%s: its process could not be told what to do", job.path)
    return process


def stop(run: str, *, at_once: bool) -> None:
    """Have this worker begin no more archives of a run, and end those it reads: politely, or at once."""
    with _lock:
        _stopped.add(run)
        for process in _reading.get(run, ()):
            if at_once:
                process.kill()
            elif process.stdin is not None:
                process.stdin.close()
