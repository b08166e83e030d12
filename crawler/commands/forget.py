"""`scrapy forget`: one article erased, with all that repeats it here, and kept from coming back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler.console import CommandError, QuietCommand, printable, run_interruptibly
from crawler.mongodb.connection import open_database
from crawler.url import InvalidURL

if TYPE_CHECKING:
    import argparse

    from crawler.mongodb.connection import OpenDatabase
    from pipelines.store_forget import Subject


class Command(QuietCommand):
    """Forget an article."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "URL | ARTICLE [--yes]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Erase an article, and keep it from coming back"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Erase the article that a URL leads to, or whose _id is given: the article, its earlier revisions, and the "
            "read-also links to it in other articles. Articles that repeat it stay, linked to the earliest of them. "
            "Its URLs stay in the collection pages, rejected as forgotten: no crawl fetches them again, and an article "
            "that another URL leads to is not stored. A URL that is not known yet is kept out in the same way."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--yes", action="store_true", help="do not ask whether that is meant")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Say what will be erased, ask, erase."""
        if len(args) != 1:
            raise UsageError("name one article: its URL, or its _id")
        if not opts.yes and not sys.stdin.isatty():
            raise UsageError("nobody is there to ask: give --yes")
        assert self.settings is not None
        with open_database(self.settings) as opened:
            try:
                return run_interruptibly(_forget(opened, args[0], ask=not opts.yes))
            except InvalidURL:
                raise CommandError(f"{printable(args[0])} is neither the URL nor the _id of an article") from None


async def _forget(opened: OpenDatabase, name: str, *, ask: bool) -> int:
    # A command stands above both rooms.
    from pipelines.store_forget import find_subject, forget

    async with opened.asynchronous() as database:
        subject = await find_subject(database, name)
        if subject is None:
            raise CommandError(f"there is no article {printable(name)}, and no page of that key")
        if subject.leaves_nothing_to_do:
            print(f"{printable(name)} is forgotten already.")
            return 0
        print("\n".join(_account(subject)))
        if ask and input("Erase this for good? [y/N] ").strip().lower() not in {"y", "yes"}:
            print("Nothing was erased.")
            return 1
        await forget(database, subject, now=datetime.now(UTC))
        print("Forgotten.")
    return 0


def _account(subject: Subject) -> list[str]:
    """Return what is about to go, line by line."""
    article = subject.article
    lines = [printable(article["title"]) if article else "No article is stored."]
    lines += [f"  {printable(url)}" for url in sorted(subject.urls.values())]
    counts = {
        "earlier revisions": subject.revisions,
        "other articles with a read-also link to it, which goes": subject.pointing,
        "articles that repeat it, which stay": subject.duplicates,
    }
    return lines + [f"  {what}: {number}" for what, number in counts.items()]
