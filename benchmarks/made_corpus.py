"""A database as years of crawling leave it, drawn from a seed: articles, links, revisions, pages and runs.

The words are made of syllables and as frequent as words are (Zipf), so that a text index has as much to do as with
real news; `made_news`, with its few hundred words, is for questions of what repeats what.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from bson import ObjectId

from crawler.article import (
    Article,
    Block,
    BlockType,
    DatePrecision,
    DateSource,
    Extractor,
    FailureReason,
    Fetch,
    Kind,
    LanguageSource,
    Paywall,
    Position,
    RejectionReason,
    RelatedLink,
    Via,
    to_document,
)
from crawler.frontier.ledger import PageState
from crawler.text_search import grammar_of
from crawler.url import article_id, site_of

DAYS = 400
"""Days over which the articles came in."""

_WORDS = 30_000
_LANGUAGES = ("nl",) * 14 + ("en", "en", "de", "fr", "fy", "ar")
_SECTIONS = ("binnenland", "buitenland", "economie", "sport", "cultuur", "opinie")
_SYLLABLES = {
    "ar": "سا لو مي نا رد كت با دو هن ري تم فا قل شو".split(),
    **dict.fromkeys(
        ("nl", "fy"), "aan oor ver ge be ter ing lijk sla kro din mee wou tij per lan heid baar zel".split()
    ),
    **dict.fromkeys(("en", "de", "fr"), "con ment tion ar el over tre ly ship est ran qua bel for ti er an mo".split()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of a language, the most frequent first."""

    language: str
    """ISO 639-1 code."""
    words: tuple[str, ...]
    """The words."""
    weights: tuple[float, ...]
    """How often each comes, cumulated."""

    def draw(self, random: Random, count: int) -> list[str]:
        """Return so many words, as often as each comes."""
        return random.choices(self.words, cum_weights=self.weights, k=count)


def vocabulary(language: str) -> Vocabulary:
    """Return the words of a language; the same ones every time."""
    random = Random(language)
    found: dict[str, None] = {}
    while len(found) < _WORDS:
        found["".join(random.choices(_SYLLABLES[language], k=random.choice((1, 2, 2, 3, 3, 4))))] = None
    return Vocabulary(
        language=language, words=tuple(found), weights=tuple(accumulate(1 / (rank + 2.7) for rank in range(_WORDS)))
    )


def sites(count: int) -> list[str]:
    """Return the domains of so many papers."""
    return [f"dagblad-{number:02}.example" for number in range(count)]


def articles(seed: int, count: int, *, now: datetime, papers: int = 20) -> Iterator[dict[str, Any]]:
    """Yield so many documents of `articles`, in the order in which they came in, the last one now (UTC)."""
    random = Random(seed)
    known = {language: vocabulary(language) for language in sorted(set(_LANGUAGES))}
    names = sites(papers)
    # Some papers are larger than others.
    sizes = tuple(accumulate(1 / (rank + 2) for rank in range(papers)))
    recent: dict[str, list[RelatedLink]] = {name: [] for name in names}
    for number in range(count):
        (name,) = random.choices(names, cum_weights=sizes)
        language = _LANGUAGES[names.index(name) % len(_LANGUAGES)]
        seen = now - timedelta(days=DAYS) * (1 - (number + 1) / count)
        if seen.weekday() > 4 and random.random() < 0.5:
            seen = min(seen + timedelta(days=2), now)  # papers are thin at the weekend
        article = _article(random, f"https://www.{name}/nieuws/{number}", seen, known[language], recent[name])
        recent[name] = [*recent[name][-40:], _link(article)]
        document = to_document(article)
        if number % 20 == 19 and article.related:
            document |= {"duplicate_of": article.related[0].article_id, "similarity": 0.8, "bands": []}
        yield document


def _article(random: Random, url: str, seen: datetime, words: Vocabulary, recent: list[RelatedLink]) -> Article:
    published = seen - timedelta(minutes=random.expovariate(1 / 40))
    blocks = []
    for at in range(random.randint(4, 14)):
        if at and at % 5 == 0:
            text = " ".join(words.draw(random, 4)).capitalize()
            blocks.append(Block(type=BlockType.HEADING, level=2, text=text))
        text = " ".join(words.draw(random, random.randint(20, 70))).capitalize() + "."
        blocks.append(Block(type=BlockType.PARAGRAPH, text=text))
    text = "\n\n".join(block.text for block in blocks)
    dated = random.random() > 0.03
    exact = random.random() > 0.1
    related = random.sample(recent, k=min(len(recent), random.choice((0, 0, 0, 1, 2, 3, 4))))
    kinds = (Kind.ARTICLE,) * 96 + (Kind.LIVEBLOG, Kind.VIDEO, Kind.GALLERY, Kind.GALLERY)
    via = random.choice((Via.FEED, Via.FEED, Via.SITEMAP, Via.READ_ALSO))
    return Article(
        id=article_id(url),
        kind=random.choice(kinds),
        url=url,
        fetched_url=url,
        aliases=(f"{url}?bron=app",),
        site=site_of(url),
        date=f"{published:%Y-%m}" if dated else None,
        published_at=published if dated else None,
        published_offset=60 if dated and exact else None,
        published_source=DateSource.JSON_LD if dated else None,
        published_precision=(DatePrecision.SECOND if exact else DatePrecision.DAY) if dated else None,
        title=" ".join(words.draw(random, random.randint(4, 11))).capitalize(),
        lead=" ".join(words.draw(random, 25)).capitalize() + "." if random.random() < 0.8 else None,
        authors=(" ".join(words.draw(random, 2)).title(),) if random.random() < 0.7 else (),
        section=random.choice(_SECTIONS),
        keywords=tuple(words.draw(random, 4)),
        language=words.language,
        language_confidence=0.99,
        language_source=LanguageSource.DETECTED,
        language_declared=words.language,
        search_language=grammar_of(words.language),
        body=tuple(blocks),
        text=text,
        related=tuple(related),
        word_count=len(text.split()),
        content_hash=random.randbytes(12).hex(),
        signature=base64.b64encode(random.randbytes(512)).decode(),
        bands=tuple(random.randbytes(5).hex() for _ in range(25)),
        revision=random.choice((1,) * 24 + (2,)),
        first_seen_at=seen,
        last_seen_at=seen,
        changed_at=seen,
        paywall=Paywall(declared=random.random() < 0.1, truncated=random.random() < 0.04),
        fetch=Fetch(requested_url=url, via=via, bytes=60_000, at=seen),
        extractor=Extractor(version="0.1.0", trafilatura="2.3.1"),
    )


def _link(article: Article) -> RelatedLink:
    return RelatedLink(
        label="Lees ook",
        title=article.title,
        teaser=article.lead,
        url=article.url,
        article_id=article.id,
        position=Position.END,
    )


def revisions(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what those of the documents were that have a second revision."""
    for document in documents:
        if document["revision"] == 2:
            key, title = document["_id"], document["title"].rpartition(" ")[0] or "Eerder"
            before = {**document, "_id": f"{key}:1", "revision": 1, "title": title, "article_id": key}
            yield {**before, "changed": ["title"], "replaced_at": document["first_seen_at"] + timedelta(hours=3)}


def pages(seed: int, documents: list[dict[str, Any]], runs: list[ObjectId]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `pages` for these documents, and as many again for pages that became no article."""
    random = Random(seed)
    for document in documents:
        state = PageState.DUPLICATE if document["duplicate_of"] else PageState.STORED
        reason = "near-duplicate" if document["duplicate_of"] else None
        fetch = document["fetch"]
        yield _page(random.choice(runs), document, fetch["requested_url"], state, reason) | {
            "article_id": document["_id"]
        }
        url = f"{document['url']}/x"
        what = random.random()
        if what < 0.5:
            yield _page(
                random.choice(runs), document, url, PageState.REJECTED, random.choice(list(RejectionReason)[:12])
            )
        elif what < 0.8:
            yield _page(random.choice(runs), document, url, PageState.FAILED, random.choice(list(FailureReason)))
        else:
            yield _page(random.choice(runs), document, url, PageState.PENDING, None)


def _page(run: ObjectId, document: dict[str, Any], url: str, state: str, reason: str | None) -> dict[str, Any]:
    return {
        "_id": article_id(url),
        "url": url,
        "site": document["site"],
        "state": str(state),
        "reason": reason if reason is None else str(reason),
        "detail": "HTTP 404" if state == PageState.FAILED else "",
        "via": document["fetch"]["via"],
        "found_on": f"https://www.{document['site']}/rss",
        "depth": 0,
        "discovered_at": document["first_seen_at"],
        "taken_at": document["first_seen_at"],
        "visited_at": document["first_seen_at"],
        "visits": 1,
        "run": run,
    }


def crawls(seed: int, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row of `crawls` for every eight hours, the latest first. now: UTC."""
    random = Random(seed)
    for number in range(DAYS * 3):
        started = now - timedelta(hours=8 * (number + 1))
        states = {
            "stored": random.randint(50, 110), "unchanged": random.randint(100, 400), "duplicate": random.randint(0, 9),
            "rejected": random.randint(5, 30), "failed": random.randint(0, 8), "pending": 0,
        }  # fmt: skip
        ended = started + timedelta(minutes=random.randint(4, 40))
        yield {
            "_id": ObjectId.from_datetime(started),
            "spider": "news",
            "arguments": {"country": "nl"},
            "started_at": started,
            "heartbeat_at": ended,
            "ended_at": ended,
            "reason": "finished",
            "exit_code": 0,
            "discovered": sum(states.values()),
            "states": states,
            "reasons": {},
            "balances": True,
        }
