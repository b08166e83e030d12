"""Made-up pages for the tests of metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crawler.extraction.head import read_head
from crawler.extraction.jsonld import read_json_ld
from crawler.extraction.page import parse

if TYPE_CHECKING:
    from crawler.extraction.head import Head
    from crawler.extraction.jsonld import JsonLd
    from crawler.extraction.page import Page

URL = "https://www.waterbode.example/nieuws/nieuwe-brug-100234"
SENTENCES = (
    "De gemeente opent volgende week een nieuwe brug over de Vliet, zo heeft de wethouder dinsdag bekendgemaakt. ",
    "Omwonenden wachten al negen jaar op de verbinding, die de rit naar het ziekenhuis een kwartier korter maakt. ",
    "De bouw liep vertraging op toen bij het heien een houten schip uit de zeventiende eeuw werd gevonden. ",
    "De aannemer zegt dat de laatste proeven met de klep goed zijn verlopen en dat niets meer in de weg staat. ",
    "Wie op de dag van de opening komt kijken, kan het best de fiets nemen, want parkeren is er nauwelijks. ",
)
PROSE = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)


def html_page(body: str = PROSE, *, head: str = "", json_ld: Any = None, lang: str = "nl") -> bytes:
    """Return the bytes of a page with this body, head and JSON-LD."""
    script = f'<script type="application/ld+json">{json.dumps(json_ld)}</script>' if json_ld is not None else ""
    return f'<!doctype html><html lang="{lang}"><head>{head}{script}</head><body>{body}</body></html>'.encode()


def parsed(html: bytes, url: str = URL) -> tuple[Page, Head, JsonLd]:
    """Return a page as the readers of metadata get it."""
    page = parse(html, url)
    head = read_head(page.tree)
    return page, head, read_json_ld(head.scripts, urls=(url, *head.links.get("canonical", ())))
