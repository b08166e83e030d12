"""How right extraction is on the fixtures and on real pages, as figures; `make floors` records them.

    python -m tests.quality.measuring [FOLDER]

FOLDER holds pages.warc.gz, truth.jsonl and score.py. A floor is only ever raised here; who lowers one does so by hand,
in a commit that says why.
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from pathlib import Path

from benchmarks.quality import AT_LEAST_AND_AIM, archived, scores
from crawler.article import Article, Fetch, Via, to_document
from crawler.export.shapes import json_lines
from crawler.extraction import extract
from fixtures.world import load_world
from pipelines.language import in_language
from tests.crawler.spiders.expected import differences, expected_pages
from tests.running import ROOT

FLOORS = Path(__file__).with_name("floors.toml")
REAL_PAGES = Path(os.environ.get("BENCHMARKS") or ROOT.parent / "shared" / "benchmarks")


def floors() -> dict[str, dict[str, float]]:
    """Return what was reached before: by set of pages, by measure."""
    return tomllib.loads(FLOORS.read_text(encoding="utf-8"))


def is_worse(measure: str, value: float, floor: float) -> bool:
    """Return whether a figure is below its floor, or above it where less is better."""
    least, aim = AT_LEAST_AND_AIM.get(measure, (0.0, 1.0))
    # Four decimals are what is written down.
    return value < floor - 5e-5 if aim >= least else value > floor + 5e-5


def on_fixtures() -> dict[str, float]:
    """Return how many of the fixtures' articles extraction reads as a careful reader does, of how many."""
    world, right, articles = load_world(), 0, 0
    for url, expected in expected_pages().items():
        host, _, path = url.removeprefix("http://").partition("/")
        if "url" not in expected or host not in world:
            continue
        page = world[host].find(f"/{path}")
        if page.route.status != 200:
            continue
        headers = {"Content-Type": page.content_type, **page.route.headers}
        fetch = Fetch(requested_url=url, via=Via.LIST, status=200, bytes=len(page.body), at=page.last_modified)
        outcome = in_language(extract(page.body, url, headers=headers, fetch=fetch))
        articles += 1
        if isinstance(outcome, Article):
            right += not differences(expected, to_document(outcome))
    return {"articles": articles, "articles read right": right}


def on_real_pages(folder: Path) -> dict[str, float]:
    """Return the scorer's figures for what extraction makes of the real pages in a folder."""
    documents = []
    for page in archived(folder / "pages.warc.gz"):
        fetch = Fetch(
            requested_url=page.url, via=Via.WARC, status=page.status, bytes=len(page.body), at=page.captured_at
        )
        outcome = in_language(extract(page.body, page.url, headers=page.headers, fetch=fetch))
        if isinstance(outcome, Article):
            documents.append(to_document(outcome))
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "articles.jsonl"
        out.write_text("".join(json_lines(documents)), encoding="utf-8")
        found = scores(folder / "score.py", out)
    return {measure: found[measure] for measure in AT_LEAST_AND_AIM}


def main() -> int:
    """Raise the floors to what is reached now; say what is below and stays."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL_PAGES
    known, lines = floors() if FLOORS.is_file() else {}, ["# What extraction reaches: see measuring.py.\n"]
    for name, found in (("fixtures", on_fixtures()), ("real", on_real_pages(folder))):
        lines.append(f"\n[{name}]\n")
        for measure, value in found.items():
            floor = known.get(name, {}).get(measure, value)
            if is_worse(measure, value, floor):
                print(f"{name}: {measure}: {value:.4f} is worse than {floor:.4f}, which stays")
                lines.append(f'"{measure}" = {floor:.10g}\n')
            else:
                lines.append(f'"{measure}" = {round(value, 4):.10g}\n')
    FLOORS.write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
