"""Crawls of the world, one or several at a time, and a database whose clock can be moved."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.running import ROOT, SCRAPY_WITH_PEAK, Ran, environment

MEBIBYTE = 1 << 20


def crawl(
    *arguments: str, uri: str, database: str, at_once: int = 1, timeout: float = 600, **settings: object
) -> list[Ran]:
    """Run so many crawls at once with these arguments and settings, and return how they ended."""
    options = [option for name, value in settings.items() for option in ("-s", f"{name}={value}")]
    command = [sys.executable, "-c", SCRAPY_WITH_PEAK, "crawl", *arguments, "-s", "EXTRACTION_WORKERS=1", *options]
    running = [
        subprocess.Popen(
            command, env=environment(mongodb_uri=uri, database=database), cwd=ROOT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(at_once)
    ]  # fmt: skip
    ended = []
    for process in running:
        stdout, stderr = process.communicate(timeout=timeout)
        ended.append(Ran(exit_code=process.returncode, stdout=stdout, stderr=stderr))
    return ended


def news(file: Path, *, uri: str, database: str, at_once: int = 1, **settings: object) -> list[Ran]:
    """Run so many scheduled jobs at once on the papers of a site file."""
    return crawl("news", "-a", f"sites_file={file}", uri=uri, database=database, at_once=at_once, **settings)


def peak_of(ran: Ran) -> float:
    """Return the most memory that the process of a crawl ever had, in MiB."""
    found = re.search(r"peak (\d+)", ran.stdout + ran.stderr)
    assert found, ran.stderr[-2000:]
    return int(found[1]) / MEBIBYTE


def age(database: Any, by: timedelta, collections: Sequence[str] = ()) -> None:
    """Make all that a database knows so much older, as if the next run came so much later."""
    for name in collections or database.list_collection_names():
        rows = database[name]
        for row in list(rows.find()):
            older = {key: value - by for key, value in row.items() if isinstance(value, datetime) and value.year > 1970}
            if older:
                rows.update_one({"_id": row["_id"]}, {"$set": older}, bypass_document_validation=True)
