"""`make bench-quality`: extraction quality on real pages, ours and plain trafilatura's, side by side in one run.

The real thing: `scrapy crawl backfill` of the WARC into a real MongoDB, `scrapy export`, and the scorer that lies
beside the pages. Plain trafilatura reads the same pages from raw bytes, as its documentation shows.

    python -m benchmarks.quality FOLDER [--worst N]

FOLDER holds pages.warc.gz, truth.jsonl and score.py.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trafilatura
from rich.console import Console
from rich.table import Table

from crawler.discovery.warc import ArchivedPage, read_archive

AT_LEAST_AND_AIM = {
    "aeb F1": (0.975, 0.985),
    "publishers body F1 (mean)": (0.968, 0.980),
    "publishers body share >= 0.95": (0.83, 0.92),
    "publishers body share < 0.70": (0.010, 0.0),
    "title exact": (0.88, 0.95),
    "date right to the day": (0.985, 1.0),
    "date right to the minute, with offset": (0.93, 0.97),
    "authors F1 (mean)": (0.90, 0.95),
    "headings F1": (0.88, 0.95),
    "related precision": (0.88, 0.97),
    "related recall": (0.82, 0.95),
    "related inline recall": (0.85, 0.97),
    "related title right (of hits)": (0.96, 0.99),
    "related label right (of labelled hits)": (0.90, 0.97),
    "related teaser right (of hits with one)": (0.85, 0.95),
    "language right": (0.98, 1.0),
    "snippets F1": (0.955, 0.97),
    "unwanted snippets leaked into bodies": (0.025, 0.005),
}
"""What every release must reach, and what it aims for; a lower figure is better where the aim is the lower one."""

_BLOCKS = {"head": "heading", "item": "list_item", "quote": "quote"}


def plain_trafilatura(page: ArchivedPage) -> dict[str, Any]:
    """Return what trafilatura alone makes of a page, in the shape the scorer reads."""
    found = trafilatura.bare_extraction(page.body, url=page.url, with_metadata=True, include_comments=False)
    if found is None:
        return {"url": page.url, "body": []}
    blocks = []
    for element in found.body.iter("p", "head", "item", "quote", "code", "row"):
        nested = any(ancestor.tag in ("item", "quote", "row") for ancestor in element.iterancestors())
        text = " ".join("".join(element.itertext()).split())
        if text and not nested:
            blocks.append({"type": _BLOCKS.get(element.tag, "paragraph"), "text": text})
    return {
        "url": page.url,
        "title": found.title,
        "authors": (found.author or "").split("; ") if found.author else [],
        "published_at": found.date,
        "body": blocks,
        "related": [],
    }


def archived(warc: Path) -> Iterator[ArchivedPage]:
    """Yield the pages of the archive."""
    yield from (found for found in read_archive(warc) if isinstance(found, ArchivedPage))


def scores(scorer: Path, articles: Path, worst: int = 0) -> dict[str, float]:
    """Return the scorer's figures for an export; the worst pages go to stderr."""
    command = [sys.executable, str(scorer), str(articles), "--json", "--worst", str(worst)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def ours(warc: Path, folder: Path) -> Path:
    """Backfill the archive into an empty database and export it; return the export."""
    out = folder / "leesook.jsonl"
    env = os.environ | {"MONGODB_DATA_DIR": str(folder / "mongodb"), "MONGODB_DATABASE": "quality"}
    env.pop("MONGODB_URI", None)
    scrapy = [sys.executable, "-m", "scrapy"]
    subprocess.run([*scrapy, "crawl", "backfill", "-a", f"warc={warc}", "-L", "WARNING"], env=env, check=True)
    subprocess.run([*scrapy, "export", "-o", str(out), "-L", "WARNING"], env=env, check=True)
    return out


def main() -> int:
    """Run both, score both, print the table; exit 1 if a figure is below what it must be."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--worst", type=int, default=0, metavar="N", help="name the N worst pages of each set")
    options = arguments.parse_args()
    warc, scorer = options.folder / "pages.warc.gz", options.folder / "score.py"
    if not warc.is_file() or not scorer.is_file():
        print(f"make bench-quality: no pages.warc.gz and score.py in {options.folder}; name the folder that has them:")
        print("    make bench-quality BENCHMARKS=/path/to/benchmarks")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "trafilatura.jsonl"
        with plain.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(plain_trafilatura(page)) + "\n" for page in archived(warc))
        theirs, here = scores(scorer, plain), scores(scorer, ours(warc, folder), options.worst)
    table = Table("measure", "trafilatura", "leesook", "at least", "aim", box=None)
    missed = []
    for measure, (least, aim) in AT_LEAST_AND_AIM.items():
        value = here[measure]
        if (value < least) if aim >= least else (value > least):
            missed.append(measure)
        mark = " *" if measure in missed else ""
        table.add_row(measure, f"{theirs[measure]:.4f}", f"{value:.4f}{mark}", f"{least:.3f}", f"{aim:.3f}")
    Console(width=100).print(table)
    print(f"pages: {here['pages found']:.0f} of {here['pages in truth']:.0f} stored")
    for measure in missed:
        print(f"* below the bar: {measure}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
