"""Everything a page says about its article except the text: one reader, each field from the best evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.article import Rights
from crawler.extraction.authors import names_in
from crawler.extraction.byline import find_byline
from crawler.extraction.jsonld import first_text, texts
from crawler.extraction.language import declared_language
from crawler.extraction.lead import standfirst
from crawler.extraction.picture import image_of
from crawler.extraction.published import modified, published
from crawler.extraction.rights import read_rights
from crawler.extraction.title import headline, key
from crawler.extraction.topics import keywords_of, section_of
from crawler.url import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lxml.html import HtmlElement

    from crawler.article import Image
    from crawler.extraction.dates import Instant
    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd
    from crawler.extraction.page import Page

_AUTHOR_METAS = (
    "author", "article:author", "article:author_name", "authors", "parsely-author", "sailthru.author", "byl",
    "cxenseparse:author", "dcsext.author", "dc.creator", "dcterms.creator", "dc.creator.name", "citation_author",
    "og:article:author", "mediator_author", "rbauthors", "shareaholic:article_author_name", "creator",
)  # fmt: skip

_CARD_LABEL = re.compile(r"twitter:label(\d)")
_WRITTEN_BY = re.compile(
    r"(?:written|posted|published|geschreven|geschrieben|verfasst|escrito|écrit|scritto|napisane|skrevet|skriven|"
    r"napsal|scris)\s|\b(?:by|author|auteur|autor(?:in|ka|a)?|autore|yazan|автор|作者|執筆者|著者)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page says about its article."""

    title: str | None = None
    """Headline."""
    lead: str | None = None
    """Standfirst."""
    authors: tuple[str, ...] = ()
    """Names in order."""
    published: Instant | None = None
    """When it was published."""
    modified: Instant | None = None
    """When it was last changed."""
    section: str | None = None
    """The publisher's section."""
    keywords: tuple[str, ...] = ()
    """The publisher's keywords."""
    image: Image | None = None
    """The main picture."""
    rights: Rights = field(default_factory=Rights)
    """What the publisher reserves."""
    language: str | None = None
    """Declared language, a bare code."""
    json_ld_body: str | None = None
    """`articleBody` of schema.org."""


def read_metadata(page: Page, head: Head, data: JsonLd, *, headers: Mapping[str, str], now: datetime) -> Metadata:
    """Return what a page says about its article.

    `headers` are the response's, with lower-case names; `now` (UTC) tells the future from the past.
    """
    article = data.article
    sites = _sites(page.url, head, data)
    language = declared_language(page.tree, head, article)
    title = headline(page.tree, head, article, sites)
    when = published(page, head, data, language=language, now=now)
    return Metadata(
        title=title,
        lead=standfirst(page.tree, head, article, title),
        authors=_authors(page.tree, head, data, sites),
        published=when,
        modified=modified(head, data, since=when, language=language, now=now),
        section=section_of(head, data, title=title, sites=sites),
        keywords=keywords_of(head, data),
        image=image_of(page, head, data),
        rights=read_rights(head, headers, url=page.url),
        language=language,
        json_ld_body=first_text(article, "articleBody"),
    )


def _authors(tree: HtmlElement, head: Head, data: JsonLd, sites: list[str]) -> tuple[str, ...]:
    """Return the authors' names: as JSON-LD has them, else the meta tags, else the byline on the page.

    Where all that is declared is the name of the site, a name in a later source goes before it.
    """
    own = {key(site) for site in sites}
    fallback: tuple[str, ...] = ()
    value = data.article.get("author") or data.article.get("creator")
    declared = [text for item in (value if isinstance(value, list) else [value]) for text in texts(data.resolve(item))]
    for source in (declared, head.every(*_AUTHOR_METAS), _on_card(head)):
        names = names_in(source, sites=sites)
        if any(key(name) not in own for name in names):
            return names
        fallback = fallback or names
    return find_byline(tree, head, sites) or fallback


def _on_card(head: Head) -> list[str]:
    """Return what the page's Twitter card shows as its author: plugins for WordPress write that into pages that
    declare none otherwise (`twitter:label1` "Written by", `twitter:data1` the name)."""
    numbers = [match[1] for name in head.metas if (match := _CARD_LABEL.fullmatch(name))]
    said = [number for number in numbers if _WRITTEN_BY.search(head.first(f"twitter:label{number}") or "")]
    return head.every(*(f"twitter:data{number}" for number in said), "twitter:misc:written by")


def _sites(url: str, head: Head, data: JsonLd) -> list[str]:
    """Return the names under which the site of a page goes."""
    site = site_of(url)
    names = [*head.every("og:site_name", "application-name", "twitter:site"), site, site.partition(".")[0]]
    for node in (data.article, *data.nodes):
        names.extend(texts(data.resolve(node.get("publisher"))))
    return names
