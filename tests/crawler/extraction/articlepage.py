"""Article pages for tests of the body: prose of our own, and the furniture around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extraction.body import extract_body
from crawler.extraction.page import parse
from crawler.extraction.related import Harvest

if TYPE_CHECKING:
    from crawler.article import Block
    from crawler.extraction.page import Page

URL = "https://www.havenblad.example/stad/a1/sluis-open"
TITLE = "The old lock opens again after three years of work"
LEAD = "Barges sailed through the town lock on Monday for the first time since the gate cracked in the great frost."
PROSE = (
    "The lock keeper turned the wheel at half past nine, and forty people on the quay began to clap and to sing.",
    "The gates weigh eleven tonnes each and were forged in a yard on the other side of the estuary last winter.",
    "According to the water board the repairs cost four million euros, which is a third more than was planned.",
    "Skippers had to take the long way around the island for three years, a detour of nearly two hours each time.",
    "A baker on the corner handed out buns in the shape of an anchor until the last tray was empty at noon.",
    "The board expects some nine thousand vessels a year, most of them carrying sand, grain and new motor cars.",
    "Children were let off school for the morning, and the brass band of the rowing club played from a raft.",
    "Towards evening the wind turned to the west, and the first yachts with their lamps lit came in from the sea.",
)


def paragraphs(*texts: str) -> str:
    """Return the texts, by default all of PROSE, each in a `p`."""
    return "".join(f"<p>{text}</p>\n" for text in texts or PROSE)


def article(body: str, *, above: str = "", below: str = "", title: str = TITLE) -> Page:
    """Return a page with a header, a navigation, one article and a footer."""
    return parse(
        f"""<!doctype html><html lang="en"><head><title>{title}</title><script>var page = 1;</script></head><body>
        <header class="site-header"><nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
        </header><main><article class="story"><header><h1>{title}</h1>{above}</header>
        <div class="story__body">{body}</div>{below}</article></main>
        <footer><p>Published by the Harbour Press, 14 Quay Street. All rights reserved.</p></footer></body></html>
        """.encode(),
        URL,
    )


def body_of(page: Page, **known: str | None) -> tuple[Block, ...]:
    """Return the body of a page without read-also material; `title`, `lead` and `json_ld_body` may be given."""
    return extract_body(
        page,
        Harvest(),
        title=known.get("title", TITLE),
        lead=known.get("lead"),
        json_ld_body=known.get("json_ld_body"),
    )


def texts(blocks: tuple[Block, ...]) -> list[str]:
    """Return the texts of blocks."""
    return [block.text for block in blocks]
