"""One outlet: what is its own, what of that we want, where its lists are, and what helps to read its pages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from crawler.url import host_of, site_of

_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CssHints:
    """Where the parts of an article are on the pages of one outlet, as CSS selectors.

    For pages that say too little about themselves. What a selector finds comes before what the page declares; one that
    finds nothing changes nothing.
    """

    title: str | None = None
    """The headline."""
    authors: str | None = None
    """The byline, or one element for each author."""
    published: str | None = None
    """The date: its `datetime` or `content` attribute, else its text."""
    body: str | None = None
    """What holds the text of the article: nothing outside is taken for it."""
    remove: str | None = None
    """What is taken out of the page before anything is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One outlet."""

    key: str
    """Name of its table in the site file."""
    name: str
    """Its name, for people."""
    domains: tuple[str, ...]
    """Its domains; a page on one of them, or below one, is its own."""
    country: str | None = None
    """ISO 3166-1 code, lower case."""
    language: str | None = None
    """ISO 639-1 code of most of its articles."""
    home: str | None = None
    """URL of its home page, where that is not `https://www.` and its first domain."""
    feeds: tuple[str, ...] = ()
    """URLs of feeds: RSS, Atom, RDF, JSON Feed."""
    sitemaps: tuple[str, ...] = ()
    """URLs of sitemaps and sitemap indexes."""
    sections: tuple[str, ...] = ()
    """URLs of section pages, for papers whose feeds and sitemaps name too little."""
    allow: tuple[str, ...] = ()
    """Paths of articles, as robots.txt writes them (`/nieuws/`, `*/20*/`, `*.html$`); none: every path."""
    deny: tuple[str, ...] = ()
    """Paths never fetched, likewise; comes before `allow`."""
    delay: float | None = None
    """Seconds between two requests to one of its hosts; null: DOWNLOAD_DELAY."""
    tdm_licensed: bool = False
    """You have a licence to mine what it reserves (TDM_OBEY)."""
    css: CssHints = field(default_factory=CssHints)
    """Where the parts of an article are on its pages."""
    verified: bool = False
    """`scrapy sites --check` has seen its lists answer."""

    @property
    def listed(self) -> bool:
        """Whether it is known where its lists are; else they are found by autodiscovery."""
        return bool(self.feeds or self.sitemaps or self.sections)

    @property
    def home_page(self) -> str:
        """Its home page: on `www.` for a bare domain, since that is where papers send their readers."""
        if self.home is not None:
            return self.home
        domain = self.domains[0]
        if _PORT.search(domain) or not domain[-1].isalpha():
            return f"http://{domain}/"
        return f"https://{'www.' if site_of(f'https://{domain}/') == domain else ''}{domain}/"

    def owns(self, url: str) -> bool:
        """Whether a URL stands on one of its domains, or on a host below one."""
        return any(name in self.domains for name in _names(host_of(url)))

    def admits(self, url: str) -> bool:
        """Whether the site's own rules, `allow` and `deny`, let a page be fetched; whose it is, is another matter."""
        if not self.allow and not self.deny:
            return True
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if any(_pattern(rule).match(target) for rule in self.deny):
            return False
        return not self.allow or any(_pattern(rule).match(target) for rule in self.allow)


class SiteIndex:
    """Which outlet a URL belongs to, asked for every link of every page."""

    def __init__(self, sites: Iterable[Site]) -> None:
        """Where two outlets name the same domain, the first has it."""
        self._by_domain: dict[str, Site] = {}
        for site in sites:
            for domain in site.domains:
                self._by_domain.setdefault(domain, site)

    def find(self, url: str) -> Site | None:
        """Return the outlet whose domain a URL stands on or below; the narrowest where several do."""
        return next((site for name in _names(host_of(url)) if (site := self._by_domain.get(name))), None)


@lru_cache(maxsize=10_000)
def _names(host: str) -> tuple[str, ...]:
    """Return a host, without its port too, and every domain it stands below."""
    bare = _PORT.sub("", host)
    labels = bare.split(".")
    return tuple(dict.fromkeys([host, *(".".join(labels[at:]) for at in range(len(labels)))]))


@lru_cache(maxsize=1_000)
def _pattern(rule: str) -> re.Pattern[str]:
    """Return what a path of robots.txt means (RFC 9309, 2.2.3): `*` for anything, `$` for the end."""
    open_ended = rule.removesuffix("$")
    # A run of stars is one, or a rule could be made to try every way to cut a path.
    pieces = [re.escape(piece) for piece in re.split(r"\*+", open_ended)]
    return re.compile(".*?".join(pieces) + (r"\Z" if rule.endswith("$") else ""), re.DOTALL)
