"""From one version of the document layout to the next: a pure function a step.

A step knows the layout on both of its sides as they were, and nothing of the Article of today: it is written once and
stays as it is when later versions come.

Version 0 is the founding shape with what was needed to make it:

| field | type | meaning |
|---|---|---|
| `_id` | any | whatever MongoDB or somebody made of it |
| `url` | str | where it was found |
| `title` | str | headline |
| `language` | str or null | as in version 1 |
| `document` | str | ` date 2022-01 ` where the month is known, the text, and after `Lees ook:` titles and teasers |
| `related_urls` | [str] | the URLs of these titles, in their order; only where there are any |
| `fetched_at` | date | when it was found, UTC; optional |
| `paywall` | bool | the text is not free; optional |

Version 1 is version 2 with another `signature`, made of other hashes of the same words, and `bands`, `duplicate_of` and
`similarity` as they follow from that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from crawler.article import SCHEMA_VERSION, Article, Rejection, from_document
from crawler.text_search import grammar_of
from crawler.url import InvalidURL, article_id, canonical_url, site_of
from pipelines.fingerprint import content_hash
from pipelines.minhash import signature
from pipelines.validate import validated

Document = Mapping[str, Any]

_FIELDS_0 = {"_id", "schema", "url", "title", "language", "document", "related_urls", "fetched_at", "paywall"}
_REQUIRED_0 = ("url", "title", "document")
_STAMP_0 = re.compile(r" date (\d{4}-\d{2}) ")
_LABEL_0 = "Lees ook"


class NotMigratable(Exception):
    """A document that cannot be brought up. Its text names the field, and what is wrong with it."""


def version_of(document: Document) -> int:
    """Return the version of a document's layout; the first had no number. Raises NotMigratable."""
    version = document.get("schema", 0)
    if type(version) is not int or version < 0:
        raise NotMigratable(f"schema: {version!r} is no version")
    if version > SCHEMA_VERSION:
        raise NotMigratable(f"schema: version {version} is newer than this leesook, which knows {SCHEMA_VERSION}")
    return version


def brought_up(document: Document, *, now: datetime) -> Article:
    """Return the article of today that a document of an earlier version holds. now: UTC. Raises NotMigratable."""
    version = version_of(document)
    current = dict(document)
    try:
        while version < SCHEMA_VERSION:
            current = STEPS[version](current)
            version += 1
        article = validated(from_document(current), now=now)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise NotMigratable(f"{type(error).__name__}: {error}") from error
    if isinstance(article, Rejection):
        raise NotMigratable(article.detail)
    return article


def to_version_1(document: Document) -> dict[str, Any]:
    """Return a document of version 0 in version 1. Raises NotMigratable.

    Intertitles stay paragraphs, as nothing tells them apart, until the page is read anew. It has no signature yet.
    """
    if unknown := sorted(set(document) - _FIELDS_0):
        raise NotMigratable(f"{', '.join(unknown)}: not of version 0, and there is no place for it")
    for name in _REQUIRED_0:
        if not isinstance(document.get(name), str):
            raise NotMigratable(f"{name}: missing" if document.get(name) is None else f"{name}: not a text")
    try:
        url = canonical_url(document["url"])
    except InvalidURL as error:
        raise NotMigratable(f"url: {error}") from error
    stamp = _STAMP_0.match(document["document"])
    paragraphs, related = _parts(
        document["document"][stamp.end() if stamp else 0 :], document.get("related_urls") or []
    )
    text, seen = "\n\n".join(paragraphs), document.get("fetched_at")
    return {
        "_id": article_id(url),
        "schema": 1,
        "kind": "article",
        "url": url,
        "fetched_url": document["url"],
        "aliases": [document["url"]] if document["url"] != url else [],
        "site": site_of(url),
        "date": stamp[1] if stamp else None,
        "published_at": None,
        "published_offset": None,
        "published_source": None,
        "published_precision": None,
        "modified_at": None,
        "title": " ".join(document["title"].split()),
        "lead": None,
        "authors": [],
        "section": None,
        "keywords": [],
        "image": None,
        "language": document.get("language"),
        "language_confidence": None,
        "language_source": None,
        "language_declared": None,
        "search_language": grammar_of(document.get("language")),
        "body": [{"type": "paragraph", "text": paragraph, "level": None} for paragraph in paragraphs],
        "text": text,
        "related": related,
        "word_count": len(text.split()),
        "content_hash": content_hash(text),
        "signature": None,
        "bands": [],
        "duplicate_of": None,
        "similarity": None,
        "revision": 1,
        "first_seen_at": seen,
        "last_seen_at": seen,
        "changed_at": seen,
        "paywall": {"declared": bool(document.get("paywall")), "truncated": False},
        "rights": {"tdm_reserved": None, "source": None, "tdm_policy": None, "robots": []},
        "fetch": {
            "requested_url": document["url"],
            "via": "list",
            "status": 200,
            "etag": None,
            "last_modified": None,
            "bytes": 0,
            "at": seen,
        },
        "extractor": {"version": "0", "trafilatura": "unknown"},
    }


def to_version_2(document: Document) -> dict[str, Any]:
    """Return a document of version 1 in version 2, linked to no other yet. Raises KeyError, TypeError."""
    unlinked: dict[str, Any] = {"bands": [], "duplicate_of": None, "similarity": None}
    return {**document, "schema": 2, "signature": signature(document["text"]), **unlinked}


def _parts(text: str, urls: list[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the paragraphs of the text, and the read-also links behind it. Raises NotMigratable."""
    paragraphs = [line for part in re.split(r"\n\s*\n", text) if (line := " ".join(part.split()))]
    label = f"{_LABEL_0}:"
    if label not in paragraphs:
        if urls:
            raise NotMigratable(f"related_urls: {len(urls)}, and the document has no {label!r}")
        return paragraphs, []
    start = len(paragraphs) - 1 - paragraphs[::-1].index(label)
    lines = paragraphs[start + 1 :]
    if not urls:
        raise NotMigratable(f"related_urls: missing, and the document has {len(lines)} lines under {label!r}")
    if len(lines) not in {len(urls), 2 * len(urls)}:
        raise NotMigratable(f"related_urls: {len(urls)} for {len(lines)} lines under {label!r}: which is whose?")
    step = len(lines) // len(urls)
    links = []
    for number, url in enumerate(urls):
        title, *teaser = lines[number * step : (number + 1) * step]
        try:
            target = canonical_url(url)
        except (InvalidURL, TypeError, AttributeError) as error:
            raise NotMigratable(f"related_urls[{number}]: {error}") from error
        links.append(
            {
                "label": _LABEL_0,
                "title": title,
                "teaser": teaser[0] if teaser else None,
                "url": target,
                "article_id": article_id(target),
                "position": "end",
            }
        )
    return paragraphs[:start], links


STEPS: Mapping[int, Callable[[Document], dict[str, Any]]] = {0: to_version_1, 1: to_version_2}
"""For each earlier version, the step to the next."""
