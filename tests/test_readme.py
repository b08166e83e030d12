"""The README tells the truth: nothing a user can set, call or read is missing from it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest
from scrapy.settings import default_settings

import crawler.settings
from crawler.article import Article, field_types
from crawler.extensions import verdict
from crawler.frontier.ledger import PageState
from tests.running import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(path.stem for path in (ROOT / "crawler" / "commands").glob("[a-z]*.py"))


def ours() -> dict[str, object]:
    """Settings that Scrapy does not know."""
    known = vars(default_settings)
    return {k: v for k, v in vars(crawler.settings).items() if k.isupper() and k[0] != "_" and k not in known}


def row(name: str) -> str:
    found = re.search(rf"^\| `{re.escape(name)}` \|.*$", README, re.M)
    assert found, f"README.md: no row for {name}"
    return found[0]


@pytest.mark.parametrize("name", sorted({*ours(), "DOWNLOAD_DELAY"}))
def test_every_setting_has_a_row_with_its_default(name: str) -> None:
    default = vars(crawler.settings)[name]
    shown = "none" if default is None else str(default).removesuffix(".0") if name != "DOWNLOAD_DELAY" else "1.0"
    assert f"| {shown} " in row(name).replace("`", "")


@pytest.mark.parametrize("name", crawler.settings._FROM_ENVIRONMENT)
def test_every_environment_variable_is_marked(name: str) -> None:
    assert "| yes |" in row(name)


def test_every_setting_that_is_read_exists() -> None:
    read = set()
    for folder in ("crawler", "pipelines"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= set(re.findall(r'settings(?:\.get\w*\(|\[)"([A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert read
    assert read <= {*ours(), *vars(default_settings)}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert f"scrapy {command}" in README


def schema_fields() -> list[str]:
    names = []
    for name, hint in field_types(Article).items():
        names.append("_id" if name == "id" else name)
        for part in (hint, *get_args(hint)):
            if dataclasses.is_dataclass(part):
                many = "[]" if str(hint).startswith("tuple") else ""
                names += [f"{name}{many}.{field.name}" for field in dataclasses.fields(part)]
    return names


@pytest.mark.parametrize("field", schema_fields())
def test_every_field_of_the_document_is_described(field: str) -> None:
    assert row(field)


@pytest.mark.parametrize("state", PageState)
def test_every_state_of_the_ledger_is_named(state: PageState) -> None:
    assert f"`{state}`" in README


def test_exit_statuses_are_those_of_the_code() -> None:
    assert (verdict.OK, verdict.FAILED, verdict.USAGE, verdict.DATABASE) == (0, 1, 2, 3)
    assert all(code in README for code in ("0 only", "1 if", "2 for", "3 if"))


def test_every_path_it_names_is_there() -> None:
    for path in re.findall(r"`((?:crawler|pipelines|fixtures|tests|benchmarks)/[\w./*]*)`", README):
        assert list(ROOT.glob(path.rstrip("/"))), path
    assert Path(ROOT / "LICENSE").is_file()


def test_every_file_it_links_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []
