"""The reference, made from the code whenever the site is built (an MkDocs hook), so that it cannot go stale.

Commands say what they take by themselves; fields, states and reasons have a line of documentation each in the source.
Settings have their default in `crawler/settings.py` and their meaning in the table of the README, the only one. What
extraction reaches is in `tests/quality/floors.toml`.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from scrapy.settings import default_settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

import crawler.settings
from crawler.article import (
    Article,
    DatePrecision,
    DateSource,
    FailureReason,
    Kind,
    LanguageSource,
    RejectionReason,
    Via,
    field_types,
)
from crawler.frontier.ledger import PageState
from crawler.sites import Site
from crawler.sites.site import CssHints

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from scrapy.commands import ScrapyCommand

ROOT = Path(__file__).parent.parent.parent
_SCRAPYS = {"DOWNLOAD_DELAY", "CONCURRENT_REQUESTS_PER_DOMAIN"}
"""Settings of Scrapy's that are so much a matter of ours that the table has them."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Give MkDocs the pages of the reference, as if they stood in the folder."""
    for name, page in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=page))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the table of what extraction reaches where a page asks for it."""
    return re.sub(r"^<!-- floors.*-->$", lambda _: floors(), markdown, flags=re.MULTILINE)


def pages() -> dict[str, str]:
    """Return the pages of the reference, in Markdown, by name. Raises PluginError where something is undocumented."""
    return {
        "commands": commands_page(),
        "settings": settings_page(),
        "document": document_page(),
        "states": states_page(),
        "outlets": outlets_page(),
    }


# --- commands ---


@cache
def commands() -> dict[str, ScrapyCommand]:
    """Return our commands by name."""
    made = {}
    for path in sorted((ROOT / "crawler" / "commands").glob("[a-z]*.py")):
        command: ScrapyCommand = import_module(f"crawler.commands.{path.stem}").Command()
        command.settings = get_project_settings()
        made[path.stem] = command
    return made


def parser_of(name: str, command: ScrapyCommand) -> argparse.ArgumentParser:
    """Return the parser of a command's options."""
    parser = argparse.ArgumentParser(prog=f"scrapy {name}", add_help=False)
    command.add_options(parser)
    return parser


@cache
def spiders() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what each spider is for and the names of its arguments (`-a NAME=VALUE`), by its name."""
    loader = SpiderLoader.from_settings(get_project_settings())
    found = {}
    for name in sorted(loader.list()):
        spider: Any = loader.load(name)
        found[name] = (_first_line(spider), tuple(spider.known_arguments))
    return found


def shown_crawls() -> list[str]:
    """Return the crawls that the README and the how-to pages show, each once, with their comments."""
    shown: dict[str, str] = {}
    for path in (ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))):
        for line in re.findall(r"^scrapy crawl .*$", path.read_text(encoding="utf-8"), re.M):
            shown.setdefault(line.partition(" #")[0].strip(), line)
    return sorted(shown.values())


def commands_page() -> str:
    """Return the page of the commands: usage, options, exit statuses."""
    parts = ["# Commands", "Every command also takes Scrapy's own options, `-s NAME=VALUE` above all."]
    for name, command in commands().items():
        parts += [f"## scrapy {name}", f"```text\nscrapy {name} {command.syntax()}\n```", _cell(command.long_desc())]
        if name == "crawl":
            rows = [
                (f"`{spider}`", meaning, ", ".join(f"`{argument}`" for argument in arguments))
                for spider, (meaning, arguments) in spiders().items()
            ]
            parts += [_table(("spider", "what it does", "arguments (`-a`)"), rows), "As the other pages show them:"]
            parts.append("```sh\n" + "\n".join(shown_crawls()) + "\n```")
        options = [(f"`{_spelt(action)}`", _cell(_help(action))) for action in _options(parser_of(name, command))]
        if options:
            parts.append(_table(("option", "meaning"), options))
        statuses = getattr(command, "exit_statuses", None)
        if not statuses:
            raise PluginError(f"crawler/commands/{name}.py: the command says nothing of its exit_statuses")
        parts.append("Exit status: " + "; ".join(f"{n}: {meaning}" for n, meaning in sorted(statuses.items())) + ".")
    return _page(parts)


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options of a command that are not those of every command of Scrapy's."""
    for group in parser._action_groups:
        if group.title != "Global Options":
            yield from group._group_actions


def _spelt(action: argparse.Action) -> str:
    """Return how an option is written."""
    value = "" if action.nargs == 0 else action.metavar or action.dest.upper()
    if isinstance(value, tuple):
        value = " ".join(value)
    return f"{', '.join(action.option_strings)} {value}".strip()


def _help(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default, "prog": ""}


# --- settings ---


def our_settings() -> dict[str, Any]:
    """Return the settings that Scrapy does not know, and those of its own that are ours too, with their defaults."""
    known = vars(default_settings)
    return {
        name: value
        for name, value in vars(crawler.settings).items()
        if name.isupper() and name[0] != "_" and (name not in known or name in _SCRAPYS)
    }


def readme_rows(head: str) -> dict[str, tuple[str, ...]]:
    """Return the rows of the README's table whose head begins so, by the name in their first cell."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition(f"\n{head}")[2].partition("\n\n")[0].partition("\n")[2]
    rows = [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in table.splitlines()[1:]]
    return {row[0].strip("`"): row for row in rows}


def settings_page() -> str:
    """Return the page of the settings: the default from the code, the meaning from the README's table."""
    rows = []
    meanings = readme_rows("| setting |")
    for name, default in our_settings().items():
        if name not in meanings:
            raise PluginError(f"README.md: the table of settings has no row for {name}")
        environment = "yes" if name in crawler.settings._FROM_ENVIRONMENT else ""
        shown = "none" if default is None else f"`{default}`"
        rows.append((f"`{name}`", shown, environment, meanings[name][-1]))
    intro = (
        "On the command line as `-s NAME=VALUE`, in `crawler/settings.py`, and, where the table says so, as an "
        "environment variable of the same name. The command line comes first, then the environment."
    )
    return _page(["# Settings", intro, _table(("setting", "default", "environment", "meaning"), rows)])


# --- the document, states and reasons ---


def documented(cls: type) -> dict[str, str]:
    """Return the line of documentation below each field of a dataclass or member of an enumeration, by its name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    lines = {}
    for before, after in pairwise(body):
        name = before.target if isinstance(before, ast.AnnAssign) else (*getattr(before, "targets", ()), None)[0]
        if isinstance(name, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            lines[name.id] = _cell(str(after.value.value))
    return lines


def fields() -> list[tuple[str, str, str]]:
    """Return the fields of a document, nested ones as `image.url` and `body[].type`: name, type, meaning."""
    rows = []
    lines = documented(Article)
    for name, hint in field_types(Article).items():
        nested = next((part for part in (hint, *get_args(hint)) if dataclasses.is_dataclass(part)), None)
        many = "[]" if str(hint).startswith("tuple") else ""
        rows.append(("_id" if name == "id" else name, _type(hint), lines[name]))
        if nested is not None:
            inner = documented(nested)
            types = field_types(nested)
            rows += [(f"{name}{many}.{field}", _type(types[field]), inner[field]) for field in types]
    return rows


def document_page() -> str:
    """Return the page of the document: fields, and what enumerated ones may hold."""
    intro = "One document per article in the collection `articles`; null stands where nothing is known, never a blank."
    parts = ["# The document", intro, _table(("field", "type", "meaning"), [(f"`{n}`", t, m) for n, t, m in fields()])]
    for field, kinds in {
        "kind": Kind,
        "fetch.via": Via,
        "published_source": DateSource,
        "published_precision": DatePrecision,
        "language_source": LanguageSource,
    }.items():
        parts += [f"## {field}", f"{_first_line(kinds)}: {', '.join(f'`{kind}`' for kind in kinds)}."]
    return _page(parts)


def states_page() -> str:
    """Return the page of the ledger's states and of the reasons."""
    parts = [
        "# States and reasons",
        "Every URL ever discovered has one row in `pages`, in exactly one state. What is `rejected` or `failed` has a "
        "reason from a closed list, and often a detail for a person.",
    ]
    for title, kinds in (
        ("States", PageState),
        ("Reasons of `rejected`", RejectionReason),
        ("Reasons of `failed`", FailureReason),
    ):
        parts += [f"## {title}", f"{_first_line(kinds)}.", _table(("is", "means"), _members(kinds))]
    return _page(parts)


def outlets_page() -> str:
    """Return the page of the keys of an outlet's table."""
    rows = [(f"`{name}`", _type(hint), documented(Site)[name]) for name, hint in field_types(Site).items()]
    css = [(f"`css.{name}`", _type(hint), documented(CssHints)[name]) for name, hint in field_types(CssHints).items()]
    kept = [row for row in rows if row[0] not in {"`key`", "`css`"}]
    intro = "The tables of `crawler/sites/*.toml`, and of a file of your own. `name` and `domains` have to be there."
    return _page(["# Keys of an outlet table", intro, _table(("key", "type", "meaning"), kept + css)])


def floors() -> str:
    """Return the table of what extraction reaches on real pages, below which the tests fail."""
    reached = tomllib.loads((ROOT / "tests" / "quality" / "floors.toml").read_text(encoding="utf-8"))["real"]
    return _table(("measure", "reached"), [(measure, f"{value:g}") for measure, value in reached.items()])


def _members(kinds: type[StrEnum]) -> list[tuple[str, str]]:
    lines = documented(kinds)
    return [(f"`{kind}`", lines[kind.name]) for kind in kinds]


def _type(hint: Any) -> str:
    """Return a type as the tables have it: `[str]`, `date or null`, `{…}`."""
    if type(None) in get_args(hint):
        return f"{_type(get_args(hint)[0])} or null"
    if str(hint).startswith("tuple"):
        return f"[{_type(get_args(hint)[0])}]"
    if dataclasses.is_dataclass(hint):
        return "{…}"
    if issubclass(hint, StrEnum):
        return "str"
    return {"datetime": "date"}.get(hint.__name__, hint.__name__)


# --- Markdown ---


def _first_line(thing: type | ModuleType) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")


def _cell(text: str) -> str:
    """Return a text as one line of a table."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"
