"""A made-up newspaper page around a piece of mark-up, for the tests of read-also links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.page import parse
from crawler.extraction.related import find_related

if TYPE_CHECKING:
    from crawler.extraction.page import Page
    from crawler.extraction.related import FoundLink, Harvest

URL = "https://www.waterbode.example/binnenland/2024/05/nieuwe-brug-over-de-vliet-100234"
FIRST = "De gemeente opent volgende week een nieuwe brug over de Vliet, zo heeft de wethouder dinsdag bekendgemaakt."
SECOND = (
    "Omwonenden wachten al negen jaar op de oeververbinding, die de rit naar het ziekenhuis een kwartier korter maakt."
)
THIRD = (
    "De bouw liep vertraging op toen bij het heien een houten schip uit de zeventiende eeuw werd gevonden in de klei."
)
FOURTH = (
    "De aannemer zegt dat de laatste proeven met de beweegbare klep goed "
    "zijn verlopen en dat er niets meer in de weg staat."
)


def news_page(inline: str = "", end: str = "", *, aside: str = "", head: str = "", url: str = URL) -> Page:
    """Return a page with an article: `inline` between its sentences, `end` after them, `aside` beside the article."""
    html = f"""<!doctype html><html lang="nl"><head><title>Nieuwe brug over de Vliet</title>{head}</head><body>
    <header class="site-header"><nav><ul><li><a href="/sport">Sport</a></li><li><a href="/cultuur">Cultuur</a></li></ul>
    </nav></header><main><article><h1>Nieuwe brug over de Vliet gaat open</h1>
    <div class="article-body"><p>{FIRST}</p><p>{SECOND}</p>
    {inline}
    <p>{THIRD}</p><p>{FOURTH}</p>
    {end}
    </div></article>{aside}</main>
    <footer class="site-footer"><a href="/over-ons">Over ons</a> <a href="/privacy">Privacy</a></footer>
    </body></html>"""
    return parse(html.encode(), url)


def harvest(inline: str = "", end: str = "", *, aside: str = "", head: str = "", url: str = URL) -> Harvest:
    """Return what is found on such a page."""
    return find_related(
        news_page(inline, end, aside=aside, head=head, url=url), title="Nieuwe brug over de Vliet gaat open"
    )


def links(inline: str = "", end: str = "", *, aside: str = "", head: str = "", url: str = URL) -> list[FoundLink]:
    """Return the links found on such a page."""
    return list(harvest(inline, end, aside=aside, head=head, url=url).links)


def summary(found: list[FoundLink]) -> list[tuple[str | None, str, str | None]]:
    """Return label, title and teaser of each link."""
    return [(link.label, link.title, link.teaser) for link in found]
