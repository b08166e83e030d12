"""`scrapy sites`: the outlets that are known, whether their lists work, and the table of one that is new."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text
from scrapy.exceptions import UsageError

from crawler.console import INTERRUPTED, CommandError, QuietCommand, printable
from crawler.discovery.autodiscovery import Survey
from crawler.discovery.checking import Kind, Looked, Standing, Tried, find_paper, look_at, try_found
from crawler.extensions.verdict import DATABASE, FAILED, OK
from crawler.frontier.patience import DatabaseLost
from crawler.inquiry import Inquirer, Stopped, inquire
from crawler.mongodb.connection import DatabaseUnavailable, open_database
from crawler.politeness.perimeter import is_local_name
from crawler.politeness.turns import host_name
from crawler.sites import (
    Site,
    SiteFileError,
    SiteIndex,
    UnknownSite,
    known_files,
    known_sites,
    read_site_file,
    select_sites,
)
from crawler.sites.drafting import domain_of, draft
from crawler.sites.keeping import replace_file, set_marks, with_outlet
from crawler.sites.writing import site_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Mapping, Sequence

_WIDE = 1000  # columns, where nobody's terminal has to hold a line
_REMEDY = "describe it in a file of your own, --file my.toml, or have it described: scrapy sites --add https://…"
_LISTS = ("feeds", "sitemaps", "sections")
_MOST_LISTS = 20
"""Of each kind of list that a new paper names, this many are tried and written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The site files that are looked at, and their outlets."""

    files: Mapping[Path, Sequence[Site]]
    """Outlets by file."""

    @property
    def sites(self) -> list[Site]:
        """All outlets."""
        return [site for sites in self.files.values() for site in sites]


class Command(QuietCommand):
    """Show the outlets, try them, add one."""

    def syntax(self) -> str:
        """Return what follows the name of the command."""
        return "[SITE ...] [--country CODE] [--file FILE] [--json] [--check [--write]] | --add URL [--output FILE]"

    def short_desc(self) -> str:
        """Return the line in the list of commands."""
        return "List the outlets that are known, try whether their lists work, describe a new one"

    def long_desc(self) -> str:
        """Return what the help says before the options."""
        return (
            "List the outlets that come along, or those of --file; SITE is a domain or the name of a table. --check "
            "asks each for its robots.txt and its lists, at the pace of a crawl, and says of each list whether it "
            "works, where it has moved, or whether it is old, empty, foreign, dead or away; exit status 1 if something "
            "does not work, 3 without a database, which keeps the pace. --write then sets `verified` in the site "
            "files: true where all works, false where something does not, as before where there was no answer this "
            "time. --add looks at a paper nobody has described, and prints its table, or appends it to --output. "
            "--json prints a list of {key, name, domains, country, language, home, feeds, sitemaps, sections, delay, "
            "verified, file}, with --check also {works, tried: [{kind, url, standing, detail, moved_to, found, "
            "newest}]}."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        super().add_options(parser)
        parser.add_argument("--country", metavar="CODE", help="only outlets of this country (ISO 3166-1: nl, be, …)")
        parser.add_argument("--file", metavar="FILE", help="a site file of your own, instead of those that come along")
        parser.add_argument("--json", action="store_true", help="one JSON list, for machines")
        parser.add_argument("--check", action="store_true", help="try each outlet, and say what works")
        parser.add_argument("--write", action="store_true", help="with --check: set `verified` in the site files")
        parser.add_argument("--add", metavar="URL", help="describe the paper whose home page this is")
        parser.add_argument("--output", metavar="FILE", help="with --add: append the table to this file")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """List, check or add."""
        if opts.write and not opts.check:
            raise UsageError("--write goes with --check")
        if opts.output and not opts.add:
            raise UsageError("--output goes with --add")
        if opts.add is not None:
            for name in ("check", "json", "country", "file"):
                if getattr(opts, name):
                    raise UsageError(f"--{name} does not go with --add")
            if args:
                raise UsageError(f"--add takes one URL, and {args[0]!r} is one too many")
            return self._reaching(lambda: self._add(opts.add, Path(opts.output) if opts.output else None))
        try:
            shelf = Shelf(
                files={path: read_site_file(path) for path in ([Path(opts.file)] if opts.file else known_files())}
            )
            chosen = select_sites(shelf.sites, names=args, country=opts.country, remedy=_REMEDY)
        except (SiteFileError, UnknownSite) as error:
            raise CommandError(str(error)) from None
        if opts.check:
            return self._reaching(lambda: self._check(shelf, chosen, write=opts.write, as_json=opts.json))
        if opts.json:
            print(json.dumps([_as_json(shelf, site) for site in chosen], ensure_ascii=False))
        else:
            _print_sites(chosen)
        return OK

    def _reaching(self, work: Callable[[], int]) -> int:
        """Do what asks papers; say what kept it from its end."""
        try:
            return work()
        except SiteFileError as error:
            raise CommandError(str(error)) from None
        except (DatabaseUnavailable, DatabaseLost) as error:
            return self._say(str(error), DATABASE)
        except Stopped:
            return self._say("interrupted", INTERRUPTED)

    def _inquire(self, sites: Sequence[Site], job: Callable[[Inquirer], Awaitable[None]]) -> None:
        assert self.settings is not None
        strangers = [host for site in sites if not is_local_name(host := host_name(site.home_page))]
        if strangers and not self.settings["CONTACT"]:
            _note(f"{strangers[0]} cannot reach you: set CONTACT to a mail address or a URL")
        with open_database(self.settings) as opened:
            inquire(self.settings, opened, sites, job)

    def _check(self, shelf: Shelf, chosen: Sequence[Site], *, write: bool, as_json: bool) -> int:
        """Try outlets, print what came of it, and set the marks in their files."""
        seen: dict[str, Looked] = {}

        async def job(papers: Inquirer) -> None:
            async def look(site: Site) -> None:
                looked = await look_at(site, ask=papers.ask, read=papers.read, now=papers.now())
                seen[site.key] = looked
                if not as_json:
                    _print_looked(looked)

            await papers.of_each(chosen, look)

        try:
            self._inquire(chosen, job)
        finally:
            # Also what was seen before somebody stopped it.
            looked_at = [seen[site.key] for site in chosen if site.key in seen]
            if as_json:
                print(json.dumps([_as_json(shelf, one.site, one) for one in looked_at], ensure_ascii=False))
            elif len(looked_at) > 1:
                working = sum(one.works for one in looked_at)
                print(f"{working} of {len(looked_at)} outlets work")
            if write and looked_at:
                _write_marks(shelf, looked_at)
        broken = [one.site.key for one in looked_at if not one.works]
        if not broken:
            return OK
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return self._say(f"something of {broken[0]} does not work{more}", FAILED)

    def _add(self, url: str, output: Path | None) -> int:
        """Look at a paper, and write its table down."""
        if urlsplit(url).scheme not in ("http", "https") or not host_name(url):
            raise UsageError(f"--add {url}: give the home page of a paper in full, as in https://www.mypaper.example/")
        url = url if urlsplit(url).path else f"{url}/"
        domain = domain_of(url)
        if output is not None:
            with_outlet(output, Site(key=domain, name=domain, domains=(domain,)))
        drafts: list[tuple[Tried, Site, Sequence[Tried], Sequence[str]]] = []

        async def job(papers: Inquirer) -> None:
            drafts.append(await _drafted(url, papers))

        self._inquire([Site(key=domain, name=domain, domains=(domain,), home=url)], job)
        home, site, left_out, sections = drafts[0]
        if home.standing in (Standing.DEAD, Standing.AWAY):
            raise CommandError(f"{url}: {home.detail}")
        for one in left_out:
            _note(f"left out: {one.kind} {one.url}: {one.standing}, {one.detail}")
        if (known := SiteIndex(known_sites()).find(site.home_page)) is not None:
            _note(f"it is known already, as [{known.key}] of the site files that come along")
        text = site_table(site) + _commented(sections)
        if output is None:
            print(text, end="")
        else:
            replace_file(output, with_outlet(output, site) + _commented(sections))
            found = [(len(getattr(site, name)), name) for name in _LISTS]
            counts = ", ".join(f"{n} {name if n > 1 else name[:-1]}" for n, name in found if n)
            print(f"{output}: [{printable(site.key)}] with {counts or 'no lists'}")
        if not site.listed:
            return self._say("no list of it works now; a crawl that has this table looks for them again", FAILED)
        return OK


async def _drafted(url: str, papers: Inquirer) -> tuple[Tried, Site, Sequence[Tried], Sequence[str]]:
    """Return what became of a home page, the table it leads to, the lists left out, and sections it could have."""
    home, found = await find_paper(url, ask=papers.ask, read=papers.read)
    answered = home.moved_to or url
    if found is None:
        return home, draft(answered, Survey(), asked=url), (), ()
    site = draft(answered, found.told, asked=url)
    papers.sites = (*papers.sites, site)
    now = papers.now()
    tried = await try_found(site, found, ask=papers.ask, read=papers.read, now=now, most=_MOST_LISTS)
    sections = found.told.sections
    if sections and not found.sections and not any(one.standing is Standing.WORKS for one in tried):
        # What the page names as feeds and sitemaps is of no use: its menus are what is left.
        again = replace(found, feeds=(), sitemaps=(), sections=(answered, *sections))
        tried += await try_found(site, again, ask=papers.ask, read=papers.read, now=now, most=_MOST_LISTS)
    working: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
    for one in tried:
        if one.standing is Standing.WORKS:
            working[one.kind].setdefault(one.moved_to or one.url, one.url)
    left_out = [one for one in tried if one.standing is not Standing.WORKS]
    drafted = replace(
        site,
        feeds=tuple(working[Kind.FEED].values()),
        sitemaps=tuple(working[Kind.SITEMAP].values()),
        sections=tuple(working[Kind.SECTION].values()),
        verified=len(left_out) < len(tried),
    )
    return home, drafted, left_out, () if drafted.sections else sections


def _commented(sections: Sequence[str]) -> str:
    """Return section pages as a comment below a table."""
    if not sections:
        return ""
    lines = [f"    {json.dumps(printable(url), ensure_ascii=False)}," for url in sections]
    return "".join(
        f"# {line}\n"
        for line in (
            "Its menus lead to these, for where feeds and sitemaps name too little:",
            "sections = [",
            *lines,
            "]",
        )
    )


def _write_marks(shelf: Shelf, looked_at: Sequence[Looked]) -> None:
    """Set `verified` in the files of these outlets, as far as it can be said."""
    verdicts = {one.site.key: verdict for one in looked_at if (verdict := one.verified) is not None}
    changes: list[bool] = []
    for path, sites in shelf.files.items():
        marks = {site.key: verdicts[site.key] for site in sites if site.key in verdicts}
        changes += set_marks(path, marks).values() if marks else []
    _note(f"verified = true set at {changes.count(True)} outlets, verified = false at {changes.count(False)}")


def _as_json(shelf: Shelf, site: Site, looked: Looked | None = None) -> dict[str, Any]:
    file = next((str(path) for path, sites in shelf.files.items() if site in sites), None)
    names = ("key", "name", "domains", "country", "language", "home", *_LISTS, "delay", "verified")
    described = {name: getattr(site, name) for name in names} | {"file": file}
    if looked is None:
        return described
    tried = [
        {**asdict(one), "newest": one.newest.isoformat().replace("+00:00", "Z") if one.newest else None}
        for one in looked.tried
    ]
    return described | {"works": looked.works, "tried": tried}


def _print_sites(sites: Sequence[Site]) -> None:
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE, no_color=True)
    table = Table("site", "name", "country", "language", box=None, pad_edge=False)
    for name in _LISTS:
        table.add_column(name, justify="right")
    table.add_column("verified")
    for site in sites:
        counts = [str(len(getattr(site, name)) or "") for name in _LISTS]
        cells = (
            site.key,
            site.name,
            site.country or "",
            site.language or "",
            *counts,
            "yes" if site.verified else "no",
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    with console.capture() as captured:
        console.print(table)
    # A table fills its lines with blanks.
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")
    found = sum(not site.listed for site in sites)
    by_home = f"; {found} without lists, found by their home page" if found else ""
    print(f"\n{len(sites)} outlets, {sum(site.verified for site in sites)} verified{by_home}")


def _print_looked(looked: Looked) -> None:
    print(printable(f"{looked.site.key}  {looked.site.name}"))
    for one in looked.tried:
        standing = "moved" if one.moved_to and one.standing is Standing.WORKS else one.standing
        where = f"{one.url} -> {one.moved_to}" if one.moved_to else one.url
        print(f"  {one.kind:<8}{standing:<8}{printable(where)}  {printable(one.detail)}".rstrip())
    sys.stdout.flush()


def _note(line: str) -> None:
    print(f"scrapy sites: {printable(line)}", file=sys.stderr)
