"""What a publisher reserves: text and data mining, indexing, archiving, as its page and its server say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from crawler.article import Rights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.extraction.head import Head

AGENT = "leesook"
"""By which name directives for robots address us; our product token in robots.txt, too."""
_NO_MINING = frozenset(["noai", "noml"])
"""Robots directives that forbid machine learning on text."""
_KEPT = _NO_MINING | {"noindex", "nofollow", "noarchive", "nosnippet", "noimageai"}
"""Robots directives that are kept with an article; the others are about how a search engine shows it."""
_NAMED = re.compile(r"\s*([\w.-]+)\s*:(?!//)\s*(.*)", re.DOTALL)
_WITH_VALUE = frozenset(["max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"])
"""Directives that are written with a colon, as the names of robots are."""


def read_rights(head: Head, headers: Mapping[str, str], *, url: str = "") -> Rights:
    """Return what is reserved, and where that is said.

    Mining, in order: the header and the meta tag `tdm-reservation` of the TDM Reservation Protocol (W3C community
    group, TDMRep, sections 6 and 7), of which 0 is a plain permission; then directives for robots, in the page and in
    the header. Those for another robot are not for us. `headers` have lower-case names; several headers of one name
    are lines. `url` is the page's, for a policy given relative to it.
    """
    in_page = robots_directives(head.every("robots", AGENT))
    in_header = robots_directives((headers.get("x-robots-tag") or "").split("\n"))
    robots = tuple(sorted((in_page | in_header) & _KEPT))
    for value, policy, source in (
        (headers.get("tdm-reservation"), headers.get("tdm-policy"), "header"),
        (head.first("tdm-reservation"), head.first("tdm-policy"), "meta"),
    ):
        if value and value.strip() in ("0", "1"):
            reserved = value.strip() == "1"
            return Rights(tdm_reserved=reserved, source=source, tdm_policy=_absolute(policy, url), robots=robots)
    for directives, source in ((in_page, "robots-meta"), (in_header, "x-robots-tag")):
        if directives & _NO_MINING:
            return Rights(tdm_reserved=True, source=source, robots=robots)
    return Rights(robots=robots)


def robots_directives(values: Iterable[str]) -> frozenset[str]:
    """Return the directives in robots meta tags or X-Robots-Tag lines that are for every robot or for us, lower-case.

    A line may start with the name of the robot all of it is for, `otherbot: noindex, nofollow`; a name further on
    begins another such list. `none` stands for `noindex, nofollow`.
    """
    found: set[str] = set()
    for value in values:
        for_us = True
        for part in value.lower().split(","):
            directive = part.strip()
            named = _NAMED.fullmatch(directive)
            if named is not None and named[1] not in _WITH_VALUE:
                for_us, directive = named[1] == AGENT, named[2].strip()
            if for_us and directive:
                found.add(directive)
    return frozenset(found | {"noindex", "nofollow"} if "none" in found else found)


def _absolute(policy: str | None, url: str) -> str | None:
    try:
        address = urljoin(url, policy.strip()) if policy else ""
    except ValueError:
        return None
    return address if address.startswith(("http://", "https://")) else None
