"""`scrapy retry`: failed pages back to pending."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler.article import FailureReason, Via
from crawler.console import QuietCommand, printable
from crawler.export.selection import selection
from crawler.frontier.retry import FailedPages, FailedSelection
from crawler.mongodb.connection import open_database

if TYPE_CHECKING:
    import argparse

_WHO_TAKES_THEM = {
    **dict.fromkeys((Via.FEED, Via.SITEMAP, Via.SECTION, Via.READ_ALSO), "the next scrapy crawl news of their sites"),
    Via.LIST: "scrapy crawl backfill -a urls=… with the list they came from",
    Via.HTML: "scrapy crawl backfill -a html=… with the folder they came from",
    Via.WARC: "scrapy crawl backfill -a warc=… or -a ccnews=… with the archives they came from",
    Via.WAYBACK: "scrapy crawl backfill -a wayback=… with the span they came from",
}


class Command(QuietCommand):
    """Try failed pages again."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[--site DOMAIN] [--reason REASON] [--dry-run]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "Put failed pages back, so that the next run takes them up"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "Put the pages that failed back to pending, and say how many. What a feed, a sitemap, a section page or a "
            "read-also link led to is taken up by the next scrapy crawl news of its site; what a list, a folder or an "
            "archive did, by the same backfill. Pages of a run that is still at work are left to it."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument(
            "--site", action="append", default=[], metavar="DOMAIN", help="only pages of this site; may be repeated"
        )
        parser.add_argument(
            "--reason",
            action="append",
            default=[],
            metavar="REASON",
            help=f"only pages that failed for this reason; may be repeated: {', '.join(FailureReason)}",
        )
        parser.add_argument("--dry-run", action="store_true", help="change nothing: only say how many there are")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Put back what the options choose."""
        if args:
            raise UsageError(f"{args[0]!r} is not an option")
        try:
            sites = selection(sites=opts.site).sites
            reasons = [_reason(part.strip()) for given in opts.reason for part in given.split(",")]
        except ValueError as error:
            raise UsageError(str(error)) from None
        assert self.settings is not None
        with open_database(self.settings) as opened:
            chosen = FailedSelection(opened.database, sites=sites, reasons=reasons)
            counts, in_hand = chosen.counts(), chosen.in_hand()
            number = sum(count.pages for count in counts) if opts.dry_run else chosen.put_back()
        done = "would be put back" if opts.dry_run else "put back to pending"
        print(f"{_pages(number)} {done}." if number else "No failed page matches.")
        print("".join(f"  {line}\n" for line in _by_site(counts)), end="")
        if number:
            print("".join(f"  {line}\n" for line in _next_steps(counts)), end="")
        if in_hand:
            print(f"{_pages(in_hand)} left to the run that is still at work on them.")
        return 0


def _reason(name: str) -> FailureReason:
    if name not in list(FailureReason):
        raise ValueError(f"--reason: pages do not fail for {name!r}; there are: {', '.join(FailureReason)}")
    return FailureReason(name)


def _by_site(counts: list[FailedPages]) -> list[str]:
    """Return a line for each site: how many, and why they had failed."""
    sites: dict[str, Counter[str]] = {}
    for count in counts:
        sites.setdefault(count.site, Counter())[count.reason] += count.pages
    width = max((len(site) for site in sites), default=0)
    return [
        f"{printable(site):<{width}}  {why.total():>7,}   {', '.join(f'{r} {n:,}' for r, n in why.most_common())}"
        for site, why in sites.items()
    ]


def _next_steps(counts: list[FailedPages]) -> list[str]:
    """Return what takes the pages up, as far as there is something of that kind."""
    takers: Counter[str] = Counter()
    for count in counts:
        takers[_WHO_TAKES_THEM[count.via]] += count.pages
    return [f"taken up by {who}: {pages:,}" for who, pages in takers.most_common()]


def _pages(number: int) -> str:
    return f"{number:,} page{'' if number == 1 else 's'}"
