"""Every command and snippet of the documentation is run, or, where that cannot be, read as closely as can be."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from crawler.sites import read_site_file
from tests.docs.blocks import PAGES, Block, blocks_of, is_what_the_page_says
from tests.docs.commands import cron_faults, faults
from tests.docs.conftest import Desk, Desks
from tests.docs.queries import ask_as_mongosh, ask_as_r
from tests.running import ROOT

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
OF_THEIR_OWN = {"tutorial.md"}
"""Pages that begin with nothing."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=_name)
def test_blocks_do_what_the_page_says(page: Path, desk: Desk, desks: Desks) -> None:
    where = desks.make(page.stem) if page.name in OF_THEIR_OWN else desk
    for block in blocks_of(page):
        if block.file_name:
            (where.folder / block.file_name).write_text(where.adapted(block.code), encoding="utf-8")
        if block.not_run:
            continue
        printed = _RUN[block.language](block, where)
        if block.output is not None:
            assert is_what_the_page_says(printed, block.output), f"{block.where} prints\n{printed}"


def _sh(block: Block, desk: Desk) -> str:
    return desk.shell(block)


def _python(block: Block, desk: Desk) -> str:
    return desk.python(block)


def _toml(block: Block, desk: Desk) -> str:
    file = desk.folder / "table.toml"
    file.write_text(block.code, encoding="utf-8")
    assert read_site_file(file)
    return ""


def _js(block: Block, desk: Desk) -> str:
    asked = [line for line in block.code.splitlines() if line.startswith("db.")]
    assert asked, block.where
    for line in asked:
        assert ask_as_mongosh(desk.database, desk.adapted(line)) is not None, line
    return ""


def _r(block: Block, desk: Desk) -> str:
    found = list(ask_as_r(desk.database, block.code))
    assert found, block.where
    assert all(found), block.where
    if rscript := shutil.which("Rscript"):
        subprocess.run([rscript, "-e", f"invisible(parse(text = {json.dumps(block.code)}))"], check=True)
    return ""


def _text(_block: Block, _desk: Desk) -> str:
    return ""


_RUN = {
    "sh": _sh,
    "python": _python,
    "toml": _toml,
    "js": _js,
    "r": _r,
    "json": _text,
    "yaml": _text,
    "text": _text,
    "": _text,
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_what_blocks_name_exists(block: Block) -> None:
    assert block.language in {*_RUN, "cron", "ini"}
    match block.language:
        case "sh":
            assert [fault for line in block.commands for fault in faults(line)] == []
            assert subprocess.run(["bash", "-n", "-c", block.code], check=False).returncode == 0
        case "cron":
            lines = [line for line in block.code.splitlines() if not re.match(r"#|\w+=|$", line)]
            assert [fault for line in lines for fault in cron_faults(line)] == []
        case "ini":
            assert block.file_name
        case "json":
            json.loads(block.code)
        case "yaml":
            yaml.safe_load(block.code)
        case "toml":
            tomllib.loads(block.code)
        case "python":
            ast.parse(block.code)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "ini"], ids=lambda block: block.where)
def test_units_are_what_systemd_reads(block: Block, tmp_path: Path) -> None:
    assert [fault for line in block.code.splitlines() for fault in faults(line.partition("ExecStart=")[2])] == []
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("no systemd-analyze here")
    for other in BLOCKS:
        if other.language == "ini" and other.page == block.page and other.file_name:
            code = other.code.replace("/srv/leesook/.venv/bin/scrapy", shutil.which("true") or "/bin/true")
            (tmp_path / other.file_name).write_text(code.replace("/srv/leesook", str(tmp_path)), encoding="utf-8")
    assert block.file_name
    verified = subprocess.run(
        [systemd, "verify", "--man=no", str(tmp_path / block.file_name)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_command_stands_where_nobody_runs_it(page: Path) -> None:
    """A command in an indented block would be passed over: blocks stand between fences."""
    before = ""
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            inside = not inside
        assert inside or before or not line.startswith("    "), f"{_name(page)}:{number}: {line}"
        before = line.strip()


def test_most_blocks_are_run() -> None:
    left = [block.where for block in BLOCKS if block.not_run]
    assert len(left) < len(BLOCKS) / 2
