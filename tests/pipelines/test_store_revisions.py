"""What is no revision: all that changes around an article while title, lead and text stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.article import Article, Fetch, Image, Paywall, Rights, Via
from crawler.extraction import extract
from pipelines.store_batch import Known
from pipelines.store_plan import plan
from pipelines.validate import validated
from tests.crawler.extraction.articlehtml import PROSE, SENTENCES, URL
from tests.pipelines.conftest import new_article

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.article import RelatedLink
    from tests.pipelines.conftest import Desk

    Make = Callable[..., Article]

SEEN = datetime(2022, 1, 7, 18, 0, tzinfo=UTC)
LATER = SEEN + timedelta(hours=30)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "De brug over de Linde  blijft\u00a0dicht.\n\nMonteurs zoeken nog naar\nde oorzaak. "},
        {"text": "De brug over de Linde blijft dicht. Monteurs zoeken nog naar de oorzaak."},
        {"lead": " Kort  nieuws. "},
        {"authors": ("A. Schrijver", "B. Schrijver"), "section": "Regio", "keywords": ("brug", "verkeer")},
        {"image": Image(url="https://www.ochtendpost.example/b.jpg", caption="De brug, gisteren")},
        {"paywall": Paywall(declared=True), "rights": Rights(tdm_reserved=True, source="meta")},
        {"modified_at": LATER, "language_declared": None},
    ],
    ids=",".join,
)
async def test_is_taken_over_and_is_no_revision(desk: Desk, article: Make, change: dict[str, Any]) -> None:
    await desk.store_all(article(lead="Kort nieuws."))
    (settlement,) = await desk.store_all(article(**{"lead": "Kort nieuws.", "at": LATER, **change}))
    assert (settlement.state, settlement.reason) == ("unchanged", None)
    document = await desk.document(article())
    assert (document["revision"], document["changed_at"], document["last_seen_at"]) == (1, SEEN, LATER)
    assert await desk.database.revisions.count_documents({}) == 0
    for name in set(change) - {"text", "lead", "image", "paywall", "rights", "modified_at"}:
        assert document[name] == (list(change[name]) if isinstance(change[name], tuple) else change[name])


async def test_read_also_links_alone_are_updated(desk: Desk, article: Make, link: Callable[..., RelatedLink]) -> None:
    for number, titles in enumerate((("Een", "Twee"), ("Twee", "Een"), (), ("Drie",))):
        made = article(at=SEEN + timedelta(hours=number), related=tuple(link(title) for title in titles))
        (settlement,) = await desk.store_all(made)
        assert settlement.state == ("unchanged" if number else "stored")
        document = await desk.document(made)
        assert [found["title"] for found in document["related"]] == list(titles)
        assert document["revision"] == 1
    assert await desk.database.revisions.count_documents({}) == 0


@given(st.lists(st.sampled_from([" ", "\n", "\n\n", "\u00a0", "\t", "  "]), min_size=12, max_size=12))
def test_no_white_space_makes_a_revision(spaces: list[str]) -> None:
    text = "De brug over de Linde blijft dicht. Monteurs zoeken nog naar de oorzaak."
    other = "".join(word + space for word, space in zip(text.split(), [*spaces, ""], strict=True))
    first = plan([new_article(text=text)], Known(), now=SEEN).writes[0].document
    again = plan([new_article(text=other, at=LATER)], Known(articles={first["_id"]: first}), now=LATER)
    assert (again.revisions, again.leaving) == ([], frozenset())
    assert again.writes[0].document["revision"] == 1


def _page(day: int, sentences: str = PROSE) -> bytes:
    """Return an article as it stands on a paper's page on one day, with another day's news and offers around it."""
    menu = "".join(f'<li><a href="/dossier/{day}-{n}">Dossier {day}{n}</a></li>' for n in range(3 + day))
    return f"""<!doctype html><html lang="nl"><head><title>Nieuwe brug open | Waterbode</title>
        <meta property="og:title" content="Nieuwe brug open"><link rel="canonical" href="{URL}"></head>
        <body><nav><ul>{menu}</ul></nav><div class="ad">Aanbieding van dag {day}: nu {day} euro per maand.</div>
        <article><h1>Nieuwe brug open</h1>{sentences}
        <aside class="read-also"><p>Lees ook</p><a href="/nieuws/ander-bericht-{100300 + day}">Ander bericht van dag
        {day} op de voorpagina</a></aside></article>
        <footer><p>{day} mensen lezen dit. Copyright Waterbode, editie {day}.</p></footer></body></html>""".encode()


async def test_page_with_the_same_article_amid_other_things_is_no_revision(desk: Desk) -> None:
    """From bytes to MongoDB: menu, advertisement, read-also link and footer change, the article does not."""

    def read(day: int, sentences: str = PROSE) -> Article:
        at = SEEN + timedelta(days=day)
        found = extract(_page(day, sentences), URL, fetch=Fetch(requested_url=URL, via=Via.LIST, at=at))
        assert isinstance(found, Article)
        checked = validated(found, now=at)
        assert isinstance(checked, Article)
        return checked

    states = [(await desk.store_all(read(day)))[0].state for day in (1, 2, 3)]
    assert states == ["stored", "unchanged", "unchanged"]
    document = await desk.document(read(3))
    assert document["text"] == "\n\n".join(sentence.strip() for sentence in SENTENCES)
    assert [link["url"] for link in document["related"]] == [
        "https://www.waterbode.example/nieuws/ander-bericht-100303"
    ]
    assert await desk.database.revisions.count_documents({}) == 0
    assert (await desk.store_all(read(4, PROSE.replace("negen jaar", "tien jaar"))))[0].state == "stored"
    assert await desk.database.revisions.count_documents({}) == 1
