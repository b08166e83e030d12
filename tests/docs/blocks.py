"""The fenced blocks of a page of the documentation: what a reader is told to run, and what is said to come of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.running import ROOT

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
"""Every page whose blocks are run, the README first."""
_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>not run: [^>]+|output) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.M | re.S,
)
_NAMED = re.compile(r"(?:#|//) (?P<name>[\w.-]+\.\w+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    page: Path
    """The page it stands on."""
    line: int
    """Line of its fence, from 1."""
    language: str
    """What the fence says: sh, python, toml, …"""
    code: str
    """What stands in it."""
    not_run: str | None
    """Why it cannot be run in a test; None where it can."""
    output: str | None
    """What the page says that it prints; None where it says nothing."""

    @property
    def where(self) -> str:
        """Where it stands, for a message."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """Name of the file that it is, where its first line says so."""
        named = _NAMED.match(self.code)
        return named["name"] if named and self.language != "sh" else None

    @property
    def commands(self) -> list[str]:
        """The commands of a block for the shell: one a line, without comments and continuations."""
        joined = self.code.replace("\\\n", " ")
        lines = (re.sub(r"(^|\s)#(?!\w*:).*$", "", line).strip() for line in joined.splitlines())
        return [line for line in lines if line]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, outputs with the block before them."""
    text = page.read_text(encoding="utf-8")
    blocks: list[Block] = []
    for found in _FENCE.finditer(text):
        mark = found["mark"] or ""
        if mark == "output":
            last = blocks.pop()
            assert last.output is None, f"{last.where}: two outputs"
            blocks.append(
                Block(
                    page=page,
                    line=last.line,
                    language=last.language,
                    code=last.code,
                    not_run=last.not_run,
                    output=found["code"],
                )
            )
            continue
        blocks.append(
            Block(
                page=page,
                line=text.count("\n", 0, found.start("language")) + 1,
                language=found["language"],
                code=found["code"],
                not_run=mark.removeprefix("not run: ") or None,
                output=None,
            )
        )
    return blocks


def is_what_the_page_says(printed: str, said: str) -> bool:
    """Whether a program printed what a page says; `…` stands for anything in a line, alone in one for any lines."""
    pattern = ""
    for line in said.strip("\n").splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r"[^\n]*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None
