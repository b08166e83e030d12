"""`make docs`: the site is built without a warning, and asks nobody else for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

_ASKED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?(https?:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    return folder


def test_all_pages_are_there(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    made = {path.parent.relative_to(site) for path in site.rglob("index.html")}
    assert {source for source in sources if source.name != "index"} <= made
    assert {Path("reference") / name for name in ("commands", "settings", "document", "states", "outlets")} <= made


def test_what_is_reached_is_in_the_page(site: Path) -> None:
    page = (site / "explanation" / "measured" / "index.html").read_text(encoding="utf-8")
    assert "<!-- floors" not in page
    assert re.search(r"<td>aeb F1</td>\s*<td>0\.\d+</td>", page)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert [found[0] for found in _ASKED.finditer(page.read_text(encoding="utf-8"))] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\([\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_the_code_that_makes_it_is_no_part_of_it(site: Path) -> None:
    assert list(site.rglob("*.py")) == []
