"""How to read the collection from elsewhere: mongosh, Compass, Python, R. Pure."""

from __future__ import annotations

import json
import shlex


def shell_hint(uri: str, database: str) -> str:
    """Return ready-made first steps with the tools people have; `uri` is printed as it is given."""
    in_shell, in_code, name = shlex.quote(uri), json.dumps(uri), json.dumps(database)
    return f"""\
mongosh   (https://www.mongodb.com/docs/mongodb-shell/)
    mongosh {in_shell}
    use {database}
    db.articles.find({{language: "nl"}}, {{site: 1, title: 1}}).sort({{published_at: -1}}).limit(3)
    db.documents.findOne({{site: "nrc.nl"}}).document

Compass   (https://www.mongodb.com/products/tools/compass)
    New connection, and paste: {uri}
    then open the database {database}, collection articles

Python    (pip install pymongo)
    from pymongo import MongoClient
    news = MongoClient({in_code}, tz_aware=True)[{name}]
    for article in news.articles.find({{"language": "nl"}}).sort("published_at", -1).limit(3):
        print(article["date"], article["site"], article["title"])

R         (install.packages("mongolite"))
    library(mongolite)
    articles <- mongo("articles", db = {name}, url = {in_code})
    articles$find('{{"language": "nl"}}', fields = '{{"date": 1, "site": 1, "title": 1}}', limit = 3)
"""
