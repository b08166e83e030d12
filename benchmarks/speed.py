"""Our backfill beside plain trafilatura, news-please, newspaper4k and lxml, on the same pages in one run.

    python -m benchmarks.speed [WARC] [--pages N] [--peer-pages N] [--workers N]

The backfill goes into the embedded MongoDB with one worker and with one per core, by turns, three times each and each
from an empty database; the median is taken, and the workers note what each of their steps takes. trafilatura reads the
same pages with metadata, in one process before and after that, page by page in turn with `crawler.extraction.extract`,
in a pool, and as a program (benchmarks/plain.py), of which the start is counted as ours is beside it.
CPU seconds are the kernel's, of the main process and all that it started; mongod's stand apart. What a process costs
before its first page is measured with a single page and taken off. The bars are printed with what was reached, and the
exit status is 1 where one is not met; the wall clock says something only on a quiet machine, and a process ends up to
half a second after its work, as PyMongo's threads look no more often whether they are still wanted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html
import pymongo

from benchmarks import worker_steps
from benchmarks.extraction_speed import STAGES, measure, timed
from benchmarks.main_process import observe
from benchmarks.plain import Saved, pages_of, theirs
from benchmarks.running import PAGES, Cost, crawl, environment, minus, sample, since
from crawler.mongodb.embedded import embedded_server

PEERS = Path(__file__).resolve().parent.parent / ".venv-peers"
STEPS = {"valid": "validate", "in_language": "language", "fingerprinted": "signature"}
"""What workers do with an article after its extraction, in the order of the pipelines: the functions, and the rows."""
EXTRACT = "read_page"
"""The function in which they extract it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Something to be reached."""

    what: str
    """For the table."""
    reached: float | None
    """What was measured; None where it could not be."""
    wanted: float
    """What it should be."""
    at_most: bool = False
    """Less is better."""
    aim: str = ""
    """What we would like it to be."""

    @property
    def met(self) -> bool:
        """Whether it is reached, or was not measured."""
        return self.reached is None or (self.reached <= self.wanted if self.at_most else self.reached >= self.wanted)

    def __str__(self) -> str:
        reached = "not measured" if self.reached is None else f"{self.reached:.3f}"
        wanted = f"{'at most' if self.at_most else 'at least'} {self.wanted:g}{self.aim and f', aim {self.aim}'}"
        verdict = "-" if self.reached is None else "met" if self.met else "NOT MET"
        return f"  {self.what:58}{reached:>13}  {wanted:24}{verdict}"


def _read(page: Saved) -> float:
    """Read a page with trafilatura; return the CPU seconds."""
    return timed(lambda: theirs(page))


def pool(pages: Sequence[Saved], processes: int) -> tuple[float, float]:
    """Return the CPU seconds and the seconds that trafilatura takes in a pool, its start not counted."""
    with multiprocessing.get_context("spawn").Pool(processes) as workers:
        # So many that each process has had some, and has loaded and compiled what it needs.
        workers.map(_read, pages[: 8 * processes], chunksize=1)
        start = time.monotonic()
        used = workers.map(_read, pages, chunksize=4)
        return sum(used), since(start)


def program(warc: Path) -> float:
    """Return the CPU seconds of a program that reads the pages with trafilatura, from its start to its end."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.plain", warc])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used.ru_utime + used.ru_stime


def peers(warc: Path) -> dict[str, list[float]]:
    """Return the CPU seconds per page of the extractors in .venv-peers; nothing where that is not made."""
    if not (PEERS / ".ready").exists():
        return {}
    command = [PEERS / "bin" / "python", Path(__file__).with_name("peers.py"), warc]
    found: dict[str, list[float]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def row(name: str, pages: float, cpu: float, wall: float | None = None, note: str = "") -> None:
    """Print a line of the first table."""
    seconds = f"{wall:9.1f}{pages / wall:9.1f}" if wall else f"{'':18}"
    print(f"  {name:38}{cpu:9.2f}{1000 * cpu / pages:9.1f}{seconds}  {note}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The backfill of all pages, with so many workers."""

    cost: Cost
    """What it took."""
    start: Cost
    """What a backfill of one page took, the first one."""
    steps: Mapping[str, float]
    """CPU seconds of the functions that workers call, in the crawl itself, without those of that one page."""
    rooms: Mapping[str, float]
    """CPU seconds of the main process by room, in a crawl of its own; none where that was not observed."""

    @property
    def net(self) -> dict[str, float]:
        """What it took without what it takes to start."""
        return minus(self.cost, self.start)

    @property
    def outside(self) -> float:
        """Share of its CPU outside `extract`, both of one crawl."""
        return 1 - self.steps[EXTRACT] / self.net["cpu"]


def backfills(warc: Path, single: Path, workers: int) -> Iterator[tuple[int, Backfill]]:
    """Yield backfills and how many workers each had: by turns one and several, as a machine has moods."""
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "mongodb") as server:
        uri = server.uri
        noted = Path(folder) / "steps"
        noted.mkdir()
        os.environ[worker_steps.FOLDER] = str(noted)
        with pymongo.MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
            # The server's own first steps: what the first crawl of all would pay for.
            crawl([f"warc={single}"], client, uri, "first")
            for turn, number in enumerate((1, workers, workers, 1, workers, 1) if workers > 1 else (1, 1, 1)):
                settings = f"EXTRACTION_WORKERS={number}", worker_steps.SETTING
                start = crawl([f"warc={single}"], client, uri, f"start_{number}", *settings)
                before = worker_steps.read(noted)
                cost = crawl([f"warc={warc}"], client, uri, f"pages_{number}", *settings)
                steps = worker_steps.read(noted)
                steps.subtract(before)
                observed = number == workers and turn < 2
                seen = observe(warc, uri, f"seen_{number}", ["-s", settings[0]]) if observed else {"rooms": {}}
                for name in client.list_database_names():
                    if name.startswith(("start_", "pages_", "seen_")):
                        client.drop_database(name)
                yield number, Backfill(cost=cost, start=start, steps=steps, rooms=seen["rooms"])


def main() -> int:
    """Measure, print the tables, and return 1 where a bar is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", nargs="?", type=Path, default=PAGES, metavar="WARC")
    parser.add_argument("--pages", type=int, metavar="N", help="only so many pages, evenly spread")
    parser.add_argument("--peer-pages", type=int, default=70, metavar="N", help="so many for .venv-peers (default 70)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one per core")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        warc, single, few = (Path(folder) / f"{name}.warc.gz" for name in ("pages", "single", "few"))
        try:
            count = sample(options.warc, warc, pages=options.pages)
            sample(options.warc, single, pages=1)
            sample(warc, few, pages=options.peer_pages)
        except (OSError, ValueError) as error:
            print(f"benchmarks.speed: {error}", file=sys.stderr)
            return 2
        print(f"{options.warc.name}: {count} pages; " + ", ".join(f"{k} {v}" for k, v in environment().items()))
        bars = compare(warc, single, few, options.workers)
    print("\nbars")
    for bar in bars:
        print(bar)
    return int(not all(bar.met for bar in bars))


def compare(warc: Path, single: Path, few: Path, workers: int) -> list[Bar]:
    """Measure all, print both tables, return the bars."""
    pages = list(pages_of(warc, None))
    first, before = measure(pages), program(warc)
    ours = list(backfills(warc, single, workers))
    pool_cpu, pool_wall = pool(pages, workers)
    chosen = list(pages_of(few, None))
    same = [sum(map(_read, chosen))]
    others = peers(few)
    same.append(sum(map(_read, chosen)))
    alone = statistics.fmean([before, program(warc)])
    second = measure(pages)
    times = {name: [statistics.fmean(pair) for pair in zip(first[name], second[name], strict=True)] for name in first}
    plain, extracted = sum(times["trafilatura"]), sum(times["extract"])
    print(f"\n  {'':38}{'CPU s':>9}{'ms/page':>9}{'wall s':>9}{'pages/s':>9}")
    for number, done in ours:
        net, note = done.net, f"start {done.start.cpu:.1f} s more; {done.cost.articles} articles"
        row(f"leesook, {number} worker{'s' * (number > 1)}", net["pages"], net["cpu"], net["wall"], note)
        row("  of that the main process", net["pages"], net["main"])
        row("  mongod beside it", net["pages"], net["mongod"])
    row("trafilatura with metadata, 1 process", len(pages), plain)
    row(f"trafilatura with metadata, pool of {workers}", len(pages), pool_cpu, pool_wall)
    row("trafilatura as a program, its start included", len(pages), alone)
    reference = statistics.fmean(same)
    for name, used in others.items():
        note = f"trafilatura on these, before and after, {reference:.2f} s"
        row(f"{name} ({len(used)} of the pages)", len(used), sum(used), note=note)
    parsing = [timed(lambda page=page: lxml.html.fromstring(page.html)) for page in pages]  # type: ignore[misc]
    row("lxml, parsing alone", len(pages), sum(parsing))
    most = [done for number, done in ours if number == workers]
    per_page = plain / len(pages)
    stages(times, most, per_page)
    total = statistics.median(done.net["cpu"] / done.net["pages"] for done in most)
    whole = statistics.median(done.cost.cpu / done.cost.pages for done in most)
    one, several = ([done.net["wall"] for number, done in ours if number == wanted] for wanted in (1, workers))
    beside = {name: sum(used) / reference for name, used in others.items()}
    return [
        Bar(what="extract / trafilatura with metadata", reached=extracted / plain, wanted=0.75, at_most=True),
        Bar(what="CPU a page / trafilatura", reached=total / per_page, wanted=0.9, at_most=True, aim="0.6"),
        # Side by side, processes take more from each other's caches: like beside like.
        Bar(what=f"  beside a pool of {workers}", reached=total / (pool_cpu / len(pages)), wanted=0.9, at_most=True),
        Bar(what="  programs, their start included", reached=whole / (alone / len(pages)), wanted=0.9, at_most=True),
        Bar(what="share of CPU outside extract", reached=statistics.median(done.outside for done in most), wanted=0.15,
            at_most=True),
        Bar(what=f"{workers} workers / 1 worker, pages/s",
            reached=statistics.median(one) / statistics.median(several) if workers > 1 else None, wanted=1.8),
        Bar(what="news-please / leesook, CPU a page",
            reached=beside["news-please"] * per_page / total if beside else None, wanted=6, aim="10"),
    ]  # fmt: skip


def stages(times: Mapping[str, Sequence[float]], ours: Sequence[Backfill], plain: float) -> None:
    """Print where the CPU of a page goes in the crawls: in the workers by stage, in the main process by room.

    ours: crawls with as many workers, the first of them observed.
    """
    pages = sum(done.net["pages"] for done in ours)
    steps = {step: sum(done.steps[step] for done in ours) for step in (EXTRACT, *STEPS)}
    # Timed in a pass of their own: brought to what all of `extract` takes in the crawl.
    scale = steps[EXTRACT] / sum(sum(times[stage]) for stage in STAGES)
    rows = [(f"extract: {stage}", scale * sum(times[stage]) / pages) for stage in STAGES]
    rows += [(f"worker: {name}", steps[step] / pages) for step, name in STEPS.items()]
    beside = sum(done.net["workers"] for done in ours) - sum(steps.values())
    rows.append(("worker: beside its steps", beside / pages))
    rows += [(f"main: {room}", seconds / ours[0].cost.pages) for room, seconds in ours[0].rooms.items()]
    print(f"\n  {'stage':38}{'ms/page':>9}{'of trafilatura':>16}")
    for name, seconds in rows:
        print(f"  {name:38}{1000 * seconds:9.2f}{seconds / plain:16.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
