"""The reference says what the code says, and so do the README's tables."""

from __future__ import annotations

import argparse
from enum import StrEnum

import pytest

import crawler.settings
from crawler.article import FailureReason, RejectionReason
from crawler.frontier.ledger import PageState
from docs.reference.from_code import commands, fields, our_settings, pages, parser_of, readme_rows, spiders
from tests.docs.blocks import PAGES

PAGES_MADE = pages()
EVERYTHING = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("field", fields(), ids=lambda field: field[0])
def test_the_readme_has_each_field_as_the_code_documents_it(field: tuple[str, str, str]) -> None:
    assert readme_rows("| field | type")[field[0]] == (f"`{field[0]}`", *field[1:])


def test_the_readme_has_no_field_setting_or_order_that_the_code_has_not() -> None:
    assert list(readme_rows("| field | type")) == [name for name, *_ in fields()]
    assert set(readme_rows("| setting |")) == set(our_settings())


@pytest.mark.parametrize("name", our_settings())
def test_each_setting_is_on_its_page(name: str) -> None:
    (row,) = (line for line in PAGES_MADE["settings"].splitlines() if line.startswith(f"| `{name}` |"))
    assert ("| yes |" in row) == (name in crawler.settings._FROM_ENVIRONMENT)
    assert readme_rows("| setting |")[name][-1] in row


@pytest.mark.parametrize("name", commands())
def test_each_command_is_on_its_page_with_its_options(name: str) -> None:
    section = PAGES_MADE["commands"].partition(f"\n## scrapy {name}\n")[2].partition("\n## ")[0]
    parser: argparse.ArgumentParser = parser_of(name, commands()[name])
    ours = [group for group in parser._action_groups if group.title != "Global Options"]
    for option in (option for group in ours for action in group._group_actions for option in action.option_strings):
        assert f"`{option}" in section or f", {option}" in section
    assert "Exit status: 0: " in section


@pytest.mark.parametrize("kinds", [PageState, RejectionReason, FailureReason])
def test_states_and_reasons_each_have_a_line(kinds: type[StrEnum]) -> None:
    for kind in kinds:
        assert f"\n| `{kind}` | " in PAGES_MADE["states"]


@pytest.mark.parametrize(("spider", "argument"), [(name, a) for name, (_, all_) in spiders().items() for a in all_])
def test_each_argument_of_a_spider_is_shown_somewhere(spider: str, argument: str) -> None:
    assert f"-a {argument}=" in EVERYTHING or f"-a '{argument}=" in EVERYTHING
    assert f"`{argument}`" in PAGES_MADE["commands"]


def test_nothing_is_left_without_a_meaning() -> None:
    rows = [line for page in PAGES_MADE.values() for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) > 200
    assert [row for row in rows if row.rstrip(" |").endswith(("None", "null |")) or row.endswith("|  |")] == []
