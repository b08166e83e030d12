"""CPU time of `crawler.extraction.extract` beside trafilatura's, page by page on the same WARC, and where it goes.

    python benchmarks/extraction_speed.py PAGES.warc.gz [--pages N] [--json]

Both read the same bytes in the same run and process, in turn, each first on every other page, so that a busy machine
slows both alike. trafilatura is called as a user of it would who wants the same: with metadata, without comments.
The stages are timed in a pass of their own, so that no clock stands in the code that is measured; their shares are of
their own sum.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.plain import Saved, pages_of, theirs
from crawler.extraction import extract
from crawler.extraction.body import extract_body
from crawler.extraction.canonical import address_of, aliases_of
from crawler.extraction.head import read_head
from crawler.extraction.jsonld import read_json_ld
from crawler.extraction.kind import judge
from crawler.extraction.metadata import read_metadata
from crawler.extraction.page import Unreadable, parse
from crawler.extraction.paywall import paywall_of
from crawler.extraction.related import find_related
from crawler.extraction.text import word_count

if TYPE_CHECKING:
    from collections.abc import Callable

BAR = 0.75
"""What the ratio may be at most."""
WARM_UP = 25
"""Pages read untimed first: imports, compiled patterns and caches are paid once a process, not once a page."""
STAGES = ("parse", "metadata", "related", "body", "verdict")


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ours(page: Saved) -> None:
    """Read a page with this project."""
    extract(page.html, page.url, headers=page.headers)


def stages_of(page: Saved) -> dict[str, float]:
    """Return the CPU seconds of each stage of `extract` on a page; empty for a page that cannot be parsed."""
    marks = [time.process_time()]
    try:
        parsed = parse(page.html, page.url, charset=page.headers.get("Content-Type"))
    except Unreadable:
        return {}
    marks.append(time.process_time())
    head = read_head(parsed.tree)
    data = read_json_ld(head.scripts, urls=(page.url, *head.links.get("canonical", ())))
    found = read_metadata(parsed, head, data, headers={}, now=datetime.now(UTC))
    marks.append(time.process_time())
    harvest = find_related(parsed, title=found.title)
    marks.append(time.process_time())
    body = extract_body(parsed, harvest, title=found.title, lead=found.lead, json_ld_body=found.json_ld_body)
    marks.append(time.process_time())
    words = sum(word_count(block.text) for block in body)
    dated_by = found.published.source if found.published else None
    judge(parsed, head, data, title=found.title, body=body, words=words, dated_by=dated_by)
    paywall_of(parsed.tree, head, data, body, words=words)
    aliases_of(address_of(parsed, head), parsed, head)
    marks.append(time.process_time())
    return {stage: end - start for stage, start, end in zip(STAGES, marks, marks[1:], strict=False)}


def measure(pages: list[Saved]) -> dict[str, list[float]]:
    """Return the CPU seconds per page of both extractors and of each stage of ours."""
    times: dict[str, list[float]] = {name: [] for name in ("trafilatura", "extract", *STAGES)}
    for page in pages[:WARM_UP]:
        ours(page)
        theirs(page)
    # As the crawl's workers do: what was loaded once is not looked through again with every collection.
    gc.collect()
    gc.freeze()
    for number, page in enumerate(pages):
        gc.collect(0)
        # Whoever comes second finds the page's bytes in the processor's cache.
        order = (("extract", ours), ("trafilatura", theirs))
        for name, reader in order if number % 2 else order[::-1]:
            times[name].append(timed(lambda reader=reader, page=page: reader(page)))
    for page in pages:
        for name, seconds in stages_of(page).items():
            times[name].append(seconds)
    return times


def main() -> int:
    """Measure, print the table, and return 1 where the ratio is above the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warc", type=Path, help="archive of response records")
    parser.add_argument("--pages", type=int, metavar="N", help="only the first N pages")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    arguments = parser.parse_args()
    try:
        pages = list(pages_of(arguments.warc, arguments.pages))
    except OSError as error:
        print(f"{arguments.warc}: {error.strerror}", file=sys.stderr)
        return 2
    if not pages:
        print(f"{arguments.warc}: no response records", file=sys.stderr)
        return 2
    times = measure(pages)
    reference, whole = sum(times["trafilatura"]), sum(times["extract"])
    staged = sum(sum(times[stage]) for stage in STAGES)
    if arguments.json:
        means = {name: statistics.fmean(values) for name, values in times.items() if values}
        print(json.dumps({"pages": len(pages), "ratio": whole / reference, "mean_seconds": means}, indent=1))
    else:
        print(f"{len(pages)} pages, CPU milliseconds a page\n{'':14}{'mean':>9}{'median':>9}{'p95':>9}{'share':>9}")
        for name, values in times.items():
            if values:
                ordered = sorted(values)
                figures = (statistics.fmean(ordered), statistics.median(ordered), ordered[int(0.95 * len(ordered))])
                share = sum(values) / (staged if name in STAGES else reference)
                print(f"{name:14}" + "".join(f"{1000 * figure:9.2f}" for figure in figures) + f"{share:9.3f}")
        print(f"extract / trafilatura = {whole / reference:.3f} (at most {BAR})")
    return int(whole / reference > BAR)


if __name__ == "__main__":
    raise SystemExit(main())
