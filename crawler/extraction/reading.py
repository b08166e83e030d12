"""From the bytes of a page to the article on it: each step in its turn."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.article import (
    Article,
    Fetch,
    Rejection,
    RelatedLink,
    Via,
)
from crawler.extraction import EXTRACTOR
from crawler.extraction.body import extract_body
from crawler.extraction.canonical import address_of, aliases_of
from crawler.extraction.head import read_head
from crawler.extraction.jsonld import read_json_ld
from crawler.extraction.kind import Refusal, judge
from crawler.extraction.listed import completed
from crawler.extraction.metadata import read_metadata
from crawler.extraction.outlet import hinted, keep_body, take_out
from crawler.extraction.page import Unreadable, parse
from crawler.extraction.paywall import paywall_of
from crawler.extraction.related import Harvest, find_related
from crawler.extraction.text import word_count
from crawler.url import InvalidURL, article_id, canonical_url, site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.article import RejectionReason
    from crawler.listed import Listed
    from crawler.sites import CssHints


def extract(
    html: bytes,
    url: str,
    *,
    charset: str | None = None,
    headers: Mapping[str, str] | None = None,
    fetch: Fetch | None = None,
    listed: Listed | None = None,
    css: CssHints | None = None,
) -> Article | Rejection:
    """Return the article on a page, or why there is none.

    `url` is the absolute http(s) URL that answered; `charset` the HTTP header's, bare or as a whole Content-Type
    value; `headers` the response's headers, of which the names' case does not matter; `fetch` how the bytes came (by
    default: requested under `url`, via an HTML file); `listed` what a feed or sitemap says of the article, which fills
    what the page lacks; `css` what the outlet's site file says about its pages.

    Raises nothing for what a page holds; InvalidURL for a `url` that is none.
    """
    fetch = fetch or Fetch(requested_url=url, via=Via.HTML, bytes=len(html))
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    try:
        page = parse(html, url, charset=charset or lower.get("content-type"))
    except Unreadable as error:
        return _rejection(fetch, error.reason, str(error))
    now = fetch.at or datetime.now(UTC)
    if css is not None:
        take_out(page.tree, css)
    head = read_head(page.tree)
    data = read_json_ld(head.scripts, urls=(url, *head.links.get("canonical", ())))
    found = read_metadata(page, head, data, headers=lower, now=now)
    if css is not None:
        found = hinted(found, page.tree, css, now=now)
    found = completed(found, listed, now=now)
    harvest = find_related(page, title=found.title)
    if css is not None:
        keep_body(page.tree, css)
    body = extract_body(page, harvest, title=found.title, lead=found.lead, json_ld_body=found.json_ld_body)
    text = "\n\n".join(block.text for block in body)
    words = word_count(text)
    dated_by = found.published.source if found.published else None
    kind = judge(page, head, data, title=found.title, body=body, words=words, dated_by=dated_by)
    if isinstance(kind, Refusal):
        return _rejection(fetch, kind.reason, kind.detail)
    address = address_of(page, head)
    published = found.published
    return Article(
        id=article_id(address),
        kind=kind,
        url=address,
        fetched_url=url,
        aliases=aliases_of(address, page, head, fetch.requested_url),
        site=site_of(address),
        date=published.local.strftime("%Y-%m") if published else None,
        published_at=published.at if published else None,
        published_offset=published.offset if published else None,
        published_source=published.source if published else None,
        published_precision=published.precision if published else None,
        modified_at=found.modified.at if found.modified else None,
        title=found.title or "",
        lead=found.lead,
        authors=found.authors,
        section=found.section,
        keywords=found.keywords,
        image=found.image,
        language_declared=found.language,
        body=body,
        text=text,
        related=_related(harvest),
        word_count=words,
        paywall=paywall_of(page.tree, head, data, body, words=words),
        rights=found.rights,
        fetch=fetch,
        extractor=EXTRACTOR,
    )


def _related(harvest: Harvest) -> tuple[RelatedLink, ...]:
    links = []
    for link in harvest.links:
        try:
            address = canonical_url(link.url)
        except InvalidURL:
            continue
        links.append(
            RelatedLink(
                label=link.label,
                title=link.title,
                teaser=link.teaser,
                url=address,
                article_id=article_id(address),
                position=link.position,
            )
        )
    return tuple(links)


def _rejection(fetch: Fetch, reason: RejectionReason, detail: str) -> Rejection:
    return Rejection(requested_url=fetch.requested_url, reason=reason, detail=detail, status=fetch.status)
