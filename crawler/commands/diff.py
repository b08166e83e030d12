"""`scrapy diff`: what changed between two revisions of an article, word by word."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, printable
from crawler.mongodb.connection import open_database
from crawler.mongodb.lookup import find_article, key_of
from crawler.url import InvalidURL
from crawler.word_diff import Change, Piece, word_diff

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pymongo.database import Database

_STYLES = {Change.KEPT: "", Change.REMOVED: "red strike", Change.ADDED: "green", Change.LEFT_OUT: "dim"}
_MARKS = {
    Change.KEPT: ("", ""),
    Change.REMOVED: ("[-", "-]"),
    Change.ADDED: ("{+", "+}"),
    Change.LEFT_OUT: ("(", ")"),
}
_COMPARED = ("title", "lead", "text")


class Command(QuietCommand):
    """Show what changed in an article."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "URL | ARTICLE [--revisions A B]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Show what changed between two revisions of an article"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Print the title, the lead and the text of an article as they changed from one revision to another, by "
            "default the last two: coloured on a terminal, else with [-what went-] and {+what came+}. The article is "
            "named by its URL, by another URL that led to it, or by its _id."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--revisions", nargs=2, type=int, metavar=("A", "B"), help="which two (default: the last but one, the last)"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Find both revisions and print how they differ."""
        if len(args) != 1:
            raise UsageError("name one article: its URL, or its _id")
        assert self.settings is not None
        with open_database(self.settings) as opened:
            try:
                newest = find_article(opened.database, args[0])
            except InvalidURL:
                raise CommandError(f"{printable(args[0])} is neither the URL nor the _id of an article") from None
            if newest is None:
                raise CommandError(_no_article(opened.database, args[0]))
            last = newest["revision"]
            if opts.revisions is None and last == 1:
                print(f"{printable(newest['url'])} has one revision only, of {_when(newest)}.")
                return 0
            first, second = opts.revisions or (last - 1, last)
            old, new = _revision(opened.database, newest, first), _revision(opened.database, newest, second)
        _print(old, new)
        return 0


def _revision(database: Database[dict[str, Any]], newest: dict[str, Any], number: int) -> dict[str, Any]:
    if number == newest["revision"]:
        return newest
    found = database["revisions"].find_one({"article_id": newest["_id"], "revision": number})
    if found is None:
        kept = database["revisions"].find({"article_id": newest["_id"]}, {"revision": 1}).sort("revision", 1)
        known = ", ".join(str(revision) for revision in (*(row["revision"] for row in kept), newest["revision"]))
        raise CommandError(f"{printable(newest['url'])} has no revision {number}; there are: {known}")
    return found


def _no_article(database: Database[dict[str, Any]], name: str) -> str:
    page = database["pages"].find_one({"_id": key_of(name)}, {"state": 1, "reason": 1})
    if page is None:
        return f"there is no article {printable(name)}, and no page of that name"
    why = f" ({page['reason']})" if page.get("reason") else ""
    return f"there is no article {printable(name)}: its page is {page['state']}{why}"


def _when(document: Mapping[str, Any]) -> str:
    at: datetime | None = document.get("changed_at")
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown day"


def _print(old: dict[str, Any], new: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    coloured = sys.stdout.isatty() and console.color_system is not None and not console.no_color
    lines = [Text(printable(new["url"]), style="bold")]
    lines.append(Text(f"revision {old['revision']}, {_when(old)} → revision {new['revision']}, {_when(new)}"))
    changed = [name for name in _COMPARED if (old.get(name) or "") != (new.get(name) or "")]
    if not changed:
        lines.append(Text("Title, lead and text are the same."))
    for name in changed:
        lines += [Text(), Text(name, style="bold")]
        for paragraph in word_diff(old.get(name) or "", new.get(name) or ""):
            lines.append(_line(paragraph, coloured=coloured))
    if coloured:
        for line in lines:
            console.print(line)
    else:
        sys.stdout.buffer.write("".join(f"{line.plain}\n" for line in lines).encode())
        sys.stdout.buffer.flush()


def _line(paragraph: list[Piece], *, coloured: bool) -> Text:
    """Return a paragraph as one line; what the page says is text, never mark-up or a terminal's command."""
    line = Text()
    for piece in paragraph:
        text = _clean(piece.text)
        if coloured:
            line.append(text, style=_STYLES[piece.change])
        else:
            before, after = _MARKS[piece.change]
            line.append(f"{before}{text}{after}")
    return line


def _clean(text: str) -> str:
    """Return `printable` text with the blanks at its ends, which stand between words here."""
    shown = printable(text)
    if not shown:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{shown}{' ' if text[-1].isspace() else ''}"
