"""What the benchmarks of speed share: the pages they read, and crawls as processes whose CPU is counted to the end."""

from __future__ import annotations

import ctypes
import gzip
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

if TYPE_CHECKING:
    import pymongo

PAGES = Path(__file__).resolve().parent.parent.parent / "shared" / "benchmarks" / "pages.warc.gz"
"""The real pages that the project is measured with, beside its folder."""
_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.25
"""Seconds between two looks at the memory of a crawl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a crawl took."""

    pages: int
    """Rows in the ledger."""
    articles: int
    """Documents stored."""
    wall: float
    """Seconds from the start of the run, as its row in `crawls` says, to the end of its process: without Python's
    start, and with the index of words, which is made when all is stored."""
    main: float
    """CPU seconds of the main process, its start included."""
    workers: float
    """CPU seconds of all processes it started, their start included."""
    mongod: float
    """CPU seconds of the server meanwhile."""
    main_bytes: int
    """Most memory (RSS) of the main process."""
    worker_bytes: int
    """Most memory of one of the others."""

    @property
    def cpu(self) -> float:
        """CPU seconds of the crawl, without the server."""
        return self.main + self.workers


def crawl(
    arguments: Sequence[str], client: pymongo.MongoClient[dict[str, Any]], uri: str, database: str, *settings: str
) -> Cost:
    """Run `scrapy crawl backfill` with these arguments (`-a`) and settings (`-s`) into a database; count what it takes.

    Raises CalledProcessError. Linux only: orphans are handed to us, so that the kernel tells what they used.
    """
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("prctl: cannot become a subreaper")
    command = [sys.executable, "-m", "scrapy", "crawl", "backfill", "--loglevel", "ERROR"]
    for flag, values in (("-a", arguments), ("-s", settings)):
        for value in values:
            command += [flag, value]
    server = psutil.Process(client.admin.command("serverStatus")["pid"])
    us, before = psutil.Process(), _cpu(server)
    others = {child.pid for child in us.children()}
    env = os.environ | {"MONGODB_URI": uri, "MONGODB_DATABASE": database}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    peak = dict[int, int]()
    with os.fdopen(os.pidfd_open(process.pid), "rb", buffering=0) as end:
        while not select.select([end], [], [], _LOOK)[0]:
            # What the kernel says at the end is of no use: it counts the process that was forked, which is this one.
            for each in (process.pid, *(child.pid for child in _below(process.pid))):
                peak[each] = max(_most_memory(each), peak.get(each, 0))
    ended_at = datetime.now(UTC)
    _, status, main = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    left = [os.wait4(child.pid, 0)[2] for child in us.children() if child.pid not in others]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    stored = client[database]
    row = stored["crawls"].find_one(sort=[("_id", -1)])
    assert row is not None
    return Cost(
        pages=stored["pages"].count_documents({"run": row["_id"]}),
        articles=stored["articles"].estimated_document_count(),
        wall=(ended_at - row["started_at"]).total_seconds(),
        main=main.ru_utime + main.ru_stime,
        workers=sum(use.ru_utime + use.ru_stime for use in left),
        mongod=_cpu(server) - before,
        main_bytes=peak.pop(process.pid),
        worker_bytes=max(peak.values(), default=0),
    )


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _most_memory(pid: int) -> int:
    """Return the most memory that a process has had so far, in bytes; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def sample(warc: Path, target: Path, *, pages: int | None) -> int:
    """Write so many responses of a WARC, evenly spread (None: all of them), to another; return how many there are.

    Raises OSError where it cannot be read, ValueError where it holds no response.
    """
    records = [_frozen(record) for record in _responses(warc)]
    if not records:
        raise ValueError(f"{warc}: no response records")
    step = len(records) / min(pages or len(records), len(records))
    chosen = [records[int(number * step)] for number in range(round(len(records) / step))]
    target.write_bytes(b"".join(gzip.compress(record, compresslevel=6, mtime=0) for record in chosen))
    return len(chosen)


def write_warc(pages: Iterable[tuple[str, bytes]], target: Path) -> None:
    """Write pages, each with its URL, as the answers in a WARC."""
    with target.open("wb") as file:
        file.writelines(warc_record(url, html) for url, html in pages)


def warc_record(
    url: str, html: bytes, *, content_type: str = "text/html", captured_at: datetime | None = None
) -> bytes:
    """Return a page as a compressed record of a WARC, captured at an instant (UTC; None: now)."""
    record = WarcRecord()
    record.init_headers(record_type=WarcRecordType.response, record_urn=f"urn:made:{url}".encode())
    record.headers["WARC-Target-URI"] = url
    if captured_at is not None:
        record.headers["WARC-Date"] = f"{captured_at:%Y-%m-%dT%H:%M:%SZ}"
    record.set_bytes_content(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode() + html)
    return gzip.compress(_frozen(record), compresslevel=6, mtime=0)


def minus(cost: Cost, start: Cost) -> dict[str, float]:
    """Return what a crawl took without what it takes to start, from one of a single page."""
    pages = cost.pages - start.pages
    return {
        "pages": pages,
        "main": cost.main - start.main,
        "workers": cost.workers - start.workers,
        "cpu": cost.cpu - start.cpu,
        "mongod": cost.mongod - start.mongod,
        "wall": cost.wall - start.wall,
    }


def _responses(warc: Path) -> Any:
    with warc.open("rb") as stream:
        yield from ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=False)


def _frozen(record: Any) -> bytes:
    whole = BytesIO()
    record.write(whole)
    return whole.getvalue()


def environment() -> Mapping[str, str]:
    """Return what a figure depends on beside the code: for the head of a table."""
    return {"python": sys.version.split()[0], "cores": str(os.cpu_count()), "load": f"{os.getloadavg()[0]:.1f}"}


def since(start: float) -> float:
    """Return the seconds that have passed on the clock of `time.monotonic`."""
    return time.monotonic() - start
