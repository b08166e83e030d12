"""Drafting the table of an outlet that nobody has described, from what its home page and its lists say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crawler.sites.site import Site
from crawler.url import host_of, site_of

if TYPE_CHECKING:
    from crawler.discovery.autodiscovery import Survey

_CODE = re.compile(r"[a-z]{2}")
_SOLD = frozenset("ac ai cc co fm gg io la ly me nu sh to tv ws".split())
"""Domains of countries that everybody buys: they say nothing about a paper."""
_NOT_COUNTRIES = {"uk": "gb", "eu": None, "su": None}
"""Domains of two letters that are no ISO 3166-1 code."""


def draft(
    url: str,
    told: Survey,
    *,
    asked: str | None = None,
    feeds: Sequence[str] = (),
    sitemaps: Sequence[str] = (),
    sections: Sequence[str] = (),
    verified: bool = False,
) -> Site:
    """Return the table of the paper whose home page answered at `url`, as far as it says what belongs there.

    told: what the home page says. asked: the URL by which somebody asked for it, where that is another one. The lists
    are those that answered; verified: all that the table names did.
    """
    domains = tuple(dict.fromkeys(domain_of(one) for one in (url, *([asked] if asked else []))))
    home = url if url != Site(key="", name="", domains=domains).home_page else None
    return Site(
        key=domains[0],
        name=told.name or domains[0],
        domains=domains,
        country=country_of(domains, told.country),
        language=told.language,
        home=home,
        feeds=tuple(feeds),
        sitemaps=tuple(sitemaps),
        sections=tuple(sections),
        verified=verified,
    )


def domain_of(url: str) -> str:
    """Return the domain by which an outlet is known: the registrable one; with a port, the host as it is."""
    host = host_of(url)
    # Another port of this machine is another server.
    return host if ":" in host else site_of(url)


def country_of(domains: Iterable[str], declared: str | None) -> str | None:
    """Return the country of a paper: that of its domain, else the one its pages declare their language to be of.

    In this order, since what a page declares is often the default of its software.
    """
    for domain in domains:
        last = domain.rpartition(".")[2]
        if _CODE.fullmatch(last) and last not in _SOLD and (code := _NOT_COUNTRIES.get(last, last)):
            return code
    return _NOT_COUNTRIES.get(declared, declared) if declared is not None else None
