"""`make bench-duplicates`: how well near-duplicates are told, and what it costs to find them in a growing collection.

Quality on made news with known answers, over several seeds; CPU of one signature; then the query for candidates, in a
real mongod, among 10,000 and 100,000 articles (`--million`: and 1,000,000), with what it examined by its own account.

    python -m benchmarks.near_duplicates [--seeds N] [--million]

MONGODB_URI names a server; without it one of our own is started, as in a crawl.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import combinations
from os import environ
from pathlib import Path
from random import Random
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from rich.console import Console
from rich.table import Table

from benchmarks.made_news import MadeText, made_set, paragraphs
from crawler.mongodb.embedded import embedded_server
from pipelines.dedupe import NEAR, Member, holders, neighbours, similarity
from pipelines.fingerprint import content_hash
from pipelines.minhash import jaccard, signature
from pipelines.store_links import DuplicateLinks
from pipelines.store_schema import ARTICLE_INDEXES

ALIKE = 0.7
"""Two versions of a story with so much in common (Jaccard, in full) have to be found."""

Database = AsyncDatabase[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well pairs of texts were told apart."""

    same: int
    """Pairs that tell one story and have 0.7 or more of their runs of words in common, counted in full."""
    found: int
    """Pairs that were taken for near-duplicates."""
    right: int
    """Those of them that tell one story."""
    missed: int
    """Pairs of the first kind that were not found."""
    unseen: int
    """Those of them that had no key in common."""

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / self.found

    @property
    def recall(self) -> float:
        """Share of what there is that was found."""
        return 1 - self.missed / self.same


def quality(texts: Sequence[MadeText]) -> Quality:
    """Compare every two texts of a made set as the pipeline does, and by what is known of them."""
    members = [member_of(f"{number:024x}", text.text) for number, text in enumerate(texts)]
    by_key = holders(members)
    story = {member.id: text.story for member, text in zip(members, texts, strict=True)}
    compared = {frozenset((m.id, other)) for m in members for other in neighbours(m, by_key, window=len(members))}
    by_id = {member.id: member for member in members}
    found = {pair for pair in compared if similarity(*(by_id[key] for key in pair)) >= NEAR}
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for member, text in zip(members, texts, strict=True):
        told[text.story].append((member.id, text.text))
    same = {
        frozenset((one, other))
        for versions in told.values()
        for (one, first), (other, second) in combinations(versions, 2)
        if jaccard(first, second) >= ALIKE
    }
    return Quality(
        same=len(same),
        found=len(found),
        right=sum(len({story[key] for key in pair}) == 1 for pair in found),
        missed=len(same - found),
        unseen=len(same - compared),
    )


def member_of(key: str, text: str) -> Member:
    """Return what decides about the duplicates of a text."""
    signed = signature(text)
    return Member(id=key, published_at=None, first_seen_at=None, content_hash=content_hash(text), signature=signed)


async def fill(database: Database, first: int, last: int) -> None:
    """Insert the articles of these numbers: each a text of its own, as far as finding candidates is concerned.

    Keys are drawn instead of made from text, each once, as unrelated texts have them; every hundredth article is one of
    a form with standing phrases: it has three of its keys in common with all others of its form.
    """
    for start in range(first, last, 5_000):
        rows = [drawn_row(number) for number in range(start, min(last, start + 5_000))]
        await database.articles.insert_many(rows, ordered=False)


def drawn_row(number: int) -> dict[str, Any]:
    """Return the fields of article `number` that decide about duplicates."""
    random = Random(number)
    bands = [random.randbytes(12).hex(), *(random.randbytes(5).hex() for _ in range(25))]
    if number % 100 == 0:
        bands[1:4] = [f"{form:010x}" for form in range(3)]
    return {
        "_id": random.randbytes(12).hex(),
        "content_hash": bands[0],
        "signature": "A" * 683 + "=",
        "bands": bands,
        "published_at": None,
        "first_seen_at": None,
        "duplicate_of": None,
        "similarity": None,
    }


async def cost_of_finding(database: Database, members: Iterable[Member]) -> tuple[list[float], list[int], list[int]]:
    """Return, per member, the milliseconds to find its candidates, and the keys and documents mongod examined."""
    links = DuplicateLinks(database.articles)
    times, keys, documents = [], [], []
    for member in members:
        started = time.perf_counter()
        await links.nearby([member])
        times.append((time.perf_counter() - started) * 1000)
    await database.command("profile", 2)
    for member in members:
        await database.command("profile", 0)
        await database.drop_collection("system.profile")
        await database.command("profile", 2)
        await links.nearby([member])
        found = await database["system.profile"].find({"ns": f"{database.name}.articles"}).to_list()
        keys.append(sum(row["keysExamined"] for row in found))
        documents.append(sum(row["docsExamined"] for row in found))
    await database.command("profile", 0)
    return times, keys, documents


async def measure_finding(uri: str, sizes: Sequence[int], console: Console) -> None:
    """Print what finding candidates costs in collections of these sizes."""
    table = Table("articles", "text", "median ms", "p95 ms", "most keys", "documents", "index MB")
    async with AsyncMongoClient[Mapping[str, Any]](uri) as client:
        database = client[f"bench_duplicates_{time.time_ns()}"]
        try:
            there = 0
            for size in sizes:
                # Built afterwards, which is quicker by far; where it is kept up, it takes about twice the room.
                await database.articles.drop_indexes()
                await fill(database, there, size)
                there = size
                await database.articles.create_indexes(list(ARTICLE_INDEXES))
                index = (await database.command("collStats", "articles"))["indexSizes"]["bands_1__id_1"] / 1e6
                for name, members in (("ordinary", ordinary(200)), ("crowded form", crowded(20))):
                    times, keys, documents = await cost_of_finding(database, members)
                    p95 = statistics.quantiles(times, n=20)[-1]
                    cells = (f"{statistics.median(times):.2f}", f"{p95:.2f}", f"{max(keys)}", f"{max(documents)}")
                    table.add_row(f"{size:,}", name, *cells, f"{index:.0f}")
        finally:
            await client.drop_database(database.name)
    console.print(table)


def ordinary(count: int) -> list[Member]:
    """Return so many new texts, none of which is in the collection."""
    random = Random("ordinary")
    return [member_of(random.randbytes(12).hex(), "\n\n".join(paragraphs(random, words=600))) for _ in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn(Member):
    """A member whose keys are given."""

    drawn: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return self.drawn


def crowded(count: int) -> list[Member]:
    """Return so many new texts of the form that every hundredth article has."""
    rows = [drawn_row(-100 * number) for number in range(1, count + 1)]
    return [
        _Drawn(
            id=row["_id"],
            published_at=None,
            first_seen_at=None,
            content_hash=row["content_hash"],
            signature=row["signature"],
            drawn=tuple(row["bands"]),
        )
        for row in rows
    ]


def cpu_of_a_signature(words: int, rounds: int = 200) -> float:
    """Return the milliseconds of CPU that one signature takes for a text of so many words."""
    texts = ["\n\n".join(paragraphs(Random(number), words=words)) for number in range(rounds)]
    signature(texts[0])
    started = time.process_time()
    for text in texts:
        signature(text)
    return (time.process_time() - started) / rounds * 1000


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="made sets to look at (5)")
    parser.add_argument("--million", action="store_true", help="a million articles, too: some minutes and 4 GB of disk")
    options = parser.parse_args()
    console = Console()
    table = Table("seed", "texts", "pairs of one story >= 0.7", "found", "precision", "recall", "without a common key")
    for seed in range(options.seeds):
        texts = made_set(seed, stories=100)
        told = quality(texts)
        numbers = (seed, len(texts), told.same, told.found, f"{told.precision:.4f}", f"{told.recall:.4f}", told.unseen)
        table.add_row(*map(str, numbers))
    console.print(table)
    for words in (200, 600, 2000):
        console.print(f"signature of {words} words: {cpu_of_a_signature(words):.2f} ms of CPU")
    sizes = [10_000, 100_000, *([1_000_000] if options.million else [])]
    with tempfile.TemporaryDirectory(prefix="leesook-bench-") as folder:
        own = nullcontext(None) if environ.get("MONGODB_URI") else embedded_server(Path(folder))
        with own as server:
            asyncio.run(measure_finding(server.uri if server else environ["MONGODB_URI"], sizes, console))


if __name__ == "__main__":
    main()
