"""The words typical of each month, from the view `documents`: `word_frequencies.py [LANGUAGE]`, nl by default.

A word is typical of a month by how much more of the month's articles have it than of all articles.
"""

import os
import re
import sys
from collections import Counter, defaultdict

from pymongo import MongoClient

WORD = re.compile(r"[^\W\d_]{4,}")

language = sys.argv[1] if len(sys.argv) > 1 else "nl"
uri = os.environ.get("MONGODB_URI") or "mongodb://127.0.0.1:27017"
months: defaultdict[str, Counter[str]] = defaultdict(Counter)
articles: Counter[str] = Counter()
with MongoClient(uri) as client:
    view = client[os.environ.get("MONGODB_DATABASE") or "news"].documents
    # A cursor: one batch of documents in memory at a time, however many there are.
    for row in view.find({"language": language, "date": {"$ne": None}}, {"date": 1, "document": 1}):
        text = row["document"].removeprefix(f" date {row['date']} ")
        months[row["date"]].update(set(WORD.findall(text.lower())))
        articles[row["date"]] += 1

everywhere = sum(months.values(), Counter[str]())
total = articles.total()
for month in sorted(months):
    words = months[month]

    def lead(word: str, words: Counter[str] = words, month: str = month) -> float:
        return words[word] / articles[month] - everywhere[word] / total

    typical = sorted(words, key=lambda word: (-lead(word), word))[:8]
    print(f"{month}  {articles[month]:>4}  {', '.join(f'{word} {words[word]}' for word in typical)}")
