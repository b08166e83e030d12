from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.article import to_document
from crawler.founding_shape import founding_shape
from pipelines.store_view import view_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.article import Article, RelatedLink

EXPECTED = (
    " date 2022-01 De brug over de Linde blijft dicht. Dat zei de wethouder vrijdag.\n"
    "\n"
    "‘We weten het nog niet’\n"
    "\n"
    "Monteurs zoeken nog naar de oorzaak.\n"
    "\n"
    "Lees ook:\n"
    "\n"
    "Waarom gaat die brug toch zo vaak kapot?\n"
    "\n"
    "De brug is oud. Wat is er nodig om haar te vervangen?\n"
    "\n"
    "Schippers boos: ‘Wij varen al drie dagen om’\n"
    "\n"
    "In de haven liggen twintig schepen te wachten."
)


def through_mongodb(database: Database[Mapping[str, Any]], article: Article) -> Any:
    database.articles.replace_one({"_id": article.id}, to_document(article), upsert=True)
    (row,) = database.articles.aggregate([{"$match": {"_id": article.id}}, *view_pipeline()])
    return row["document"]


def test_article_in_founding_shape(
    database: Database[Mapping[str, Any]], article: Callable[..., Article], link: Callable[..., RelatedLink]
) -> None:
    text = EXPECTED.removeprefix(" date 2022-01 ").partition("\n\nLees ook:")[0]
    made = article(
        text=text,
        related=(
            link(
                "Waarom gaat die brug toch zo vaak kapot?",
                teaser="De brug is oud. Wat is er nodig om haar te vervangen?",
            ),
            link(
                "Schippers boos: ‘Wij varen al drie dagen om’", teaser="In de haven liggen twintig schepen te wachten."
            ),
        ),
    )
    assert founding_shape(made) == EXPECTED
    assert through_mongodb(database, made) == EXPECTED


def test_labels_in_order_of_first_appearance(
    database: Database[Mapping[str, Any]], article: Callable[..., Article], link: Callable[..., RelatedLink]
) -> None:
    made = article(
        text="Tekst.",
        date=None,
        related=(
            link("Een", label="Meer nieuws"),
            link("Twee", label=None),
            link("Drie", label="Meer nieuws", teaser="Kort."),
            link("Vier", label="Lees ook"),
        ),
    )
    expected = "Tekst.\n\nMeer nieuws:\n\nEen\n\nDrie\n\nKort.\n\nLees ook:\n\nTwee\n\nVier"
    assert founding_shape(made) == expected
    assert through_mongodb(database, made) == expected


def test_no_stamp_and_no_tail_where_there_is_nothing_to_say(
    database: Database[Mapping[str, Any]], article: Callable[..., Article]
) -> None:
    made = article(text="Alleen tekst.", date=None)
    assert founding_shape(made) == "Alleen tekst."
    assert through_mongodb(database, made) == "Alleen tekst."


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["$text", "$$ROOT", "Lees ook", "Lees ook:", "a.b", "\n\n", "\x00", "null", "é", "e\u0301"]
)
LINKS = st.tuples(TEXTS | st.none(), TEXTS, TEXTS | st.none())


@given(text=TEXTS, date=st.none() | st.just("") | TEXTS, links=st.lists(LINKS, max_size=6))
@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_python_and_mongodb_agree_byte_for_byte(
    *,
    database: Database[Mapping[str, Any]],
    article: Callable[..., Article],
    link: Callable[..., RelatedLink],
    text: str,
    date: str | None,
    links: list[tuple[str | None, str, str | None]],
) -> None:
    related = tuple(link(title, label=label, teaser=teaser) for label, title, teaser in links)
    made = article(text=text, date=date, related=related)
    assert through_mongodb(database, made).encode() == founding_shape(made).encode()
