"""CONTRIBUTING.md names files that exist, and the tree it draws is the tree."""

from __future__ import annotations

import re

import pytest

from tests.running import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROOMS = "crawler|pipelines|fixtures|tests|benchmarks|docs|examples"
PATHS = sorted(set(re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", CONTRIBUTING)))


@pytest.mark.parametrize("path", PATHS)
def test_every_file_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("task", ["An outlet", "A language", "A label", "A pipeline"])
def test_every_task_names_what_to_touch_and_what_proves_it(task: str) -> None:
    section = CONTRIBUTING.partition(f"\n## {task}\n")[2].partition("\n## ")[0]
    touched = re.findall(rf"^\| `((?:{ROOMS})/[^`]*)` \| \w", section, re.M)
    assert touched
    assert re.search(r"Proved by [^.]*`tests/", section)


def test_the_tree_has_ten_lines_and_its_folders_exist() -> None:
    tree = re.findall(r"^```text\n(.*?)^```$", CONTRIBUTING, re.M | re.S)[0]
    lines = tree.splitlines()
    assert len(lines) == 10
    crawlers = {path.name for path in (ROOT / "crawler").iterdir()}
    top = {path.name for path in ROOT.iterdir()}
    for line in lines:
        known = crawlers if line.startswith("  ") else top
        folders = re.findall(r"\b(\w+)/(?=\s|,|$)", re.sub(r"imports it.*|nothing in crawler/", "", line))
        assert folders, line
        assert set(folders) <= known, line


def test_languages_that_are_promised_are_a_list_to_add_to() -> None:
    labels = (ROOT / "tests" / "crawler" / "extraction" / "test_labels.py").read_text(encoding="utf-8")
    assert "PROMISED" in CONTRIBUTING
    assert re.search(r"^PROMISED = ", labels, re.M)
