"""How much memory a Parquet export takes: `python -m benchmarks.parquet_memory [ARTICLES] [--partition]`.

Documents of made news go into files in a temporary folder, as `scrapy export --format parquet` writes them; the most
memory the process had is printed with the time and the size. It must not grow with the number of articles.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.made_news import paragraphs
from crawler.export.columns import write_parquet, write_partition

_STORIES = 500


def documents(number: int) -> Iterator[dict[str, Any]]:
    """Yield documents as MongoDB has them, in the order of publication, each with a text of its own."""
    random = Random(1)
    stories = [paragraphs(random) for _ in range(_STORIES)]
    for at in range(number):
        story, url = stories[at % _STORIES], f"https://www.polderbode.example/{at}"
        published = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=at)
        link = {"label": "Lees ook", "title": story[0][:50], "teaser": None, "url": url, "article_id": "0" * 24}
        yield {
            "_id": f"{at:024x}",
            "schema": 1,
            "kind": "article",
            "url": url,
            "fetched_url": url,
            "aliases": [],
            "site": "polderbode.example",
            "date": f"{published:%Y-%m}",
            "published_at": published,
            "title": story[0][:60],
            "authors": ["Mies de Wit"],
            "body": [{"type": "paragraph", "text": text, "level": None} for text in story],
            "text": f"{at} " + "\n\n".join(story),
            "related": [{**link, "position": "end"}] * 3,
            "signature": f"{at:x}" * 60,
            "bands": [f"{at:x}{band}" for band in range(30)],
            "fetch": {"requested_url": url, "via": "feed", "status": 200, "bytes": 5, "at": published},
        }


def main() -> None:
    """Write, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parquet_memory", description=__doc__)
    parser.add_argument("articles", type=int, nargs="?", default=100_000)
    parser.add_argument("--partition", action="store_true", help="a file for each month")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if options.partition:
            write_partition(documents(options.articles), Path(folder))
        else:
            with (Path(folder) / "articles.parquet").open("wb") as file:
                write_parquet(documents(options.articles), file)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    seconds = time.monotonic() - began
    print(f"{options.articles:,} articles: {size >> 20:,} MiB in {seconds:.0f} s, at most {peak >> 20:,} MiB of memory")


if __name__ == "__main__":
    main()
