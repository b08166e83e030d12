"""What an article leads to by its read-also links, three steps out, and who leads to it: `read_also_graph.py [URL]`.

Without a URL, the article with the most links is taken.
"""

import os
import sys

from pymongo import MongoClient

STEPS = 3

uri = os.environ.get("MONGODB_URI") or "mongodb://127.0.0.1:27017"
with MongoClient(uri, tz_aware=True) as client:
    articles = client[os.environ.get("MONGODB_DATABASE") or "news"].articles
    if len(sys.argv) > 1:
        # Whichever of its URLs you hold; `aliases` are the others that led to it.
        start = articles.find_one({"$or": [{"url": sys.argv[1]}, {"aliases": sys.argv[1]}]})
        if start is None:
            sys.exit(f"{sys.argv[1]} is not in the collection")
    else:
        most = [{"$addFields": {"links": {"$size": "$related"}}}, {"$sort": {"links": -1, "_id": 1}}, {"$limit": 1}]
        start = next(articles.aggregate(most), None)
        if start is None:
            sys.exit("there are no articles yet: scrapy crawl news")

    # `article_id` is the _id that the target of a link has, or will have once it is crawled.
    walk = [
        {"$match": {"_id": start["_id"]}},
        {
            "$graphLookup": {
                "from": "articles",
                "startWith": "$related.article_id",
                "connectFromField": "related.article_id",
                "connectToField": "_id",
                "as": "reached",
                "maxDepth": STEPS - 1,
                "depthField": "step",
            }
        },
        # Only what is printed: a hundred whole articles would not fit into one document.
        {"$project": {"reached._id": 1, "reached.title": 1, "reached.step": 1}},
    ]
    reached = [article for article in next(articles.aggregate(walk))["reached"] if article["_id"] != start["_id"]]
    print(start["title"])
    for article in sorted(reached, key=lambda article: (article["step"], article["_id"])):
        print("    " * (article["step"] + 1) + article["title"])
    print("\nWho leads to it:")
    for article in articles.find({"related.article_id": start["_id"]}, {"title": 1}).sort("_id"):
        print("    " + article["title"])
