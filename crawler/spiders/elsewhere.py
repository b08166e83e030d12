"""WARC files that are not on this machine: those a user names, and the months of CC-NEWS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crawler.discovery.ccnews import Month, NoMonth, archive_urls, paths_url, read_months
from crawler.discovery.inputs import Inputs, is_url, listed_on_web
from crawler.discovery.lists import UnreadableInput
from crawler.frontier.archives import EVERYTHING, Scope, scope_of
from crawler.politeness.turns import host_name
from crawler.remote.file import RemoteFileError
from crawler.remote.stream import remote_lines
from crawler.sites import Site, SiteIndex, UnknownSite, known_sites, read_site_file, select_sites
from crawler.spiders.pages import ArgumentError
from crawler.spiders.remote_archives import NamedArchive
from crawler.url import host_of, site_of

if TYPE_CHECKING:
    from crawler.spiders.backfill import BackfillSpider


class ArchiveSource(Protocol):
    """Where archives come from, and what of them is wanted."""

    @property
    def scope(self) -> Scope:
        """What is read of each."""

    @property
    def unchanging(self) -> bool:
        """Whether none of them is ever replaced by another of its name."""

    def wanted(self, url: str) -> bool:
        """Whether a page is wanted, given its URL."""

    def archives(self, spider: BackfillSpider) -> AsyncIterator[NamedArchive]:
        """Yield them in order; what cannot be had is the spider's problem. Raises CrawlStopping, DatabaseLost."""


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Files that the user names, or lists of them that the user names."""

    inputs: Inputs
    scope: Scope = EVERYTHING
    unchanging: bool = False

    def wanted(self, url: str) -> bool:
        """Yes: whatever is in there."""
        return True

    async def archives(self, spider: BackfillSpider) -> AsyncIterator[NamedArchive]:
        """Yield the files themselves, then those of the lists."""
        for url in self.inputs.urls:
            yield NamedArchive(url=url)
        for url in self.inputs.lists:
            lines = await _lines(spider, url)
            named = list(listed_on_web(url, lines))
            if lines and not named:
                spider.problem(f"{url}: names no archive")
            spider.mean(meant(url, named))
            for number, one in enumerate(named, 1):
                yield NamedArchive(url=one, place=f"{number} of {len(named)}")


@dataclass(frozen=True, slots=True)
class CCNews:
    """Some months of CC-NEWS, and of these some papers."""

    months: Sequence[Month]
    """In order."""
    sites: Sequence[Site]
    """The papers."""
    index: SiteIndex
    """The same, by domain."""
    scope: Scope
    unchanging: bool = True

    def wanted(self, url: str) -> bool:
        """Whether a page is one of the papers', and one that they admit."""
        site = self.index.find(url)
        return site is not None and site.admits(url)

    async def archives(self, spider: BackfillSpider) -> AsyncIterator[NamedArchive]:
        """Yield the files of each month, from CCNEWS_BASE."""
        base = spider.settings["CCNEWS_BASE"]
        if not use_base(spider, "CCNEWS_BASE", delay=spider.settings.getfloat("CCNEWS_DELAY")):
            return
        for month in self.months:
            listed = paths_url(base, month)
            lines = await _lines(spider, listed)
            urls = list(archive_urls(base, iter(lines)))
            if lines and not urls:
                spider.problem(f"{listed}: names no archive")
            if urls:
                spider.logger.info("CC-NEWS %s: %d archives", month, len(urls))
            for number, url in enumerate(urls, 1):
                yield NamedArchive(url=url, place=f"{month}, {number} of {len(urls)}")


async def _lines(spider: BackfillSpider, url: str) -> list[str]:
    """Return the lines of a list, none, and a problem, where it cannot be had."""
    spider.asked += 1
    lines: list[str] = []
    try:
        async with aclosing(remote_lines(spider.crawler, url)) as batches:
            async for batch in batches:
                lines += batch
    except (RemoteFileError, UnreadableInput) as error:
        spider.problem(str(error))
    else:
        spider.got += 1
    return lines


def meant(url: str, named: Sequence[str]) -> list[str]:
    """Return those of the URLs that a list at `url` names by which its user can have meant a local host: its own."""
    return [one for one in named if host_name(one) == host_name(url)]


def use_base(spider: BackfillSpider, setting: str, *, delay: float) -> bool:
    """Have the host of an archive asked, at its own pace, be it a local one; False, and a problem, where it is none."""
    base = str(spider.settings[setting] or "")
    host = host_of(base)
    if not is_url(base) or not host:
        spider.problem(f"{setting}={base}: give an http(s) URL, as in {setting}=https://archive.example/")
        return False
    spider.mean([base])
    spider.sites = [Site(key=host, name=host, domains=(host,), delay=delay), *spider.sites]
    return True


def read_ccnews(arguments: Mapping[str, str]) -> CCNews:
    """Return what `-a ccnews=…` asks for. Raises ArgumentError, SiteFileError, UnknownSite."""
    try:
        months = read_months(arguments["ccnews"], today=datetime.now(UTC).date())
    except NoMonth as error:
        raise ArgumentError(str(error)) from error
    sites = _papers(arguments)
    return CCNews(months=months, sites=sites, index=SiteIndex(sites), scope=scope_of(sites))


def _papers(arguments: Mapping[str, str]) -> list[Site]:
    """Return the chosen outlets; a domain that no table has is one by itself: nothing else need be known of it."""
    names = [name.strip().lower() for name in arguments.get("sites", "").split(",") if name.strip()]
    country, file = arguments.get("country"), arguments.get("sites_file")
    if not names and country is None and file is None:
        raise ArgumentError("-a ccnews=…: name the papers, with -a sites=nrc.nl,… or -a country=nl")
    known = read_site_file(Path(file)) if file else known_sites()
    chosen = select_sites(known, country=country) if country is not None or (file and not names) else []
    for name in names:
        try:
            chosen += select_sites(known, names=[name])
        except UnknownSite:
            domain = site_of(f"http://{name}/")
            if "." not in name or not domain or "/" in name:
                raise
            chosen.append(Site(key=name, name=name, domains=(name,)))
    return chosen
