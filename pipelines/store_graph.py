"""The read-also graph as MongoDB has it: each link's `article_id` names the article that its URL leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import UpdateMany, UpdateOne

from crawler.frontier.ledger import PAGES
from crawler.url import article_id, canonical_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.asynchronous.collection import AsyncCollection

    Document = Mapping[str, Any]
    Articles = AsyncCollection[Mapping[str, Any]]


async def targets(articles: Articles, urls: Iterable[str]) -> dict[str, str]:
    """Return where links lead that have no article of their own: key of the URL to `_id` of an article it is alias of.

    urls: of links, in any spelling. A page that redirects, or names another URL as its canonical one, has no article
    under its own key. Of several articles with one alias the first seen is meant, so that an answer stays as it is.
    Where a link is written otherwise than any alias (http for https), the ledger knows where its page led.
    """
    by_url = {canonical_url(url): article_id(url) for url in urls}
    return await _targets(articles, by_url, await _met(articles, by_url.values(), by_url)) if by_url else {}


async def _met(articles: Articles, keys: Iterable[str], urls: Iterable[str]) -> list[Document]:
    """Return the articles of these keys, and those that have one of these URLs as an alias, the first seen first."""
    query = {"$or": [{"_id": {"$in": list(keys)}}, {"aliases": {"$in": list(urls)}}]}
    found = await articles.find(query, {"aliases": 1, "first_seen_at": 1}).to_list()
    return sorted(found, key=lambda d: (d.get("first_seen_at") is not None, d.get("first_seen_at"), str(d["_id"])))


async def _targets(articles: Articles, by_url: Mapping[str, str], met: Sequence[Document]) -> dict[str, str]:
    """Return what `targets` does, for canonical URLs and their keys. met: what `_met` finds for them, or more."""
    own = {document["_id"] for document in met}
    astray = {url: key for url, key in by_url.items() if key not in own}
    found: dict[str, str] = {}
    for document in met:
        for alias in document.get("aliases") or ():
            if alias in astray:
                found.setdefault(astray[alias], document["_id"])
    unknown = [key for key in astray.values() if key not in found]
    return found | await _led_to(articles, unknown) if unknown else found


async def _led_to(articles: Articles, keys: Sequence[str]) -> dict[str, str]:
    """Return the articles that the pages of these keys led to when they were last read, as far as they are there."""
    rows = articles.database[PAGES].find({"_id": {"$in": keys}, "article_id": {"$gt": ""}}, {"article_id": 1})
    led = {row["_id"]: row["article_id"] async for row in rows}
    if not led:
        return {}
    there = {found["_id"] async for found in articles.find({"_id": {"$in": list(led.values())}}, {"_id": 1})}
    return {key: article for key, article in led.items() if article in there}


async def mend(articles: Articles, documents: Sequence[Document]) -> None:
    """See that the links from and to articles just written lead where they should, whoever else has been writing.

    Who writes first and looks afterwards, as everybody does here, cannot miss another who does the same.
    """
    links = [(document["_id"], link) for document in documents for link in document["related"]]
    by_url = {canonical_url(link["url"]): article_id(link["url"]) for _, link in links}
    own = {document["url"]: document["_id"] for document in documents}
    met = await _met(articles, by_url.values(), by_url.keys() | own.keys())
    writes: list[UpdateOne | UpdateMany] = [
        *_links_from(links, await _targets(articles, by_url, met)),
        *await _links_past(articles, documents),
        *_links_back(own, met),
    ]
    if writes:
        await articles.bulk_write(writes, ordered=False)


def _links_from(links: Iterable[tuple[str, Document]], known: Mapping[str, str]) -> list[UpdateOne]:
    """What articles point to, if that is known under another URL only: `known`, as `targets` returns it."""
    writes = {}
    for source, link in links:
        target = known.get(article_id(link["url"]))
        if target and link["article_id"] != target:
            writes[source, link["url"]] = UpdateOne(
                {"_id": source},
                {"$set": {"related.$[link].article_id": target}},
                array_filters=[{"link.url": link["url"]}],
            )
    return list(writes.values())


async def _links_past(articles: Articles, documents: Sequence[Document]) -> list[UpdateMany]:
    """Links of other articles to an alias of one of these, for which there is no article."""
    written = {alias: article_id(alias) for document in documents for alias in document["aliases"]}
    keys = set(written.values()) - {document["_id"] for document in documents}
    if not keys:
        return []
    pointed_at = keys & set(await articles.distinct("related.article_id", {"related.article_id": {"$in": list(keys)}}))
    # By the alias and not by the link, which may be written in another way (http for https, without www).
    urls = [alias for alias, key in written.items() if key in pointed_at]
    return [
        UpdateMany(
            {"related.article_id": key},
            {"$set": {"related.$[link].article_id": target}},
            array_filters=[{"link.article_id": key}],
        )
        for key, target in (await targets(articles, urls)).items()
    ]


def _links_back(own: Mapping[str, str], met: Iterable[Document]) -> list[UpdateMany]:
    """Links to an article by its own URL, which were led to another that has this URL as an alias.

    own: URLs and `_id`s of the articles. met: the others, and more.
    """
    return [
        UpdateMany(
            {"related.article_id": document["_id"], "related.url": alias},
            {"$set": {"related.$[link].article_id": own[alias]}},
            array_filters=[{"link.url": alias}],
        )
        for document in met
        for alias in document.get("aliases") or ()
        if alias in own and document["_id"] != own[alias]
    ]
