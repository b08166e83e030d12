from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from crawler.article import SCHEMA_VERSION, to_document
from crawler.founding_shape import founding_shape
from crawler.url import article_id
from pipelines.dedupe import signed
from pipelines.migrations import STEPS, NotMigratable, brought_up
from pipelines.minhash import signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import Article

NOW = datetime(2026, 3, 3, tzinfo=UTC)
SEEN = datetime(2022, 1, 8, tzinfo=UTC)
URL = "https://www.ochtendpost.example/brug?utm_source=rss"
SHAPE = """\
 date 2022-01 De brug over de Linde blijft dicht.

Monteurs zoeken

Zij zoeken nog naar de oorzaak.

Lees ook:

Pontje vaart vaker

Elk half uur, zegt de schipper.

Brug was al oud

Hij stamt uit 1931."""


def version_0(**fields: Any) -> dict[str, Any]:
    """Return a document as the first leesook made it."""
    return {
        "_id": article_id(URL),
        "url": URL,
        "title": "Brug over de Linde blijft dicht",
        "language": "nl",
        "document": SHAPE,
        "related_urls": ["https://www.ochtendpost.example/pont", "https://www.ochtendpost.example/oud/#top"],
        "fetched_at": SEEN,
        **fields,
    }


def test_every_earlier_version_has_its_step() -> None:
    assert sorted(STEPS) == list(range(SCHEMA_VERSION))


def test_the_founding_shape_comes_back_as_it_was() -> None:
    article = brought_up(version_0(), now=NOW)
    assert founding_shape(article) == SHAPE
    assert [link.url for link in article.related] == [
        "https://www.ochtendpost.example/pont",
        "https://www.ochtendpost.example/oud",
    ]
    assert article.related[1].article_id == article_id("https://www.ochtendpost.example/oud")
    assert [block.text for block in article.body][1] == "Monteurs zoeken"


def test_what_was_known_is_still() -> None:
    article = brought_up(version_0(paywall=True), now=NOW)
    assert (article.id, article.url) == (article_id(URL), "https://www.ochtendpost.example/brug")
    assert (article.aliases, article.site, article.date) == ((URL,), "ochtendpost.example", "2022-01")
    assert (article.language, article.language_source) == ("nl", None)
    assert (article.first_seen_at, article.changed_at, article.revision) == (SEEN, SEEN, 1)
    assert (article.paywall.declared, article.paywall.truncated) == (True, False)
    assert to_document(article)["schema"] == SCHEMA_VERSION


@pytest.mark.parametrize(
    "document",
    [
        "De brug is dicht.",
        " date 2022-01 De brug is dicht.\n\nEn blijft dat.",
        "Eerst dit.\n\nLees ook:\n\nDe kop",
    ],
)
def test_with_and_without_stamp_and_tail(document: str) -> None:
    urls = ["https://www.ochtendpost.example/pont"] if "Lees ook" in document else []
    article = brought_up(version_0(document=document, related_urls=urls), now=NOW)
    assert founding_shape(article) == document


def test_a_label_in_the_text_is_text() -> None:
    document = "De kop.\n\nLees ook:\n\nstaat er dan.\n\nLees ook:\n\nPontje"
    article = brought_up(version_0(document=document, related_urls=["https://k.example/p"]), now=NOW)
    assert article.text == "De kop.\n\nLees ook:\n\nstaat er dan."
    assert [link.title for link in article.related] == ["Pontje"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"title": None}, "title: missing"),
        ({"title": " "}, "title: empty"),
        ({"document": 3}, "document: not a text"),
        ({"document": " date 2022-01 ", "related_urls": []}, "text: empty"),
        ({"url": "mailto:a@b.example"}, "url: not a valid URL: 'mailto:a@b.example'"),
        ({"language": "Nederlands"}, "language: 'Nederlands'"),
        ({"related_urls": []}, "related_urls: missing, and the document has 4 lines under 'Lees ook:'"),
        (
            {"related_urls": ["https://k.example/a"] * 3},
            "related_urls: 3 for 4 lines under 'Lees ook:': which is whose?",
        ),
        ({"related_urls": ["pont", "oud"]}, "related_urls[0]: not a valid URL: 'pont'"),
        ({"document": "Zonder.", "related_urls": ["https://k.example/a"]}, "related_urls: 1, and the document has no"),
        ({"rubriek": "binnenland"}, "rubriek: not of version 0"),
        ({"schema": 99}, "schema: version 99 is newer than this leesook"),
        ({"schema": "een"}, "schema: 'een' is no version"),
        ({"fetched_at": "gisteren"}, "str instead of datetime"),
    ],
)
def test_what_does_not_fit_is_named(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(NotMigratable) as caught:
        brought_up(version_0(**fields), now=NOW)
    assert why in str(caught.value)


def test_version_1_gets_the_signature_of_today(article: Callable[..., Article]) -> None:
    new = signed(article(text=" ".join(f"woord{number}" for number in range(80))))
    other = signature("ander " * 80)
    assert new.signature not in {None, other}
    links = {"bands": ("0011223344",), "duplicate_of": "0" * 24, "similarity": 0.8}
    assert brought_up({**to_document(new), "signature": other, **links, "schema": 1}, now=NOW) == new


@pytest.mark.parametrize("text", [None, 3])
def test_version_1_without_a_text_is_named(article: Callable[..., Article], text: Any) -> None:
    with pytest.raises(NotMigratable, match=r"(?i)text|str"):
        brought_up({**to_document(article()), "text": text, "schema": 1}, now=NOW)
