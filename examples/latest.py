"""The latest articles, of all sites or of one, with what they say you should read also: `latest.py [SITE]`."""

import os
import sys

from pymongo import DESCENDING, MongoClient

uri = os.environ.get("MONGODB_URI") or "mongodb://127.0.0.1:27017"
with MongoClient(uri, tz_aware=True) as client:
    news = client[os.environ.get("MONGODB_DATABASE") or "news"]
    # Served by an index, either way; an article without a date sorts last.
    chosen = {"site": sys.argv[1]} if len(sys.argv) > 1 else {}
    for article in news.articles.find(chosen).sort("published_at", DESCENDING).limit(10):
        published = article["published_at"]
        print(f"{published:%Y-%m-%d %H:%M}" if published else "undated", article["site"], article["title"], sep="  ")
        for link in article["related"]:
            print(f"    {link['label'] or 'Lees ook'}: {link['title']}")
