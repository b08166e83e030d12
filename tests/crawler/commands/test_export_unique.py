from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.crawler.commands.conftest import Desk


def test_unique_leaves_out_what_repeats_an_earlier_article(crawled: Desk) -> None:
    one, two = crawled.database.articles.find({"duplicate_of": None}).limit(2)
    crawled.database.articles.update_one({"_id": two["_id"]}, {"$set": {"duplicate_of": one["_id"]}})
    repeats = set(crawled.database.articles.distinct("_id", {"duplicate_of": {"$ne": None}}))
    assert two["_id"] in repeats
    everything = {line[9:33] for line in crawled.run("export").stdout.splitlines()}
    unique = {line[9:33] for line in crawled.run("export", "--unique").stdout.splitlines()}
    assert everything - unique == repeats
    assert unique < everything
