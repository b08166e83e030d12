"""What a paper says about where its lists are: feeds named by its home page, sitemaps by its robots.txt. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from crawler.discovery.documents import base_of, document_of
from crawler.discovery.entries import bare_language, region_of
from crawler.discovery.navigation import section_links
from crawler.url import absolute_url, site_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

USUAL_FEEDS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds/rss.xml", "/feed.json")
"""Where feeds are when nobody says so, most frequent first."""
USUAL_SITEMAPS = (
    "/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml", "/googlenews.xml",
    "/sitemap.xml", "/sitemap_index.xml", "/sitemap-index.xml", "/sitemap.xml.gz",
)  # fmt: skip
"""Likewise, those for news before those for everything."""
_FEED_TYPES = frozenset(
    "application/rss+xml application/atom+xml application/rdf+xml application/feed+json application/json "
    "text/rss+xml application/x-rss+xml application/rss application/atom text/xml application/xml".split()
)
_VAGUE_TYPES = frozenset(["application/json", "text/xml", "application/xml"])
"""Types of much that is no feed; then the address has to look like one."""
_LIKE_A_FEED = re.compile(r"(?:^|[/._?=&-])(?:feeds?|rss\d?|atom|rdf|xml)(?:$|[/._?=&-])", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|reacti(?:e|on)|kommentar|comentario|commenti|/comments?/", re.IGNORECASE)
_MOST_FEEDS = 50
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*([^\s#]+)", re.IGNORECASE | re.MULTILINE)
_MOST_SITEMAPS = 100
_SEPARATOR = re.compile(r"\s+[-–—|·:»]\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a home page tells of its paper."""

    name: str | None = None
    """The paper's name."""
    language: str | None = None
    """A bare lower-case code."""
    country: str | None = None
    """The country that its language is declared to be of, ISO 3166-1, lower case."""
    feeds: tuple[str, ...] = ()
    """Feeds it names, in its order; those of comments left out."""
    sections: tuple[str, ...] = ()
    """Section pages its navigation leads to."""


def survey(body: bytes, url: str) -> Survey:
    """Return what a home page at `url` tells. Never raises: a page that cannot be read tells nothing."""
    tree = document_of(body)
    if tree is None:
        return Survey()
    base, declared = base_of(tree, url), _languages(tree)
    return Survey(
        name=_name(tree, url),
        language=next((code for tag in declared if (code := bare_language(tag))), None),
        country=next((code for tag in declared if (code := region_of(tag))), None),
        feeds=_feeds(tree, base, url),
        sections=section_links(tree, base, url),
    )


def robots_sitemaps(body: bytes, url: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt at `url` names, in its order (sitemaps.org; RFC 9309, 2.2.4)."""
    lines = _SITEMAP_LINE.findall(body.decode("utf-8-sig", "replace"))
    found = (absolute_url(url, line) for line in lines)
    return tuple(dict.fromkeys(address for address in found if address is not None))[:_MOST_SITEMAPS]


def usual_feeds(url: str) -> tuple[str, ...]:
    """Return where the feeds of the paper at `url` may be."""
    return tuple(urljoin(url, path) for path in USUAL_FEEDS)


def usual_sitemaps(url: str) -> tuple[str, ...]:
    """Return where the sitemaps of the paper at `url` may be."""
    return tuple(urljoin(url, path) for path in USUAL_SITEMAPS)


def _feeds(tree: HtmlElement, base: str, url: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for link in tree.iter("link", "a"):
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        relations = (link.get("rel") or "").lower().split()
        if kind not in _FEED_TYPES or (link.tag == "link" and not {"alternate", "feed"} & set(relations)):
            continue
        address = absolute_url(base, link.get("href") or "") if link.get("href") else None
        if address is None or (kind in _VAGUE_TYPES and not _LIKE_A_FEED.search(urlsplit(address).path)):
            continue
        said = f"{link.get('title') or ''} {unquote(urlsplit(address).path)}"
        # Somebody else's feed in the page (a partner's, a podcast host's) is not this paper's.
        if _COMMENTS.search(said) or site_of(address) not in (site_of(url), *_feed_hosts(address)):
            continue
        found[address] = None
    return tuple(found)[:_MOST_FEEDS]


def _feed_hosts(address: str) -> tuple[str, ...]:
    """Return the site of a feed that a paper has others deliver."""
    return tuple(site for site in ("feedburner.com", "feedblitz.com") if site_of(address) == site)


def _name(tree: HtmlElement, url: str) -> str | None:
    metas = {
        (meta.get("property") or meta.get("name") or "").lower(): " ".join((meta.get("content") or "").split())
        for meta in tree.iter("meta")
    }
    title = next((" ".join(element.text_content().split()) for element in tree.iter("title")), "")
    # Of `Nieuws uit Leieveld | De Stadsbode` the part that is in the domain, else the shortest.
    parts = [part for part in _SEPARATOR.split(title) if part]
    brand = site_of(url).split(".")[0]
    own = [part for part in parts if brand and brand in re.sub(r"[\W_]", "", part.lower())]
    named = metas.get("og:site_name") or metas.get("application-name") or next(iter(own), None)
    return (named or min(parts, key=len, default=""))[:80] or None


def _languages(tree: HtmlElement) -> list[str]:
    """Return the language tags that a page declares."""
    declared = [tree.get("lang"), tree.get("xml:lang")]
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("http-equiv") or meta.get("name") or "").lower()
        if name in ("og:locale", "content-language", "language"):
            declared.append(meta.get("content"))
    return [tag for tag in declared if tag]
