"""For whose pages the user has a licence to mine, whatever they reserve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crawler.url import site_of

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.settings import BaseSettings

    from crawler.sites import Site


def licensed(url: str, settings: BaseSettings, spider: Spider | None) -> bool:
    """Whether a reserved page may be kept: TDM_OBEY is unset, TDM_LICENSED names its site, or its table says so."""
    if not settings.getbool("TDM_OBEY"):
        return True
    if site_of(url) in {name.strip().lower() for name in settings.getlist("TDM_LICENSED")}:
        return True
    sites: Sequence[Site] = getattr(spider, "sites", ())
    return any(site.tdm_licensed and site.owns(url) for site in sites)
