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
    if not by_url:
        return {}
    own = {found["_id"] async for found in articles.find({"_id": {"$in": list(by_url.values())}}, {"_id": 1})}
    astray = {url: key for url, key in by_url.items() if key not in own}
    if not astray:
        return {}
    found: dict[str, str] = {}
    by_age = articles.find({"aliases": {"$in": list(astray)}}, {"aliases": 1}).sort([("first_seen_at", 1), ("_id", 1)])
    async for document in by_age:
        for alias in document["aliases"]:
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
    writes: list[UpdateOne | UpdateMany] = [
        *await _links_from(articles, documents),
        *await _links_past(articles, documents),
        *await _links_back(articles, documents),
    ]
    if writes:
        await articles.bulk_write(writes, ordered=False)


async def _links_from(articles: Articles, documents: Sequence[Document]) -> list[UpdateOne]:
    """What these articles point to, if that is known under another URL only."""
    links = [(document["_id"], link) for document in documents for link in document["related"]]
    known = await targets(articles, (link["url"] for _, link in links))
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


async def _links_back(articles: Articles, documents: Sequence[Document]) -> list[UpdateMany]:
    """Links to one of these by its own URL, which were led to an article that has this URL as an alias."""
    own = {document["url"]: document["_id"] for document in documents}
    return [
        UpdateMany(
            {"related.article_id": document["_id"], "related.url": alias},
            {"$set": {"related.$[link].article_id": own[alias]}},
            array_filters=[{"link.url": alias}],
        )
        async for document in articles.find({"aliases": {"$in": list(own)}}, {"aliases": 1})
        for alias in document["aliases"]
        if alias in own and document["_id"] != own[alias]
    ]
