"""The list of articles: what is chosen, in which order, page by page."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from crawler.article import Article, DatePrecision, Kind, Paywall, Position, RelatedLink, to_document
from crawler.dashboard.choice import Choice, choice_of
from crawler.dashboard.queries.articles import ROWS, Listed, count_articles, list_articles
from crawler.dashboard.queries.search import RARE, NoTextIndex
from crawler.text_search import INDEX, grammar_of
from tests.crawler.dashboard.conftest import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = {
    "nl": ("De bruggen bij het dorp zijn dicht", "Een schaatser valt in de gracht", "De wethouder opent de sluis"),
    "en": ("The bridges near the village are closed", "A skater falls", "Children open the lock"),
    "fy": ("De brêgen by it doarp binne ticht", "In rider falt yn 'e feart", "De wethâlder"),
}


@pytest.fixture
def many(prepared: Database[dict[str, Any]], make_article: Callable[..., Article]) -> Database[dict[str, Any]]:
    """Return a database with 240 articles of all sorts, several at one instant and a dozen without a date."""
    draw = random.Random(7)
    documents = []
    for number in range(240):
        language = draw.choice(list(TEXTS))
        dated = number % 20 != 0
        target = RelatedLink(
            label="Lees ook", title="x", url="https://a.nl/x", article_id="0" * 24, position=Position.END
        )
        article = make_article(
            f"https://www.krant{number % 3}.example/{number}",
            title=f"Bericht {number}",
            text=f"{draw.choice(TEXTS[language])}. Bericht {number} gaat over {draw.choice('abc')}{number % 7}.",
            published_at=START + timedelta(hours=draw.randrange(80)) if dated else None,
            date="2026-01" if dated else None,
            published_precision=DatePrecision.SECOND if dated else None,
            language=language,
            search_language=grammar_of(language),
            kind=draw.choice([Kind.ARTICLE] * 9 + [Kind.LIVEBLOG]),
            paywall=Paywall(declared=number % 5 == 0, truncated=number % 11 == 0),
            duplicate_of="f" * 24 if number % 9 == 0 else None,
            similarity=0.9 if number % 9 == 0 else None,
            related=(target,) if number % 4 == 0 else (),
        )
        documents.append(to_document(article))
    draw.shuffle(documents)
    prepared["articles"].insert_many(documents)
    return prepared


CHOICES: dict[str, tuple[dict[str, str], Callable[[dict[str, Any]], bool]]] = {
    "all": ({}, lambda d: True),
    "site": ({"site": "krant1.example"}, lambda d: d["site"] == "krant1.example"),
    "language": ({"language": "fy"}, lambda d: d["language"] == "fy"),
    "since": ({"since": "2026-01-03"}, lambda d: d["published_at"] and d["published_at"] >= START + timedelta(days=2)),
    "until": ({"until": "2026-01-02"}, lambda d: d["published_at"] and d["published_at"] < START + timedelta(days=2)),
    "kind": ({"kind": "liveblog"}, lambda d: d["kind"] == "liveblog"),
    "free": ({"paywall": "free"}, lambda d: not any(d["paywall"].values())),
    "closed": ({"paywall": "closed"}, lambda d: any(d["paywall"].values())),
    "no repeats": ({"repeats": "hide"}, lambda d: d["duplicate_of"] is None),
    "repeats": ({"repeats": "only"}, lambda d: d["duplicate_of"] is not None),
    "links": ({"links": "yes"}, lambda d: bool(d["related"])),
    "no links": ({"links": "no"}, lambda d: not d["related"]),
    "several": (
        {"site": "krant0.example", "language": "nl", "paywall": "free", "repeats": "hide"},
        lambda d: (
            d["site"] == "krant0.example"
            and d["language"] == "nl"
            and not any(d["paywall"].values())
            and d["duplicate_of"] is None
        ),
    ),
    "a phrase": ({"q": '"bij het dorp"'}, lambda d: "bij het dorp" in d["text"]),
    "a word and a filter": (
        {"q": "wethouder", "links": "yes"},
        lambda d: "wethouder" in d["text"] and bool(d["related"]),
    ),
    "none": ({"q": "wethouder", "language": "en"}, lambda d: False),
}


def chosen(parameters: dict[str, str]) -> Choice:
    found, problems = choice_of(parameters)
    assert not problems
    return found


def in_order(database: Database[dict[str, Any]], wanted: Callable[[dict[str, Any]], bool]) -> list[str]:
    documents = [d for d in database["articles"].find() if wanted(d)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return [d["_id"] for d in sorted(documents, key=lambda d: (d["published_at"] or oldest, d["_id"]), reverse=True)]


def test_paging_down_and_up_again_meets_each_once(many: Database[dict[str, Any]]) -> None:
    for name, (parameters, wanted) in CHOICES.items():
        choice, expected = chosen(parameters), in_order(many, wanted)
        pages: list[Listed] = [list_articles(many, choice)]
        while pages[-1].older:
            pages.append(list_articles(many, choice, after=pages[-1].older))
            assert len(pages) < 20, name
        assert [row.id for page in pages for row in page.rows] == expected, name
        assert all(len(page.rows) == ROWS for page in pages[:-1]), name
        assert pages[0].newer is None, name
        back = pages[-1]
        for page in reversed(pages[:-1]):
            assert back.newer is not None, name
            back = list_articles(many, choice, before=back.newer)
            assert back.rows == page.rows, name
        assert back.newer is None, name


def test_counts(many: Database[dict[str, Any]]) -> None:
    for name, (parameters, wanted) in CHOICES.items():
        if "q" not in parameters:
            assert count_articles(many, chosen(parameters)) == len(in_order(many, wanted)), name


def found(database: Database[dict[str, Any]], words: str, *, rare: int = RARE, **more: str) -> set[str]:
    return {row.title for row in list_articles(database, chosen({"q": words, **more}), rare=rare).rows}


def test_a_word_is_found_in_every_form_of_its_language(store: Store, prepared: Database[dict[str, Any]]) -> None:
    store("https://a.nl/1", title="Brug", text="De bruggen over de gracht.")
    store("https://a.nl/2", title="Bridge", text="The bridges are closed.", language="en")
    store("https://a.nl/3", title="Brêge", text="De brêgen binne ticht.", language="fy")
    assert found(prepared, "brug") == {"Brug"}
    assert found(prepared, "BRIDGE") == {"Bridge"}
    assert found(prepared, "brêgen") == found(prepared, "bregen") == {"Brêge"}
    assert found(prepared, "brêge") == {"Brêge"}  # the headline has it
    assert found(prepared, "bruggen gracht") == {"Brug"}
    assert found(prepared, "bruggen bridges") == set()
    assert found(prepared, "brug", language="en") == set()


def test_words_left_out_and_phrases(store: Store, prepared: Database[dict[str, Any]]) -> None:
    store("https://a.nl/1", title="Een", lead="De sluis gaat dicht", text="In de winter.")
    store("https://a.nl/2", title="Twee", text="Dicht bij de sluis.")
    assert found(prepared, "sluis") == {"Een", "Twee"}
    assert found(prepared, '"sluis gaat"') == {"Een"}
    assert found(prepared, "sluis -winter") == {"Twee"}
    assert found(prepared, "-winter") == set()


@pytest.mark.parametrize("rare", [5, 8, 100])  # both words are common; one is; none is
def test_common_words_are_found_too(store: Store, prepared: Database[dict[str, Any]], rare: int) -> None:
    for number in range(12):
        store(f"https://a.nl/{number}", title=f"B{number}", text=f"De sluis en {'boten' if number % 2 else 'eenden'}.")
    boats, ducks = ({f"B{number}" for number in range(first, 12, 2)} for first in (1, 0))
    assert found(prepared, "sluis boten", rare=rare) == boats
    assert found(prepared, "sluis -boten", rare=rare) == ducks
    assert found(prepared, "eenden boten", rare=rare) == set()


def test_nothing_in_a_search_is_a_pattern(store: Store, prepared: Database[dict[str, Any]]) -> None:
    store("https://a.nl/1", title="Een", text="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab en c.")
    store("https://a.nl/2", title="Twee", text="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab en c.")
    for text in ("(a+)+$", ".*", "[a", "$where", '{"$gt":""}', "aaaaab|ab.", "^D", "\\", "*", "?q=", "a" * 5000):
        assert found(prepared, text) == set(), text
        assert found(prepared, text, rare=1) == set(), text


def test_articles_from_before_there_were_grammars(store: Store, prepared: Database[dict[str, Any]]) -> None:
    store("https://a.nl/1", title="Oud", text="De sluis.")
    prepared.command({"collMod": "articles", "validator": {}})
    prepared["articles"].update_many({}, {"$unset": {"search_language": ""}})
    assert found(prepared, "sluis") == {"Oud"}


def test_without_the_index(store: Store, prepared: Database[dict[str, Any]]) -> None:
    prepared["articles"].drop_index(INDEX)
    with pytest.raises(NoTextIndex):
        list_articles(prepared, chosen({"q": "sluis"}))
    assert list_articles(prepared, chosen({})).rows == ()
