"""The outlets we know, one TOML file per country, and the reader of those files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from crawler.sites.reading import SiteFileError, read_site_file, read_sites
from crawler.sites.site import CssHints, Site, SiteIndex

__all__ = [
    "CssHints",
    "Site",
    "SiteFileError",
    "SiteIndex",
    "UnknownSite",
    "known_files",
    "known_sites",
    "read_site_file",
    "read_sites",
    "select_sites",
]


class UnknownSite(ValueError):
    """A site was asked for that no table describes; the message says which are near."""


def known_files() -> list[Path]:
    """Return the site files that come with leesook."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def known_sites() -> list[Site]:
    """Return the outlets that come with leesook, by file and table. Raises SiteFileError."""
    return [site for path in known_files() for site in read_site_file(path)]


_REMEDY = "describe it in a file, -a sites_file=my.toml, or name its home page, -a start=https://…"


def select_sites(
    sites: Sequence[Site], *, names: Iterable[str] = (), country: str | None = None, remedy: str = _REMEDY
) -> list[Site]:
    """Return the outlets asked for by domain or table name, or by country; all where nothing is asked.

    remedy: what to do about an outlet that is not known.
    Raises UnknownSite for a name or a country that no outlet has.
    """
    chosen = list(sites)
    if country is not None:
        chosen = [site for site in sites if site.country == country.lower()]
        if not chosen:
            countries = sorted({site.country for site in sites if site.country})
            raise UnknownSite(f"no outlet of country {country!r} is known; known countries: {', '.join(countries)}")
    wanted = [name.strip().lower() for name in names if name.strip()]
    if not wanted:
        return chosen
    by_name = {alias: site for site in chosen for alias in (site.key.lower(), *site.domains)}
    picked: dict[str, Site] = {}
    for name in wanted:
        site = by_name.get(name) or by_name.get(name.removeprefix("www."))
        if site is None:
            near = difflib.get_close_matches(name, by_name, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else remedy
            raise UnknownSite(f"unknown site {name!r}; {hint}")
        picked[site.key] = site
    return list(picked.values())
